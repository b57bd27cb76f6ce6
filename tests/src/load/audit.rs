//! Compares the payments that the clients reported with the effects that the sandbox recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use stablelink::Decimal;
use stablelink_sandbox::{Balances, Effects, LedgerAccount, SandboxOperation};

use super::{FaultCounts, LoadStats, LogEntry};

/// A violation found by the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditFinding {
    /// An operation took effect more than once under one key: operation, key, count.
    Doubled(SandboxOperation, String, u64),
    /// An operation took effect that no client reported: it was lost, or repeated under another key.
    Unreported(SandboxOperation, String),
    /// A client reported an operation that did not take effect.
    Lost(SandboxOperation, String),
    /// The same operation was reported twice.
    ReportedTwice(SandboxOperation, String),
    /// An operation took effect although the client library reported each of its calls as without effect.
    Denied(String, String),
    /// A client never learned the outcome of an operation.
    Unresolved(String, String),
    /// A record shows another amount than the expected one: key, actual, expected.
    Amount(String, Decimal, Decimal),
    /// An order could not be paid.
    Unpaid(String),
    /// A balance is wrong: account, currency, actual, expected. The actual balance is `None` if it has more digits than
    /// `Decimal` can hold.
    Balance(LedgerAccount, String, Option<Decimal>, Decimal),
    /// The balances of a currency do not sum to zero.
    DoesNotAddUp,
    /// Some ambiguous payments were not reconciled: ambiguous, reconciled.
    Unreconciled(u64, u64),
    /// A response of the sandbox violates the OpenAPI document.
    Mismatch(String),
    /// More tokens were granted than expected: granted, allowed.
    Tokens(u64, u64),
    /// A fault was never injected, so that its handling was not tested.
    FaultNeverFired(&'static str),
    /// A group of workers ended without reporting its statistics.
    WorkersFailed(String),
}

/// The result of a load test.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// Violations; empty if the test passed.
    pub findings: Vec<AuditFinding>,
    /// Statistics of all clients.
    pub stats: LoadStats,
    /// How often each fault was injected.
    pub strikes: FaultCounts,
    /// Number of requests that the sandbox received.
    pub requests: u64,
    /// Number of tokens that the sandbox granted.
    pub tokens: u64,
    /// Number of effects by operation.
    pub effects: Vec<(SandboxOperation, u64)>,
}

/// The effects and balances that follow from the log of the clients.
#[derive(Debug, Default)]
pub(super) struct ExpectedLedger {
    reported: BTreeSet<(SandboxOperation, String)>,
    expected: BTreeMap<(LedgerAccount, String), Decimal>,
    findings: Vec<AuditFinding>,
}

/// The operations that the clients report.
const REPORTED_OPERATIONS: [SandboxOperation; 5] = [
    SandboxOperation::CreateTrade,
    SandboxOperation::ConfirmTransaction,
    SandboxOperation::CreateCheckoutOrder,
    SandboxOperation::CreateRefundOrder,
    SandboxOperation::CreateSettlementOrder,
];

/// The fee of a trade: a fixed 0.10 plus a rate of 0.005 of its amount.
pub(super) const FEE: (Decimal, Decimal) = (
    Decimal::from_parts(10, 0, 0, false, 2),
    Decimal::from_parts(5, 0, 0, false, 3),
);

/// Coins per dollar at checkout, as configured in the sandbox.
const COINS_PER_DOLLAR: Decimal = Decimal::from_parts(101, 0, 0, false, 2);

impl ExpectedLedger {
    /// Records a log entry. Returns the amount to pay in coins if the entry is an order.
    pub(super) fn record(&mut self, entry: &LogEntry) -> Option<Decimal> {
        match entry {
            LogEntry::Trade {
                key,
                sold,
                bought,
                amount,
                fee,
                confirmed,
            } => {
                let amount = amount.get();
                let due = FEE.0 + FEE.1 * amount;
                self.report(SandboxOperation::CreateTrade, key);
                self.check_amount(key, fee.map(|fee| fee.get()), due);
                if let Some(tx_no) = confirmed {
                    self.report(SandboxOperation::ConfirmTransaction, tx_no);
                    self.transfer((LedgerAccount::External, LedgerAccount::Fees), sold, due);
                    self.transfer(
                        (LedgerAccount::External, LedgerAccount::Exchange),
                        sold,
                        amount - due,
                    );
                    self.transfer(
                        (LedgerAccount::Exchange, LedgerAccount::External),
                        bought,
                        amount - due,
                    );
                }
            }
            LogEntry::Order {
                key,
                amount,
                paying,
                ..
            } => {
                // An amount and the factor have two decimal places each, a coin has six: no rounding.
                let due = amount.get() * COINS_PER_DOLLAR;
                self.report(SandboxOperation::CreateCheckoutOrder, key);
                self.check_amount(key, paying.map(|paying| paying.get()), due);
                return Some(due);
            }
            LogEntry::Refund { key, token, amount } => {
                self.report(SandboxOperation::CreateRefundOrder, key);
                self.transfer(
                    (LedgerAccount::Merchant, LedgerAccount::External),
                    token,
                    amount.get(),
                );
            }
            LogEntry::Settlement { key, token, amount } => {
                self.report(SandboxOperation::CreateSettlementOrder, key);
                self.transfer(
                    (LedgerAccount::Merchant, LedgerAccount::External),
                    token,
                    amount.get(),
                );
            }
            LogEntry::Denied { what, key } => {
                self.add_finding(AuditFinding::Denied(what.clone(), key.clone()))
            }
            LogEntry::Unresolved { what, key } => {
                self.add_finding(AuditFinding::Unresolved(what.clone(), key.clone()))
            }
        }
        None
    }

    pub(super) fn add_finding(&mut self, finding: AuditFinding) {
        self.findings.push(finding);
    }

    fn report(&mut self, operation: SandboxOperation, key: &str) {
        if !self.reported.insert((operation, key.to_owned())) {
            self.add_finding(AuditFinding::ReportedTwice(operation, key.to_owned()));
        }
    }

    fn check_amount(&mut self, key: &str, actual: Option<Decimal>, expected: Decimal) {
        if let Some(actual) = actual.filter(|actual| *actual != expected) {
            self.add_finding(AuditFinding::Amount(key.to_owned(), actual, expected));
        }
    }

    pub(super) fn transfer(
        &mut self,
        (from, to): (LedgerAccount, LedgerAccount),
        currency: &str,
        amount: Decimal,
    ) {
        let key = |account| (account, currency.to_owned());
        *self.expected.entry(key(from)).or_default() -= amount;
        *self.expected.entry(key(to)).or_default() += amount;
    }

    /// Compares the expectation with the sandbox's records, and returns all findings.
    pub(super) fn finish(mut self, effects: &Effects, balances: &Balances) -> Vec<AuditFinding> {
        let mut actual = BTreeSet::new();
        for effect in effects.iter() {
            let (operation, key) = (effect.operation, effect.key.to_owned());
            if effect.count > 1 {
                self.add_finding(AuditFinding::Doubled(operation, key.clone(), effect.count));
            }
            if REPORTED_OPERATIONS.contains(&operation) {
                actual.insert((operation, key));
            }
        }
        let reported = std::mem::take(&mut self.reported);
        for (operation, key) in actual.difference(&reported) {
            self.add_finding(AuditFinding::Unreported(*operation, key.clone()));
        }
        for (operation, key) in reported.difference(&actual) {
            self.add_finding(AuditFinding::Lost(*operation, key.clone()));
        }
        for (account, currency, _) in balances.iter() {
            self.expected
                .entry((account, currency.to_owned()))
                .or_default();
        }
        for ((account, currency), expected) in std::mem::take(&mut self.expected) {
            let held = balances.get(account, &currency);
            if held != Some(expected) {
                self.add_finding(AuditFinding::Balance(account, currency, held, expected));
            }
        }
        if !balances.is_balanced() {
            self.add_finding(AuditFinding::DoesNotAddUp);
        }
        self.findings
    }
}

impl fmt::Display for AuditFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Doubled(operation, key, count) => {
                write!(f, "{operation} {key} took effect {count} times")
            }
            Self::Unreported(operation, key) => {
                write!(
                    f,
                    "{operation} {key} took effect, but no client reported it"
                )
            }
            Self::Lost(operation, key) => {
                write!(
                    f,
                    "{operation} {key} was reported by a client, but did not take effect"
                )
            }
            Self::ReportedTwice(operation, key) => {
                write!(f, "{operation} {key} was reported twice")
            }
            Self::Denied(what, key) => {
                write!(
                    f,
                    "the {what} {key} took effect although every call reported no effect"
                )
            }
            Self::Unresolved(what, key) => {
                write!(f, "the outcome of the {what} {key} is still unknown")
            }
            Self::Amount(key, actual, expected) => {
                write!(
                    f,
                    "the record of {key} shows {actual} instead of {expected}"
                )
            }
            Self::Unpaid(key) => write!(f, "the order {key} could not be paid"),
            Self::Balance(account, currency, Some(held), expected) => {
                write!(
                    f,
                    "{account:?} holds {held} {currency} instead of {expected}"
                )
            }
            Self::Balance(account, currency, None, expected) => {
                write!(
                    f,
                    "the balance of {account:?} in {currency} has too many digits; expected {expected}"
                )
            }
            Self::DoesNotAddUp => write!(f, "the balances of a currency do not sum to zero"),
            Self::Unreconciled(ambiguous, reconciled) => {
                write!(
                    f,
                    "{ambiguous} payments were ambiguous, but {reconciled} were reconciled"
                )
            }
            Self::Mismatch(mismatch) => f.write_str(mismatch),
            Self::Tokens(granted, allowed) => {
                write!(
                    f,
                    "{granted} tokens were granted, at most {allowed} are allowed"
                )
            }
            Self::FaultNeverFired(fault) => write!(f, "the fault `{fault}` was never injected"),
            Self::WorkersFailed(problem) => write!(f, "a group of workers failed: {problem}"),
        }
    }
}
