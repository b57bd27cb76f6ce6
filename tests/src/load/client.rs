//! A client that resolves the outcome of every payment, as a careful user of the library does.

use std::time::{Duration, Instant};

use fastrand::Rng;
use stablelink::{Call, Client, Error, ErrorKind, Poller, Response};

use super::LoadStats;

/// How a client handles an ambiguous payment.
///
/// Only [`LookUp`](Self::LookUp) is correct. The other policies let tests show that the audit detects the mistake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AmbiguityPolicy {
    /// Looks up the record, and sends the same request again if there is no record.
    #[default]
    LookUp,
    /// Creates the payment again under a new idempotency key.
    NewKey,
    /// Assumes that the payment failed.
    AssumeFailed,
    /// Assumes that the payment succeeded.
    AssumeSucceeded,
}

/// How the outcome of a payment became known.
pub(super) enum PaymentOutcome<T, S> {
    /// From the response of the create call.
    Created(Response<T>),
    /// From the record that a lookup returned.
    Found(Response<S>),
    /// Assumed successful by a wrong [`AmbiguityPolicy`].
    AssumedSucceeded,
    /// Assumed failed by a wrong [`AmbiguityPolicy`].
    AssumedFailed,
    /// The outcome is still unknown.
    Unresolved,
}

/// How a step of an existing record, such as a confirmation, ended.
pub(super) enum StepOutcome<S> {
    /// The record shows that the step is done.
    Done(Response<S>),
    /// The record shows that the step is done although each call reported no effect.
    Denied(Response<S>),
    /// The outcome is still unknown.
    Unresolved,
}

/// A client that resolves the outcome of every payment.
pub(super) struct LoadClient {
    pub(super) api: Client,
    pub(super) stats: LoadStats,
    pub(super) policy: AmbiguityPolicy,
    pub(super) random: Rng,
}

/// A predicate on a record.
type RecordPredicate<S> = fn(&S) -> bool;

/// Attempts to resolve a payment before it is reported as unresolved, which is a finding.
const MAX_ROUNDS: u32 = 30;

impl LoadClient {
    pub(super) async fn call<R, T>(&mut self, call: Call<R, T>) -> Result<Response<T>, Error>
    where
        R: Send + Sync + 'static,
        T: Send + 'static,
    {
        let start = Instant::now();
        let outcome = call.await;
        self.stats
            .record_call(start.elapsed(), outcome.as_ref().err());
        outcome
    }

    /// Creates a payment and resolves its outcome. Returns the idempotency key that was used last.
    pub(super) async fn create_and_resolve<V, R, T, S>(
        &mut self,
        new: impl Fn() -> V,
        key: fn(&V) -> &str,
        create: impl Fn(&Client, &V) -> Call<R, T>,
        look_up: impl Fn(&Client, String) -> Call<String, S>,
    ) -> (String, PaymentOutcome<T, S>)
    where
        R: Send + Sync + 'static,
        T: Send + 'static,
        S: Send + 'static,
    {
        let mut value = new();
        let mut ambiguous = false;
        for round in 0..MAX_ROUNDS {
            let error = match self.call(create(&self.api, &value)).await {
                Ok(created) => {
                    self.stats.reconciled += u64::from(ambiguous);
                    return (key(&value).to_owned(), PaymentOutcome::Created(created));
                }
                Err(error) => error,
            };
            if error.may_have_taken_effect() {
                self.stats.ambiguous += u64::from(!ambiguous);
                ambiguous = true;
                match self.policy {
                    AmbiguityPolicy::LookUp => {}
                    AmbiguityPolicy::NewKey => value = new(),
                    AmbiguityPolicy::AssumeFailed => {
                        return (key(&value).to_owned(), PaymentOutcome::AssumedFailed);
                    }
                    AmbiguityPolicy::AssumeSucceeded => {
                        return (key(&value).to_owned(), PaymentOutcome::AssumedSucceeded);
                    }
                }
            } else if !ambiguous {
                // The library reports that nothing took effect. A new key puts that to the test: if it is wrong, the audit finds
                // an unreported effect.
                value = new();
                back_off(round).await;
                continue;
            }
            // Without a record the same request may be sent again.
            if let Ok(record) = self.call(look_up(&self.api, key(&value).to_owned())).await {
                self.stats.reconciled += u64::from(ambiguous);
                return (key(&value).to_owned(), PaymentOutcome::Found(record));
            }
            back_off(round).await;
        }
        (key(&value).to_owned(), PaymentOutcome::Unresolved)
    }

    /// Performs an action that must not be repeated blindly: sends it only while the record is `pending`, until it is `done`.
    pub(super) async fn run_once<R, T, S>(
        &mut self,
        look_up: impl Fn(&Client) -> Call<String, S>,
        (done, pending): (RecordPredicate<S>, RecordPredicate<S>),
        act: impl Fn(&Client, &S) -> Call<R, T>,
    ) -> StepOutcome<S>
    where
        R: Send + Sync + 'static,
        T: Send + 'static,
        S: Send + 'static,
    {
        let (mut acted, mut ambiguous) = (false, false);
        for round in 0..MAX_ROUNDS {
            let Ok(record) = self.call(look_up(&self.api)).await else {
                back_off(round).await;
                continue;
            };
            if done(&record) {
                self.stats.reconciled += u64::from(ambiguous);
                return match acted || ambiguous {
                    true => StepOutcome::Done(record),
                    false => StepOutcome::Denied(record),
                };
            }
            if pending(&record) {
                match self.call(act(&self.api, &record)).await {
                    Ok(_) => acted = true,
                    Err(error) if error.may_have_taken_effect() => {
                        self.stats.ambiguous += u64::from(!ambiguous);
                        ambiguous = true;
                    }
                    Err(_) => {}
                }
            }
        }
        StepOutcome::Unresolved
    }

    /// Polls a record until `condition` holds.
    pub(super) async fn until<T>(
        &mut self,
        wait: impl Fn(&Client) -> Poller<T>,
        condition: fn(&T) -> bool,
    ) -> Option<Response<T>>
    where
        T: Send + 'static,
    {
        for round in 0..MAX_ROUNDS {
            let wait = wait(&self.api)
                .initial_delay(Duration::from_millis(2))
                .max_delay(Duration::from_millis(50))
                .deadline(Duration::from_secs(30));
            let outcome = wait.until(condition).await;
            self.stats.record_poll(outcome.as_ref().err());
            match outcome {
                Ok(record) => return Some(record),
                // The poller already used the whole deadline.
                Err(error) if matches!(error.kind(), ErrorKind::Timeout) => return None,
                Err(_) => back_off(round).await,
            }
        }
        None
    }
}

/// Sleeps for 1 ms to 200 ms, growing with the round, so that a client in token cooldown is not called in a busy loop.
async fn back_off(round: u32) {
    let millis = 1_u64 << round.min(8);
    tokio::time::sleep(Duration::from_millis(millis.min(200))).await;
}
