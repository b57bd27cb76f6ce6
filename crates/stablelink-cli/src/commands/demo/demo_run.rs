//! A run of the demo, and the checks of its steps.

use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stablelink::operations::{EvidenceLevel, OperationInfo};

use super::environment::DemoEnvironment;
use crate::error::CliError;
use crate::output::{CliOutput, TextStyle, sanitize};

/// A run of the demo. It prints each completed step: call, result, evidence and duration.
pub(super) struct DemoRun<'a> {
    pub(super) env: DemoEnvironment,
    out: &'a CliOutput,
    pub(super) steps: usize,
    step_start: Instant,
}

impl<'a> DemoRun<'a> {
    pub(super) fn new(env: DemoEnvironment, out: &'a CliOutput) -> Self {
        Self {
            env,
            out,
            steps: 0,
            step_start: Instant::now(),
        }
    }

    /// Returns whether the methods of these operations have the fields of the vendor's pages. If not, the steps that use them
    /// are left out with a note.
    pub(super) fn has_current_methods(&self, operations: &[OperationInfo]) -> bool {
        let outdated = operations.iter().filter(|it| it.outdated_method);
        let outdated: Vec<&str> = outdated.map(|it| it.operation_id).collect();
        if !outdated.is_empty() {
            let names = outdated.join(", ");
            self.out.note(format!(
                "the steps with a customer are left out: the vendor's pages of {names} have other fields than the methods"
            ));
        }
        outdated.is_empty()
    }

    /// Reports a step that sent an operation.
    pub(super) fn step(
        &mut self,
        title: &str,
        operation: &OperationInfo,
        result: impl AsRef<str>,
    ) -> Result<(), CliError> {
        let call = format!("{} {}", operation.method, operation.path);
        self.print(
            title,
            (operation.id, &call),
            operation.evidence,
            result.as_ref(),
        )
    }

    /// Reports a step that received a webhook.
    pub(super) fn webhook_step(
        &mut self,
        title: &str,
        event: &str,
        result: impl AsRef<str>,
    ) -> Result<(), CliError> {
        let call = format!("webhook {}", sanitize(event));
        // The operation table has no webhooks. A test compares ID and evidence with the document.
        let id = "receivePaymentEvent";
        self.print(title, (id, &call), EvidenceLevel::Inferred, result.as_ref())
    }

    fn print(
        &mut self,
        title: &str,
        (id, call): (&str, &str),
        evidence: EvidenceLevel,
        result: &str,
    ) -> Result<(), CliError> {
        self.steps += 1;
        let elapsed: Duration = self.step_start.elapsed();
        self.step_start = Instant::now();
        let result = sanitize(result);
        if self.out.is_json() {
            let line = json!({
                "step": self.steps,
                "title": title,
                "call": id,
                "result": result,
                "evidence": evidence.as_str(),
                "microseconds": u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            });
            return self.out.json_line(line.to_string());
        }
        let theme = self.out.theme();
        let style = match evidence {
            EvidenceLevel::Inferred => TextStyle::Warning,
            _ => TextStyle::Success,
        };
        let level = theme.apply(style, &format!("{:<10}", evidence.as_str()));
        let ms = elapsed.as_secs_f64() * 1e3;
        let details = theme.dim(&format!("{call:<40}  {level}  {ms:>6.1} ms"));
        let title = theme.apply(TextStyle::Heading, title);
        self.out.line(format!(
            "{:>2}  {title}\n    {details}\n    {result}",
            self.steps
        ))
    }
}

/// Ends the demo with an error unless the condition holds.
pub(super) fn check(holds: bool, expectation: &str) -> Result<(), CliError> {
    match holds {
        true => Ok(()),
        false => Err(demo_error(&format!("expected: {expectation}"))),
    }
}

/// Returns a field that the next step needs.
pub(super) fn require<T>(value: Option<T>, field: &str) -> Result<T, CliError> {
    value.ok_or_else(|| demo_error(&format!("the response has no {field}")))
}

/// Creates a request with many optional fields from JSON.
pub(super) fn from_json<T: DeserializeOwned>(request: Value) -> Result<T, CliError> {
    serde_json::from_value(request).map_err(|error| demo_error(&error.to_string()))
}

pub(super) fn demo_error(problem: &str) -> CliError {
    CliError::other(format!("the demo failed: {problem}"))
        .next("this is a bug of this project: please report it")
}
