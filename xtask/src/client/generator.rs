//! Runs progenitor.

use std::panic::{AssertUnwindSafe, catch_unwind};

use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TypeImpl};
use quote::quote;

use super::ClientError;
use super::prepare::PreparedDocument;

/// The traits of a type that is written as a string.
const TEXT: &[TypeImpl] = &[TypeImpl::Display, TypeImpl::FromStr];

/// The string formats that have a Rust type, and the traits of that type.
///
/// A secret has no `Display`, so it cannot be a part of a URL.
const FORMATS: &[(&str, &str, &[TypeImpl])] = &[
    ("date", "::jiff::civil::Date", TEXT),
    ("date-time", "::jiff::Timestamp", TEXT),
    ("date-time-local", "crate::scalars::LocalDateTime", TEXT),
    ("decimal", "crate::scalars::DecimalString", TEXT),
    ("decimal-number", "crate::scalars::DecimalNumber", TEXT),
    ("secret", "crate::scalars::Secret", &[]),
];

/// Returns whether a string of this format has a Rust type.
pub(super) fn has_type(format: &str) -> bool {
    FORMATS.iter().any(|(name, ..)| *name == format)
}

/// Generates the client with progenitor.
pub(super) fn run(document: &PreparedDocument) -> Result<syn::File, ClientError> {
    let settings = settings(document)?;
    // progenitor panics on many documents. The lint reports most of them first, with a better
    // message; this catches the rest.
    let tokens = catch_unwind(AssertUnwindSafe(|| {
        Generator::new(&settings).generate_tokens(&document.openapi)
    }))
    .map_err(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no reason given");
        ClientError::Generator(format!("panicked: {text}"))
    })?
    .map_err(|error| ClientError::Generator(error.to_string()))?;
    syn::parse2(tokens).map_err(|error| ClientError::GeneratedCode(error.to_string()))
}

fn settings(document: &PreparedDocument) -> Result<GenerationSettings, ClientError> {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote! { ::std::sync::Arc<dyn crate::hooks::Transport> });
    for open_enum in &document.open_enums {
        settings.with_replacement(
            &open_enum.name,
            format!("crate::open_enums::{}", open_enum.name),
            TEXT.iter().copied(),
        );
    }
    for name in &document.integer_or_text_types {
        settings.with_replacement(
            name,
            "crate::scalars::IntegerOrText",
            [TypeImpl::Display].into_iter(),
        );
    }
    for name in &document.any_value_types {
        settings.with_replacement(name, "crate::scalars::RawJson", std::iter::empty());
    }
    for (format, path, traits) in FORMATS {
        let schema =
            serde_json::from_value(serde_json::json!({"type": "string", "format": format}))
                .map_err(ClientError::Document)?;
        settings.with_conversion(schema, path, traits.iter().copied());
    }
    Ok(settings)
}
