//! The balances of the accounts.

use std::collections::BTreeMap;

use bigdecimal::BigDecimal;
use rust_decimal::Decimal;

use crate::money::{exact, to_decimal};

/// An account of the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LedgerAccount {
    /// Banks and blockchains outside of the sandbox. Its balance is the negative sum of the other
    /// accounts.
    External,
    /// Deposits of customers.
    Customers,
    /// The developer's fees of completed trades.
    Fees,
    /// Conversions of trades: the incoming currency less the outgoing currency.
    Exchange,
    /// Payments of checkout orders, less refunds and settlements.
    Merchant,
    /// Abnormal payments, less their refunds.
    AbnormalPayments,
}

/// The balance of each account in each currency. A checkout token such as `ETH_USDT` is a currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balances {
    sums: BTreeMap<(LedgerAccount, String), BigDecimal>,
}

impl Balances {
    /// Returns the balance of an account, which is zero without transfers. Returns `None` if the
    /// balance has more digits than a [`Decimal`] can hold.
    #[must_use]
    pub fn get(&self, account: LedgerAccount, currency: &str) -> Option<Decimal> {
        to_decimal(&self.exact(account, currency))
    }

    /// Returns true if the sum of all accounts is zero in each currency.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        let mut totals = BTreeMap::<_, BigDecimal>::new();
        for ((_, currency), sum) in &self.sums {
            *totals.entry(currency).or_default() += sum;
        }
        totals.values().all(|total| *total == BigDecimal::default())
    }

    /// Returns all balances, ordered by account and currency.
    pub fn iter(&self) -> impl Iterator<Item = (LedgerAccount, &str, Option<Decimal>)> {
        let sums = self.sums.iter();
        sums.map(|((account, currency), sum)| (*account, currency.as_str(), to_decimal(sum)))
    }

    pub(crate) fn exact(&self, account: LedgerAccount, currency: &str) -> BigDecimal {
        let key = (account, currency.to_owned());
        self.sums.get(&key).cloned().unwrap_or_default()
    }

    /// Returns true if an account holds at least this amount.
    pub(crate) fn covers(&self, account: LedgerAccount, currency: &str, amount: Decimal) -> bool {
        self.exact(account, currency) >= exact(amount)
    }

    /// Transfers money between two accounts. Balances change in no other way.
    pub(crate) fn transfer(
        &mut self,
        (from, to): (LedgerAccount, LedgerAccount),
        currency: &str,
        amount: Decimal,
    ) {
        let amount = exact(amount);
        let key = |account| (account, currency.to_owned());
        *self.sums.entry(key(from)).or_default() -= &amount;
        *self.sums.entry(key(to)).or_default() += &amount;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (key, sum) in &other.sums {
            *self.sums.entry(key.clone()).or_default() += sum;
        }
    }
}
