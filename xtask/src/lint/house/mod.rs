//! House rules: what every published document keeps to, for every language.

mod components;
mod evidence;
mod examples;
mod money;
mod names;
mod operations;
mod retries;
mod shapes;
mod unions;
mod values;

use super::Rule;
use super::shared::{references, unions as exclusive, words};

/// All house rules, in the order in which they report.
pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            id: "openapi-version",
            check: words::published_version,
        },
        Rule {
            id: "later-words",
            check: words::later_words,
        },
        Rule {
            id: "dangling-ref",
            check: references::dangling,
        },
        Rule {
            id: "ref-alone",
            check: components::ref_alone,
        },
        Rule {
            id: "unused-component",
            check: components::unused,
        },
        Rule {
            id: "component-name",
            check: names::component_name,
        },
        Rule {
            id: "component-description",
            check: components::description,
        },
        Rule {
            id: "operation-id",
            check: names::operation_id,
        },
        Rule {
            id: "operation-texts",
            check: operations::texts,
        },
        Rule {
            id: "operation-page",
            check: operations::page,
        },
        Rule {
            id: "operation-security",
            check: operations::security,
        },
        Rule {
            id: "success-answer",
            check: operations::success,
        },
        Rule {
            id: "error-answer",
            check: operations::errors,
        },
        Rule {
            id: "evidence-form",
            check: evidence::form,
        },
        Rule {
            id: "evidence-missing",
            check: evidence::missing,
        },
        Rule {
            id: "retry-form",
            check: retries::form,
        },
        Rule {
            id: "retry-key",
            check: retries::key,
        },
        Rule {
            id: "named-body",
            check: shapes::named_body,
        },
        Rule {
            id: "inline-object",
            check: shapes::inline_object,
        },
        Rule {
            id: "closed-object",
            check: shapes::closed_object,
        },
        Rule {
            id: "required-exists",
            check: shapes::required_exists,
        },
        Rule {
            id: "nullable-list",
            check: shapes::nullable_list,
        },
        Rule {
            id: "open-request",
            check: shapes::open_request,
        },
        Rule {
            id: "closed-enum",
            check: values::closed_enum,
        },
        Rule {
            id: "open-enum",
            check: values::open_enum,
        },
        Rule {
            id: "format",
            check: values::format,
        },
        Rule {
            id: "money",
            check: money::money,
        },
        Rule {
            id: "money-form",
            check: money::form,
        },
        Rule {
            id: "binary-float",
            check: money::binary_float,
        },
        Rule {
            id: "one-of-exclusive",
            check: exclusive::exclusive,
        },
        Rule {
            id: "one-of-money",
            check: unions::money,
        },
        Rule {
            id: "one-of-examples",
            check: unions::examples,
        },
        Rule {
            id: "example-fits",
            check: examples::fits,
        },
    ]
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::proof::Case;
    use super::*;

    /// The cases of the group, by the file of their rules.
    pub(in crate::lint) fn files() -> Vec<(&'static str, Vec<Case>)> {
        vec![
            ("components", components::tests::cases()),
            ("names", names::tests::cases()),
            ("operations", operations::tests::cases()),
            ("evidence", evidence::tests::cases()),
            ("retries", retries::tests::cases()),
            ("shapes", shapes::tests::cases()),
            ("values", values::tests::cases()),
            ("money", money::tests::cases()),
            ("unions", unions::tests::cases()),
            ("examples", examples::tests::cases()),
        ]
    }
}
