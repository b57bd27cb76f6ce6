//! Generates open enums: enums to which the gateway may add values.

use std::collections::BTreeMap;

use heck::ToUpperCamelCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use super::postprocess::doc_lines;
use super::{ClientError, doc_sanitizer};

/// The extension that marks a string schema as an open enum.
pub(super) const EXTENSIBLE: &str = "x-extensible-enum";

/// A string component with `x-extensible-enum`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OpenEnum {
    pub(super) name: String,
    description: String,
    variants: Vec<EnumVariant>,
}

#[derive(Debug, PartialEq, Eq)]
struct EnumVariant {
    name: String,
    value: String,
}

/// The variant for unlisted values.
const OTHER: &str = "Other";

impl OpenEnum {
    /// Returns the name that progenitor gives to a component.
    pub(super) fn rust_name(component: &str) -> String {
        component
            .replace('\'', "")
            .replace(|c: char| !c.is_ascii_alphanumeric(), "-")
            .to_upper_camel_case()
    }

    pub(super) fn read(component: &str, schema: &Value) -> Result<Self, ClientError> {
        let name = Self::rust_name(component);
        let fail = |problem: String| variant_error(component, problem);
        let texts = |key: &str| -> Option<Vec<String>> {
            let values = schema.get(key)?.as_array()?;
            values
                .iter()
                .map(|value| value.as_str().map(str::to_owned))
                .collect()
        };
        let values = texts(EXTENSIBLE)
            .filter(|values| !values.is_empty())
            .ok_or_else(|| fail(format!("`{EXTENSIBLE}` is not a list of strings")))?;
        let names = texts("x-enum-varnames");
        if names
            .as_ref()
            .is_some_and(|names| names.len() != values.len())
        {
            return Err(fail("`x-enum-varnames` has a different length".to_owned()));
        }
        let mut taken: BTreeMap<String, &str> = BTreeMap::new();
        let mut variants = Vec::new();
        for (index, value) in values.iter().enumerate() {
            let wanted = names.as_ref().map_or(value, |names| &names[index]);
            let name =
                variant_name(wanted).ok_or_else(|| fail(format!("{value:?} has no Rust name")))?;
            if name == OTHER {
                return Err(fail(format!(
                    "{value:?} would be named {OTHER}, which is for unlisted values"
                )));
            }
            if let Some(first) = taken.insert(name.clone(), value) {
                return Err(fail(format!(
                    "{first:?} and {value:?} would both be named {name}"
                )));
            }
            variants.push(EnumVariant {
                name,
                value: value.clone(),
            });
        }
        Ok(Self {
            name,
            description: doc_sanitizer::block(
                schema
                    .get("description")
                    .and_then(Value::as_str)
                    .unwrap_or_default(),
            ),
            variants,
        })
    }
}

fn variant_error(name: &str, problem: String) -> ClientError {
    ClientError::place(
        &format!("open enum {name}"),
        problem,
        "list a variant name for each value in `x-enum-varnames`, in the overlay that adds `x-extensible-enum`",
    )
}

/// Returns the variant name of a value: `ETH_USDT` → `EthUsdt`, `OnRamp` → `OnRamp`,
/// `Payment sub client` → `PaymentSubClient`.
fn variant_name(value: &str) -> Option<String> {
    if value.chars().any(|c| c.is_alphanumeric() && !c.is_ascii()) {
        return None;
    }
    let mut name = String::new();
    for word in value.split(|c: char| !c.is_ascii_alphanumeric()) {
        let Some(first) = word.chars().next() else {
            continue;
        };
        name.push(first.to_ascii_uppercase());
        let rest = &word[1..];
        if word.bytes().any(|b| b.is_ascii_lowercase()) {
            name.push_str(rest);
        } else {
            name.push_str(&rest.to_ascii_lowercase());
        }
    }
    match name.chars().next()? {
        first if first.is_ascii_digit() => name.insert(0, 'X'),
        _ if name == "Self" => name.push('_'),
        _ => {}
    }
    Some(name)
}

/// Returns the source of the module with all open enums.
pub(super) fn file(open_enums: &[OpenEnum]) -> Result<syn::File, ClientError> {
    let mut seen: BTreeMap<&str, ()> = BTreeMap::new();
    for open_enum in open_enums {
        if seen.insert(&open_enum.name, ()).is_some() {
            let problem = "two components have the same Rust name".to_owned();
            return Err(variant_error(&open_enum.name, problem));
        }
    }
    let items = open_enums.iter().map(tokens);
    syn::parse2(quote! {
        #![doc = " Open enums: the gateway may add values, and each enum keeps a value that it does not list."]
        #(#items)*
    })
    .map_err(|error| ClientError::GeneratedCode(error.to_string()))
}

fn tokens(open_enum: &OpenEnum) -> TokenStream {
    let name = format_ident!("{}", open_enum.name);
    let title = &open_enum.name;
    let docs = doc_lines(&format!(
        "{}\n\nThe gateway may add values: [`Self::Other`] holds an unlisted one. Two values are equal if their\ntexts are.",
        if open_enum.description.is_empty() {
            format!("`{title}`")
        } else {
            open_enum.description.clone()
        },
    ));
    let variants: Vec<_> = open_enum
        .variants
        .iter()
        .map(|v| format_ident!("{}", v.name))
        .collect();
    let values: Vec<_> = open_enum
        .variants
        .iter()
        .map(|v| v.value.as_str())
        .collect();
    let variant_docs = values.iter().map(|value| format!(" {}.", value_doc(value)));
    quote! {
        #(#docs)*
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum #name {
            #(#[doc = #variant_docs] #variants,)*
            #[doc = " An unlisted value. Construct values with `From`, which also finds the listed ones."]
            Other(String),
        }
        impl #name {
            /// Returns the value as it is sent.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#variants => #values,)*
                    Self::Other(value) => value,
                }
            }
            fn listed(value: &str) -> Option<Self> {
                match value {
                    #(#values => Some(Self::#variants),)*
                    _ => None,
                }
            }
        }
        impl From<&str> for #name {
            fn from(value: &str) -> Self {
                Self::listed(value).unwrap_or_else(|| Self::Other(value.to_owned()))
            }
        }
        impl From<String> for #name {
            fn from(value: String) -> Self {
                Self::listed(&value).unwrap_or(Self::Other(value))
            }
        }
        impl ::std::str::FromStr for #name {
            type Err = ::std::convert::Infallible;
            fn from_str(value: &str) -> Result<Self, Self::Err> {
                Ok(value.into())
            }
        }
        impl ::std::fmt::Display for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }
        impl PartialEq for #name {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }
        impl PartialEq<str> for #name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }
        impl PartialEq<&str> for #name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }
        impl Eq for #name {}
        impl PartialOrd for #name {
            fn partial_cmp(&self, other: &Self) -> Option<::std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Ord for #name {
            fn cmp(&self, other: &Self) -> ::std::cmp::Ordering {
                self.as_str().cmp(other.as_str())
            }
        }
        impl ::std::hash::Hash for #name {
            fn hash<H: ::std::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }
        impl ::serde::Serialize for #name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl<'de> ::serde::Deserialize<'de> for #name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }
        #[cfg(feature = "schemars")]
        impl ::schemars::JsonSchema for #name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                #title.into()
            }
            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                ::schemars::json_schema!({ "type": "string", "examples": [#(#values),*] })
            }
        }
    }
}

/// Formats a value as a code span, or as sanitised text if a code span cannot hold it.
fn value_doc(value: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && c != '`' || c == ' ';
    if value.chars().all(plain) && value.trim() == value && !value.is_empty() {
        format!("`{value}`")
    } else {
        doc_sanitizer::inline(value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variant_name_is_upper_camel_case() {
        let cases = [
            ("ETH_USDT", Some("EthUsdt")),
            ("Payment sub client", Some("PaymentSubClient")),
            ("OnRamp", Some("OnRamp")),
            ("treasury_management", Some("TreasuryManagement")),
            ("USD", Some("Usd")),
            ("1", Some("X1")),
            ("2fa", Some("X2fa")),
            ("self", Some("Self_")),
            ("TRC-20", Some("Trc20")),
            ("", None),
            ("--", None),
            ("成功", None),
        ];
        for (value, expected) in cases {
            assert_eq!(variant_name(value).as_deref(), expected, "of {value:?}");
        }
    }

    #[test]
    fn ambiguous_or_invalid_values_are_rejected() {
        let cases = [
            (json!([]), json!(null), "is not a list of strings"),
            (json!([1]), json!(null), "is not a list of strings"),
            (
                json!(["PENDING", "Pending"]),
                json!(null),
                "\"PENDING\" and \"Pending\" would both be named Pending",
            ),
            (json!(["A", "A"]), json!(null), "would both be named A"),
            (json!(["OTHER"]), json!(null), "would be named Other"),
            (json!(["A", "+"]), json!(null), "\"+\" has no Rust name"),
            (json!(["A", "+"]), json!(["A"]), "a different length"),
        ];
        for (values, names, expected) in cases {
            let mut schema = json!({"type": "string", "x-extensible-enum": values});
            if !names.is_null() {
                schema["x-enum-varnames"] = names;
            }
            let error = OpenEnum::read("Status", &schema).unwrap_err().to_string();
            assert!(
                error.contains(expected) && error.contains("Status"),
                "{error}"
            );
        }
    }

    #[test]
    fn enum_varnames_override_variant_names() {
        let schema = json!({"type": "string", "x-extensible-enum": ["OTHER", "+"], "x-enum-varnames": ["Listed", "Plus"]});
        let read = OpenEnum::read("Status", &schema).unwrap();
        let names: Vec<_> = read
            .variants
            .iter()
            .map(|v| (v.name.as_str(), v.value.as_str()))
            .collect();
        assert_eq!(names, [("Listed", "OTHER"), ("Plus", "+")]);
    }
}
