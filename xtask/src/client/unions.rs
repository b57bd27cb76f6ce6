//! How a `oneOf` is read.
//!
//! serde's untagged enums buffer the value first, and the buffer turns numbers into floats (or,
//! where some crate turned on `serde_json/arbitrary_precision`, into maps that no integer reads).
//! So each branch is tried on the text itself.

use std::collections::BTreeMap;

use syn::visit_mut::VisitMut;
use syn::{Fields, Item, ItemEnum, ItemImpl, Type, parse_quote};

use super::ClientError;
use super::derives::{edit_derives, ends_with};

/// Takes the derived `Deserialize` off an untagged enum and gives the one that reads text.
pub(super) fn read_from_text(item: &mut ItemEnum) -> Result<Option<ItemImpl>, ClientError> {
    let mut untagged = false;
    for attr in item
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("serde"))
    {
        // Other words of the attribute are not ours, and an error here means: one of those.
        let _ = attr.parse_nested_meta(|meta| {
            untagged |= meta.path.is_ident("untagged");
            Ok(())
        });
    }
    let mut derived = false;
    if untagged {
        edit_derives(&mut item.attrs, |path| {
            let deserialize = ends_with(path, "Deserialize");
            derived |= deserialize;
            !deserialize
        });
    }
    if !derived {
        return Ok(None);
    }
    let name = &item.ident;
    let text = name.to_string();
    let mut branches = Vec::new();
    let mut words = Vec::new();
    for variant in &item.variants {
        if !matches!(&variant.fields, Fields::Unnamed(fields) if fields.unnamed.len() == 1) {
            return Err(ClientError::Branch {
                item: format!("types::{name}::{}", variant.ident),
            });
        }
        branches.push(&variant.ident);
        words.push(variant.ident.to_string());
    }
    Ok(Some(parse_quote! {
        impl<'de> ::serde::Deserialize<'de> for #name {
            fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
            where
                D: ::serde::Deserializer<'de>,
            {
                let mut union = crate::union::Union::read(#text, deserializer)?;
                #(
                    if let ::std::option::Option::Some(value) = union.branch(#words) {
                        return ::std::result::Result::Ok(Self::#branches(value));
                    }
                )*
                ::std::result::Result::Err(union.none_fits())
            }
        }
    }))
}

/// Names the variants of unions after what they hold: progenitor numbers them, and a branch that is
/// added in front would change what `Variant0` means without a word.
pub(super) fn name_variants(items: &mut [Item]) {
    let mut renames = BTreeMap::new();
    for item in items.iter_mut() {
        if let Item::Enum(item) = item
            && let Some(names) = names(item)
        {
            for variant in &mut item.variants {
                Renamed(&names).visit_ident_mut(&mut variant.ident);
            }
            renames.insert(item.ident.to_string(), names);
        }
    }
    for item in items {
        if let Item::Impl(block) = item
            && let Some(name) = last_name(&block.self_ty)
            && let Some(names) = renames.get(&name)
        {
            Renamed(names).visit_item_impl_mut(block);
        }
    }
}

/// Number → name of each variant, where all have numbers and hold one named type each.
fn names(item: &ItemEnum) -> Option<BTreeMap<String, String>> {
    let mut names = BTreeMap::new();
    for variant in &item.variants {
        let number = variant.ident.to_string();
        let digits = number.strip_prefix("Variant")?;
        digits.parse::<usize>().ok()?;
        let Fields::Unnamed(fields) = &variant.fields else {
            return None;
        };
        let held = fields
            .unnamed
            .first()
            .and_then(|field| last_name(&field.ty))?;
        names.insert(number, held);
    }
    let distinct: std::collections::BTreeSet<_> = names.values().collect();
    (distinct.len() == names.len()).then_some(names)
}

fn last_name(of: &Type) -> Option<String> {
    let Type::Path(path) = of else { return None };
    let last = path.path.segments.last()?;
    last.arguments.is_empty().then(|| last.ident.to_string())
}

struct Renamed<'a>(&'a BTreeMap<String, String>);

impl VisitMut for Renamed<'_> {
    fn visit_ident_mut(&mut self, ident: &mut proc_macro2::Ident) {
        if let Some(name) = self.0.get(&ident.to_string()) {
            *ident = proc_macro2::Ident::new(name, ident.span());
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::*;

    #[test]
    fn an_untagged_enum_is_read_from_text() {
        let mut item: ItemEnum = parse_quote! {
            #[derive(::serde::Deserialize, ::serde::Serialize, Clone)]
            #[serde(untagged)]
            pub enum Answer { Enveloped(Envelope), Bare(Token) }
        };
        let found = read_from_text(&mut item).unwrap().unwrap();
        assert!(!item.to_token_stream().to_string().contains("Deserialize"));
        assert!(item.to_token_stream().to_string().contains("Serialize"));
        insta::assert_snapshot!(prettyplease::unparse(&parse_quote!(#found)));
    }

    #[test]
    fn variants_are_named_after_what_they_hold() {
        let file: syn::File = parse_quote! {
            enum Answer { Variant0(Envelope), Variant1(types::Token) }
            impl From<Envelope> for Answer { fn from(value: Envelope) -> Self { Self::Variant0(value) } }
            enum Mixed { Variant0(Envelope), Variant1(Vec<Token>) }
            enum Named { One(Envelope), Two(Token) }
        };
        let mut items = file.items;
        name_variants(&mut items);
        let found = quote::quote!(#(#items)*).to_string();
        for expected in [
            "enum Answer { Envelope (Envelope) , Token (types :: Token) }",
            "Self :: Envelope (value)",
            "enum Mixed { Variant0",
            "enum Named { One",
        ] {
            assert!(found.contains(expected), "{expected} in {found}");
        }
    }

    #[test]
    fn other_enums_stay() {
        let item: ItemEnum = parse_quote! {
            #[derive(::serde::Deserialize)]
            pub enum Kind { #[serde(rename = "a")] A }
        };
        let mut after = item.clone();
        assert!(read_from_text(&mut after).unwrap().is_none());
        assert_eq!(
            after.to_token_stream().to_string(),
            item.to_token_stream().to_string()
        );
    }

    #[test]
    fn a_branch_without_a_type_is_refused() {
        let mut item: ItemEnum = parse_quote! {
            #[derive(::serde::Deserialize)]
            #[serde(untagged)]
            pub enum Answer { Enveloped { retcode: i64 } }
        };
        let error = read_from_text(&mut item).err().unwrap();
        assert!(
            error.to_string().starts_with("types::Answer::Enveloped:"),
            "{error}"
        );
    }
}
