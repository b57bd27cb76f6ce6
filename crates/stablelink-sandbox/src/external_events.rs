//! Changes of records that calls do not cause: payments, reviews, deposits, and statuses that a
//! test sets.

use rust_decimal::Decimal;

use crate::gateway::GatewayState;
use crate::ledger::{
    Customer, CustomerProfile, Deposit, FeeConfig, Ledger, LedgerAccount, RecordKey,
    deposit_address,
};

/// The sandbox has no record with this key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sandbox has no {kind} with this number")]
pub struct UnknownRecord {
    pub(crate) kind: &'static str,
}

/// A kind of record whose status can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SandboxRecordKind {
    /// The KYB of a customer. The key is the `clientId`.
    Kyb,
    /// A trade. The key is its `requestId` or `txNo`. `Completed` transfers the amount of the
    /// trade.
    Trade,
    /// A checkout order. The key is its `orderNo`. No status transfers money;
    /// [`Sandbox::pay_order`](crate::Sandbox::pay_order) does.
    Order,
    /// A refund order. The key is its `refundOrderNo`. `REFUNDED` transfers the refunded amount and
    /// updates the order or the abnormal payment.
    Refund,
    /// A settlement order. The key is its `settlementOrderNo`. `SETTLED` transfers the amount, even
    /// if the balance of the merchant is lower.
    Settlement,
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
        kind: SandboxRecordKind,
        key: &str,
        status: &str,
    ) -> Result<(), UnknownRecord> {
        use SandboxRecordKind as Kind;

        let name = match kind {
            Kind::Kyb => "customer",
            Kind::Trade => "trade",
            Kind::Order => "order",
            Kind::Refund => "refund order",
            Kind::Settlement => "settlement order",
        };
        self.change_record(name, |ledger, now| {
            let record = match kind {
                Kind::Kyb => RecordKey::Kyb(key.parse().ok()?),
                Kind::Trade => {
                    let mut trades = ledger.trades.values().rev();
                    let trade = trades.find(|it| it.request_id == key || it.tx_no == key)?;
                    RecordKey::Trade(trade.id)
                }
                Kind::Order => RecordKey::Order(key.to_owned()),
                Kind::Refund => RecordKey::Refund(key.to_owned()),
                Kind::Settlement => RecordKey::Settlement(key.to_owned()),
            };
            ledger.set_status(&record, status, now)
        })
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
