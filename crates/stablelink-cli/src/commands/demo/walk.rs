//! Tells each step: the call, the answer in short, its evidence, the time.

use std::time::Instant;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stablelink::operations::{EvidenceLevel, OperationInfo};

use crate::failure::Failure;
use crate::output::{Out, Tone, plain};

/// The steps so far.
pub(super) struct Walk<'a> {
    out: &'a Out,
    steps: usize,
    begun: Instant,
}

impl<'a> Walk<'a> {
    pub(super) fn new(out: &'a Out) -> Self {
        Self {
            out,
            steps: 0,
            begun: Instant::now(),
        }
    }

    pub(super) const fn steps(&self) -> usize {
        self.steps
    }

    /// A step that was checked: what was done, the call that did it, and what came.
    pub(super) fn step(
        &mut self,
        title: &str,
        facts: &OperationInfo,
        answer: impl AsRef<str>,
    ) -> Result<(), Failure> {
        let call = format!("{} {}", facts.method, facts.path);
        self.tell(title, (facts.id, &call), facts.evidence, answer.as_ref())
    }

    /// A step that was checked, of a delivery that tells of a trade.
    pub(super) fn webhook(
        &mut self,
        title: &str,
        event: &str,
        answer: impl AsRef<str>,
    ) -> Result<(), Failure> {
        let call = format!("webhook {}", plain(event));
        // The document holds no table of what the gateway calls; a test compares with it.
        let id = "receivePaymentEvent";
        self.tell(title, (id, &call), EvidenceLevel::Inferred, answer.as_ref())
    }

    fn tell(
        &mut self,
        title: &str,
        (id, call): (&str, &str),
        evidence: EvidenceLevel,
        answer: &str,
    ) -> Result<(), Failure> {
        self.steps += 1;
        let took = self.begun.elapsed();
        self.begun = Instant::now();
        let answer = plain(answer);
        if self.out.is_json() {
            let line = json!({
                "step": self.steps,
                "title": title,
                "call": id,
                "answer": answer,
                "evidence": evidence.as_str(),
                "microseconds": u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            });
            return self.out.line(line.to_string());
        }
        let paint = self.out.paint();
        let tone = match evidence {
            EvidenceLevel::Inferred => Tone::Warning,
            _ => Tone::Good,
        };
        self.out.line(format!(
            "{:>2}  {}\n    {}\n    {answer}",
            self.steps,
            paint.tone(Tone::Head, title),
            paint.dim(&format!(
                "{call:<40}  {}  {:>6.1} ms",
                paint.tone(tone, &format!("{:<10}", evidence.as_str())),
                took.as_secs_f64() * 1e3
            )),
        ))
    }
}

/// Ends the walk unless it holds.
pub(super) fn check(holds: bool, what: &str) -> Result<(), Failure> {
    if holds {
        return Ok(());
    }
    Err(wrong(&format!("not so: {what}")))
}

/// What a step needs of an answer.
pub(super) fn need<T>(value: Option<T>, what: &str) -> Result<T, Failure> {
    value.ok_or_else(|| wrong(&format!("the answer has no {what}")))
}

/// A request of many members, most of which it leaves out.
pub(super) fn of_json<T: DeserializeOwned>(request: Value) -> Result<T, Failure> {
    serde_json::from_value(request).map_err(|error| wrong(&error.to_string()))
}

/// Ends the walk.
pub(super) fn wrong(what: &str) -> Failure {
    Failure::other(format!("the demo went wrong: {what}"))
        .next("this is a fault of the project: please report it")
}
