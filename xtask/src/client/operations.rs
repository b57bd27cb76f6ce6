//! The table of operations: what the document says of each beside its types.

use heck::{ToShoutySnakeCase, ToSnakeCase};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use super::ClientError;
use super::tidy::doc_lines;
use crate::openapi;

/// The file with one constant an operation of `superset`, and all of them as a list. Those that
/// `published` lacks stand behind the feature `provisional`.
pub(super) fn file(superset: &Value, published: &Value) -> Result<syn::File, ClientError> {
    let public: Vec<(String, &str)> = openapi::operations(published)
        .iter()
        .map(|operation| (operation.path.to_owned(), operation.method))
        .collect();
    let mut constants = Vec::new();
    let mut names = Vec::new();
    for operation in openapi::operations(superset) {
        // Webhooks are calls of the gateway, not to it.
        if operation.section != "paths" {
            continue;
        }
        let known = public
            .iter()
            .any(|(path, method)| path == operation.path && *method == operation.method);
        let gate: Option<TokenStream> = (!known).then(|| quote!(#[cfg(feature = "provisional")]));
        let (name, constant) = constant(superset, &operation, gate.as_ref())?;
        constants.push(constant);
        names.push(quote!(#gate #name));
    }
    Ok(syn::parse_quote! {
        use super::{Evidence, Facts, Retry};
        #(#constants)*
        /// All operations, in the order of the document.
        pub const ALL: &[Facts] = &[#(#names),*];
    })
}

fn constant(
    document: &Value,
    operation: &openapi::Operation<'_>,
    gate: Option<&TokenStream>,
) -> Result<(proc_macro2::Ident, TokenStream), ClientError> {
    let value = operation.value;
    let place = format!("{} {}", operation.method.to_uppercase(), operation.path);
    let missing = |member: &str| {
        ClientError::place(
            &place,
            format!("`{member}` is missing or not one of the known words"),
            "the lint asks every operation for it: give it one in an overlay",
        )
    };
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);

    let operation_id = text("/operationId").ok_or_else(|| missing("operationId"))?;
    let id = operation_id.to_snake_case();
    let name = format_ident!("{}", operation_id.to_shouty_snake_case());
    let method = operation.method.to_uppercase();
    let path = operation.path;
    let retry = match (text("/x-retry/policy"), text("/x-retry/key")) {
        (Some("safe"), _) => quote!(Retry::Safe),
        (Some("never"), _) => quote!(Retry::Never),
        (Some("keyed"), Some(field)) => quote!(Retry::Keyed { field: #field }),
        _ => return Err(missing("x-retry")),
    };
    let evidence = match text("/x-evidence/level") {
        Some("documented") => quote!(Evidence::Documented),
        Some("partial") => quote!(Evidence::Partial),
        Some("inferred") => quote!(Evidence::Inferred),
        _ => return Err(missing("x-evidence")),
    };
    let signed = value
        .get("security")
        .or_else(|| document.get("security"))
        .and_then(Value::as_array)
        .is_some_and(|schemes| !schemes.is_empty());
    let pages = pages(value);
    let docs = doc_lines(&format!("`{place}`."));
    let constant = quote! {
        #(#docs)*
        #gate
        pub const #name: Facts = Facts {
            id: #id,
            method: #method,
            path: #path,
            retry: #retry,
            evidence: #evidence,
            signed: #signed,
            pages: &[#(#pages),*],
        };
    };
    Ok((name, constant))
}

/// The addresses of the operation's pages: that of its link, and those of the same site.
fn pages(operation: &Value) -> Vec<String> {
    let Some(link) = operation
        .pointer("/externalDocs/url")
        .and_then(Value::as_str)
    else {
        return Vec::new();
    };
    let mut pages = vec![link.to_owned()];
    let ids = operation.pointer("/x-evidence/pages");
    let site = link.rsplit_once('/').map_or("", |(site, _)| site);
    for id in ids.and_then(Value::as_array).into_iter().flatten() {
        let page = format!("{site}/{}", id.as_str().unwrap_or_default());
        if !pages.contains(&page) {
            pages.push(page);
        }
    }
    pages
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "security": [{"bearer": []}],
            "paths": {
                "/orders": {
                    "post": {
                        "operationId": "createOrder",
                        "x-retry": {"policy": "keyed", "key": "orderNo"},
                        "x-evidence": {"level": "documented", "pages": ["1e0", "2e0"]},
                        "externalDocs": {"url": "https://docs.shop.example/1e0"},
                    },
                    "get": {
                        "operationId": "listOrders",
                        "x-retry": {"policy": "safe"},
                        "x-evidence": {"level": "inferred", "pages": []},
                        "security": [],
                    },
                },
            },
            "x-webhooks": {"paid": {"post": {"operationId": "receivePaid"}}},
        })
    }

    #[test]
    fn each_operation_has_a_constant_and_what_is_not_published_a_gate() {
        let mut published = document();
        published["paths"]["/orders"]
            .as_object_mut()
            .unwrap()
            .remove("get");
        let text = prettyplease::unparse(&file(&document(), &published).unwrap());
        insta::assert_snapshot!(text);
    }

    #[test]
    fn what_would_cost_money_if_it_were_guessed_is_not() {
        for (pointer, member) in [
            ("/paths/~1orders/post/x-retry", "x-retry"),
            ("/paths/~1orders/post/x-retry/key", "x-retry"),
            ("/paths/~1orders/post/x-evidence", "x-evidence"),
        ] {
            let mut broken = document();
            *broken.pointer_mut(pointer).unwrap() = Value::Null;
            let error = file(&broken, &broken).err().unwrap().to_string();
            assert!(error.starts_with("POST /orders: "), "{error}");
            assert!(error.contains(member), "{error}");
        }
    }
}
