//! The sandbox side of a load test: fault injection, payments by customers, revoked tokens, and the audit.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use stablelink::types::{CreateFeeConfigRequest, CreateUserRequest};
use stablelink::{Decimal, Error};
use stablelink_sandbox::{
    InvalidFault, LedgerAccount, RandomnessError, Sandbox, SandboxCredentials, StartError,
};
use std::time::Duration;

use super::audit::{ExpectedLedger, FEE};
use super::fault_mix::{FaultMix, additional_tokens};
use super::workers::build_client;
use super::{Audit, AuditFinding, LoadAccount, LoadStats, LogEntry, LogLine};

/// A sandbox with fault injection that revokes tokens, pays the reported orders, and audits the result.
#[derive(Debug)]
pub struct LoadGateway {
    sandbox: Sandbox,
    mix: FaultMix,
    accounts: Vec<LoadAccount>,
    expected: ExpectedLedger,
    stats: LoadStats,
    entries: u64,
    orders: u64,
    revoked: u64,
    folder: tempfile::TempDir,
}

/// The sandbox of a load test could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoadGatewayError {
    /// The sandbox did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// No random bytes for credentials.
    #[error(transparent)]
    Random(#[from] RandomnessError),
    /// No folder for the token file.
    #[error("cannot create a folder for the token file: {0}")]
    Folder(#[from] std::io::Error),
    /// A fault has an invalid text form.
    #[error(transparent)]
    Fault(#[from] InvalidFault),
    /// A customer could not be created.
    #[error("cannot create a customer: {0}")]
    Customer(#[from] Error),
    /// The response to a created customer has no `id`.
    #[error("the response to createUser has no id")]
    NoId,
}

/// All tokens are revoked once per this number of log entries.
const REVOKED_EVERY: u64 = 2_000;

/// Every order with a multiple of this number is overpaid.
const OVERPAID_EVERY: u64 = 8;

/// Overpaid amount: one coin.
const OVERPAYMENT: Decimal = Decimal::ONE;

/// Longer than all transitions of a trade, a refund and a settlement take.
const SETTLING_TIME: Duration = Duration::from_secs(600);

impl LoadGateway {
    /// Starts a sandbox with `accounts` accounts, each with a customer and a fee; then injects faults into this share (0 to 1)
    /// of the requests.
    ///
    /// # Errors
    ///
    /// See [`LoadGatewayError`].
    pub async fn start(accounts: usize, share: f64, seed: u64) -> Result<Self, LoadGatewayError> {
        let mut builder = Sandbox::builder().settings(|settings| {
            // Responses are checked against the document in release mode too: a violation is a finding.
            settings.check_responses = true;
            // The audit reads effects; a full request log would dominate the memory use.
            settings.request_log_size = 100;
        });
        for _ in 0..accounts.max(1) {
            builder = builder.client(SandboxCredentials::random()?);
        }
        let sandbox = builder.start().await?;
        let folder = tempfile::tempdir()?;
        let mut accounts = Vec::new();
        for (number, credentials) in sandbox.all_credentials().iter().enumerate() {
            let mut account = LoadAccount {
                api_key: credentials.api_key().expose_secret().to_owned(),
                api_secret: credentials.api_secret().expose_secret().to_owned(),
                sign_key: credentials.sign_key().expose_secret().to_owned(),
                customer: 0,
            };
            account.customer = create_customer(&sandbox, folder.path(), (number, &account)).await?;
            accounts.push(account);
        }
        let mix = FaultMix::add(sandbox.faults(), share, seed)?;
        Ok(Self {
            sandbox,
            mix,
            accounts,
            expected: ExpectedLedger::default(),
            stats: LoadStats::default(),
            entries: 0,
            orders: 0,
            revoked: 0,
            folder,
        })
    }

    /// Adds a fault to the mix.
    ///
    /// # Errors
    ///
    /// Fails if the text is not a valid fault.
    pub fn add_fault(&self, fault: &str) -> Result<(), LoadGatewayError> {
        self.sandbox.faults().add_text(fault)?;
        Ok(())
    }

    /// Makes the sandbox accept repeated idempotency keys, against its documentation, so that a test can show that the audit
    /// detects duplicates.
    pub fn accept_duplicates(&self) {
        self.sandbox
            .update_settings(|settings| settings.reject_duplicates = false);
    }

    /// Returns the base URL of the sandbox.
    #[must_use]
    pub fn url(&self) -> &str {
        self.sandbox.url()
    }

    /// Returns the accounts of the sandbox.
    #[must_use]
    pub fn accounts(&self) -> &[LoadAccount] {
        &self.accounts
    }

    /// Path of the token file that all clients share.
    #[must_use]
    pub fn token_file(&self) -> PathBuf {
        token_file_in(self.folder.path())
    }

    /// Records a line of the log, and pays the order if the line reports one.
    pub fn record(&mut self, line: &LogLine) {
        let entry = match line {
            LogLine::Entry(entry) => entry,
            LogLine::End(stats) => return self.stats.merge(stats),
        };
        self.entries += 1;
        if self.entries.is_multiple_of(REVOKED_EVERY) {
            self.sandbox.revoke_tokens();
            self.revoked += self.accounts.len() as u64;
        }
        let due = self.expected.record(entry);
        if let (Some(due), LogEntry::Order { key, token, .. }) = (due, entry) {
            self.pay(key, token, due);
        }
    }

    fn pay(&mut self, key: &str, token: &str, due: Decimal) {
        self.orders += 1;
        let extra = if self.orders.is_multiple_of(OVERPAID_EVERY) {
            OVERPAYMENT
        } else {
            Decimal::ZERO
        };
        let hash = format!("0x{:064x}", self.orders);
        match self.sandbox.pay_order(key, due + extra, &hash) {
            Ok(abnormal) if abnormal.is_some() == (extra > Decimal::ZERO) => {
                self.expected.transfer(
                    (LedgerAccount::External, LedgerAccount::Merchant),
                    token,
                    due,
                );
                self.expected.transfer(
                    (LedgerAccount::External, LedgerAccount::AbnormalPayments),
                    token,
                    extra,
                );
            }
            Ok(_) | Err(_) => self
                .expected
                .add_finding(AuditFinding::Unpaid(key.to_owned())),
        }
    }

    /// Records that a group of workers failed.
    pub fn workers_failed(&mut self, problem: impl Into<String>) {
        self.expected
            .add_finding(AuditFinding::WorkersFailed(problem.into()));
    }

    /// Lets all records reach their final state, and compares the log with the sandbox's records.
    #[must_use]
    pub fn finish(self) -> Audit {
        let sandbox = &self.sandbox;
        let injected = self.mix.counts(sandbox.faults());
        let allowed = self.accounts.len() as u64 + self.revoked + additional_tokens(&injected);
        let never_injected = self
            .mix
            .never_injected(sandbox.faults(), sandbox.request_count());
        sandbox.faults().clear();
        sandbox.clock().advance(SETTLING_TIME);
        let effects = sandbox.effects();
        let mut findings = self.expected.finish(&effects, &sandbox.balances());
        if self.stats.ambiguous != self.stats.reconciled {
            let LoadStats {
                ambiguous,
                reconciled,
                ..
            } = self.stats;
            findings.push(AuditFinding::Unreconciled(ambiguous, reconciled));
        }
        findings.extend(
            never_injected
                .into_iter()
                .map(AuditFinding::FaultNeverFired),
        );
        let mismatches = sandbox.mismatches();
        findings.extend(
            mismatches
                .iter()
                .map(|it| AuditFinding::Mismatch(it.to_string())),
        );
        let tokens = sandbox.token_grants().granted();
        if tokens > allowed {
            findings.push(AuditFinding::Tokens(tokens, allowed));
        }
        let mut effect_counts: Vec<(_, u64)> = Vec::new();
        for effect in effects.iter() {
            match effect_counts.last_mut() {
                Some((last, count)) if *last == effect.operation => *count += effect.count,
                _ => effect_counts.push((effect.operation, effect.count)),
            }
        }
        Audit {
            findings,
            requests: sandbox.request_count(),
            stats: self.stats,
            injected,
            tokens,
            effects: effect_counts,
        }
    }
}

fn token_file_in(folder: &Path) -> PathBuf {
    folder.join("tokens")
}

/// Creates a customer with a fee configuration. Called before faults are injected.
async fn create_customer(
    sandbox: &Sandbox,
    folder: &Path,
    (number, account): (usize, &LoadAccount),
) -> Result<i64, LoadGatewayError> {
    let client = build_client(sandbox.url(), &token_file_in(folder), account)?;
    let user = CreateUserRequest {
        // The sandbox counts created users by email address.
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
    let user = client.users().create(user).await?;
    let id = user.raw_field("id").and_then(|id| id.get().parse().ok());
    let id = id.ok_or(LoadGatewayError::NoId)?;
    let config = CreateFeeConfigRequest {
        client_id: Some(id),
        developer_fix_amount: Some(FEE.0.into()),
        developer_rate: Some(FEE.1.into()),
        extra: serde_json::Map::new(),
    };
    client.fee_configs().create(config).await?;
    Ok(id)
}
