//! progenitor, called as a library.

use std::panic::{AssertUnwindSafe, catch_unwind};

use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TypeImpl};
use quote::quote;

use super::ClientError;
use super::formats::{FORMATS, TEXT};
use super::prepare::Prepared;

/// The client as progenitor writes it.
pub(super) fn run(document: &Prepared) -> Result<syn::File, ClientError> {
    let settings = settings(document)?;
    // progenitor panics on much that it does not know. The lint says so first and better; this
    // is for what the lint does not know either.
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
    syn::parse2(tokens).map_err(|error| ClientError::Form(error.to_string()))
}

fn settings(document: &Prepared) -> Result<GenerationSettings, ClientError> {
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
    for name in &document.integers_or_texts {
        settings.with_replacement(
            name,
            "crate::scalars::IntegerOrText",
            [TypeImpl::Display].into_iter(),
        );
    }
    for name in &document.any_values {
        settings.with_replacement(name, "crate::scalars::RawJson", std::iter::empty());
    }
    for (format, path, can) in FORMATS {
        let schema =
            serde_json::from_value(serde_json::json!({"type": "string", "format": format}))
                .map_err(ClientError::Document)?;
        settings.with_conversion(schema, path, can.iter().copied());
    }
    Ok(settings)
}
