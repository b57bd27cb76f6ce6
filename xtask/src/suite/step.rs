//! The steps of the suite.

/// One step of the suite; its name is what `--only` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Step {
    /// `cargo fmt`.
    Format,
    /// `cargo clippy`, warnings as errors.
    Clippy,
    /// `cargo xtask regen --check`.
    Regen,
    /// `cargo test`, in every combination of features that matters.
    Tests,
    /// `cargo doc`, warnings as errors.
    Docs,
    /// The workspace compiles with the oldest supported toolchain.
    Msrv,
    /// The signatures compile for WebAssembly.
    Wasm,
    /// Licences, sources, duplicates and advisories of the dependencies.
    Deny,
    /// The crates that are published can be, as they are.
    Package,
    /// The published documents pass the validators of other ecosystems.
    Openapi,
    /// `cargo xtask interop`, for every language.
    Interop,
    /// `cargo xtask properties`.
    Properties,
}

impl Step {
    /// All steps, in the order in which they run.
    pub const ALL: [Self; 12] = [
        Self::Format,
        Self::Clippy,
        Self::Regen,
        Self::Tests,
        Self::Docs,
        Self::Msrv,
        Self::Wasm,
        Self::Deny,
        Self::Package,
        Self::Openapi,
        Self::Interop,
        Self::Properties,
    ];

    /// The name that `--only` takes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Clippy => "clippy",
            Self::Regen => "regen",
            Self::Tests => "tests",
            Self::Docs => "docs",
            Self::Msrv => "msrv",
            Self::Wasm => "wasm",
            Self::Deny => "deny",
            Self::Package => "package",
            Self::Openapi => "openapi",
            Self::Interop => "interop",
            Self::Properties => "properties",
        }
    }

    /// What the step proves, in one line.
    #[must_use]
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Format => "the code is formatted by rustfmt",
            Self::Clippy => "clippy has nothing to say, with default and with all features",
            Self::Regen => "the checked-in documents and client are what the captures give",
            Self::Tests => "the tests pass, the client's with each set of features",
            Self::Docs => "the documentation builds without a warning",
            Self::Msrv => "the workspace compiles with the rust-version it states",
            Self::Wasm => "the signatures compile for WebAssembly",
            Self::Deny => "licences, sources, duplicates and advisories of the dependencies",
            Self::Package => {
                "the published crates build from their packages, with README and licences"
            }
            Self::Openapi => "the documents pass openapi-spec-validator and Redocly",
            Self::Interop => {
                "clients in four languages sign, keep money exact and walk through the gateway"
            }
            Self::Properties => "the gateway on localhost keeps to the document, whatever is sent",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn the_command_line_takes_the_names_in_the_order_of_the_run() {
        assert_eq!(Step::value_variants(), Step::ALL);
        for step in Step::ALL {
            let value = step.to_possible_value().unwrap();
            assert_eq!(value.get_name(), step.name());
        }
    }
}
