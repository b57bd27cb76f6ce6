//! A sandbox that holds one record of each kind for the tests to act on.

use serde_json::json;
use stablelink::types::{CreateRemitRequest, UpdateRemitRequest};
use stablelink::{Client, NewCheckoutOrder, NewRefund, NewSettlement, NewTrade, request_id};
use stablelink_sandbox::SandboxSettings;

use crate::test_env::{RawData as _, TestEnv, money, of};

pub(crate) struct Fixtures {
    pub(crate) env: TestEnv,
    /// A customer with a fee configuration.
    pub(crate) customer: i64,
    /// A customer without a fee configuration.
    pub(crate) bare_customer: i64,
    pub(crate) trade: String,
    pub(crate) tx_no: String,
    pub(crate) deposit: i64,
    pub(crate) remit: i64,
    /// An unpaid order.
    pub(crate) order: String,
    /// An order that was paid in full: 3.03 coins.
    pub(crate) paid_order: String,
    /// An order that was overpaid by one coin.
    pub(crate) overpaid_order: String,
    pub(crate) refund: String,
    pub(crate) settlement: String,
}

/// Transaction hash of the overpayment.
pub(crate) const OVERPAYMENT_HASH: &str = "0x02";

pub(crate) fn trade(customer: i64) -> NewTrade {
    NewTrade::on_ramp(customer, "USD", "USDC", money("120"))
}

/// Returns an order request of 3.03 coins.
pub(crate) fn order() -> NewCheckoutOrder {
    NewCheckoutOrder::usd(money("3"), "ETH_USDT", "6".into(), "1".into())
}

pub(crate) fn settlement(order: &str, amount: &str) -> NewSettlement {
    let address = "0x0000000000000000000000000000000000000001";
    NewSettlement::new(money(amount), "ETH_USDT", address, "1".into(), [order])
}

pub(crate) fn remit() -> CreateRemitRequest {
    of(json!({
        "requestId": request_id(), "beneficiaryName": "Example Limited", "beneficiaryAddress": "1 Example Road",
        "beneficiaryBankCountry": "VGB", "beneficiaryBankName": "Example Bank", "beneficiaryAccount": "0000000000",
        "currency": "USD", "bankType": "SWIFT", "beneficiaryBankSwiftCode": "EXAMVGVG",
        "beneficiaryBankAddress": "2 Example Road", "isIntermediaryRequired": false,
    }))
}

pub(crate) fn changed_remit(id: i64, name: &str) -> UpdateRemitRequest {
    let mut request = serde_json::to_value(remit()).unwrap();
    request["id"] = json!(id);
    request["beneficiaryName"] = json!(name);
    of(request)
}

impl Fixtures {
    /// Returns fixtures for calls that fail before they are sent: the records do not exist.
    pub(crate) fn without_records(env: TestEnv) -> Self {
        let number = || "1".to_owned();
        Self {
            env,
            customer: 1,
            bare_customer: 1,
            trade: number(),
            tx_no: number(),
            deposit: 1,
            remit: 1,
            order: number(),
            paid_order: number(),
            overpaid_order: number(),
            refund: number(),
            settlement: number(),
        }
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.env.client
    }

    pub(crate) async fn create(change: impl FnOnce(&mut SandboxSettings)) -> Self {
        let env = TestEnv::with_settings(change).await;
        let (sandbox, client) = (&env.sandbox, &env.client);
        let customer = sandbox.add_customer();
        let user = of(json!({"email": "a@example.com", "fullName": "A", "country": "VGB"}));
        let user = client.users().create(user).await.unwrap().data();
        let trade = trade(customer);
        let created = client.trades().create(&trade).await.unwrap();
        let coins = ("USDC", "ethereum");
        let deposit = sandbox.deposit(customer, coins, money("7.5")).unwrap();
        let remit = client.remits().create(&remit()).await.unwrap().data();
        let mut orders = Vec::new();
        for paid in ["0", "3.03", "4.03"] {
            let order = order();
            client.checkout_orders().create(&order).await.unwrap();
            let number = order.order_no();
            sandbox
                .pay_order(number, money(paid), OVERPAYMENT_HASH)
                .unwrap();
            orders.push(number.to_owned());
        }
        let [order, paid_order, overpaid_order] = orders.try_into().unwrap();
        let refund = NewRefund::of_order(&paid_order, money("1"));
        client.refunds().create(&refund).await.unwrap();
        let settlement = settlement(&paid_order, "1");
        client.settlements().create(&settlement).await.unwrap();
        Self {
            customer,
            bare_customer: user["id"].as_i64().unwrap(),
            trade: trade.request_id().to_owned(),
            tx_no: created.tx_no.clone().unwrap(),
            deposit,
            remit: remit["id"].as_i64().unwrap(),
            order,
            paid_order,
            overpaid_order,
            refund: refund.refund_order_no().to_owned(),
            settlement: settlement.settlement_order_no().to_owned(),
            env,
        }
    }
}
