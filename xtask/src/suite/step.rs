//! The steps of the suite.

use clap::ValueEnum;

/// A step of the suite. The doc comment of a variant is its purpose in `--list` and in the help of `--only`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// The code is formatted by rustfmt
    Format,
    /// Clippy has no warnings, with all features and with each feature of the clients
    Clippy,
    /// The checked-in documents and client match the captures
    Regen,
    /// The tests pass, those of the clients with each set of features that changes behaviour
    Tests,
    /// The documentation builds without warnings
    Docs,
    /// The crates for users compile with the oldest supported Rust version
    Msrv,
    /// The signature crate compiles for WebAssembly
    Wasm,
    /// Licences, sources, duplicates and advisories of the dependencies are as deny.toml allows
    Deny,
    /// The published crates build from their packages, which contain a README and the licences
    Package,
    /// The documents pass openapi-spec-validator and Redocly
    Openapi,
    /// Clients in four languages sign, keep amounts exact and complete a flow against the sandbox
    Interop,
    /// The sandbox conforms to the document for generated requests
    Properties,
}

impl Step {
    /// Returns all steps in the order in which they run.
    pub(super) fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// Returns the name that `--only` takes.
    pub(super) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Returns a line that describes the check of the step.
    pub(super) fn purpose(self) -> String {
        let value = self.to_possible_value();
        let help = value.as_ref().and_then(|value| value.get_help());
        help.map_or_else(String::new, ToString::to_string)
    }
}
