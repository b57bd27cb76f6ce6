//! The rules for the published documents. Read [`evidence`] and [`retries`] first, then [`money`],
//! [`operations`] and [`schemas`].

pub(super) mod envelope;
mod evidence;
mod known_types;
mod money;
mod operations;
mod retries;
mod schemas;
pub(super) mod secrets;

use super::{LintRule, shared};

/// Returns the rules in the order of their findings.
pub(super) fn all() -> Vec<LintRule> {
    vec![
        ("openapi-version", schemas::openapi_version),
        ("dangling-ref", shared::dangling_references),
        ("operation-id", operations::operation_id),
        ("operation-page", operations::page),
        ("operation-security", operations::security),
        ("request-body", operations::required_body),
        ("success-response", operations::success_response),
        ("error-response", operations::error_responses),
        ("envelope", envelope::form),
        ("summary", operations::summary),
        ("description", operations::description),
        ("example", operations::example),
        ("evidence-form", evidence::form),
        ("evidence-missing", evidence::missing),
        ("retry-form", retries::form),
        ("retry-key", retries::key),
        ("named-body", schemas::named_body),
        ("inline-object", schemas::inline_object),
        ("closed-object", shared::closed_object),
        ("nullable-list", schemas::nullable_list),
        ("open-request", schemas::open_request),
        ("closed-enum", schemas::closed_enum),
        ("open-enum", schemas::open_enum),
        ("known-type", known_types::same_name),
        ("format", schemas::format),
        ("secret", secrets::by_name),
        ("money", money::by_name),
        ("money-form", money::form),
        ("binary-float", money::binary_float),
        ("one-of-exclusive", shared::exclusive_branches),
        ("one-of-money", money::in_unions),
    ]
}
