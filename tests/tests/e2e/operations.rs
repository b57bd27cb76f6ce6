//! Every operation of the document, through the client.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stablelink::{NewAbnormalPaymentRefund, NewFiatSettlement, NewRefund, RetryPolicy, operations};
use stablelink_sandbox::{Operation, SandboxSettings};

use crate::scene::{HASH, Scene, changed_remit, order, remit, settlement, trade};
use crate::stage::{Outcome, all_well, builder, money, of, outcome};

type Case = fn(&Scene) -> Outcome;

/// One call of each operation, which succeeds on a [`Scene`] whatever was called before.
const CASES: [(Operation, Case); 39] = [
    (Operation::IssueAccessToken, |scene| {
        let client = builder(&scene.stage.sandbox).build().unwrap();
        Box::pin(async move { client.token().await.map(drop) })
    }),
    (Operation::CreateUser, |scene| {
        let user = of(json!({"email": "b@example.com", "fullName": "B", "country": "VGB"}));
        outcome(scene.client().users().create(user))
    }),
    (Operation::SubmitKyb, |scene| {
        let review = of(json!({"clientId": scene.customer, "agreeToAuthorize": "Yes"}));
        outcome(scene.client().kyb().submit(review))
    }),
    (Operation::GetUser, |scene| {
        let users = scene.client().users();
        outcome(users.get(Some(scene.customer)))
    }),
    (Operation::SubmitSimpleKyb, |scene| {
        let review = of(json!({"clientId": scene.bare_customer}));
        outcome(scene.client().kyb().submit_simple(review))
    }),
    (Operation::UpdateFeeConfig, |scene| {
        let config = of(json!({"clientId": scene.customer, "developerRate": 0.01}));
        outcome(scene.client().fee_configs().update(config))
    }),
    (Operation::GetExchangeRate, |scene| {
        let rates = scene.client().exchange_rates();
        outcome(rates.quote("USDT", "USD").amount(money("358.79")))
    }),
    (Operation::CreateFeeConfig, |scene| {
        let config = of(json!({"clientId": scene.bare_customer, "developerFixAmount": 1.5}));
        outcome(scene.client().fee_configs().create(config))
    }),
    (Operation::GetFeeConfig, |scene| {
        let configs = scene.client().fee_configs();
        outcome(configs.get(Some(scene.customer)))
    }),
    (Operation::CreateTrade, |scene| {
        let trades = scene.client().trades();
        outcome(trades.create(&trade(scene.customer)))
    }),
    (Operation::ConfirmTransaction, |scene| {
        let confirmation = of(json!({"txNo": scene.tx_no}));
        outcome(scene.client().trades().confirm(confirmation))
    }),
    (Operation::GetTrade, |scene| {
        outcome(scene.client().trades().get(&scene.trade))
    }),
    (Operation::GetTransaction, |scene| {
        outcome(scene.client().trades().transaction(&scene.tx_no))
    }),
    (Operation::GetDepositAddress, |scene| {
        let trades = scene.client().trades();
        outcome(trades.deposit_address(scene.customer, "USDC", "ethereum"))
    }),
    (Operation::ListReceiveTransactions, |scene| {
        let trades = scene.client().trades();
        outcome(trades.receive_transactions(Some(scene.customer)))
    }),
    (Operation::GetReceiveTransaction, |scene| {
        outcome(scene.client().trades().receive_transaction(scene.deposit))
    }),
    (Operation::ListTrades, |scene| {
        outcome(scene.client().trades().list(Some(scene.customer)))
    }),
    (Operation::SimulateEvent, |scene| {
        let event = of(json!({"event": "e1", "remark": "r"}));
        outcome(scene.client().webhook_events().simulate(event))
    }),
    (Operation::ListEvents, |scene| {
        outcome(scene.client().webhook_events().list(of(json!({}))))
    }),
    (Operation::CreateCheckoutOrder, |scene| {
        outcome(scene.client().checkout_orders().create(&order()))
    }),
    (Operation::GetCheckoutOrder, |scene| {
        outcome(scene.client().checkout_orders().get(&scene.order))
    }),
    (Operation::CancelCheckoutOrder, |scene| {
        outcome(scene.client().checkout_orders().cancel(&scene.order))
    }),
    (Operation::CreateSettlementOrder, |scene| {
        let order = settlement(&scene.paid_order, "0.5");
        outcome(scene.client().settlements().create(&order))
    }),
    (Operation::CreateAbnormalPaymentRefund, |scene| {
        let refund = NewAbnormalPaymentRefund::new(&scene.overpaid_order, "ETH_USDT", HASH);
        let refunds = scene.client().refunds();
        outcome(refunds.create_of_abnormal_payment(&refund))
    }),
    (Operation::ListCheckoutOrders, |scene| {
        outcome(scene.client().checkout_orders().list(of(json!({}))))
    }),
    (Operation::CreateFiatSettlementOrder, |scene| {
        let order = NewFiatSettlement::new(serde_json::Map::new());
        outcome(scene.client().settlements().create_fiat(&order))
    }),
    (Operation::CancelSettlementOrder, |scene| {
        outcome(scene.client().settlements().cancel(&scene.settlement))
    }),
    (Operation::GetSettlementOrder, |scene| {
        outcome(scene.client().settlements().get(&scene.settlement))
    }),
    (Operation::ListSettlementOrders, |scene| {
        outcome(scene.client().settlements().list(of(json!({}))))
    }),
    (Operation::ListAbnormalPayments, |scene| {
        let refunds = scene.client().refunds();
        outcome(refunds.list_abnormal_payments(of(json!({}))))
    }),
    (Operation::CreateRefundOrder, |scene| {
        let refund = NewRefund::of_order(&scene.paid_order, money("0.5"));
        outcome(scene.client().refunds().create(&refund))
    }),
    (Operation::CancelRefundOrder, |scene| {
        outcome(scene.client().refunds().cancel(&scene.refund))
    }),
    (Operation::GetRefundOrder, |scene| {
        outcome(scene.client().refunds().get(&scene.refund))
    }),
    (Operation::ListRefundOrders, |scene| {
        outcome(scene.client().refunds().list(of(json!({}))))
    }),
    (Operation::CreateRemit, |scene| {
        outcome(scene.client().remits().create(&remit()))
    }),
    (Operation::UpdateRemit, |scene| {
        let account = changed_remit(scene.remit, "Other Limited");
        outcome(scene.client().remits().update(&account))
    }),
    (Operation::ListRemits, |scene| {
        outcome(scene.client().remits().list(of(json!({}))))
    }),
    (Operation::GetRemit, |scene| {
        outcome(scene.client().remits().get(scene.remit))
    }),
    (Operation::UploadFile, |scene| {
        let files = scene.client().files();
        outcome(files.upload_bytes("receipt.pdf", &b"%PDF-1.7"[..]).scene(1))
    }),
];

/// Calls every operation on a gateway of these settings.
pub(crate) async fn call_all(name: &str, change: impl FnOnce(&mut SandboxSettings)) -> Scene {
    let scene = Scene::set(change).await;
    for (operation, call) in CASES {
        let before = scene.stage.sandbox.request_count();
        let effects = scene.stage.sandbox.effects().total(operation);
        if let Err(error) = call(&scene).await {
            panic!("{name}: {operation}: {error:?}");
        }
        let requests = scene.stage.sandbox.requests();
        let last = requests.last().unwrap();
        assert_eq!(
            scene.stage.sandbox.request_count(),
            before + 1,
            "{name}: {operation}"
        );
        assert_eq!(last.operation, Some(operation), "{name}");
        assert_eq!(last.retcode, Some("200"), "{name}: {operation}");
        let made = scene.stage.sandbox.effects().total(operation) - effects;
        assert_eq!(
            made,
            u64::from(has_effect(operation)),
            "{name}: {operation}"
        );
        if operation == Operation::IssueAccessToken {
            // That of the scene has ended with it: its next call finds that out, and nobody else is to be counted.
            let quote = scene.client().exchange_rates().quote("USDT", "USD");
            quote.amount(money("1")).await.unwrap();
        }
    }
    all_well(&scene.stage.sandbox);
    scene
}

/// Whether an operation makes or changes a record: those that only read may be repeated freely, except for one that
/// asks for a token.
fn has_effect(operation: Operation) -> bool {
    let facts = operations::ALL
        .iter()
        .find(|facts| facts.path == operation.path());
    let facts = facts.unwrap();
    let reads = facts.retry == operations::Retry::Safe;
    !reads && operation != Operation::IssueAccessToken
}

#[tokio::test]
async fn each_succeeds() {
    call_all("as it is", |_| {}).await;
}

/// The table of cases is that of the document, of the client, and of the gateway: a new operation has to have its case.
#[test]
fn none_is_left_out() {
    let cases: BTreeSet<(String, String)> = CASES
        .iter()
        .map(|(operation, _)| (operation.method().to_string(), operation.path().to_owned()))
        .collect();
    assert_eq!(cases.len(), CASES.len(), "a case stands twice");

    let path = stablelink_tests::root().join("spec/openapi.provisional.json");
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation.get("operationId").is_some() {
                documented.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    assert_eq!(cases, documented);
    let of_client: BTreeSet<_> = operations::ALL
        .iter()
        .map(|facts| (facts.method.to_owned(), facts.path.to_owned()))
        .collect();
    assert_eq!(cases, of_client);
}

/// Nothing of this needs a repeat: a client that never repeats is enough.
#[tokio::test]
async fn a_client_without_repeats_is_enough() {
    let scene = Scene::set(|_| {}).await;
    let client = builder(&scene.stage.sandbox)
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    client
        .trades()
        .create(&trade(scene.customer))
        .await
        .unwrap();
    client.checkout_orders().create(&order()).await.unwrap();
    scene.stage.end();
}
