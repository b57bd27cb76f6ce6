//! The defaults of values that no overlay sets, each with the reason why it is safe.

/// The id of a rule, the value that its findings get, and the reason.
pub struct SafeDefault {
    /// The id of the rule.
    pub rule: &'static str,
    /// The assumption, and the reason why it is safe.
    pub reason: &'static str,
}

const fn default(rule: &'static str, reason: &'static str) -> SafeDefault {
    SafeDefault { rule, reason }
}

/// Returns the default of a rule.
pub fn of(rule: &str) -> Option<&'static SafeDefault> {
    DEFAULTS.iter().find(|default| default.rule == rule)
}

/// The defaults of all rules whose findings do not stop `regen`.
///
/// Three more have no finding, because they lose nothing: the importer names schemas after the title of the page and
/// their role, envelopes get the fields of the common one, and an operation whose page was not seen completely and
/// has no responses gets that envelope, marked as inferred.
pub const DEFAULTS: [SafeDefault; 20] = [
    default(
        "operation-id",
        "The id is the title of the page in camelCase. A name is never sent.",
    ),
    default("summary", "The summary is the id. A text is never sent."),
    default(
        "description",
        "The description is the title of the page. A text is never sent.",
    ),
    default(
        "example",
        "The types are those of the schema. An example is never sent.",
    ),
    default(
        "operation-page",
        "A note says that the page is unknown. A text is never sent.",
    ),
    default(
        "retry-form",
        "A request is never retried, because one that is sent once cannot take effect twice.",
    ),
    default(
        "retry-key",
        "Without its idempotency key the request is never retried, because one that is sent once cannot take effect twice.",
    ),
    default(
        "binary-float",
        "Every number is an exact decimal, whether or not it is an amount: a decimal loses no digit.",
    ),
    default(
        "money-form",
        "A string of the format `decimal` stays a string and is read as a decimal, which loses no digit.",
    ),
    default(
        "money",
        "A string or an integer keeps its type, which loses no digit. The proposal makes it a decimal.",
    ),
    default(
        "closed-enum",
        "The enum is open, with the values of the schema, its description and its example: an unknown value never makes a response unreadable.",
    ),
    default(
        "known-type",
        "The field has the type of the fields with its name. Open enums accept every string, and only responses get a union of integer and string.",
    ),
    default(
        "nullable-list",
        "A list may be null: the gateway may send null instead of an empty list.",
    ),
    default(
        "open-request",
        "A request that was seen in part accepts more fields, so that a caller can send all of them.",
    ),
    default(
        "request-body",
        "The body is required: a client that always sends it is never wrong.",
    ),
    default(
        "success-response",
        "A page without responses gets the common envelope, which accepts any data and is marked as inferred.",
    ),
    default(
        "error-response",
        "Every error has the common error envelope: a response of the page with another schema, or without one, is \
         removed from the document, and 4XX and 5XX cover its status. An operation of the client has one error type. \
         The decision between success and error is made by `retcode`.",
    ),
    default(
        "evidence-missing",
        "A value of unknown origin is marked as inferred, so that it does not look documented.",
    ),
    default(
        "secret",
        "A value with the name of a secret is never printed: redacting too much leaks nothing.",
    ),
    default(
        "inline-object",
        "The object or union becomes a component that is named after its place. A name is never sent.",
    ),
];
