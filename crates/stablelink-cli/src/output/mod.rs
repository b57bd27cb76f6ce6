//! Output for people and programs: results on standard output, everything else on standard error.
//!
//! `untrusted` makes untrusted text safe for a terminal, `table` formats responses for people, `theme` has the colours.

mod table;
mod theme;
mod untrusted;

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use clap::ValueEnum;
use serde_json::{Value, json};
use stablelink::RawResponse;
use stablelink::operations::{EvidenceLevel, OperationInfo};

pub(crate) use theme::{TextStyle, Theme};
pub(crate) use untrusted::{retdata, sanitize, sanitize_lines};

use crate::error::CliError;

/// The format of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// Tables for people
    #[default]
    Table,
    /// `retdata` unchanged, for programs
    Json,
}

/// Writes results to standard output and everything else to standard error.
#[derive(Clone, Debug)]
pub(crate) struct CliOutput {
    format: OutputFormat,
    /// The path of the only value of a result to print.
    path: Option<String>,
    quiet: bool,
    stdout: Theme,
    stderr: Theme,
}

impl CliOutput {
    pub(crate) fn new(format: OutputFormat, path: Option<String>, quiet: bool) -> Self {
        Self {
            format,
            path,
            quiet,
            stdout: Theme::new(io::stdout().is_terminal()),
            stderr: Theme::new(io::stderr().is_terminal()),
        }
    }

    pub(crate) const fn is_json(&self) -> bool {
        matches!(self.format, OutputFormat::Json)
    }

    /// Returns whether complete results are printed as tables.
    pub(crate) const fn is_table(&self) -> bool {
        !self.is_json() && self.path.is_none()
    }

    /// Returns whether only results and errors are printed.
    pub(crate) const fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Returns the colours of standard output.
    pub(crate) const fn theme(&self) -> Theme {
        self.stdout
    }

    /// Writes a line of the result. Untrusted parts of it must be sanitized.
    pub(crate) fn line(&self, text: impl AsRef<str>) -> Result<(), CliError> {
        let mut stdout = io::stdout().lock();
        let written = writeln!(stdout, "{}", text.as_ref()).and_then(|()| stdout.flush());
        written.map_err(|error| CliError::of_output(&error))
    }

    /// Writes a line of JSON.
    pub(crate) fn json_line(&self, json: impl AsRef<str>) -> Result<(), CliError> {
        self.line(untrusted::escape_json(json.as_ref()))
    }

    /// Writes a sanitized line to standard error, unless `--quiet` is set: text for people, an object with `note` for programs.
    /// Ignored if standard error is closed.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        let text = text.as_ref();
        match self.is_json() {
            _ if self.quiet => {}
            true => json_note(&json!({ "note": text })),
            false => {
                let text = self.stderr.dim(&sanitize_lines(text));
                let _ = writeln!(io::stderr().lock(), "{text}");
            }
        }
    }

    /// Writes the idempotency key of a request that is about to be sent.
    pub(crate) fn key(&self, field: &str, key: &str) {
        match self.is_json() && !self.quiet {
            true => json_note(&json!({ "field": field, "key": key })),
            false => self.note(format!("{field} {key}")),
        }
    }

    /// Writes a note that is sanitized only for a terminal: a program may compare it byte by byte. `--quiet` does not hide it.
    pub(crate) fn exact_note(&self, text: &str) {
        if self.is_json() {
            return json_note(&json!({ "note": text }));
        }
        let text = match io::stderr().is_terminal() {
            true => self.stderr.dim(&sanitize_lines(text)),
            false => text.to_owned(),
        };
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Writes an event of the log to standard error.
    pub(crate) fn log(&self, event: &str) {
        if self.is_json() {
            return json_note(&json!({ "log": event }));
        }
        let _ = writeln!(io::stderr().lock(), "{}", sanitize_lines(event));
    }

    /// Writes names and values as a table, or this data for programs.
    pub(crate) fn pairs(&self, pairs: &[(&str, String)], data: &Value) -> Result<(), CliError> {
        if !self.is_table() {
            return self.record(Some(&data.to_string()));
        }
        let rows = pairs.iter();
        let rows: Vec<_> = rows
            .map(|(name, value)| [(*name).to_owned(), sanitize(value)])
            .collect();
        self.line(table::format_pairs(&rows, self.stdout))
    }

    /// Writes the `retdata` of a response, and its operation and duration to standard error.
    pub(crate) fn response(
        &self,
        operation: &OperationInfo,
        response: &RawResponse,
        elapsed: Duration,
    ) -> Result<(), CliError> {
        let level = match operation.evidence {
            EvidenceLevel::Inferred => self.stderr.apply(TextStyle::Warning, "inferred"),
            other => other.as_str().to_owned(),
        };
        let (method, path) = (operation.method, operation.path);
        let summary = format!("{method} {path} · {}", summary(response, elapsed));
        if self.is_json() {
            self.note(format!("{} · {summary}", operation.evidence.as_str()));
        } else if !self.quiet {
            let _ = writeln!(io::stderr().lock(), "{level} · {summary}");
        }
        let record = retdata(response.body());
        let has_record = record.as_deref().is_some_and(|json| json.starts_with('{'));
        if !has_record && !operation.record_fields.is_empty() {
            return Err(CliError::other("the response has no record"));
        }
        self.record(record.as_deref())
    }

    /// Writes a record, which is passed as JSON, or the selected value of the record.
    pub(crate) fn record(&self, record: Option<&str>) -> Result<(), CliError> {
        if let Some(path) = &self.path {
            let value = untrusted::find_value(record.unwrap_or("null"), path)?;
            return self.line(untrusted::display_value(&value));
        }
        match record {
            _ if self.is_json() => self.json_line(record.unwrap_or("null")),
            Some(record) => self.line(table::format_json(record, self.stdout)),
            None => self.line("done"),
        }
    }

    /// Writes an error to standard error.
    pub(crate) fn error(&self, error: &CliError) {
        if error.is_broken_pipe() {
            return;
        }
        let mut stderr = io::stderr().lock();
        if self.is_json() {
            let source = error.source.as_deref();
            let object = json!({"error": {
                "kind": error.kind(),
                "exit": error.code as u8,
                "problem": error.problem,
                "lookup": error.lookup,
                "next": error.next,
                "operation": source.and_then(|source| source.operation()),
                "retcode": source.and_then(|source| source.retcode()),
                "status": source.and_then(|source| source.http_status()),
                "key": error.key,
                "may_have_taken_effect": error.may_have_taken_effect,
                "retryable": source.is_some_and(|source| source.is_retryable()),
            }});
            let json = untrusted::escape_json(&object.to_string());
            let _ = writeln!(stderr, "{json}");
            return;
        }
        let label = self.stderr.apply(TextStyle::Error, "error:");
        let _ = writeln!(stderr, "{label} {}", sanitize_lines(&error.problem));
        if let Some(lookup) = &error.lookup {
            let label = self.stderr.apply(TextStyle::Error, "lookup:");
            let _ = writeln!(stderr, "{label} {}", sanitize_lines(lookup));
        }
        if let Some(next) = &error.next {
            let label = self.stderr.apply(TextStyle::Warning, "next:");
            let _ = writeln!(stderr, "{label} {}", sanitize_lines(next));
        }
    }
}

/// Writes a line of JSON to standard error. Ignored if standard error is closed.
fn json_note(note: &Value) {
    let json = untrusted::escape_json(&note.to_string());
    let _ = writeln!(io::stderr().lock(), "{json}");
}

/// Returns the status, retcode and duration of a response.
pub(crate) fn summary(response: &RawResponse, elapsed: Duration) -> String {
    let retcode = sanitize(response.retcode().unwrap_or("none"));
    let (status, ms) = (response.status().as_u16(), elapsed.as_millis());
    format!("HTTP {status}, retcode {retcode} · {ms} ms")
}
