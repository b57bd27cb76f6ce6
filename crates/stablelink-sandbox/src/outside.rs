//! What happens to records outside of calls: payments, reviews, the gateway's own work.
//!
//! A test moves records by hand here; what the clock moves by itself is in `state::books::steps`.

use rust_decimal::Decimal;

use crate::operations::deposit_address;
use crate::state::books::{Customer, Deposit, FeeConfig, Profile};
use crate::state::{Books, Gateway, LedgerAccount};

/// The sandbox has no record with this key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sandbox has no {kind} with this number")]
pub struct UnknownRecord {
    pub(crate) kind: &'static str,
}

impl Gateway {
    pub(crate) fn add_customer(&self) -> i64 {
        let id = self.new_id();
        let customer = Customer {
            id,
            profile: Profile {
                email: format!("customer{id}@example.com"),
                full_name: format!("Customer {id}"),
                country: "VGB".to_owned(),
                city: "Tortola".to_owned(),
                postal_code: "VG1110".to_owned(),
            },
            kyb_status: Customer::NO_KYB.to_owned(),
        };
        let mut books = self.books(0);
        books.customers.insert(id, customer);
        books.fee_configs.insert(id, FeeConfig::default());
        id
    }

    pub(crate) fn set_kyb_status(&self, client_id: i64, status: &str) -> Result<(), UnknownRecord> {
        self.change_books("customer", |books, now| {
            books.set_kyb(client_id, status, now)
        })
    }

    pub(crate) fn set_trade_status(&self, key: &str, status: &str) -> Result<(), UnknownRecord> {
        self.change_books("trade", |books, now| {
            let mut trades = books.trades.values().rev();
            let trade = trades.find(|trade| trade.request_id == key || trade.tx_no == key)?;
            books.set_trade(trade.id, status, now)
        })
    }

    pub(crate) fn set_order_status(
        &self,
        order_no: &str,
        status: &str,
    ) -> Result<(), UnknownRecord> {
        self.change_books("order", |books, now| books.set_order(order_no, status, now))
    }

    pub(crate) fn set_settlement_status(
        &self,
        settlement_order_no: &str,
        status: &str,
    ) -> Result<(), UnknownRecord> {
        self.change_books("settlement order", |books, now| {
            books.set_settlement(settlement_order_no, status, now)
        })
    }

    pub(crate) fn set_refund_status(
        &self,
        refund_order_no: &str,
        status: &str,
    ) -> Result<(), UnknownRecord> {
        self.change_books("refund order", |books, now| {
            books.set_refund(refund_order_no, status, now)
        })
    }

    pub(crate) fn pay_order(
        &self,
        order_no: &str,
        amount: Decimal,
        tx_hash: &str,
    ) -> Result<Option<String>, UnknownRecord> {
        let number = format!("AP{}", self.new_id());
        self.change_books("order", |books, now| {
            books.pay(order_no, amount, tx_hash, (&number, now))
        })
    }

    pub(crate) fn deposit(
        &self,
        client_id: i64,
        (currency, network): (&str, &str),
        amount: Decimal,
    ) -> Result<i64, UnknownRecord> {
        let id = self.new_id();
        self.change_books("customer", |books, now| {
            books.customers.get(&client_id)?;
            let deposit = Deposit {
                id,
                client_id,
                currency: currency.to_owned(),
                network: network.to_owned(),
                amount,
                address: deposit_address(client_id, currency, network),
                created: now,
            };
            books.deposits.insert(id, deposit);
            let way = (LedgerAccount::External, LedgerAccount::Customers);
            books.balances.transfer(way, currency, amount);
            Some(id)
        })
    }

    /// Changes the books of the client that has the record.
    fn change_books<T>(
        &self,
        kind: &'static str,
        mut change: impl FnMut(&mut Books, i64) -> Option<T>,
    ) -> Result<T, UnknownRecord> {
        let now = self.clock.now_millis();
        (0..self.clients.len())
            .find_map(|client| change(&mut self.books(client), now))
            .ok_or(UnknownRecord { kind })
    }
}
