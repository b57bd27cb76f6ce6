//! A group of clients in one process.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde::{Deserialize, Serialize};
use stablelink::{Client, Credentials, Environment, Error, FileStore, RetryPolicy};
use tokio::sync::mpsc::Sender;
use tokio::task::{JoinError, JoinSet};

use super::client::{AmbiguityPolicy, LoadClient};
use super::scenario::Scenario;
use super::{LoadStats, LogLine};

/// Credentials of a sandbox account, and the customer that its clients trade for.
///
/// `Debug` shows no secret.
#[derive(Clone, Serialize, Deserialize)]
pub struct LoadAccount {
    pub(super) api_key: String,
    pub(super) api_secret: String,
    pub(super) sign_key: String,
    pub(super) customer: i64,
}

impl fmt::Debug for LoadAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadAccount").finish_non_exhaustive()
    }
}

/// A group of clients in one process. Each is a separate [`Client`] with its own connections. All clients of an account, in
/// every group, share its token through a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Workers {
    /// Base URL of the sandbox.
    pub url: String,
    /// Path of the token file.
    pub tokens: PathBuf,
    /// Accounts, assigned to the clients in turn.
    pub accounts: Vec<LoadAccount>,
    /// Number of clients.
    pub clients: usize,
    /// Minimum number of calls per client.
    pub calls: u64,
    /// Minimum duration in seconds.
    pub seconds: u64,
    /// Seed of all random choices of the clients.
    pub seed: u64,
    /// How the clients handle ambiguous payments.
    #[serde(skip)]
    pub policy: AmbiguityPolicy,
}

/// A group of clients failed.
#[derive(Debug, thiserror::Error)]
pub enum WorkersError {
    /// A client could not be built.
    #[error("cannot build a client: {0}")]
    Client(#[from] Error),
    /// A client panicked.
    #[error("a client panicked: {0}")]
    Panicked(#[from] JoinError),
}

/// Without faults an attempt takes a few milliseconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_500);

impl Workers {
    /// Runs all clients, and sends the statistics as the last line.
    ///
    /// # Errors
    ///
    /// See [`WorkersError`].
    pub async fn run(self, log: Sender<LogLine>) -> Result<(), WorkersError> {
        let mut all = JoinSet::new();
        let until = Instant::now() + Duration::from_secs(self.seconds);
        for (number, account) in (0..self.clients).zip(self.accounts.iter().cycle()) {
            let client = build_client(&self.url, &self.tokens, account)?;
            let mut scenario = Scenario {
                client: LoadClient {
                    api: client,
                    stats: LoadStats::default(),
                    policy: self.policy,
                    random: Rng::with_seed(self.seed.wrapping_add(number as u64)),
                },
                customer: account.customer,
                log: log.clone(),
            };
            all.spawn(async move {
                while scenario.client.stats.calls < self.calls || Instant::now() < until {
                    scenario.run_step().await;
                }
                scenario.client.stats
            });
        }
        let mut stats = LoadStats::default();
        while let Some(ended) = all.join_next().await {
            stats.merge(&ended?);
        }
        // The receiver is dropped only if the test was aborted, which is reported elsewhere.
        let _ = log.send(LogLine::End(stats)).await;
        Ok(())
    }
}

/// Builds a client of this account.
pub(super) fn build_client(
    url: &str,
    tokens: &Path,
    account: &LoadAccount,
) -> Result<Client, Error> {
    Client::builder()
        .environment(Environment::at(url)?)
        .credentials(Credentials::new(
            account.api_key.as_str(),
            account.api_secret.as_str(),
            account.sign_key.as_str(),
        ))
        .token_store(FileStore::at(tokens)?)
        // The default backoff would dominate the run time.
        .retry(RetryPolicy::default().initial_backoff(Duration::from_millis(2)))
        .token_cooldown(Duration::from_secs(1))
        .attempt_timeout(ATTEMPT_TIMEOUT)
        .build()
}
