//! The command `demo`: calls all features against a local sandbox and checks each result.
//!
//! `environment` starts the sandbox, the client and the webhook receivers, `steps` holds the steps.

mod environment;
mod steps;

use std::time::{Duration, Instant};

use clap::Args;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stablelink::operations::{EvidenceLevel, OperationInfo};

use crate::context::Context;
use crate::error::CliError;
use crate::output::{CliOutput, TextStyle, sanitize};
use crate::terminal;
use environment::DemoEnvironment;

/// Runs a demo of all features.
#[derive(Debug, Args)]
#[command(after_help = "\
The demo starts a local sandbox and calls it with the same client that programs use. It sends nothing to the network and needs no
account. The result of each step is checked: the first unexpected one ends the demo with an error.")]
pub(crate) struct Demo {
    /// Keep the sandbox running after the demo, to look at its dashboard
    #[arg(long)]
    keep_running: bool,
}

impl Demo {
    /// Returns whether the command runs until it is stopped.
    pub(crate) const fn is_server(&self) -> bool {
        self.keep_running
    }

    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let (out, start) = (&context.out, Instant::now());
        let mut demo = DemoRun {
            env: DemoEnvironment::start().await?,
            out,
            steps: 0,
            step_start: Instant::now(),
        };
        let url = demo.env.sandbox.url().to_owned();
        if !out.is_json() {
            let ms = start.elapsed().as_millis();
            out.line(format!(
                "Local sandbox (not the vendor's) on {url}, started in {ms} ms.\n"
            ))?;
        }
        steps::run_all(&mut demo).await?;
        if !out.is_json() {
            let (steps, seconds) = (demo.steps, start.elapsed().as_secs_f64());
            let passed = out.theme().apply(TextStyle::Success, "passed");
            out.line(format!(
                "\n{steps} steps {passed} in {seconds:.2} s. \"inferred\": the vendor's pages only name the operation, so the live \
                 service may differ."
            ))?;
        }
        if self.keep_running {
            let stopped = terminal::stop_signal()?;
            out.note(format!("the records are on {url}/ ; stop with Ctrl-C"));
            stopped.await?;
            return Err(CliError::interrupted(None));
        }
        Ok(())
    }
}

/// A run of the demo. It prints each completed step: call, result, evidence and duration.
struct DemoRun<'a> {
    env: DemoEnvironment,
    out: &'a CliOutput,
    steps: usize,
    step_start: Instant,
}

impl DemoRun<'_> {
    /// Reports a step that sent an operation.
    fn step(
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
    fn webhook_step(
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
                "answer": result,
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
fn check(holds: bool, expectation: &str) -> Result<(), CliError> {
    match holds {
        true => Ok(()),
        false => Err(demo_error(&format!("expected: {expectation}"))),
    }
}

/// Returns a field that the next step needs.
fn require<T>(value: Option<T>, field: &str) -> Result<T, CliError> {
    value.ok_or_else(|| demo_error(&format!("the response has no {field}")))
}

/// Creates a request with many optional fields from JSON.
fn from_json<T: DeserializeOwned>(request: Value) -> Result<T, CliError> {
    serde_json::from_value(request).map_err(|error| demo_error(&error.to_string()))
}

fn demo_error(problem: &str) -> CliError {
    CliError::other(format!("the demo failed: {problem}"))
        .next("this is a bug of this project: please report it")
}

/// Converts an error of the sandbox.
fn sandbox_error(error: impl std::fmt::Display) -> CliError {
    CliError::other(error.to_string())
}
