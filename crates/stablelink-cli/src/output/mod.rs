//! What people and programs see.

mod members;
mod paint;
mod table;

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use clap::ValueEnum;
use serde_json::json;
use stablelink::RawResponse;
use stablelink::operations::{EvidenceLevel, OperationInfo, RetrySafety};

pub(crate) use members::{Members, plain};
pub(crate) use paint::{Paint, Tone};

use crate::failure::Failure;

/// How answers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Tables for people
    #[default]
    Table,
    /// `retdata` exactly as it came, for programs
    Json,
}

/// Standard output and standard error: results go to the first, everything else to the second.
pub(crate) struct Out {
    form: Form,
    /// The one member that is asked for.
    get: Option<String>,
    stdout: Paint,
    stderr: Paint,
}

impl Out {
    pub(crate) fn new(form: Form) -> Self {
        Self {
            form,
            get: None,
            stdout: Paint::on(io::stdout().is_terminal()),
            stderr: Paint::on(io::stderr().is_terminal()),
        }
    }

    /// Shows this member of answers alone.
    pub(crate) fn getting(mut self, member: Option<String>) -> Self {
        self.get = member;
        self
    }

    pub(crate) const fn is_json(&self) -> bool {
        matches!(self.form, Form::Json)
    }

    pub(crate) const fn paint(&self) -> Paint {
        self.stdout
    }

    /// A line of the result.
    pub(crate) fn line(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{}", text.as_ref())?;
        stdout.flush()?;
        Ok(())
    }

    /// A line beside the result. Where standard error is gone nobody wants to read it.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        let _ = writeln!(io::stderr().lock(), "{}", self.stderr.dim(text.as_ref()));
    }

    /// Names and values, as a table or a JSON object of texts.
    pub(crate) fn pairs(&self, pairs: &[(&str, String)]) -> Result<(), Failure> {
        if self.is_json() {
            let object: serde_json::Map<_, _> = pairs
                .iter()
                .map(|(name, value)| (name.replace(' ', "_"), json!(value)))
                .collect();
            return self.line(serde_json::Value::Object(object).to_string());
        }
        let rows: Vec<_> = pairs
            .iter()
            .map(|(name, value)| [(*name).to_owned(), value.clone()])
            .collect();
        self.line(table::pairs(&rows, self.stdout).trim_end())
    }

    /// The `retdata` of an answer.
    pub(crate) fn data(&self, reply: &RawResponse) -> Result<(), Failure> {
        self.record(retdata(reply.body()))
    }

    /// A record as JSON, or that there is none.
    pub(crate) fn record(&self, data: Option<&str>) -> Result<(), Failure> {
        if let Some(name) = &self.get {
            let value = data.and_then(|data| members::member(data, name));
            let value = value.ok_or_else(|| {
                Failure::other(format!("done, but the answer has no `{}`", plain(name)))
                    .next("the call took effect: do not make it again for this; look the record up")
            })?;
            return self.line(members::shown(value));
        }
        if self.is_json() {
            return self.line(data.unwrap_or("null"));
        }
        match data {
            Some(data) => self.line(table::of_json(data, self.stdout).trim_end()),
            None => self.line("done"),
        }
    }

    /// How sure the document is of an operation, and how the call went.
    pub(crate) fn evidence(&self, facts: &OperationInfo, reply: &RawResponse, took: Duration) {
        let level = match facts.evidence {
            EvidenceLevel::Inferred => self.stderr.tone(Tone::Warning, "inferred"),
            other => other.as_str().to_owned(),
        };
        let retcode = reply.retcode().unwrap_or("none");
        let text = format!(
            "{level} · {} {} · HTTP {}, retcode {} · {} ms",
            facts.method,
            facts.path,
            reply.status().as_u16(),
            plain(retcode),
            took.as_millis(),
        );
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Why the command failed, on standard error.
    pub(crate) fn failed(&self, failure: &Failure) {
        if failure.is_silent() {
            return;
        }
        let mut stderr = io::stderr().lock();
        if self.is_json() {
            let error = failure.error.as_deref();
            let object = json!({"error": {
                "kind": failure.kind(),
                "exit": failure.code as u8,
                "problem": failure.problem,
                "next": failure.next,
                "operation": error.and_then(|error| error.operation()),
                "retcode": error.and_then(|error| error.retcode()),
                "status": error.and_then(|error| error.http_status()),
                "key": error.and_then(|error| error.idempotency_key()),
                "retryable": error.is_some_and(|error| error.is_retryable()),
            }});
            let _ = writeln!(stderr, "{object}");
            return;
        }
        let _ = writeln!(
            stderr,
            "{} {}",
            self.stderr.tone(Tone::Bad, "error:"),
            failure.problem
        );
        if let Some(next) = &failure.next {
            let _ = writeln!(
                stderr,
                "{} {next}",
                self.stderr.tone(Tone::Warning, "next:")
            );
        }
    }
}

/// The `retdata` of a body as it came, to the digit.
pub(crate) fn retdata(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    members::member(text, "retdata").filter(|data| *data != "null")
}

/// How often a call of this operation is sent, in words.
pub(crate) fn repeats(retry: RetrySafety) -> String {
    match retry {
        RetrySafety::Safe => {
            "repeated if an attempt is lost, for it changes nothing twice".to_owned()
        }
        RetrySafety::Keyed { field } => {
            format!(
                "repeated if an attempt is lost, with the same {field}, which the gateway takes once"
            )
        }
        _ => "sent once, never repeated".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retdata_is_as_it_came() {
        for (body, data) in [
            (
                r#"{"retcode":200,"retdata":{"a": 1.00 ,"b":12345678901234567890.10}}"#,
                Some(r#"{"a": 1.00 ,"b":12345678901234567890.10}"#),
            ),
            (r#"{"retdata":[]}"#, Some("[]")),
            (r#"{"retdata":null}"#, None),
            (r#"{"retcode":200}"#, None),
            ("[1]", None),
            ("", None),
        ] {
            assert_eq!(retdata(body.as_bytes()), data, "{body}");
        }
    }
}
