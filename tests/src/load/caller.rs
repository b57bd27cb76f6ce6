//! A client and the care that its caller takes.

use std::time::{Duration, Instant};

use fastrand::Rng;
use stablelink::{Call, Client, Error, ErrorKind, Poller, Response};

use super::Figures;

/// What a caller does about a payment whose outcome is not known.
///
/// Only the first is right. The others are here so that tests can show that they are found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conduct {
    /// Looks the record up, and makes the same value again where there is none.
    #[default]
    LookUp,
    /// Makes it anew under another key.
    NewKey,
    /// Takes it for not made.
    Forget,
    /// Takes it for made.
    Presume,
}

/// How a payment came to its end.
pub(super) enum Outcome<T, S> {
    /// By the answer of the call that made it.
    Answered(Response<T>),
    /// By its record.
    Recorded(Response<S>),
    /// By belief alone: a wrong [`Conduct`].
    Presumed,
    /// Taken for not made: a wrong [`Conduct`] too.
    Forgotten,
    /// Not at all.
    Open,
}

/// How a step came to its end.
pub(super) enum Step<S> {
    /// Done, as its record shows.
    Done(Response<S>),
    /// Done, as its record shows, although each call was said to have had no effect.
    Denied(Response<S>),
    /// Not at all.
    Open,
}

/// A client and the care that its caller takes.
pub(super) struct Caller {
    pub(super) client: Client,
    pub(super) figures: Figures,
    pub(super) conduct: Conduct,
    pub(super) random: Rng,
}

/// Whether a record is as something wants it.
type Is<S> = fn(&S) -> bool;

/// After so many rounds a payment is given up as open, which is a finding.
const ROUNDS: u32 = 30;

impl Caller {
    pub(super) async fn call<R, T>(&mut self, call: Call<R, T>) -> Result<Response<T>, Error>
    where
        R: Send + Sync + 'static,
        T: Send + 'static,
    {
        let start = Instant::now();
        let outcome = call.await;
        self.figures.called(start.elapsed(), outcome.as_ref().err());
        outcome
    }

    /// Makes a payment, and finds out what became of it.
    pub(super) async fn settle<V, R, T, S>(
        &mut self,
        new: impl Fn() -> V,
        key: fn(&V) -> &str,
        make: impl Fn(&Client, &V) -> Call<R, T>,
        look: impl Fn(&Client, String) -> Call<String, S>,
    ) -> (String, Outcome<T, S>)
    where
        R: Send + Sync + 'static,
        T: Send + 'static,
        S: Send + 'static,
    {
        let mut value = new();
        let mut in_doubt = false;
        for round in 0..ROUNDS {
            let error = match self.call(make(&self.client, &value)).await {
                Ok(made) => {
                    self.figures.reconciled += u64::from(in_doubt);
                    return (key(&value).to_owned(), Outcome::Answered(made));
                }
                Err(error) => error,
            };
            if error.may_have_taken_effect() {
                self.figures.doubtful += u64::from(!in_doubt);
                in_doubt = true;
                match self.conduct {
                    Conduct::LookUp => {}
                    Conduct::NewKey => value = new(),
                    Conduct::Forget => return (key(&value).to_owned(), Outcome::Forgotten),
                    Conduct::Presume => return (key(&value).to_owned(), Outcome::Presumed),
                }
            } else if !in_doubt {
                // Nothing took effect: the client's word, which is put to the test here by another key.
                value = new();
                pause(round).await;
                continue;
            }
            // A record is what counts; without one the same value may come again.
            if let Ok(record) = self.call(look(&self.client, key(&value).to_owned())).await {
                self.figures.reconciled += u64::from(in_doubt);
                return (key(&value).to_owned(), Outcome::Recorded(record));
            }
            pause(round).await;
        }
        (key(&value).to_owned(), Outcome::Open)
    }

    /// Does what must be sent once, by what a record says: until it is `done`, and only where it is `due`.
    pub(super) async fn step<R, T, S>(
        &mut self,
        look: impl Fn(&Client) -> Call<String, S>,
        (done, due): (Is<S>, Is<S>),
        act: impl Fn(&Client, &S) -> Call<R, T>,
    ) -> Step<S>
    where
        R: Send + Sync + 'static,
        T: Send + 'static,
        S: Send + 'static,
    {
        let (mut acted, mut in_doubt) = (false, false);
        for round in 0..ROUNDS {
            let Ok(record) = self.call(look(&self.client)).await else {
                pause(round).await;
                continue;
            };
            if done(&record) {
                self.figures.reconciled += u64::from(in_doubt);
                return match acted || in_doubt {
                    true => Step::Done(record),
                    false => Step::Denied(record),
                };
            }
            if due(&record) {
                match self.call(act(&self.client, &record)).await {
                    Ok(_) => acted = true,
                    Err(error) if error.may_have_taken_effect() => {
                        self.figures.doubtful += u64::from(!in_doubt);
                        in_doubt = true;
                    }
                    Err(_) => {}
                }
            }
        }
        Step::Open
    }

    /// Waits until a record is as wanted.
    pub(super) async fn until<T>(
        &mut self,
        wait: impl Fn(&Client) -> Poller<T>,
        wanted: fn(&T) -> bool,
    ) -> Option<Response<T>>
    where
        T: Send + 'static,
    {
        for round in 0..ROUNDS {
            let wait = wait(&self.client)
                .initial_delay(Duration::from_millis(2))
                .max_delay(Duration::from_millis(50))
                .deadline(Duration::from_secs(30));
            let outcome = wait.until(wanted).await;
            self.figures.waited(outcome.as_ref().err());
            match outcome {
                Ok(record) => return Some(record),
                // It had all the time that there is.
                Err(error) if matches!(error.kind(), ErrorKind::Timeout) => return None,
                Err(_) => pause(round).await,
            }
        }
        None
    }
}

/// Grows from a millisecond to a fifth of a second: a client that may not ask for a token is not asked all the time.
async fn pause(round: u32) {
    let millis = 1_u64 << round.min(8);
    tokio::time::sleep(Duration::from_millis(millis.min(200))).await;
}
