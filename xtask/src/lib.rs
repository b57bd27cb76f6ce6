//! Builds the OpenAPI document and the generated client from the captured documentation pages.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod cli;
pub mod client;
pub mod commands;
pub mod demo;
pub mod diff;
pub mod docs;
pub mod interop;
mod job;
pub mod lint;
pub mod measure;
mod openapi;
pub mod output_files;
pub mod overlay;
pub mod profile;
pub mod properties;
pub mod publish;
pub mod regen;
pub mod release;
mod sandbox;
pub mod suite;
pub mod vendor;
pub mod workspace;
