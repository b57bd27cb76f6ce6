//! What the generated code needs before it may stand in a published crate.

use std::collections::BTreeSet;

use syn::visit::Visit;
use syn::visit_mut::VisitMut;
use syn::{Attribute, Item, parse_quote};

use super::derives::{edit_derives, ends_with};
use super::{ClientError, unions};

/// Tidies a client as progenitor wrote it. `requests` names the types that callers build.
pub(super) fn postprocess(
    file: &mut syn::File,
    requests: &BTreeSet<String>,
) -> Result<(), ClientError> {
    DocLines.visit_file_mut(file);
    // `lib.rs` says what is exported.
    file.items
        .retain(|item| !matches!(item, Item::Mod(module) if module.ident == "prelude"));
    for item in &mut file.items {
        match item {
            Item::Struct(client) if client.ident == "Client" => {
                // It would print the headers that every request carries; `hooks.rs` has one that
                // prints nothing.
                edit_derives(&mut client.attrs, |path| !ends_with(path, "Debug"));
            }
            Item::Impl(block) if block.trait_.is_none() => {
                // It unwraps, and builds an HTTP client that follows redirects to other hosts.
                block.items.retain(
                    |item| !matches!(item, syn::ImplItem::Fn(method) if method.sig.ident == "new"),
                );
            }
            Item::Mod(module) if module.ident == "types" => {
                if let Some((_, items)) = &mut module.content {
                    tidy_types(items, requests)?;
                }
            }
            _ => {}
        }
    }
    no_floats(file)
}

fn tidy_types(items: &mut Vec<Item>, requests: &BTreeSet<String>) -> Result<(), ClientError> {
    unions::name_variants(items);
    let mut tidied = Vec::with_capacity(items.len());
    for mut item in items.drain(..) {
        let mut union = None;
        match &mut item {
            Item::Struct(item) => tidy_type(&mut item.attrs, &item.ident, requests),
            Item::Enum(item) => {
                tidy_type(&mut item.attrs, &item.ident, requests);
                union = unions::read_from_text(item)?;
            }
            _ => {}
        }
        tidied.push(item);
        tidied.extend(union.map(Item::Impl));
    }
    *items = tidied;
    Ok(())
}

fn tidy_type(attrs: &mut Vec<Attribute>, name: &syn::Ident, requests: &BTreeSet<String>) {
    let mut data = false;
    edit_derives(attrs, |path| {
        data |= ends_with(path, "Serialize");
        true
    });
    if !data {
        return;
    }
    attrs.push(parse_quote!(#[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]));
    if !requests.contains(&name.to_string()) {
        attrs.push(parse_quote!(#[non_exhaustive]));
    }
}

/// The text of a documentation attribute.
pub(super) fn doc_text(attr: &Attribute) -> Option<String> {
    match &attr.meta {
        syn::Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(text),
                ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// One attribute a line: printed as `///`, which no text can end, unlike `/** */`.
struct DocLines;

impl VisitMut for DocLines {
    fn visit_attributes_mut(&mut self, attrs: &mut Vec<Attribute>) {
        *attrs = std::mem::take(attrs)
            .into_iter()
            .flat_map(|attr| match doc_text(&attr) {
                Some(text) => doc_lines(&text),
                None => vec![attr],
            })
            .collect();
    }
}

pub(super) fn doc_lines(text: &str) -> Vec<Attribute> {
    // The generator's own lines come with the blank behind `///`; the pages' don't.
    let text = text.trim_end();
    let own = text
        .lines()
        .all(|line| line.is_empty() || line.starts_with(' '))
        && !text.starts_with("  ");
    text.split('\n')
        .map(|line| {
            let line = match line {
                "" => String::new(),
                line if own => line.to_owned(),
                line => format!(" {line}"),
            };
            parse_quote!(#[doc = #line])
        })
        .collect()
}

/// Money must never meet a float.
fn no_floats(file: &syn::File) -> Result<(), ClientError> {
    let mut floats = Floats::default();
    floats.visit_file(file);
    match floats.found {
        Some(item) => Err(ClientError::Float { item }),
        None => Ok(()),
    }
}

#[derive(Default)]
struct Floats {
    path: Vec<String>,
    found: Option<String>,
}

impl Floats {
    fn inside(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        self.path.push(name);
        visit(self);
        self.path.pop();
    }
}

impl<'ast> Visit<'ast> for Floats {
    fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
        if (ident == "f64" || ident == "f32") && self.found.is_none() {
            self.found = Some(self.path.join("::"));
        }
    }
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.inside(item.ident.to_string(), |this| {
            syn::visit::visit_item_mod(this, item)
        });
    }
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.inside(item.ident.to_string(), |this| {
            syn::visit::visit_item_struct(this, item)
        });
    }
    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.inside(item.ident.to_string(), |this| {
            syn::visit::visit_item_enum(this, item)
        });
    }
    fn visit_field(&mut self, field: &'ast syn::Field) {
        let name = field
            .ident
            .as_ref()
            .map_or_else(|| "0".to_owned(), ToString::to_string);
        self.inside(name, |this| syn::visit::visit_field(this, field));
    }
    fn visit_impl_item_fn(&mut self, method: &'ast syn::ImplItemFn) {
        self.inside(method.sig.ident.to_string(), |this| {
            syn::visit::visit_impl_item_fn(this, method)
        });
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::*;

    #[test]
    fn documentation_becomes_one_attribute_a_line() {
        let cases = [
            ("", &[""][..]),
            (" Own words", &[" Own words"]),
            (
                "Page words\n\n  - nested\n",
                &[" Page words", "", "   - nested"],
            ),
            ("*/ /* \"#", &[" */ /* \"#"]),
            ("/ slash", &[" / slash"]),
        ];
        for (text, lines) in cases {
            let found: Vec<_> = doc_lines(text).iter().filter_map(doc_text).collect();
            assert_eq!(found, lines, "of {text:?}");
        }
    }

    #[test]
    fn a_float_is_refused_and_named() {
        let file: syn::File = parse_quote! {
            pub mod types { pub struct Rate { pub name: String, pub value: ::std::option::Option<f64> } }
        };
        let error = no_floats(&file).expect_err("a float");
        assert!(
            error.to_string().starts_with("types::Rate::value "),
            "{error}"
        );
    }

    #[test]
    fn only_types_that_nobody_builds_are_non_exhaustive() {
        let requests = BTreeSet::from(["Asked".to_owned()]);
        for (name, expected) in [("Asked", false), ("Answered", true)] {
            let ident = quote::format_ident!("{name}");
            let mut item: syn::ItemStruct =
                parse_quote!(#[derive(::serde::Serialize)] struct #ident;);
            tidy_type(&mut item.attrs, &ident, &requests);
            let found = item
                .to_token_stream()
                .to_string()
                .contains("non_exhaustive");
            assert_eq!(found, expected, "of {name}");
        }
    }
}
