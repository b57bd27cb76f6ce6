//! The embedded OpenAPI document: its operations (`openapi`, `operation`), the checks of requests
//! and responses (`schema`, `check`), and responses that are made from it (`sample`).
//!
//! The document is parsed once per process. The validators of an operation are built when it is
//! first called.

mod check;
mod openapi;
mod operation;
mod sample;
mod schema;

pub use check::SchemaMismatch;
pub(crate) use check::{check_request, check_response};
pub(crate) use openapi::TEXT;
pub use operation::{OtherOperation, SandboxOperation, UnknownOperation};
pub(crate) use sample::{SampleResponse, sample_response};
pub(crate) use schema::response_has_field;
