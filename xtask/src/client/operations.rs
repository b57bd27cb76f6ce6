//! Generates the operation table: the properties of each operation in the document, except for its
//! types.

use heck::{ToShoutySnakeCase, ToSnakeCase};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use serde_json::Value;

use super::ClientError;
use super::postprocess::doc_lines;
use super::request_fields;
use crate::openapi::{self, Document, schema};
use crate::regen::outdated_methods::OUTDATED_METHOD;

/// Returns the source of the table: one constant for each operation of `superset`, and two lists.
/// Operations that `published` lacks need the feature `provisional`.
pub(super) fn file(superset: &Value, published: &Value) -> Result<syn::File, ClientError> {
    let public: Vec<(String, &str)> = openapi::operations(published)
        .iter()
        .map(|operation| (operation.path.to_owned(), operation.method))
        .collect();
    let document = Document::new(superset);
    let mut rows = Vec::new();
    let mut constants = Vec::new();
    let mut names = Vec::new();
    for operation in &document.operations {
        // The gateway sends webhooks; the client does not.
        if operation.section != "paths" {
            continue;
        }
        let is_public = public
            .iter()
            .any(|(path, method)| path == operation.path && *method == operation.method);
        let gate = (!is_public).then(|| quote!(#[cfg(feature = "provisional")]));
        let row = OperationRow::read(&document, operation)?;
        let name = format_ident!("{}", row.operation_id.to_shouty_snake_case());
        let docs = doc_lines(&format!("`{} {}`.", row.method, row.path));
        let index = proc_macro2::Literal::usize_unsuffixed(rows.len());
        constants.push(quote! {
            #(#docs)*
            #gate
            pub const #name: OperationInfo = ALL_WITH_INFERRED[#index];
        });
        names.push(quote!(#gate #name));
        rows.push(row);
    }
    Ok(syn::parse_quote! {
        use super::{
            EvidenceLevel, FieldLocation, FieldType, OperationInfo, RequestEncoding, RequestField, RetrySafety
        };
        #(#constants)*
        /// The operations of this build, in the order of the document: inferred ones only with the
        /// feature `provisional`.
        pub const ALL: &[OperationInfo] = &[#(#names),*];
        /// All operations, in the order of the document: inferred ones even without the feature
        /// `provisional`. Their path and fields may be wrong; meant for tools such as a sandbox.
        pub const ALL_WITH_INFERRED: &[OperationInfo] = &[#(#rows),*];
    })
}

/// One row of the table: the tokens of an `OperationInfo` literal.
struct OperationRow {
    operation_id: String,
    method: String,
    path: String,
    literal: TokenStream,
}

impl ToTokens for OperationRow {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.literal.to_tokens(tokens);
    }
}

impl OperationRow {
    fn read(
        document: &Document<'_>,
        operation: &openapi::Operation<'_>,
    ) -> Result<Self, ClientError> {
        let value = operation.value;
        let method = operation.method.to_uppercase();
        let path = operation.path.to_owned();
        let missing = |field: &str| {
            ClientError::place(
                &format!("{method} {path}"),
                format!("`{field}` is missing or has an unknown value"),
                "the lint requires it of every operation: add it in an overlay",
            )
        };
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);

        let operation_id = text("/operationId").ok_or_else(|| missing("operationId"))?;
        let id = operation_id.to_snake_case();
        let tag = text("/tags/0").unwrap_or_default();
        let summary = text("/summary").unwrap_or_default().chars();
        // A terminal shows the summary.
        let summary: String = summary.filter(|c| openapi::is_plain(*c)).collect();
        let content = value
            .pointer("/requestBody/content")
            .and_then(Value::as_object);
        let encoding = match content {
            None => quote!(RequestEncoding::Query),
            Some(types) if types.contains_key("multipart/form-data") => {
                quote!(RequestEncoding::Multipart)
            }
            Some(_) => quote!(RequestEncoding::Json),
        };
        let retry = match (text("/x-retry/policy"), text("/x-retry/key")) {
            (Some("safe"), _) => quote!(RetrySafety::Safe),
            (Some("never"), _) => quote!(RetrySafety::Never),
            (Some("keyed"), Some(field)) => quote!(RetrySafety::Keyed { field: #field }),
            _ => return Err(missing("x-retry")),
        };
        let evidence = match text("/x-evidence/level") {
            Some("documented") => quote!(EvidenceLevel::Documented),
            Some("partial") => quote!(EvidenceLevel::Partial),
            Some("inferred") => quote!(EvidenceLevel::Inferred),
            _ => return Err(missing("x-evidence")),
        };
        let signed = value
            .get("security")
            .or_else(|| document.root.get("security"))
            .and_then(Value::as_array)
            .is_some_and(|schemes| !schemes.is_empty());
        let outdated_method = openapi::is_true(value, OUTDATED_METHOD);
        let pages = pages(value);
        let fields = request_fields::literals(document, operation);
        let record_fields = record_fields(document, operation);
        let literal = quote! {
            OperationInfo {
                id: #id,
                operation_id: #operation_id,
                method: #method,
                path: #path,
                tag: #tag,
                summary: #summary,
                encoding: #encoding,
                fields: &[#(#fields),*],
                record_fields: &[#(#record_fields),*],
                retry: #retry,
                evidence: #evidence,
                signed: #signed,
                outdated_method: #outdated_method,
                pages: &[#(#pages),*],
            }
        };
        Ok(Self {
            operation_id: operation_id.to_owned(),
            method,
            path,
            literal,
        })
    }
}

/// Returns the fields that the document describes for `retdata` of a success.
fn record_fields<'a>(document: &Document<'a>, operation: &openapi::Operation<'a>) -> Vec<&'a str> {
    let responses = document.responses(operation);
    let success = responses.iter().find(|(status, _)| *status == "200");
    let media = success.and_then(|(_, response)| openapi::content(response).into_iter().next());
    let envelope = media.and_then(|(_, media)| media.value.get("schema"));
    let properties = |schema| schema::properties(document, schema);
    let envelope = envelope.map(properties).unwrap_or_default();
    let retdata = envelope.into_iter().find(|(name, _)| *name == "retdata");
    let record = retdata.map(|(_, schema)| properties(schema));
    record.into_iter().flatten().map(|(name, _)| name).collect()
}

/// Returns the URLs of the operation's pages: its `externalDocs`, and its page IDs on the same site.
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
                        "tags": ["Orders"],
                        "summary": "Create\u{1b} an order",
                        "requestBody": {"content": {"application/json": {"schema": {
                            "required": ["orderNo"],
                            "properties": {
                                "orderNo": {"type": "string", "description": "Your\nnumber.\n\nMore."},
                                "coin": {"$ref": "#/components/schemas/Coin"},
                            },
                        }}}},
                        "responses": {"200": {"content": {"application/json": {"schema": {
                            "$ref": "#/components/schemas/OrderEnvelope",
                        }}}}},
                        "x-retry": {"policy": "keyed", "key": "orderNo"},
                        "x-evidence": {"level": "documented", "pages": ["1e0", "2e0"]},
                        "externalDocs": {"url": "https://docs.shop.example/1e0"},
                    },
                    "get": {
                        "operationId": "listOrders",
                        "parameters": [
                            {"name": "page", "in": "query", "schema": {"type": "integer"}},
                            {"name": "trace", "in": "header", "schema": {"type": "string"}},
                        ],
                        "x-retry": {"policy": "safe"},
                        "x-evidence": {"level": "inferred", "pages": []},
                        "security": [],
                    },
                },
            },
            "components": {"schemas": {
                "Coin": {
                    "type": "string",
                    "description": "A \u{202e}coin.",
                    "x-extensible-enum": ["USDC", "USDT"],
                },
                "OrderEnvelope": {"properties": {
                    "retcode": {"type": "string"},
                    "retdata": {"allOf": [{"$ref": "#/components/schemas/Order"}], "nullable": true},
                }},
                "Order": {"properties": {"orderNo": {"type": "string"}, "payUrl": {"type": "string"}}},
            }},
            "x-webhooks": {"paid": {"post": {"operationId": "receivePaid"}}},
        })
    }

    #[test]
    fn unpublished_operation_needs_feature() {
        let mut published = document();
        published["paths"]["/orders"]
            .as_object_mut()
            .unwrap()
            .remove("get");
        let text = prettyplease::unparse(&file(&document(), &published).unwrap());
        insta::assert_snapshot!(text);
    }

    #[test]
    fn missing_retry_or_evidence_is_an_error() {
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
