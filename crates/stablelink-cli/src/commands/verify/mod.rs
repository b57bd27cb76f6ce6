//! The command `verify`.
//!
//! `diagnosis` searches for a mistake that explains a mismatch; `variants` lists the mistakes of each part of a message.

mod diagnosis;
mod variants;

use clap::Args;
use stablelink_signature::{SignatureHeaders, SigningKey, Timestamp, Verifier, VerifyError};

use super::sign::{MessageArgs, now};
use crate::context::Context;
use crate::error::{CliError, CliExitCode};
use crate::output::TextStyle;
use crate::settings::{API_KEY, API_SECRET};
use diagnosis::Diagnosis;

/// Verifies a signature and explains a mismatch.
#[derive(Debug, Args)]
#[command(after_help = "\
If the signature does not match, common mistakes are tried, up to three at once (fewer for a long body): a different method, the
host or a slash in the path, the forms of a query, whitespace and other encodings of the body, time units, other texts of the key.
A mistake that explains the signature is reported. A valid signature older than two minutes fails too, unless --any-age is set.")]
pub(crate) struct Verify {
    #[command(flatten)]
    message: MessageArgs,
    /// Value of the SIGNATURE header
    #[arg(long, value_name = "BASE64", allow_hyphen_values = true)]
    signature: String,
    /// Value of the TIMESTAMP header
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    timestamp: String,
    /// Accept a signature of any age
    #[arg(long)]
    any_age: bool,
}

impl Verify {
    pub(crate) fn run(self, context: &Context) -> Result<(), CliError> {
        let secret = context.sign_key()?;
        let key = SigningKey::new(&secret).map_err(|error| CliError::usage(error.to_string()))?;
        let parts = self.message.read(context)?;
        let headers = SignatureHeaders::new(
            Some(self.signature.as_bytes()),
            Some(self.timestamp.as_bytes()),
        );
        let now = match (self.any_age, self.timestamp.parse::<Timestamp>()) {
            (true, Ok(signed)) => signed,
            _ => now()?,
        };
        let verifier = Verifier::new(key);
        match verifier.verify(parts.kind(), headers, [&parts.body], now) {
            Ok(_) => context
                .out
                .line(context.out.theme().apply(TextStyle::Success, "matches")),
            Err(error @ (VerifyError::TooOld { .. } | VerifyError::TooNew { .. })) => {
                Err(CliError::new(CliExitCode::Mismatch, error.to_string())
                    .next("only the time is wrong; --any-age accepts it"))
            }
            Err(error) => {
                let others: Vec<_> = [API_KEY, API_SECRET]
                    .into_iter()
                    .filter_map(|name| Some((name, std::env::var(name).ok()?)))
                    .collect();
                let found = Diagnosis::new(&parts, &secret, &others)
                    .find(self.signature.as_bytes(), &self.timestamp);
                Err(match found {
                    Some(found) => CliError::new(CliExitCode::Mismatch, format!("does not match: {found}")),
                    None if matches!(error, VerifyError::Mismatch { .. }) => CliError::new(
                        CliExitCode::Mismatch,
                        "does not match, and no common mistake explains it: a different key or different bytes",
                    )
                    .next("compare the string to sign, printed by `stablelink sign -v`, with that of the other side byte by byte"),
                    None => CliError::new(CliExitCode::Mismatch, format!("does not match: {error}")),
                })
            }
        }
    }
}
