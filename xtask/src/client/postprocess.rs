//! Edits the code that progenitor generates until it can be published.

use std::collections::{BTreeMap, BTreeSet};

use syn::punctuated::Punctuated;
use syn::visit::Visit;
use syn::visit_mut::VisitMut;
use syn::{Attribute, Item, Path, Token, parse_quote};

use super::{ClientError, unions};

/// Edits a generated client. `requests` has the names of the types that callers construct.
pub(super) fn postprocess(
    file: &mut syn::File,
    requests: &BTreeSet<String>,
) -> Result<(), ClientError> {
    DocLines.visit_file_mut(file);
    // `lib.rs` decides what is exported.
    file.items
        .retain(|item| !matches!(item, Item::Mod(module) if module.ident == "prelude"));
    for item in &mut file.items {
        match item {
            Item::Struct(client) if client.ident == "Client" => {
                // The derived `Debug` would print the default headers; `hooks.rs` has another one.
                edit_derives(&mut client.attrs, |path| !ends_with(path, "Debug"));
            }
            Item::Impl(block) if block.trait_.is_none() => {
                // `new` unwraps, and its HTTP client follows redirects to other hosts.
                block.items.retain(
                    |item| !matches!(item, syn::ImplItem::Fn(method) if method.sig.ident == "new"),
                );
            }
            Item::Mod(module) if module.ident == "types" => {
                if let Some((_, items)) = &mut module.content {
                    edit_types(items, requests)?;
                }
            }
            _ => {}
        }
    }
    reject_floats(file)
}

fn edit_types(items: &mut Vec<Item>, requests: &BTreeSet<String>) -> Result<(), ClientError> {
    unions::name_variants(items);
    let mut edited = Vec::with_capacity(items.len());
    for mut item in items.drain(..) {
        let mut union = None;
        match &mut item {
            Item::Struct(item) => edit_type(&mut item.attrs, &item.ident, requests),
            Item::Enum(item) => {
                edit_type(&mut item.attrs, &item.ident, requests);
                union = unions::text_deserialize(item)?;
            }
            _ => {}
        }
        edited.push(item);
        edited.extend(union.map(Item::Impl));
    }
    *items = edited;
    Ok(())
}

fn edit_type(attrs: &mut Vec<Attribute>, name: &syn::Ident, requests: &BTreeSet<String>) {
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

/// Returns the text of a `#[doc]` attribute.
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

/// Splits `#[doc]` attributes into one for each line, which are printed as `///`. A text could
/// close a `/** */` comment.
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
    // progenitor writes a space after `///`; texts from pages have none.
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

/// Fails if the code contains a float type: amounts are exact.
fn reject_floats(file: &syn::File) -> Result<(), ClientError> {
    let mut floats = FloatFinder::default();
    floats.visit_file(file);
    match floats.found {
        Some(item) => Err(ClientError::place(
            &item,
            "would hold a binary float",
            "money is `format: decimal`; add `x-money` and the format in an overlay, or make it an integer",
        )),
        None => Ok(()),
    }
}

#[derive(Default)]
struct FloatFinder {
    path: Vec<String>,
    found: Option<String>,
}

impl FloatFinder {
    fn inside(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        self.path.push(name);
        visit(self);
        self.path.pop();
    }
}

impl<'ast> Visit<'ast> for FloatFinder {
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

/// Removes the derives for which `keep` returns false.
pub(super) fn edit_derives(attrs: &mut [Attribute], mut keep: impl FnMut(&Path) -> bool) {
    for attr in attrs {
        if !attr.path().is_ident("derive") {
            continue;
        }
        let Ok(paths) = attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated)
        else {
            continue;
        };
        let paths: Vec<Path> = paths.into_iter().filter(|path| keep(path)).collect();
        *attr = parse_quote!(#[derive(#(#paths),*)]);
    }
}

pub(super) fn ends_with(path: &Path, name: &str) -> bool {
    path.segments
        .last()
        .is_some_and(|segment| segment.ident == name)
}

/// Returns the names of the types of request parameters and bodies, and of the types that they use.
///
/// Callers construct these with a struct literal, which names each field and so cannot swap two
/// strings of a payment. All other types are `#[non_exhaustive]`, so that a new field or variant is
/// not a breaking change.
pub(super) fn request_types(file: &syn::File) -> BTreeSet<String> {
    let mut uses = BTreeMap::new();
    let mut open: Vec<String> = Vec::new();
    for item in &file.items {
        match item {
            syn::Item::Mod(module) if module.ident == "types" => {
                for item in module.content.iter().flat_map(|(_, items)| items) {
                    let name = match item {
                        syn::Item::Struct(item) => &item.ident,
                        syn::Item::Enum(item) => &item.ident,
                        _ => continue,
                    };
                    uses.insert(
                        name.to_string(),
                        path_idents(|idents| idents.visit_item(item)),
                    );
                }
            }
            syn::Item::Impl(block) => {
                for item in &block.items {
                    if let syn::ImplItem::Fn(method) = item {
                        for input in &method.sig.inputs {
                            open.extend(path_idents(|idents| idents.visit_fn_arg(input)));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(used) = uses.get(&name)
            && found.insert(name)
        {
            open.extend(used.iter().cloned());
        }
    }
    found
}

/// The identifiers of all path segments.
#[derive(Default)]
struct PathIdents(BTreeSet<String>);

impl<'ast> Visit<'ast> for PathIdents {
    fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
        self.0.insert(segment.ident.to_string());
        syn::visit::visit_path_segment(self, segment);
    }
}

fn path_idents(visit: impl FnOnce(&mut PathIdents)) -> BTreeSet<String> {
    let mut idents = PathIdents::default();
    visit(&mut idents);
    idents.0
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::*;

    #[test]
    fn doc_text_becomes_one_attribute_per_line() {
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
    fn float_is_rejected_with_its_path() {
        let file: syn::File = parse_quote! {
            pub mod types { pub struct Rate { pub name: String, pub value: ::std::option::Option<f64> } }
        };
        let error = reject_floats(&file).expect_err("a float");
        assert!(
            error.to_string().starts_with("types::Rate::value: "),
            "{error}"
        );
    }

    #[test]
    fn types_that_callers_do_not_build_are_non_exhaustive() {
        let requests = BTreeSet::from(["OrderRequest".to_owned()]);
        for (name, expected) in [("OrderRequest", false), ("OrderResponse", true)] {
            let ident = quote::format_ident!("{name}");
            let mut item: syn::ItemStruct =
                parse_quote!(#[derive(::serde::Serialize)] struct #ident;);
            edit_type(&mut item.attrs, &ident, &requests);
            let found = item
                .to_token_stream()
                .to_string()
                .contains("non_exhaustive");
            assert_eq!(found, expected, "of {name}");
        }
    }

    #[test]
    fn types_inside_request_are_request_types() {
        let file = parse_quote! {
            pub mod types {
                pub struct OrderRequest { pub part: ::std::option::Option<Part>, pub list: Vec<Listed> }
                pub struct Part(pub Box<OrderRequest>);
                pub enum Listed { A(Nested) }
                pub struct Nested;
                pub struct OrderResponse { pub part: Part }
                pub struct Unused;
            }
            impl Client {
                pub async fn create_order(&self, body: &types::OrderRequest) -> Result<types::OrderResponse, Error<()>> {}
            }
        };
        let expected = ["Listed", "Nested", "OrderRequest", "Part"].map(str::to_owned);
        assert_eq!(request_types(&file), BTreeSet::from(expected));
    }
}
