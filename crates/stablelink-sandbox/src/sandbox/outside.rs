//! Moves records by hand.

use rust_decimal::Decimal;

use super::Sandbox;
use crate::outside::UnknownRecord;
use crate::state::UploadedFile;

impl Sandbox {
    /// Adds a customer with a fee config of zero to the first client, as if made by its calls but
    /// with no effect counted. Gives its `clientId`.
    pub fn add_customer(&self) -> i64 {
        self.gateway.add_customer()
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
        self.gateway.set_kyb_status(client_id, &status.into())
    }

    /// Gives a trade this status, such as `Pending`; any text, so that a client can be shown what
    /// no document knows. With `Completed` its money moves. The trade is named by its `requestId` or
    /// its `txNo`.
    ///
    /// # Errors
    ///
    /// There is no such trade.
    pub fn set_trade_status(
        &self,
        key: &str,
        status: impl Into<String>,
    ) -> Result<(), UnknownRecord> {
        self.gateway.set_trade_status(key, &status.into())
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
        self.gateway.set_order_status(order_no, &status.into())
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
        self.gateway
            .set_settlement_status(settlement_order_no, &status.into())
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
        self.gateway
            .set_refund_status(refund_order_no, &status.into())
    }

    /// Pays a checkout order, in coins; digits behind the sixth don't count, and an amount that is not
    /// above zero does nothing. An order that still waits is `PAID` if the amount is enough. What it
    /// does not need (all of too small or too late a payment) becomes an abnormal payment, whose
    /// number this gives.
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
        self.gateway.pay_order(order_no, amount, tx_hash)
    }

    /// Lets coins arrive at the deposit address of a customer. Gives the id of the receive
    /// transaction. Any amount, currency and network, so that a client can be shown what no document
    /// knows; the balances follow.
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
        self.gateway.deposit(client_id, (currency, network), amount)
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
}
