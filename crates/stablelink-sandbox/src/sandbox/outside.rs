//! What happens to records outside of calls: payments, reviews, the gateway's own work.
//!
//! A test moves records by hand here; what the clock moves by itself is in `state::books::steps`.

use rust_decimal::Decimal;

use super::Sandbox;
use crate::operations::deposit_address;
use crate::state::books::{Customer, Deposit, FeeConfig, Profile};
use crate::state::{Account, Books, UploadedFile};

/// The sandbox has no record with this key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sandbox has no {kind} with this number")]
pub struct UnknownRecord {
    pub(super) kind: &'static str,
}

impl Sandbox {
    /// Adds a customer with a fee config of zero to the first client, as if made by its calls but
    /// with no effect counted. Gives its `clientId`.
    pub fn add_customer(&self) -> i64 {
        let id = self.gateway.new_id();
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
        let mut books = self.gateway.books(0);
        books.customers.insert(id, customer);
        books.fee_configs.insert(id, FeeConfig::default());
        id
    }

    /// Gives the KYB of a customer this status; any text.
    ///
    /// # Errors
    ///
    /// There is no such customer.
    pub fn set_kyb_status(
        &self,
        client_id: i64,
        status: impl Into<String>,
    ) -> Result<(), UnknownRecord> {
        let status = status.into();
        self.change_books("customer", |books, now| {
            books.set_kyb(client_id, &status, now)
        })
    }

    /// Gives a trade this status, such as `Pending`; any text, so that a client can be shown what
    /// no document knows. With `Completed` its money moves. The trade is named by its `requestId` or its `txNo`.
    ///
    /// # Errors
    ///
    /// There is no such trade.
    pub fn set_trade_status(
        &self,
        key: &str,
        status: impl Into<String>,
    ) -> Result<(), UnknownRecord> {
        let status = status.into();
        self.change_books("trade", |books, now| {
            let mut trades = books.trades.values().rev();
            let trade = trades.find(|trade| trade.request_id == key || trade.tx_no == key)?;
            books.set_trade(trade.id, &status, now)
        })
    }

    /// Gives a checkout order this status, such as `PAID`; any text, so that a client can be shown
    /// what no document knows. No money moves: for that there is [`pay_order`](Self::pay_order).
    ///
    /// # Errors
    ///
    /// There is no such order.
    pub fn set_order_status(
        &self,
        order_no: &str,
        status: impl Into<String>,
    ) -> Result<(), UnknownRecord> {
        let status = status.into();
        self.change_books("order", |books, now| {
            books.set_order(order_no, &status, now)
        })
    }

    /// Gives a settlement order this status; any text. With `SETTLED` its money moves, be it there
    /// or not.
    ///
    /// # Errors
    ///
    /// There is no such settlement order.
    pub fn set_settlement_status(
        &self,
        settlement_order_no: &str,
        status: impl Into<String>,
    ) -> Result<(), UnknownRecord> {
        let status = status.into();
        self.change_books("settlement order", |books, now| {
            books.set_settlement(settlement_order_no, &status, now)
        })
    }

    /// Gives a refund order this status; any text. With `REFUNDED` its money moves, and its order
    /// or abnormal payment follows.
    ///
    /// # Errors
    ///
    /// There is no such refund order.
    pub fn set_refund_status(
        &self,
        refund_order_no: &str,
        status: impl Into<String>,
    ) -> Result<(), UnknownRecord> {
        let status = status.into();
        self.change_books("refund order", |books, now| {
            books.set_refund(refund_order_no, &status, now)
        })
    }

    /// Pays a checkout order, in coins; digits behind the sixth don't count. An order that still waits is `PAID` if the amount is enough.
    /// What it does not need (all of too small or too late a payment) becomes an abnormal payment,
    /// whose number this gives.
    ///
    /// # Errors
    ///
    /// There is no such order.
    pub fn pay_order(
        &self,
        order_no: &str,
        amount: Decimal,
        tx_hash: &str,
    ) -> Result<Option<String>, UnknownRecord> {
        let number = format!("AP{}", self.gateway.new_id());
        self.change_books("order", |books, now| {
            books.pay(order_no, amount, tx_hash, (&number, now))
        })
    }

    /// Lets coins arrive at the deposit address of a customer. Gives the id of the receive
    /// transaction.
    ///
    /// # Errors
    ///
    /// There is no such customer.
    pub fn deposit(
        &self,
        client_id: i64,
        (currency, network): (&str, &str),
        amount: Decimal,
    ) -> Result<i64, UnknownRecord> {
        let id = self.gateway.new_id();
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
            let way = (Account::World, Account::Customers);
            books.balances.transfer(way, currency, amount);
            Some(id)
        })
    }

    /// The files that all clients uploaded, by the order of their ids.
    #[must_use]
    pub fn files(&self) -> Vec<UploadedFile> {
        let clients = 0..self.gateway.clients.len();
        let mut files: Vec<_> = clients
            .flat_map(|client| {
                let books = self.gateway.books(client);
                books.files.values().cloned().collect::<Vec<_>>()
            })
            .collect();
        files.sort_by_key(|file| file.id);
        files
    }

    /// Changes the books of the client that has the record.
    fn change_books<T>(
        &self,
        kind: &'static str,
        mut change: impl FnMut(&mut Books, i64) -> Option<T>,
    ) -> Result<T, UnknownRecord> {
        let now = self.gateway.clock.now_millis();
        (0..self.gateway.clients.len())
            .find_map(|client| change(&mut self.gateway.books(client), now))
            .ok_or(UnknownRecord { kind })
    }
}
