//! Errors of the client generator.

/// The reason why a client cannot be generated. Each message has the place and a help text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The document is not OpenAPI 3.0 as the generator reads it.
    #[error(
        "the document cannot be read as OpenAPI 3.0: {0}\n  help: run `cargo xtask regen`, which lints the document and reports the place"
    )]
    Document(#[source] serde_json::Error),
    /// A part of the document for which the generator would produce wrong code.
    #[error("{place}: {problem}\n  help: {help}")]
    Place {
        /// JSON pointer.
        place: String,
        /// The problem.
        problem: String,
        /// How to fix it.
        help: String,
    },
    /// The generator returned an error, or panicked.
    #[error(
        "progenitor: {0}\n  help: a rule of the generator lint should report this; an action in spec/profiles can rewrite the place"
    )]
    Generator(String),
    /// The output of the generator is not the expected Rust code.
    #[error(
        "the generated code has an unexpected structure: {0}\n  help: check whether the version of progenitor changed; see xtask/src/client"
    )]
    GeneratedCode(String),
    /// A published item differs in the superset.
    #[error(
        "{item} is published, and the provisional document changes it\n  help: a provisional overlay may add to the published document but not change it: correct the overlay that changes {item}"
    )]
    Changed {
        /// The path of the item in the generated code.
        item: String,
    },
    /// A published item is missing in the superset.
    #[error(
        "{item} is published, but the provisional document lacks it\n  help: the provisional document contains the published one: correct the overlay that removes {item}"
    )]
    Missing {
        /// The path of the item in the generated code.
        item: String,
    },
    /// A number would become a binary float.
    #[error(
        "{item} would hold a binary float\n  help: money is `format: decimal`; add `x-money` and the format in an overlay, or make it an integer"
    )]
    Float {
        /// The path of the item in the generated code.
        item: String,
    },
    /// A branch of a union that is not a component.
    #[error(
        "{item}: a branch of this `oneOf` is not a named component\n  help: define the branch as a component and refer to it"
    )]
    Branch {
        /// The enum in the generated code.
        item: String,
    },
    /// Two values of an open enum have the same Rust name, or one has none.
    #[error(
        "open enum {name}: {problem}\n  help: list a variant name for each value in `x-enum-varnames`, in the overlay that adds `x-extensible-enum`"
    )]
    Variant {
        /// The enum.
        name: String,
        /// The problem.
        problem: String,
    },
}

impl ClientError {
    pub(super) fn place(place: &str, problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Place {
            place: place.to_owned(),
            problem: problem.into(),
            help: help.into(),
        }
    }
}
