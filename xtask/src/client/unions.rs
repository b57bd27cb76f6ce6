//! Generates the deserialisation of a `oneOf`.
//!
//! serde's untagged enums buffer the value, and the buffer turns numbers into floats (or, if any
//! crate enables `serde_json/arbitrary_precision`, into maps that no integer type reads). The
//! generated code reads each variant from the JSON text instead.

use std::collections::BTreeMap;

use syn::visit_mut::VisitMut;
use syn::{Fields, Item, ItemEnum, ItemImpl, Type, parse_quote};

use super::ClientError;
use super::postprocess::{edit_derives, ends_with};

/// Removes the derived `Deserialize` of an untagged enum and returns an implementation that reads
/// the JSON text.
pub(super) fn text_deserialize(item: &mut ItemEnum) -> Result<Option<ItemImpl>, ClientError> {
    let mut untagged = false;
    for attr in item
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("serde"))
    {
        // An error means another argument of the attribute, which does not matter here.
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
    let mut names = Vec::new();
    for variant in &item.variants {
        if !matches!(&variant.fields, Fields::Unnamed(fields) if fields.unnamed.len() == 1) {
            return Err(ClientError::Branch {
                item: format!("types::{name}::{}", variant.ident),
            });
        }
        branches.push(&variant.ident);
        names.push(variant.ident.to_string());
    }
    Ok(Some(parse_quote! {
        impl<'de> ::serde::Deserialize<'de> for #name {
            fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
            where
                D: ::serde::Deserializer<'de>,
            {
                let mut union = crate::union::UnionReader::read(#text, deserializer)?;
                #(
                    if let ::std::option::Option::Some(value) = union.variant(#names) {
                        return ::std::result::Result::Ok(Self::#branches(value));
                    }
                )*
                ::std::result::Result::Err(union.into_error())
            }
        }
    }))
}

/// Names the variants of unions after their types. progenitor numbers them, and a branch added in
/// front would silently change the meaning of `Variant0`.
pub(super) fn name_variants(items: &mut [Item]) {
    let mut renames = BTreeMap::new();
    for item in items.iter_mut() {
        if let Item::Enum(item) = item
            && let Some(names) = names(item)
        {
            for variant in &mut item.variants {
                RenameIdents(&names).visit_ident_mut(&mut variant.ident);
            }
            renames.insert(item.ident.to_string(), names);
        }
    }
    for item in items {
        if let Item::Impl(block) = item
            && let Some(name) = last_name(&block.self_ty)
            && let Some(names) = renames.get(&name)
        {
            RenameIdents(names).visit_item_impl_mut(block);
        }
    }
}

/// Maps the numbered names of the variants to type names, if each variant holds one named type.
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

struct RenameIdents<'a>(&'a BTreeMap<String, String>);

impl VisitMut for RenameIdents<'_> {
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
    fn untagged_enum_reads_json_text() {
        let mut item: ItemEnum = parse_quote! {
            #[derive(::serde::Deserialize, ::serde::Serialize, Clone)]
            #[serde(untagged)]
            pub enum Answer { Enveloped(Envelope), Bare(Token) }
        };
        let found = text_deserialize(&mut item).unwrap().unwrap();
        assert!(!item.to_token_stream().to_string().contains("Deserialize"));
        assert!(item.to_token_stream().to_string().contains("Serialize"));
        insta::assert_snapshot!(prettyplease::unparse(&parse_quote!(#found)));
    }

    #[test]
    fn variants_are_named_after_their_types() {
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
    fn other_enums_are_unchanged() {
        let item: ItemEnum = parse_quote! {
            #[derive(::serde::Deserialize)]
            pub enum Kind { #[serde(rename = "a")] A }
        };
        let mut after = item.clone();
        assert!(text_deserialize(&mut after).unwrap().is_none());
        assert_eq!(
            after.to_token_stream().to_string(),
            item.to_token_stream().to_string()
        );
    }

    #[test]
    fn variant_without_named_type_is_rejected() {
        let mut item: ItemEnum = parse_quote! {
            #[derive(::serde::Deserialize)]
            #[serde(untagged)]
            pub enum Answer { Enveloped { retcode: i64 } }
        };
        let error = text_deserialize(&mut item).err().unwrap();
        assert!(
            error.to_string().starts_with("types::Answer::Enveloped:"),
            "{error}"
        );
    }
}
