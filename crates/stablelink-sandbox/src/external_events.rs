//! Changes of records that calls do not cause: payments, reviews, deposits, and statuses that a
//! test sets. Tests use [`Sandbox`], the control API uses [`GatewayState`].

use rust_decimal::Decimal;

use crate::Sandbox;
use crate::gateway::GatewayState;
use crate::ledger::{
    Customer, CustomerProfile, Deposit, FeeConfig, Ledger, LedgerAccount, UploadedFile,
};
use crate::operations::deposit_address;

/// The sandbox has no record with this key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sandbox has no {kind} with this number")]
pub struct UnknownRecord {
    pub(crate) kind: &'static str,
}

/// A kind of record whose status can be set.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum RecordKind {
    Kyb,
    Trade,
    Order,
    Refund,
    Settlement,
}

impl Sandbox {
    /// Adds a customer with a zero fee config to the first client, without counting an effect.
    /// Returns its `clientId`.
    pub fn add_customer(&self) -> i64 {
        self.gateway.add_customer()
    }

    /// Sets the status of a customer's KYB to any string.
    ///
    /// # Errors
    ///
    /// Fails if there is no such customer.
    pub fn set_kyb_status(
        &self,
        client_id: i64,
        status: impl Into<String>,
    ) -> Result<(), UnknownRecord> {
        let key = client_id.to_string();
        self.gateway
            .set_status(RecordKind::Kyb, &key, &status.into())
    }

    /// Sets the status of a trade, such as `Pending`, or to any other string to test a client with
    /// undocumented values. `Completed` transfers its money. The key is its `requestId` or `txNo`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such trade.
    pub fn set_trade_status(
        &self,
        key: &str,
        status: impl Into<String>,
    ) -> Result<(), UnknownRecord> {
        self.gateway
            .set_status(RecordKind::Trade, key, &status.into())
    }

    /// Sets the status of a checkout order, such as `PAID`, or to any other string. It transfers
    /// no money; [`pay_order`](Self::pay_order) does.
    ///
    /// # Errors
    ///
    /// Fails if there is no such order.
    pub fn set_order_status(
        &self,
        order_no: &str,
        status: impl Into<String>,
    ) -> Result<(), UnknownRecord> {
        self.gateway
            .set_status(RecordKind::Order, order_no, &status.into())
    }

    /// Sets the status of a settlement order to any string. `SETTLED` transfers its money, even if
    /// the merchant does not hold it.
    ///
    /// # Errors
    ///
    /// Fails if there is no such settlement order.
    pub fn set_settlement_status(
        &self,
        settlement_order_no: &str,
        status: impl Into<String>,
    ) -> Result<(), UnknownRecord> {
        let kind = RecordKind::Settlement;
        self.gateway
            .set_status(kind, settlement_order_no, &status.into())
    }

    /// Sets the status of a refund order to any string. `REFUNDED` transfers its money and updates
    /// its order or abnormal payment.
    ///
    /// # Errors
    ///
    /// Fails if there is no such refund order.
    pub fn set_refund_status(
        &self,
        refund_order_no: &str,
        status: impl Into<String>,
    ) -> Result<(), UnknownRecord> {
        let kind = RecordKind::Refund;
        self.gateway
            .set_status(kind, refund_order_no, &status.into())
    }

    /// Pays a checkout order with an amount in coins, of which six decimal places count. An amount
    /// that is not positive does nothing. An unpaid order becomes `PAID` if the amount is
    /// sufficient. An excess, or the whole of an insufficient or late payment, becomes an abnormal
    /// payment, whose number is returned.
    ///
    /// # Errors
    ///
    /// Fails if there is no such order.
    pub fn pay_order(
        &self,
        order_no: &str,
        amount: Decimal,
        tx_hash: &str,
    ) -> Result<Option<String>, UnknownRecord> {
        self.gateway.pay_order(order_no, amount, tx_hash)
    }

    /// Adds coins to the deposit address of a customer, in any amount, currency and network.
    /// Returns the id of the receive transaction.
    ///
    /// # Errors
    ///
    /// Fails if there is no such customer.
    pub fn deposit(
        &self,
        client_id: i64,
        (currency, network): (&str, &str),
        amount: Decimal,
    ) -> Result<i64, UnknownRecord> {
        self.gateway.deposit(client_id, (currency, network), amount)
    }

    /// Returns the uploaded files of all clients, ordered by id.
    #[must_use]
    pub fn files(&self) -> Vec<UploadedFile> {
        let mut files = Vec::new();
        for client in 0..self.gateway.clients.len() {
            files.extend(self.gateway.ledger(client).files.values().cloned());
        }
        files.sort_by_key(|file| file.id);
        files
    }
}

impl GatewayState {
    pub(crate) fn add_customer(&self) -> i64 {
        let id = self.new_id();
        let customer = Customer {
            id,
            profile: CustomerProfile {
                email: format!("customer{id}@example.com"),
                full_name: format!("Customer {id}"),
                country: "VGB".to_owned(),
                city: "Tortola".to_owned(),
                postal_code: "VG1110".to_owned(),
            },
            kyb_status: Customer::NO_KYB.to_owned(),
        };
        let mut ledger = self.ledger(0);
        ledger.customers.insert(id, customer);
        ledger.fee_configs.insert(id, FeeConfig::default());
        id
    }

    pub(crate) fn set_status(
        &self,
        kind: RecordKind,
        key: &str,
        status: &str,
    ) -> Result<(), UnknownRecord> {
        match kind {
            RecordKind::Kyb => self.change_record("customer", |ledger, now| {
                ledger.set_kyb_status(key.parse().ok()?, status, now)
            }),
            RecordKind::Trade => self.change_record("trade", |ledger, now| {
                let mut trades = ledger.trades.values().rev();
                let trade = trades.find(|it| it.request_id == key || it.tx_no == key)?;
                ledger.set_trade_status(trade.id, status, now)
            }),
            RecordKind::Order => self.change_record("order", |ledger, now| {
                ledger.set_order_status(key, status, now)
            }),
            RecordKind::Refund => self.change_record("refund order", |ledger, now| {
                ledger.set_refund_status(key, status, now)
            }),
            RecordKind::Settlement => self.change_record("settlement order", |ledger, now| {
                ledger.set_settlement_status(key, status, now)
            }),
        }
    }

    pub(crate) fn pay_order(
        &self,
        order_no: &str,
        amount: Decimal,
        tx_hash: &str,
    ) -> Result<Option<String>, UnknownRecord> {
        let number = format!("AP{}", self.new_id());
        self.change_record("order", |ledger, now| {
            ledger.pay_order(order_no, amount, tx_hash, (&number, now))
        })
    }

    pub(crate) fn deposit(
        &self,
        client_id: i64,
        (currency, network): (&str, &str),
        amount: Decimal,
    ) -> Result<i64, UnknownRecord> {
        let id = self.new_id();
        self.change_record("customer", |ledger, now| {
            ledger.customers.get(&client_id)?;
            let deposit = Deposit {
                id,
                client_id,
                currency: currency.to_owned(),
                network: network.to_owned(),
                amount,
                address: deposit_address(client_id, currency, network),
                created_at: now,
            };
            ledger.deposits.insert(id, deposit);
            let accounts = (LedgerAccount::External, LedgerAccount::Customers);
            ledger.balances.transfer(accounts, currency, amount);
            Some(id)
        })
    }

    /// Applies a change to the ledger of the first client for which it returns a value.
    fn change_record<T>(
        &self,
        kind: &'static str,
        mut change: impl FnMut(&mut Ledger, i64) -> Option<T>,
    ) -> Result<T, UnknownRecord> {
        let now = self.clock.now_millis();
        (0..self.clients.len())
            .find_map(|client| change(&mut self.ledger(client), now))
            .ok_or(UnknownRecord { kind })
    }
}
