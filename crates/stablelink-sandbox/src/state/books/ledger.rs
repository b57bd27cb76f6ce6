//! Whose money is where.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::exact::Exact;

/// A holder of money in the sandbox's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LedgerAccount {
    /// Banks and chains: where money comes from and goes to. Below zero by what the others hold.
    External,
    /// What customers deposited.
    Customers,
    /// The developer's fees of completed trades.
    Fees,
    /// What trades changed: what came in one currency less what went out in another.
    Exchange,
    /// What checkout orders were paid with, less refunds and settlements.
    Merchant,
    /// Payments that don't fit their orders, less what was given back of them.
    AbnormalPayments,
}

/// What each account holds of each currency; a checkout token such as `ETH_USDT` is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balances {
    held: BTreeMap<(LedgerAccount, String), Exact>,
}

impl Balances {
    /// What an account holds, zero if nothing ever came; `None`: it has more digits than a
    /// decimal holds.
    #[must_use]
    pub fn get(&self, account: LedgerAccount, currency: &str) -> Option<Decimal> {
        self.exact(account, currency).to_decimal()
    }

    /// Whether no money was made or lost: over all accounts each currency comes to zero.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        let mut sums = BTreeMap::<_, Exact>::new();
        for ((_, currency), amount) in &self.held {
            *sums.entry(currency).or_default() += *amount;
        }
        sums.values().all(|sum| *sum == Exact::ZERO)
    }

    /// All of them, ordered by account and currency.
    pub fn iter(&self) -> impl Iterator<Item = (LedgerAccount, &str, Option<Decimal>)> {
        let held = self.held.iter();
        held.map(|((account, currency), sum)| (*account, currency.as_str(), sum.to_decimal()))
    }

    pub(crate) fn exact(&self, account: LedgerAccount, currency: &str) -> Exact {
        let key = (account, currency.to_owned());
        self.held.get(&key).copied().unwrap_or_default()
    }

    /// Moves money. What leaves one account comes into another: there is no other way.
    pub(crate) fn transfer(
        &mut self,
        (from, to): (LedgerAccount, LedgerAccount),
        currency: &str,
        amount: Decimal,
    ) {
        let amount = Exact::from(amount);
        let key = |account| (account, currency.to_owned());
        *self.held.entry(key(from)).or_default() -= amount;
        *self.held.entry(key(to)).or_default() += amount;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (key, amount) in &other.held {
            *self.held.entry(key.clone()).or_default() += *amount;
        }
    }
}
