//! The gateway and all that happens outside of the clients.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use stablelink::types::{CreateFeeConfigRequest, CreateUserRequest};
use stablelink::{Decimal, Error};
use stablelink_sandbox::{
    InvalidFault, LedgerAccount as Holder, RandomnessError, Sandbox, SandboxCredentials, StartError,
};
use std::time::Duration;

use super::audit::{FEE, Ledger};
use super::crew::client;
use super::mix::{Mix, tokens_cost};
use super::{Account, Audit, Entry, Figures, Finding, Line};

/// The gateway and all that happens outside of the clients: it fails on purpose, ends tokens and pays orders.
#[derive(Debug)]
pub struct World {
    sandbox: Sandbox,
    mix: Mix,
    accounts: Vec<Account>,
    ledger: Ledger,
    figures: Figures,
    entries: u64,
    orders: u64,
    revoked: u64,
    folder: tempfile::TempDir,
}

/// A world that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The gateway did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// There are no random bytes for credentials.
    #[error(transparent)]
    Random(#[from] RandomnessError),
    /// There is no folder for the tokens.
    #[error("a folder for tokens could not be made: {0}")]
    Folder(#[from] std::io::Error),
    /// A fault of the mix is none.
    #[error(transparent)]
    Fault(#[from] InvalidFault),
    /// A customer could not be made.
    #[error("a customer could not be made: {0}")]
    Customer(#[from] Error),
    /// A customer was made, and its answer has no `id`.
    #[error("the answer to a new customer has no id")]
    NoId,
}

/// All tokens end after so many things that the clients did.
const REVOKED_EVERY: u64 = 2_000;

/// Of so many orders the last is paid with a coin too much.
const OVERPAID_EVERY: u64 = 8;

/// By how much: one coin.
const TOO_MUCH: Decimal = Decimal::ONE;

/// In seconds: longer than the steps of a trade, a refund and a settlement take.
const AFTERWARDS: u64 = 600;

impl World {
    /// A gateway with so many accounts, each with a customer and a fee, and this share of faults from then on.
    ///
    /// # Errors
    ///
    /// See [`WorldError`].
    pub async fn start(accounts: usize, share: f64, seed: u64) -> Result<Self, WorldError> {
        let mut builder = Sandbox::builder().settings(|settings| {
            // An answer that the document does not allow is a finding, in release mode too.
            settings.check_responses = true;
            // What is looked at here are effects; the log would be most of the memory.
            settings.request_log_size = 100;
        });
        for _ in 0..accounts.max(1) {
            builder = builder.client(SandboxCredentials::random()?);
        }
        let sandbox = builder.start().await?;
        let folder = tempfile::tempdir()?;
        let mut accounts = Vec::new();
        for (number, credentials) in sandbox.all_credentials().iter().enumerate() {
            let mut account = Account {
                api_key: credentials.api_key().expose_secret().to_owned(),
                api_secret: credentials.api_secret().expose_secret().to_owned(),
                sign_key: credentials.sign_key().expose_secret().to_owned(),
                customer: 0,
            };
            account.customer = customer(&sandbox, folder.path(), (number, &account)).await?;
            accounts.push(account);
        }
        let mix = Mix::add(sandbox.faults(), share, seed)?;
        Ok(Self {
            sandbox,
            mix,
            accounts,
            ledger: Ledger::default(),
            figures: Figures::default(),
            entries: 0,
            orders: 0,
            revoked: 0,
            folder,
        })
    }

    /// Adds a fault to those of the mix.
    ///
    /// # Errors
    ///
    /// It is no text of a fault.
    pub fn fail(&self, fault: &str) -> Result<(), WorldError> {
        self.sandbox.faults().add_text(fault)?;
        Ok(())
    }

    /// From now on the gateway takes a repeated key for a new one, against its documentation: so that a test can see that
    /// what it then does twice is found.
    pub fn forget_keys(&self) {
        self.sandbox
            .update_settings(|settings| settings.reject_duplicates = false);
    }

    /// Where the gateway is.
    #[must_use]
    pub fn url(&self) -> &str {
        self.sandbox.url()
    }

    /// Its accounts.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The file that all clients keep their tokens in.
    #[must_use]
    pub fn tokens(&self) -> PathBuf {
        token_file(self.folder.path())
    }

    /// Takes what a client tells, and pays the order if it is one.
    pub fn take(&mut self, line: &Line) {
        let entry = match line {
            Line::Entry(entry) => entry,
            Line::End(figures) => return self.figures.add(figures),
        };
        self.entries += 1;
        if self.entries.is_multiple_of(REVOKED_EVERY) {
            self.sandbox.revoke_tokens();
            self.revoked += self.accounts.len() as u64;
        }
        let due = self.ledger.take(entry);
        if let (Some(due), Entry::Order { key, token, .. }) = (due, entry) {
            self.pay(key, token, due);
        }
    }

    fn pay(&mut self, key: &str, token: &str, due: Decimal) {
        self.orders += 1;
        let extra = if self.orders.is_multiple_of(OVERPAID_EVERY) {
            TOO_MUCH
        } else {
            Decimal::ZERO
        };
        let hash = format!("0x{:064x}", self.orders);
        match self.sandbox.pay_order(key, due + extra, &hash) {
            Ok(abnormal) if abnormal.is_some() == (extra > Decimal::ZERO) => {
                self.ledger
                    .moved((Holder::External, Holder::Merchant), token, due);
                self.ledger
                    .moved((Holder::External, Holder::AbnormalPayments), token, extra);
            }
            Ok(_) | Err(_) => self.ledger.found(Finding::Unpaid(key.to_owned())),
        }
    }

    /// Says that a crew ended otherwise than it should.
    pub fn broke_off(&mut self, problem: impl Into<String>) {
        self.ledger.found(Finding::BrokenOff(problem.into()));
    }

    /// Lets everything come to its end, and holds what the clients believe to what the gateway did.
    #[must_use]
    pub fn close(self) -> Audit {
        let sandbox = &self.sandbox;
        let strikes = self.mix.strikes(sandbox.faults());
        let allowed = self.accounts.len() as u64 + self.revoked + tokens_cost(&strikes);
        let idle = self.mix.idle(sandbox.faults(), sandbox.request_count());
        sandbox.faults().clear();
        sandbox.clock().advance(Duration::from_secs(AFTERWARDS));
        let effects = sandbox.effects();
        let mut findings = self.ledger.close(&effects, &sandbox.balances());
        if self.figures.doubtful != self.figures.reconciled {
            let Figures {
                doubtful,
                reconciled,
                ..
            } = self.figures;
            findings.push(Finding::Unreconciled(doubtful, reconciled));
        }
        findings.extend(idle.into_iter().map(Finding::NeverStruck));
        let mismatches = sandbox.mismatches();
        findings.extend(
            mismatches
                .iter()
                .map(|it| Finding::Mismatch(it.to_string())),
        );
        let tokens = sandbox.token_grants().granted();
        if tokens > allowed {
            findings.push(Finding::Tokens(tokens, allowed));
        }
        let mut made: Vec<(_, u64)> = Vec::new();
        for effect in effects.iter() {
            match made.last_mut() {
                Some((last, count)) if *last == effect.operation => *count += effect.count,
                _ => made.push((effect.operation, effect.count)),
            }
        }
        Audit {
            findings,
            requests: sandbox.request_count(),
            figures: self.figures,
            strikes,
            tokens,
            effects: made,
        }
    }
}

fn token_file(folder: &Path) -> PathBuf {
    folder.join("tokens")
}

/// A customer with a fee, made before anything fails.
async fn customer(
    sandbox: &Sandbox,
    folder: &Path,
    (number, account): (usize, &Account),
) -> Result<i64, WorldError> {
    let client = client(sandbox.url(), &token_file(folder), account)?;
    let user = CreateUserRequest {
        // Effects of users are counted by it.
        email: Some(format!("treasury{number}@example.com")),
        full_name: Some("Example Holding Limited".into()),
        username: None,
        mobile_number: None,
        country: Some("VGB".into()),
        city: None,
        postal_code: None,
        address: None,
        date_of_birth: None,
        client_type: None,
        extra: serde_json::Map::new(),
    };
    let made = client.users().create(user).await?;
    let id = made.member("id").and_then(|id| id.get().parse().ok());
    let id = id.ok_or(WorldError::NoId)?;
    let config = CreateFeeConfigRequest {
        client_id: Some(id),
        developer_fix_amount: Some(FEE.0.into()),
        developer_rate: Some(FEE.1.into()),
        extra: serde_json::Map::new(),
    };
    client.fee_configs().create(config).await?;
    Ok(id)
}
