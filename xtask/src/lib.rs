//! Builds the OpenAPI document and the generated client from the captured documentation pages.

pub mod client;
