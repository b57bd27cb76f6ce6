//! Polls a record until it changes. Webhooks are not enough, because they may never be delivered (observed live).

use std::fmt;
use std::future::Future;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::client::Client;
use crate::clock::BoxFuture;
use crate::error::{CallPhase, DecodeError, Error, ErrorKind};
use crate::response::Response;

type Lookup<T> = Box<dyn Fn() -> BoxFuture<'static, Result<Response<T>, Error>> + Send + Sync>;

/// Returns whether a record is in a final state. Fails if its status cannot be read.
type IsFinal<T> = fn(&Response<T>) -> Result<bool, DecodeError>;

/// The minimum of all delays, so that a setting of zero does not poll without a delay.
const MIN_DELAY: Duration = Duration::from_millis(10);

/// The problem of a status that is not a string.
pub(crate) const UNREADABLE_STATUS: &str = "expected the name of a status";

/// Polls a record until it changes.
///
/// The delay doubles from the initial to the maximum delay, with random jitter in its upper half; a longer `Retry-After` of
/// the gateway replaces it. A [retryable](Error::is_retryable) error is ignored and the record is polled again; any other
/// error ends the polling. Polling only reads. To cancel it, drop the future or use [`cancel_on`](Self::cancel_on).
#[must_use = "nothing is sent before `until` or `until_final` is awaited"]
pub struct Poller<T> {
    client: Client,
    lookup: Lookup<T>,
    is_final: IsFinal<T>,
    initial_delay: Duration,
    max_delay: Duration,
    deadline: Duration,
    cancel: Option<BoxFuture<'static, ()>>,
}

impl<T> Poller<T> {
    pub(crate) fn new(
        client: &Client,
        is_final: IsFinal<T>,
        lookup: impl Fn() -> BoxFuture<'static, Result<Response<T>, Error>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            client: client.clone(),
            lookup: Box::new(lookup),
            is_final,
            initial_delay: Duration::from_secs(2),
            max_delay: Duration::from_secs(30),
            deadline: Duration::from_secs(10 * 60),
            cancel: None,
        }
    }

    /// Sets the first delay. Defaults to 2 s; at least 10 ms, at most the maximum delay.
    pub fn initial_delay(mut self, delay: Duration) -> Self {
        self.initial_delay = delay;
        self
    }

    /// Sets the maximum delay. Defaults to 30 s; at least 10 ms.
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Sets the total duration, including a lookup in progress. Defaults to 10 minutes. Each lookup also has the client's
    /// deadline and timeouts.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// Cancels the polling when `signal` completes, for example at shutdown. The error is
    /// [`Cancelled`](ErrorKind::Cancelled). If `signal` has already completed, no lookup is sent. A second call replaces the
    /// signal of the first one.
    pub fn cancel_on(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.cancel = Some(Box::pin(signal));
        self
    }

    /// Polls until the record is in a final state.
    ///
    /// # Errors
    ///
    /// Fails with the error of a lookup that is not retryable; with [`Timeout`](ErrorKind::Timeout) at the deadline, whose
    /// source is the error of the last lookup if that failed; with [`Cancelled`](ErrorKind::Cancelled) by
    /// [`cancel_on`](Self::cancel_on); and with [`Decode`](ErrorKind::Decode) if the status of the record cannot be read.
    pub async fn until_final(self) -> Result<Response<T>, Error> {
        let is_final = self.is_final;
        self.poll(|record| {
            let mut unreadable = record.unreadable_fields().iter();
            let is_final = match unreadable.find(|path| path.ends_with("tatus")) {
                Some(path) => Err(DecodeError::new(path.as_str(), UNREADABLE_STATUS)),
                None => is_final(record),
            };
            is_final.map_err(|error| {
                let error = Error::new(ErrorKind::Decode(error)).in_phase(CallPhase::Read);
                error.with_response(record.raw_response().clone())
            })
        })
        .await
    }

    /// Polls until the condition is true.
    ///
    /// # Errors
    ///
    /// Fails like [`until_final`](Self::until_final), but not if the status cannot be read.
    pub async fn until(self, mut condition: impl FnMut(&T) -> bool) -> Result<Response<T>, Error> {
        self.poll(|record| Ok(condition(record))).await
    }

    async fn poll(
        mut self,
        mut condition: impl FnMut(&Response<T>) -> Result<bool, Error>,
    ) -> Result<Response<T>, Error> {
        let clock = self.client.inner().clock.clone();
        let mut last_error = None;
        let mut cancel = self
            .cancel
            .take()
            .unwrap_or_else(|| Box::pin(std::future::pending()));
        let polling = async {
            let max_delay = self.max_delay.max(MIN_DELAY);
            let initial_delay = self.initial_delay.clamp(MIN_DELAY, max_delay);
            let backoff = Backoff::new(initial_delay, max_delay);
            for attempt in 1.. {
                match (self.lookup)().await {
                    Ok(record) if condition(&record)? => return Ok(record),
                    Ok(_) => last_error = None,
                    Err(error) if error.is_retryable() => last_error = Some(error),
                    Err(error) => return Err(error),
                }
                let retry_after = last_error.as_ref().and_then(Error::retry_after);
                let delay = backoff.upper_half_jitter(attempt, fastrand::f64());
                clock
                    .sleep(delay.max(retry_after.unwrap_or_default()))
                    .await;
            }
            Err(Error::new(ErrorKind::Timeout))
        };
        tokio::select! {
            biased;
            () = &mut cancel => return Err(Error::new(ErrorKind::Cancelled)),
            result = polling => return result,
            () = clock.alarm(self.deadline) => {}
        }
        let error = Error::new(ErrorKind::Timeout)
            .retryable(true)
            .in_phase(CallPhase::Read);
        Err(match last_error {
            Some(last_error) => error.with_lookup_error(last_error),
            None => error,
        })
    }
}

impl<T> fmt::Debug for Poller<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller").finish_non_exhaustive()
    }
}
