//! What every part of the pipeline asks of an OpenAPI document.

pub(crate) mod json;
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

/// Whether a character of a page may stand in a line that a person reads: neither control characters may,
/// nor those that turn the direction of the text around them.
pub(crate) fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// The JSON pointer of a member.
pub(crate) fn child(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}
