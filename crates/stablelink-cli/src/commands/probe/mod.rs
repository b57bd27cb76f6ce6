//! `probe`: calls that only read, to settle what the documentation leaves open, and a report without secrets.

mod answer;
mod questions;
mod wire;

use clap::Args;
use serde_json::json;
use stablelink::Environment;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::plain;
use wire::Wire;

/// Finds out what the documentation leaves open.
#[derive(Debug, Args)]
#[command(after_help = "\
It makes about fifteen calls, none of which changes a record: two for a token, a rate, an order that does not exist, and the
same order with signatures, tokens and times that are wrong on purpose. **A new token ends the one before it**: other programs
with the same credentials have to get a new one (those made with this project do so by themselves).

The report holds no secret, token, number of an account or words of a record. Paste it into an issue of this project.")]
pub(crate) struct Probe {
    /// Do it on production, where the token of running programs ends by it
    #[arg(long)]
    yes: bool,
}

/// What was found out about one question.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    question: &'static str,
    /// None where it is still open.
    found: Option<String>,
    seen: String,
}

impl Finding {
    fn settled(question: &'static str, found: impl Into<String>, seen: impl Into<String>) -> Self {
        Self {
            question,
            found: Some(found.into()),
            seen: seen.into(),
        }
    }

    fn open(question: &'static str, seen: impl Into<String>) -> Self {
        Self {
            question,
            found: None,
            seen: seen.into(),
        }
    }
}

impl Probe {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let environment = context.environment()?.value;
        if environment == Environment::Production && !self.yes {
            return Err(Failure::usage(
                "this is production: a new token would end that of running programs",
            )
            .next("probe the sandbox, or say --yes"));
        }
        // It refuses addresses at which others could listen.
        context.client()?;
        let wire = Wire::new(&environment.origin(), &context.credentials_apart()?)?;
        let findings = questions::all(wire, |step| context.out.note(step)).await?;
        let place = match environment {
            Environment::Custom(_) => "an address of one's own".to_owned(),
            named => named.origin().to_string(),
        };
        if context.out.is_json() {
            let all: Vec<_> = findings
                .iter()
                .map(|finding| json!({"question": finding.question, "found": finding.found, "seen": finding.seen}))
                .collect();
            return context
                .out
                .line(json!({"gateway": place, "findings": all}).to_string());
        }
        context.out.line(report(&place, &findings))
    }
}

/// The report as Markdown, without the line end of its last line.
fn report(place: &str, findings: &[Finding]) -> String {
    let cell = |text: &str| plain(text).replace('|', "\\|");
    let mut text = format!(
        "### `stablelink probe` of {place}\n\nVersion {} of this project. No secrets, tokens or records are in it.\n\n\
         | Question | Found | Seen |\n|---|---|---|",
        env!("CARGO_PKG_VERSION")
    );
    for finding in findings {
        let found = finding.found.as_deref().unwrap_or("**open**");
        text.push_str(&format!(
            "\n| {} | {} | {} |",
            finding.question,
            cell(found),
            cell(&finding.seen)
        ));
    }
    text
}

#[cfg(test)]
mod tests;
