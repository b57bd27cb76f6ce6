//! The public interface of the generated client, as snapshots.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;

use syn::{Fields, GenericArgument, Item, PathArguments, Type};

fn source(name: &str) -> String {
    fs::read_to_string(
        stablelink_tests::root()
            .join("crates/stablelink-api/src")
            .join(name),
    )
    .unwrap()
}

fn is_provisional(attributes: &[syn::Attribute]) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.path().is_ident("cfg"))
}

/// Returns the last segment of a type with its arguments: `Option<TradeCurrency>`.
fn name(of: &Type) -> String {
    match of {
        Type::Path(path) => {
            let last = path.path.segments.last().unwrap();
            let arguments: Vec<String> = match &last.arguments {
                PathArguments::AngleBracketed(arguments) => arguments
                    .args
                    .iter()
                    .filter_map(|argument| match argument {
                        GenericArgument::Type(of) => Some(name(of)),
                        _ => None,
                    })
                    .collect(),
                _ => Vec::new(),
            };
            if arguments.is_empty() {
                last.ident.to_string()
            } else {
                format!("{}<{}>", last.ident, arguments.join(", "))
            }
        }
        _ => "?".to_owned(),
    }
}

fn fields(fields: &Fields) -> Vec<String> {
    fields
        .iter()
        .map(|field| match &field.ident {
            Some(ident) => format!("{ident}: {}", name(&field.ty)),
            None => name(&field.ty),
        })
        .collect()
}

/// Returns each struct and enum with its fields or variants.
fn shapes(items: &[Item], provisional: bool) -> String {
    let mut lines = Vec::new();
    for item in items {
        let (attributes, line) = match item {
            Item::Mod(module) => {
                let inner = module.content.as_ref().map_or(&[][..], |(_, items)| items);
                let inner = shapes(inner, provisional);
                if !inner.is_empty() {
                    lines.push(inner);
                }
                continue;
            }
            Item::Struct(of) => {
                let list = fields(&of.fields).join("\n    ");
                (&of.attrs, format!("{}\n    {list}", of.ident))
            }
            Item::Enum(of) => {
                let list: Vec<String> = of
                    .variants
                    .iter()
                    .map(|variant| match fields(&variant.fields).as_slice() {
                        [] => variant.ident.to_string(),
                        some => format!("{}({})", variant.ident, some.join(", ")),
                    })
                    .collect();
                (&of.attrs, format!("{}\n    {}", of.ident, list.join(" | ")))
            }
            _ => continue,
        };
        if is_provisional(attributes) == provisional {
            lines.push(line);
        }
    }
    lines.join("\n")
}

#[test]
fn operations() {
    let operations = xtask::client::inventory(&source("generated.rs")).unwrap();
    let list = |provisional: bool| {
        let list: Vec<String> = operations
            .iter()
            .filter(|operation| operation.provisional == provisional)
            .map(ToString::to_string)
            .collect();
        list.join("\n")
    };
    insta::assert_snapshot!("operations", list(false));
    insta::assert_snapshot!("operations_provisional", list(true));
}

#[test]
fn types() {
    let generated = syn::parse_file(&source("generated.rs")).unwrap();
    let enums = syn::parse_file(&source("open_enums.rs")).unwrap();
    for (snapshot, provisional) in [("types", false), ("types_provisional", true)] {
        let both = format!(
            "{}\n{}",
            shapes(&generated.items, provisional),
            shapes(&enums.items, provisional)
        );
        insta::assert_snapshot!(snapshot, both);
    }
}

/// Amounts must not be binary floats, and the client has no other use for floats.
#[test]
fn client_contains_no_float() {
    for file in ["generated.rs", "open_enums.rs"] {
        let source = source(file);
        for word in ["f32", "f64"] {
            assert!(
                !source
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .any(|part| part == word),
                "{file}: {word}"
            );
        }
    }
}

/// Every operation and type names its page, or states that no page was available.
#[test]
fn every_doc_comment_has_page() {
    fn text(attributes: &[syn::Attribute]) -> String {
        attributes
            .iter()
            .filter_map(|attribute| match &attribute.meta {
                syn::Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
                    syn::Expr::Lit(literal) => match &literal.lit {
                        syn::Lit::Str(text) => Some(text.value()),
                        _ => None,
                    },
                    _ => None,
                },
                _ => None,
            })
            .collect::<Vec<_>>()
            .join("\n")
    }
    fn check(items: &[Item], seen: &mut usize) {
        for item in items {
            match item {
                Item::Mod(module) if module.ident == "types" => {
                    check(&module.content.as_ref().unwrap().1, seen);
                }
                Item::Struct(of) if of.ident != "Client" => {
                    let text = text(&of.attrs);
                    assert!(
                        text.contains("Page: ") || text.contains("Pages: "),
                        "{}: {text}",
                        of.ident
                    );
                    *seen += 1;
                }
                Item::Enum(of) => {
                    let text = text(&of.attrs);
                    assert!(
                        text.contains("Page: ") || text.contains("Pages: "),
                        "{}: {text}",
                        of.ident
                    );
                    *seen += 1;
                }
                Item::Impl(block) if block.trait_.is_none() => {
                    for item in &block.items {
                        if let syn::ImplItem::Fn(method) = item
                            && method.sig.asyncness.is_some()
                        {
                            let text = text(&method.attrs);
                            assert!(
                                text.contains("Page: ") || text.contains("Pages: "),
                                "{}: {text}",
                                method.sig.ident
                            );
                            *seen += 1;
                        }
                    }
                }
                _ => {}
            }
        }
    }
    let mut seen = 0;
    for file in ["generated.rs", "open_enums.rs"] {
        check(&syn::parse_file(&source(file)).unwrap().items, &mut seen);
    }
    assert!(seen > 100, "only {seen}");
}
