//! Builds the OpenAPI document and the generated client from the captured documentation pages.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod curate;
pub mod lint;
