//! Merges the clients of two documents: items that only the superset has need a cargo feature.

use std::collections::{BTreeMap, HashMap};

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, ImplItem, Item, parse_quote};

use super::ClientError;
use super::postprocess::{doc_lines, doc_text};

/// The note that is added to the documentation of each gated item.
const NOTE: &str = "Provisional: inferred, because no page with its details was available. Needs the feature `provisional`.";

/// Adds `#[cfg(feature = "provisional")]` to the items of `all` that `public` lacks.
///
/// Fails if a public item is missing in `all` or differs.
pub(super) fn gate(mut all: syn::File, public: &syn::File) -> Result<syn::File, ClientError> {
    gate_items(&mut all.items, &public.items, "")?;
    Ok(all)
}

fn gate_items(all: &mut [Item], public: &[Item], path: &str) -> Result<(), ClientError> {
    let mut known: BTreeMap<String, &Item> = unique_keys(public.iter().map(item_key))
        .zip(public)
        .collect();
    let keys: Vec<String> = unique_keys(all.iter().map(item_key)).collect();
    for (item, key) in all.iter_mut().zip(keys) {
        let name = format!("{path}{}", key.trim_start_matches("type "));
        match (item, known.remove(&key)) {
            (item, None) => gate_item(item),
            (Item::Mod(module), Some(Item::Mod(public))) => {
                if let (Some((_, all)), Some((_, public))) = (&mut module.content, &public.content)
                {
                    gate_items(all, public, &format!("{path}{}::", module.ident))?;
                }
            }
            (Item::Impl(block), Some(Item::Impl(public))) if block.trait_.is_none() => {
                let owner = block.self_ty.to_token_stream();
                gate_methods(&mut block.items, &public.items, &format!("{path}{owner}::"))?;
            }
            (item, Some(public)) => ensure_equal(item, public, &name)?,
        }
    }
    ensure_none_missing(known.keys().next(), path)
}

fn gate_methods(all: &mut [ImplItem], public: &[ImplItem], path: &str) -> Result<(), ClientError> {
    let mut known: BTreeMap<String, &ImplItem> = unique_keys(public.iter().map(method_key))
        .zip(public)
        .collect();
    let keys: Vec<String> = unique_keys(all.iter().map(method_key)).collect();
    for (item, key) in all.iter_mut().zip(keys) {
        match known.remove(&key) {
            Some(public) => ensure_equal(item, public, &format!("{path}{key}"))?,
            None => {
                if let ImplItem::Fn(method) = item {
                    mark(&mut method.attrs, true);
                }
            }
        }
    }
    ensure_none_missing(known.keys().next(), path)
}

fn ensure_none_missing(key: Option<&String>, path: &str) -> Result<(), ClientError> {
    key.map_or(Ok(()), |key| {
        Err(ClientError::place(
            &format!("{path}{}", key.trim_start_matches("type ")),
            "is published, but the provisional document lacks it",
            "the provisional document contains the published one: correct the overlay that removes it",
        ))
    })
}

fn ensure_equal(
    all: &impl ToTokens,
    public: &impl ToTokens,
    name: &str,
) -> Result<(), ClientError> {
    if all.to_token_stream().to_string() == public.to_token_stream().to_string() {
        return Ok(());
    }
    Err(ClientError::place(
        name,
        "is published, and the provisional document changes it",
        "a provisional overlay may add to the published document but not change it: correct the overlay",
    ))
}

/// Numbers repeated keys: a file has two `impl Client` blocks.
fn unique_keys(keys: impl Iterator<Item = String>) -> impl Iterator<Item = String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    keys.map(move |key| {
        let count = seen.entry(key.clone()).or_default();
        *count += 1;
        if *count == 1 {
            key
        } else {
            format!("{key} ({count})")
        }
    })
}

/// Returns the key by which an item is found in the other client.
fn item_key(item: &Item) -> String {
    match item {
        Item::Struct(item) => format!("type {}", item.ident),
        Item::Enum(item) => format!("type {}", item.ident),
        Item::Type(item) => format!("type {}", item.ident),
        Item::Mod(item) => format!("mod {}", item.ident),
        Item::Fn(item) => format!("fn {}", item.sig.ident),
        Item::Const(item) => format!("const {}", item.ident),
        Item::Impl(item) => {
            let generics = &item.generics.params;
            let owner = &item.self_ty;
            let header: TokenStream = match &item.trait_ {
                Some((of, _)) => quote!(impl <#generics> #of for #owner),
                None => quote!(impl <#generics> #owner),
            };
            header.to_string()
        }
        other => other.to_token_stream().to_string(),
    }
}

fn method_key(item: &ImplItem) -> String {
    match item {
        ImplItem::Fn(method) => method.sig.ident.to_string(),
        other => other.to_token_stream().to_string(),
    }
}

fn gate_item(item: &mut Item) {
    let (attrs, documented) = match item {
        Item::Struct(item) => (&mut item.attrs, true),
        Item::Enum(item) => (&mut item.attrs, true),
        Item::Type(item) => (&mut item.attrs, true),
        Item::Mod(item) => (&mut item.attrs, false),
        Item::Fn(item) => (&mut item.attrs, false),
        Item::Const(item) => (&mut item.attrs, false),
        Item::Impl(item) => (&mut item.attrs, false),
        Item::Use(item) => (&mut item.attrs, false),
        _ => return,
    };
    mark(attrs, documented);
}

fn mark(attrs: &mut Vec<Attribute>, documented: bool) {
    let docs = attrs
        .iter()
        .rposition(|attr| doc_text(attr).is_some())
        .map_or(0, |last| last + 1);
    let mut added: Vec<Attribute> = vec![parse_quote!(#[cfg(feature = "provisional")])];
    if documented && docs > 0 {
        added.splice(0..0, doc_lines(&format!("\n{NOTE}")));
    }
    attrs.splice(docs..docs, added);
}
