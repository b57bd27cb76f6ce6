//! Waits for a record to change, by asking for it now and then: webhooks may never arrive (observed live).

use std::fmt;
use std::future::Future;
use std::time::Duration;

use crate::client::Client;
use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind};
use crate::response::Response;

type Look<T> = Box<dyn Fn() -> BoxFuture<'static, Result<Response<T>, Error>> + Send + Sync>;

/// No pause is shorter, or a setting of zero would ask as fast as the line allows.
const SHORTEST: Duration = Duration::from_millis(10);

/// Waits for a record to change, by asking for it now and then.
///
/// Pauses double from the first to the longest, and are drawn at random from their upper half; a gateway that asks for a longer
/// one gets it. An error that [may pass](Error::is_retryable) is waited out; others end the wait. It only reads. To give up, drop
/// the future, or say what ends it with [`cancel_on`](Self::cancel_on).
#[must_use = "nothing is asked before `until` or `until_final` is awaited"]
pub struct Poller<T> {
    client: Client,
    look: Look<T>,
    is_final: fn(&T) -> bool,
    first: Duration,
    longest: Duration,
    deadline: Duration,
    stop: Option<BoxFuture<'static, ()>>,
}

impl<T> Poller<T> {
    pub(crate) fn new(
        client: &Client,
        is_final: fn(&T) -> bool,
        look: impl Fn() -> BoxFuture<'static, Result<Response<T>, Error>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            client: client.clone(),
            look: Box::new(look),
            is_final,
            first: Duration::from_secs(2),
            longest: Duration::from_secs(30),
            deadline: Duration::from_secs(10 * 60),
            stop: None,
        }
    }

    /// The first pause; 2 s unless set. At most the longest one, and at least 10 ms.
    pub fn initial_delay(mut self, pause: Duration) -> Self {
        self.first = pause;
        self
    }

    /// The longest pause; 30 s unless set. At least 10 ms: nobody's gateway is asked without a pause.
    pub fn max_delay(mut self, pause: Duration) -> Self {
        self.longest = pause;
        self
    }

    /// How long to wait in all, a look-up that is under way included; 10 minutes unless set. Each look-up has the client's own
    /// limits besides.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// Ends the wait, with [`Cancelled`](ErrorKind::Cancelled), when this future ends: a shutdown, say. If it has ended before,
    /// nothing is asked. Given twice, the last one counts.
    pub fn cancel_on(mut self, stop: impl Future<Output = ()> + Send + 'static) -> Self {
        self.stop = Some(Box::pin(stop));
        self
    }

    /// Waits until the record won't change any more by itself.
    ///
    /// # Errors
    ///
    /// Those of the look-up that don't pass; [`Timeout`](ErrorKind::Timeout) when the time is up, with the error of the last
    /// look-up as its source if it failed; [`Cancelled`](ErrorKind::Cancelled) by [`cancel_on`](Self::cancel_on).
    pub async fn until_final(self) -> Result<Response<T>, Error> {
        let is_final = self.is_final;
        self.until(is_final).await
    }

    /// Waits until the record is as wanted.
    ///
    /// # Errors
    ///
    /// Those of [`until_final`](Self::until_final).
    pub async fn until(mut self, mut wanted: impl FnMut(&T) -> bool) -> Result<Response<T>, Error> {
        let clock = self.client.shared().clock.clone();
        let mut last = None;
        let mut stop = self
            .stop
            .take()
            .unwrap_or_else(|| Box::pin(std::future::pending()));
        let watch = async {
            let longest = self.longest.max(SHORTEST);
            let mut pause = self.first.clamp(SHORTEST, longest);
            loop {
                match (self.look)().await {
                    Ok(record) if wanted(&record) => return Ok(record),
                    Ok(_) => last = None,
                    Err(error) if error.is_retryable() => last = Some(error),
                    Err(error) => return Err(error),
                }
                let asked = last.as_ref().and_then(Error::retry_after);
                let half = pause / 2;
                let drawn = half.saturating_add(half.mul_f64(fastrand::f64()));
                clock.sleep(drawn.max(asked.unwrap_or_default())).await;
                pause = pause.saturating_mul(2).min(longest);
            }
        };
        tokio::select! {
            biased;
            () = &mut stop => return Err(Error::new(ErrorKind::Cancelled)),
            outcome = watch => return outcome,
            () = clock.alarm(self.deadline) => {}
        }
        let error = Error::new(ErrorKind::Timeout).retryable(true);
        Err(match last {
            Some(last) => error.because(last),
            None => error,
        })
    }
}

impl<T> fmt::Debug for Poller<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller").finish_non_exhaustive()
    }
}
