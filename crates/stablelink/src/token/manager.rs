//! Who wants a token gets it here.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::bearer::Bearer;
use super::grant::Grant;
use super::renewal::{Cause, Renewer};
use super::settings::TokenSettings;
use super::shared::Shared;
use super::store::TokenStore;
use crate::clock::Clock;
use crate::{Error, ErrorKind};

/// The token of one account at one gateway, for all calls of a client.
///
/// At most one renewal is under way, in a task of its own: callers may go while they wait, and those who stay get what
/// comes. Nothing runs between calls.
pub(crate) struct Tokens {
    renewer: Arc<Renewer>,
    flight: Mutex<Option<Flight>>,
}

/// A renewal that is under way, or was.
#[derive(Clone)]
struct Flight {
    /// Nobody needs it yet, and it may give up where another would wait.
    early: bool,
    end: watch::Receiver<Option<Outcome>>,
}

type Outcome = Result<Bearer, Shared>;

/// What a caller finds who has no token yet.
enum Found {
    Token(Bearer),
    Flight(Flight),
    CoolingDown,
}

/// How many renewals one caller waits for: the first may have begun for another cause, or stop with its runtime.
const ROUNDS: usize = 4;

impl Tokens {
    pub(crate) fn new(
        grant: Arc<dyn Grant>,
        store: Arc<dyn TokenStore>,
        clock: Arc<dyn Clock>,
        settings: TokenSettings,
        environment: &str,
    ) -> Self {
        Self::with_chance(grant, store, clock, settings, environment, fastrand::f64)
    }

    /// With numbers from 0 to 1 for the jitter.
    pub(super) fn with_chance(
        grant: Arc<dyn Grant>,
        store: Arc<dyn TokenStore>,
        clock: Arc<dyn Clock>,
        settings: TokenSettings,
        environment: &str,
        chance: fn() -> f64,
    ) -> Self {
        Self {
            renewer: Arc::new(Renewer::new(
                grant,
                store,
                clock,
                settings,
                environment.to_owned(),
                chance,
            )),
            flight: Mutex::new(None),
        }
    }

    /// The token to send now. Waits only where there is none that lives.
    ///
    /// It has no limit of its own that a caller could rely on: drop the future when the time is up.
    pub(crate) async fn current(&self) -> Result<Bearer, Error> {
        let now = self.renewer.clock.monotonic();
        if let Some(bearer) = self.renewer.held().filter(|bearer| bearer.is_good(now)) {
            if bearer.is_due(now) {
                self.renew_beside(&bearer);
            }
            return Ok(bearer);
        }
        let any = |_: &Bearer| true;
        match self.obtain(&Cause::Needed, any).await? {
            Some(bearer) => Ok(bearer),
            None => Err(stopped()),
        }
    }

    /// The token to send after the gateway refused this one for being no token (HTTP 401): that of somebody who renewed
    /// it already, here or in another process, or else a new one.
    ///
    /// Within a cool-down no more than [`TokenSettings::renewals_per_cool_down`] are asked for in this way; then it fails
    /// at once.
    pub(crate) async fn renew(&self, refused: &Bearer) -> Result<Bearer, Error> {
        if let Some(held) = self.renewer.held().filter(|held| held.is_same(refused)) {
            held.refuse();
        }
        self.replace(refused).await
    }

    /// The token to send in place of this one, which is that of credentials no longer in use.
    pub(crate) async fn replace(&self, old: &Bearer) -> Result<Bearer, Error> {
        let other = |bearer: &Bearer| !bearer.is_same(old);
        match self.obtain(&Cause::Needed, other).await? {
            Some(bearer) => Ok(bearer),
            None => Err(stopped()),
        }
    }

    /// The token to send after a refusal that only may be about the token. `None` where the last renewal for such a
    /// cause is less than a cool-down ago. The old token stays in use if this fails.
    pub(crate) async fn renew_if_cooled(&self, refused: &Bearer) -> Result<Option<Bearer>, Error> {
        let other = |bearer: &Bearer| !bearer.is_same(refused);
        self.obtain(&Cause::Doubtful, other).await
    }

    async fn obtain(
        &self,
        cause: &Cause,
        fits: impl Fn(&Bearer) -> bool,
    ) -> Result<Option<Bearer>, Error> {
        for _ in 0..ROUNDS {
            let mut flight = match self.board(cause, &fits)? {
                Found::Token(bearer) => return Ok(Some(bearer)),
                Found::Flight(flight) => flight,
                Found::CoolingDown => return Ok(None),
            };
            let outcome = match flight.end.wait_for(Option::is_some).await {
                Ok(outcome) => outcome.clone(),
                // Its task is gone: the runtime that it ran on was shut down.
                Err(_) => None,
            };
            match outcome {
                // A token that ended at once is good for those who waited for it, unless it had been there before.
                Some(Ok(bearer)) if fits(&bearer) && !bearer.is_refused() && !flight.early => {
                    return Ok(Some(bearer));
                }
                Some(Err(error)) if !flight.early => return Err(error.error()),
                _ => {}
            }
        }
        Err(stopped())
    }

    /// Finds a token that came meanwhile, or a renewal that is under way, or begins one.
    fn board(&self, cause: &Cause, fits: &impl Fn(&Bearer) -> bool) -> Result<Found, Error> {
        let mut flight = self.flight();
        let now = self.renewer.clock.monotonic();
        let held = self.renewer.held();
        if let Some(bearer) = held.filter(|held| held.is_good(now) && fits(held)) {
            return Ok(Found::Token(bearer));
        }
        if let Some(flight) = flight.as_ref().filter(|flight| flight.is_under_way()) {
            return Ok(Found::Flight(flight.clone()));
        }
        let Ok(runtime) = Handle::try_current() else {
            return Err(Error::configuration(
                "a token can only be got inside a tokio runtime",
            ));
        };
        if matches!(cause, Cause::Doubtful) && !self.renewer.may_renew_for_doubt(now) {
            return Ok(Found::CoolingDown);
        }
        Ok(Found::Flight(
            flight.insert(self.begin(&runtime, *cause)).clone(),
        ))
    }

    /// Begins an early renewal, unless a renewal is under way.
    fn renew_beside(&self, bearer: &Bearer) {
        let mut flight = self.flight();
        let now = self.renewer.clock.monotonic();
        if !bearer.is_due(now) || flight.as_ref().is_some_and(Flight::is_under_way) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        bearer.put_off(now, self.renewer.settings.cool_down);
        *flight = Some(self.begin(&runtime, Cause::Early));
    }

    fn begin(&self, runtime: &Handle, cause: Cause) -> Flight {
        let (outcome, end) = watch::channel(None);
        let renewer = Arc::clone(&self.renewer);
        runtime.spawn(async move {
            let token = renewer.renew(cause).await.map_err(Shared::new);
            // Nobody may be there any more; what came is held.
            let _ = outcome.send(Some(token));
        });
        Flight {
            early: matches!(cause, Cause::Early),
            end,
        }
    }

    #[cfg(test)]
    pub(super) fn is_renewing(&self) -> bool {
        self.flight().as_ref().is_some_and(Flight::is_under_way)
    }

    fn flight(&self) -> MutexGuard<'_, Option<Flight>> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    fn is_under_way(&self) -> bool {
        self.end.borrow().is_none() && self.end.has_changed().is_ok()
    }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Transport {
        problem: "the renewals of the token that this call waited for gave none that it can use"
            .into(),
    })
    .retryable(true)
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("held", &self.renewer.held())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
