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
        /// A JSON pointer, or an item of the generated code.
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
    /// A branch of a union that is not a component.
    #[error(
        "{item}: a branch of this `oneOf` is not a named component\n  help: define the branch as a component and refer to it"
    )]
    Branch {
        /// The enum in the generated code.
        item: String,
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
