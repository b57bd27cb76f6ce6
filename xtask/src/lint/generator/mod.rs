//! Generator rules: what progenitor refuses, panics on, or breaks in silence. They look at the document
//! that the profile made for it. It ignores `x-webhooks`; their bodies are components like others.

mod answers;
mod bodies;
mod names;
mod parameters;
mod schemas;

use super::Rule;
use super::shared::{references, unions, words};

/// All generator rules, in the order in which they report.
pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            id: "openapi-version",
            check: words::version_of_generator,
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
            id: "plain-names",
            check: references::plain_names,
        },
        Rule {
            id: "operation-id",
            check: names::operation_id,
        },
        Rule {
            id: "operation-names",
            check: names::operation_names,
        },
        Rule {
            id: "component-names",
            check: names::component_names,
        },
        Rule {
            id: "request-media",
            check: bodies::media,
        },
        Rule {
            id: "request-media-one",
            check: bodies::one_media,
        },
        Rule {
            id: "request-required",
            check: bodies::required,
        },
        Rule {
            id: "answer-media",
            check: answers::media,
        },
        Rule {
            id: "answer-schema",
            check: answers::schema,
        },
        Rule {
            id: "answer-named",
            check: answers::named,
        },
        Rule {
            id: "one-success-type",
            check: answers::one_success,
        },
        Rule {
            id: "one-error-type",
            check: answers::one_error,
        },
        Rule {
            id: "parameter-style",
            check: parameters::style,
        },
        Rule {
            id: "parameter-explode",
            check: parameters::explode,
        },
        Rule {
            id: "parameter-cookie",
            check: parameters::cookie,
        },
        Rule {
            id: "parameter-shape",
            check: parameters::shape,
        },
        Rule {
            id: "transport-header",
            check: parameters::transport_header,
        },
        Rule {
            id: "closed-enum",
            check: schemas::closed_enum,
        },
        Rule {
            id: "any-of-scalars",
            check: schemas::any_of_scalars,
        },
        Rule {
            id: "closed-object",
            check: schemas::closed_object,
        },
        Rule {
            id: "dropped-fields",
            check: schemas::dropped_fields,
        },
        Rule {
            id: "nullable-list",
            check: schemas::nullable_list,
        },
        Rule {
            id: "binary-float",
            check: schemas::binary_float,
        },
        Rule {
            id: "one-of-exclusive",
            check: unions::exclusive,
        },
        Rule {
            id: "one-of-decimal",
            check: schemas::decimal_in_union,
        },
        Rule {
            id: "discriminator",
            check: schemas::discriminator,
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
            ("names", names::tests::cases()),
            ("bodies", bodies::tests::cases()),
            ("answers", answers::tests::cases()),
            ("parameters", parameters::tests::cases()),
            ("schemas", schemas::tests::cases()),
        ]
    }
}
