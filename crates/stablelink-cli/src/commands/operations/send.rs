//! Makes a call and shows what came.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use stablelink::operations::OperationInfo;
use stablelink::{Call, Poller};

use crate::context::Context;
use crate::failure::Failure;

/// Makes the call, and shows answer and evidence.
pub(super) async fn send<R, T>(context: &Context, call: Call<T, R>) -> Result<(), Failure>
where
    R: Send + Sync + 'static,
    T: Send + 'static,
{
    let (facts, start) = (call.operation(), Instant::now());
    let answer = call.await?;
    context
        .out
        .evidence(facts, answer.raw_response(), start.elapsed());
    context.out.data(answer.raw_response())
}

/// Waits for a record, and shows it.
pub(super) async fn wait<T>(
    context: &Context,
    wait: Poller<T>,
    facts: &OperationInfo,
    wanted: Option<String>,
    status_of: fn(&T) -> Option<&str>,
) -> Result<(), Failure> {
    let (start, bar) = (Instant::now(), spinner("waiting"));
    let limit = context.time_limit()?.unwrap_or(Duration::from_secs(600));
    let wait = wait
        .deadline(limit)
        .initial_delay(Duration::from_millis(500))
        .max_delay(Duration::from_secs(10));
    let outcome = match wanted {
        None => wait.until_final().await,
        Some(status) => {
            wait.until(|record| status_of(record) == Some(&*status))
                .await
        }
    };
    bar.finish_and_clear();
    let answer = outcome?;
    context
        .out
        .evidence(facts, answer.raw_response(), start.elapsed());
    context.out.data(answer.raw_response())
}

/// Drawn on standard error, if that is a terminal.
fn spinner(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(what);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// Drawn on standard error, if that is a terminal.
pub(super) fn progress() -> ProgressBar {
    let bar = ProgressBar::no_length();
    if let Ok(style) =
        ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}")
    {
        bar.set_style(style);
    }
    bar
}
