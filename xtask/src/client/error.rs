//! Why a client could not be generated.

/// Why a client could not be generated, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The document is not OpenAPI 3.0 as the generator reads it.
    #[error(
        "the document can't be read as OpenAPI 3.0: {0}\n  help: `cargo xtask regen` lints it; the lint names the place"
    )]
    Document(#[source] serde_json::Error),
    /// A place of the document that the generator would get wrong.
    #[error("{place}: {problem}\n  help: {help}")]
    Place {
        /// JSON pointer.
        place: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        help: String,
    },
    /// The generator refused the document, or panicked.
    #[error(
        "progenitor: {0}\n  help: the generator lint knows what it can't take; the profile in spec/profiles may rewrite it"
    )]
    Generator(String),
    /// The generator's output is not Rust as it is expected here.
    #[error(
        "the generated code has an unexpected form: {0}\n  help: has the pinned progenitor changed? Look at xtask/src/client"
    )]
    Form(String),
    /// A published item is another one in the superset.
    #[error(
        "{item} is published, and the provisional document changes it\n  help: a provisional overlay may add to the published document, never change what it has: mend the overlay that touches {item}"
    )]
    Changed {
        /// Its path in the generated code.
        item: String,
    },
    /// A published item is absent from the superset.
    #[error(
        "{item} is published, but the provisional document lacks it\n  help: the provisional document is the published one and more: mend the overlay that removes {item}"
    )]
    Missing {
        /// Its path in the generated code.
        item: String,
    },
    /// A number of the documents would be a binary float.
    #[error(
        "{item} would hold a binary float\n  help: money is `format: decimal`; give the property its `x-money` and format in an overlay, or make it an integer"
    )]
    Float {
        /// Its path in the generated code.
        item: String,
    },
    /// A branch of a union that is not a component.
    #[error(
        "{item}: a branch of this `oneOf` is not a named component\n  help: give the branch a component of its own and refer to it"
    )]
    Branch {
        /// The enum in the generated code.
        item: String,
    },
    /// Two values of an open enum with one Rust name, or one without.
    #[error(
        "open enum {name}: {problem}\n  help: name its variants with `x-enum-varnames`, one for each value of `x-extensible-enum`, in the overlay that makes it an open enum"
    )]
    Variant {
        /// The enum.
        name: String,
        /// What is wrong.
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
