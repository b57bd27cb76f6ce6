//! What the clients believe, held to what the gateway did.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use stablelink::Decimal;
use stablelink_sandbox::{Balances, Effects, LedgerAccount, Operation};

use super::{Entry, Figures, Strikes};

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The gateway did something more than once under one key.
    Doubled(Operation, String, u64),
    /// The gateway did something that no client knows of: it was lost, or made a second time under another key.
    Unknown(Operation, String),
    /// A client believes in something that the gateway did not do.
    Lost(Operation, String),
    /// Two clients, or one twice, tell of the same.
    ToldTwice(Operation, String),
    /// Something took effect, and the client said of each of its calls that it had no effect.
    Denied(String, String),
    /// A client never found out what became of something.
    Open(String, String),
    /// A record showed another amount than it had to.
    Amount(String, Decimal, Decimal),
    /// An order could not be paid.
    Unpaid(String),
    /// An account does not hold what it must; first what it holds, `None` of more digits than a decimal has.
    Balance(LedgerAccount, String, Option<Decimal>, Decimal),
    /// Money came from nowhere, or went there.
    DoesNotAddUp,
    /// So many payments were in doubt, and so many of them were settled.
    Unreconciled(u64, u64),
    /// The gateway answered what its document does not allow.
    Mismatch(String),
    /// So many tokens were granted, and so many there may be.
    Tokens(u64, u64),
    /// A fault of the mix never struck: what it would show was not tried.
    NeverStruck(&'static str),
    /// A crew ended without its figures.
    BrokenOff(String),
}

/// What a load came to.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// What is not as it must be. Empty is what a load wants to see.
    pub findings: Vec<Finding>,
    /// What the clients counted.
    pub figures: Figures,
    /// How often each fault struck.
    pub strikes: Strikes,
    /// How many requests arrived at the gateway.
    pub requests: u64,
    /// How many tokens it granted.
    pub tokens: u64,
    /// What took effect there, by operation.
    pub effects: Vec<(Operation, u64)>,
}

/// What the gateway must have done, if the clients are right.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    told: BTreeSet<(Operation, String)>,
    due: BTreeMap<(LedgerAccount, String), Decimal>,
    findings: Vec<Finding>,
}

/// The operations whose effects are held to what the clients tell.
const TOLD: [Operation; 5] = [
    Operation::CreateTrade,
    Operation::ConfirmTransaction,
    Operation::CreateCheckoutOrder,
    Operation::CreateRefundOrder,
    Operation::CreateSettlementOrder,
];

/// The fee of a trade: 0.10, and 0.005 of its amount.
pub(super) const FEE: (Decimal, Decimal) = (
    Decimal::from_parts(10, 0, 0, false, 2),
    Decimal::from_parts(5, 0, 0, false, 3),
);

/// Coins for a dollar at checkout: the sandbox's choice.
const COINS: Decimal = Decimal::from_parts(101, 0, 0, false, 2);

impl Ledger {
    /// Takes what a client tells. Of an order it gives the coin and how many of it are to be paid.
    pub(super) fn take(&mut self, entry: &Entry) -> Option<Decimal> {
        match entry {
            Entry::Trade {
                key,
                sold,
                bought,
                amount,
                fee,
                confirmed,
            } => {
                let amount = amount.get();
                let due = FEE.0 + FEE.1 * amount;
                self.told(Operation::CreateTrade, key);
                self.shown(key, fee.map(|fee| fee.get()), due);
                if let Some(tx_no) = confirmed {
                    self.told(Operation::ConfirmTransaction, tx_no);
                    self.moved((LedgerAccount::External, LedgerAccount::Fees), sold, due);
                    self.moved(
                        (LedgerAccount::External, LedgerAccount::Exchange),
                        sold,
                        amount - due,
                    );
                    self.moved(
                        (LedgerAccount::Exchange, LedgerAccount::External),
                        bought,
                        amount - due,
                    );
                }
            }
            Entry::Order {
                key,
                amount,
                paying,
                ..
            } => {
                // Two digits times two: less than the six of a coin, so that nothing is rounded.
                let due = amount.get() * COINS;
                self.told(Operation::CreateCheckoutOrder, key);
                self.shown(key, paying.map(|paying| paying.get()), due);
                return Some(due);
            }
            Entry::Refund { key, token, amount } => {
                self.told(Operation::CreateRefundOrder, key);
                self.moved(
                    (LedgerAccount::Merchant, LedgerAccount::External),
                    token,
                    amount.get(),
                );
            }
            Entry::Settlement { key, token, amount } => {
                self.told(Operation::CreateSettlementOrder, key);
                self.moved(
                    (LedgerAccount::Merchant, LedgerAccount::External),
                    token,
                    amount.get(),
                );
            }
            Entry::Denied { what, key } => self.found(Finding::Denied(what.clone(), key.clone())),
            Entry::Open { what, key } => self.found(Finding::Open(what.clone(), key.clone())),
        }
        None
    }

    pub(super) fn found(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn told(&mut self, operation: Operation, key: &str) {
        if !self.told.insert((operation, key.to_owned())) {
            self.found(Finding::ToldTwice(operation, key.to_owned()));
        }
    }

    fn shown(&mut self, key: &str, shown: Option<Decimal>, due: Decimal) {
        if let Some(shown) = shown.filter(|shown| *shown != due) {
            self.found(Finding::Amount(key.to_owned(), shown, due));
        }
    }

    pub(super) fn moved(
        &mut self,
        way: (LedgerAccount, LedgerAccount),
        currency: &str,
        amount: Decimal,
    ) {
        let key = |account| (account, currency.to_owned());
        *self.due.entry(key(way.0)).or_default() -= amount;
        *self.due.entry(key(way.1)).or_default() += amount;
    }

    /// Holds it to what the gateway did.
    pub(super) fn close(mut self, effects: &Effects, balances: &Balances) -> Vec<Finding> {
        let mut made = BTreeSet::new();
        for effect in effects.iter() {
            let (operation, key) = (effect.operation, effect.key.to_owned());
            if effect.count > 1 {
                self.found(Finding::Doubled(operation, key.clone(), effect.count));
            }
            if TOLD.contains(&operation) {
                made.insert((operation, key));
            }
        }
        let told = std::mem::take(&mut self.told);
        for (operation, key) in made.difference(&told) {
            self.found(Finding::Unknown(*operation, key.clone()));
        }
        for (operation, key) in told.difference(&made) {
            self.found(Finding::Lost(*operation, key.clone()));
        }
        for (account, currency, _) in balances.iter() {
            self.due.entry((account, currency.to_owned())).or_default();
        }
        for ((account, currency), due) in std::mem::take(&mut self.due) {
            let held = balances.get(account, &currency);
            if held != Some(due) {
                self.found(Finding::Balance(account, currency, held, due));
            }
        }
        if !balances.is_balanced() {
            self.found(Finding::DoesNotAddUp);
        }
        self.findings
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Doubled(operation, key, count) => {
                write!(f, "{operation} {key} took effect {count} times")
            }
            Self::Unknown(operation, key) => {
                write!(
                    f,
                    "{operation} {key} took effect, and no client knows of it"
                )
            }
            Self::Lost(operation, key) => {
                write!(
                    f,
                    "{operation} {key} never took effect, and a client believes it did"
                )
            }
            Self::ToldTwice(operation, key) => write!(f, "{operation} {key} was told twice"),
            Self::Denied(what, key) => {
                write!(
                    f,
                    "the {what} {key} took effect, and was said to have had none"
                )
            }
            Self::Open(what, key) => write!(f, "the outcome of the {what} {key} was never known"),
            Self::Amount(key, shown, due) => {
                write!(f, "the record of {key} shows {shown} where {due} is right")
            }
            Self::Unpaid(key) => write!(f, "the order {key} could not be paid"),
            Self::Balance(account, currency, Some(held), due) => {
                write!(
                    f,
                    "{account:?} holds {held} {currency} where {due} is right"
                )
            }
            Self::Balance(account, currency, None, due) => {
                write!(
                    f,
                    "{account:?} holds too many digits of {currency} where {due} is right"
                )
            }
            Self::DoesNotAddUp => write!(f, "over all accounts a currency does not come to zero"),
            Self::Unreconciled(doubtful, reconciled) => {
                write!(
                    f,
                    "{doubtful} payments were in doubt, and {reconciled} were settled"
                )
            }
            Self::Mismatch(mismatch) => f.write_str(mismatch),
            Self::Tokens(granted, allowed) => {
                write!(
                    f,
                    "{granted} tokens were granted where {allowed} are enough"
                )
            }
            Self::NeverStruck(fault) => write!(f, "the fault `{fault}` never struck"),
            Self::BrokenOff(problem) => write!(f, "a process of clients broke off: {problem}"),
        }
    }
}
