//! Some of the clients, in one process.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde::{Deserialize, Serialize};
use stablelink::{Client, Credentials, Environment, Error, FileStore, RetryPolicy, TokenSettings};
use tokio::sync::mpsc::Sender;
use tokio::task::{JoinError, JoinSet};

use super::business::Business;
use super::caller::{Caller, Conduct};
use super::{Figures, Line};

/// An account of the gateway, and the customer that its clients trade for.
///
/// `Debug` shows no secret.
#[derive(Clone, Serialize, Deserialize)]
pub struct Account {
    pub(super) api_key: String,
    pub(super) api_secret: String,
    pub(super) sign_key: String,
    pub(super) customer: i64,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}

/// Some of the clients, in one process. Each is a [`Client`] of its own, with its own connections; those of an account
/// share its token through a file, with the clients of other crews too.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Crew {
    /// Where the gateway is.
    pub url: String,
    /// Where tokens are kept.
    pub tokens: PathBuf,
    /// The accounts; the clients have them in turn.
    pub accounts: Vec<Account>,
    /// How many clients.
    pub clients: usize,
    /// Each client ends after so many calls, and not before this time is over.
    pub calls: u64,
    /// In seconds.
    pub seconds: u64,
    /// What the clients do follows from it, and from nothing else but the answers they get.
    pub seed: u64,
    /// What they do about a payment whose outcome is not known.
    #[serde(skip)]
    pub conduct: Conduct,
}

/// Why a crew did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum CrewError {
    /// A client could not be made.
    #[error("a client could not be made: {0}")]
    Client(#[from] Error),
    /// A client panicked.
    #[error("a client broke off: {0}")]
    BrokeOff(#[from] JoinError),
}

/// An attempt that takes longer is lost: without faults it takes a few milliseconds.
const ATTEMPT: Duration = Duration::from_millis(1_500);

impl Crew {
    /// Runs all clients to their end, and sends the figures last.
    ///
    /// # Errors
    ///
    /// See [`CrewError`].
    pub async fn run(self, journal: Sender<Line>) -> Result<(), CrewError> {
        let mut all = JoinSet::new();
        let until = Instant::now() + Duration::from_secs(self.seconds);
        for (number, account) in (0..self.clients).zip(self.accounts.iter().cycle()) {
            let client = client(&self.url, &self.tokens, account)?;
            let mut business = Business {
                caller: Caller {
                    client,
                    figures: Figures::default(),
                    conduct: self.conduct,
                    random: Rng::with_seed(self.seed.wrapping_add(number as u64)),
                },
                customer: account.customer,
                journal: journal.clone(),
            };
            all.spawn(async move {
                while business.caller.figures.calls < self.calls || Instant::now() < until {
                    business.go_on().await;
                }
                business.caller.figures
            });
        }
        let mut figures = Figures::default();
        while let Some(ended) = all.join_next().await {
            figures.add(&ended?);
        }
        // Nobody listens any more: the run was broken off, and its end is told elsewhere.
        let _ = journal.send(Line::End(figures)).await;
        Ok(())
    }
}

/// A client of this account.
pub(super) fn client(url: &str, tokens: &Path, account: &Account) -> Result<Client, Error> {
    Client::builder()
        .environment(Environment::at(url)?)
        .credentials(Credentials::new(
            account.api_key.as_str(),
            account.api_secret.as_str(),
            account.sign_key.as_str(),
        ))
        .token_store(FileStore::at(tokens)?)
        // Pauses for people would be most of what is measured.
        .retry(RetryPolicy::default().base(Duration::from_millis(2)))
        .token_settings(TokenSettings::default().cooldown(Duration::from_secs(1)))
        .attempt_timeout(ATTEMPT)
        .build()
}
