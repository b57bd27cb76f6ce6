//! What every part of the pipeline asks of an OpenAPI document.

mod operations;
mod references;

pub(crate) use operations::{METHODS, Operation, operations, operations_mut};
pub(crate) use references::{component_name, components_of};

/// Members whose own members have free names, so that a property called `example` is not taken for an
/// example.
pub(crate) const FREELY_NAMED: [&str; 13] = [
    "properties",
    "schemas",
    "responses",
    "headers",
    "requestBodies",
    "paths",
    "x-webhooks",
    "securitySchemes",
    "callbacks",
    "content",
    "links",
    "encoding",
    "parameters",
];

/// On an operation: the sets of schemes that its page asks for, each scheme with its name.
pub(crate) const PAGE_SECURITY: &str = "x-apifox-security";

/// The JSON pointer of a member.
pub(crate) fn child(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}
