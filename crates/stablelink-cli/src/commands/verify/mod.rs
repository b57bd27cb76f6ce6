//! `verify`: checks a signature, and tells which part differs.

mod diagnosis;
mod variants;

use clap::Args;
use stablelink_signature::{SignatureHeaders, SigningKey, Timestamp, Verifier, VerifyError};

use super::sign::{Message, now};
use crate::context::{API_KEY, API_SECRET, Context};
use crate::failure::{Code, Failure};
use crate::output::Tone;
use diagnosis::Diagnosis;

/// Checks a signature, and tells which part differs.
#[derive(Debug, Args)]
#[command(after_help = "\
Where it does not match, likely mistakes are tried, up to three at once (fewer where the body is long): another method, the host or a slash in the path, forms
of the query, white space and other spellings of the body, units of the time, other texts of the key. What fits is named.
A signature that is right but older than the gateway's two minutes fails too; --any-age lets it pass.")]
pub(crate) struct Verify {
    #[command(flatten)]
    message: Message,
    /// Value of the SIGNATURE header
    #[arg(long, value_name = "BASE64", allow_hyphen_values = true)]
    signature: String,
    /// Value of the TIMESTAMP header
    #[arg(long, value_name = "MS")]
    timestamp: String,
    /// Accept a signature however old it is
    #[arg(long)]
    any_age: bool,
}

impl Verify {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let secret = context.sign_key()?;
        let key = SigningKey::new(&secret).map_err(|error| Failure::usage(error.to_string()))?;
        let parts = self.message.read(context)?;
        let received = SignatureHeaders::new(
            Some(self.signature.as_bytes()),
            Some(self.timestamp.as_bytes()),
        );
        let now = match (self.any_age, self.timestamp.parse::<Timestamp>()) {
            (true, Ok(signed)) => signed,
            _ => now()?,
        };
        let verifier = Verifier::new(key);
        match verifier.verify(parts.subject(), received, [&parts.body], now) {
            Ok(_) => context
                .out
                .line(context.out.paint().tone(Tone::Good, "matches")),
            Err(error @ (VerifyError::TooOld { .. } | VerifyError::TooNew { .. })) => {
                Err(Failure::new(Code::Mismatch, error.to_string())
                    .next("nothing but the time is wrong; --any-age lets it pass"))
            }
            Err(error) => {
                let others: Vec<_> = [API_KEY, API_SECRET]
                    .into_iter()
                    .filter_map(|name| Some((name, std::env::var(name).ok()?)))
                    .collect();
                let found = Diagnosis::new(&parts, &secret, &others)
                    .find(self.signature.as_bytes(), &self.timestamp);
                Err(match found {
                    Some(found) => Failure::new(Code::Mismatch, format!("does not match: {found}")),
                    None if matches!(error, VerifyError::Mismatch { .. }) => Failure::new(
                        Code::Mismatch,
                        "does not match, and no usual mistake explains it: another key, or other bytes",
                    )
                    .next("compare the string to sign (-v of `sign`) with that of the other side, byte by byte"),
                    None => Failure::new(Code::Mismatch, format!("does not match: {error}")),
                })
            }
        }
    }
}
