//! Every operation of the document, called through the client: with a hand-written case where there is one, and otherwise with
//! fields that the document allows.

use std::collections::BTreeSet;
use std::process::ExitCode;

use serde_json::{Value, json};
use stablelink::{
    Client, NewAbnormalPaymentRefund, NewFiatSettlement, NewRefund, RetryPolicy, operations,
};
use stablelink_sandbox::{Sandbox, SandboxOperation, SandboxSettings};

use crate::fixtures::{Fixtures, OVERPAYMENT_HASH, changed_remit, order, remit, settlement, trade};
use crate::test_env::{BoxedCall, TestEnv, assert_consistent, boxed, builder, money, of};

type Case = fn(&Fixtures) -> BoxedCall;

/// One call of each operation that succeeds with [`Fixtures`], independent of order.
const CASES: [(SandboxOperation, Case); 39] = [
    (SandboxOperation::IssueAccessToken, |fixtures| {
        let client = builder(&fixtures.env.sandbox).build().unwrap();
        Box::pin(async move { client.token().await.map(drop) })
    }),
    (SandboxOperation::CreateUser, |fixtures| {
        let user = of(json!({"email": "b@example.com", "fullName": "B", "country": "VGB"}));
        boxed(fixtures.client().users().create(user))
    }),
    (SandboxOperation::SubmitKyb, |fixtures| {
        let review = of(json!({"clientId": fixtures.customer, "agreeToAuthorize": "Yes"}));
        boxed(fixtures.client().kyb().submit(review))
    }),
    (SandboxOperation::GetUser, |fixtures| {
        let users = fixtures.client().users();
        boxed(users.get(Some(fixtures.customer)))
    }),
    (SandboxOperation::SubmitSimpleKyb, |fixtures| {
        let review = of(json!({"clientId": fixtures.bare_customer}));
        boxed(fixtures.client().kyb().submit_simple(review))
    }),
    (SandboxOperation::UpdateFeeConfig, |fixtures| {
        let config = of(json!({"clientId": fixtures.customer, "developerRate": 0.01}));
        boxed(fixtures.client().fee_configs().update(config))
    }),
    (SandboxOperation::GetExchangeRate, |fixtures| {
        let rates = fixtures.client().exchange_rates();
        boxed(rates.quote("USDT", "USD").amount(money("358.79")))
    }),
    (SandboxOperation::CreateFeeConfig, |fixtures| {
        let config = of(json!({"clientId": fixtures.bare_customer, "developerFixAmount": 1.5}));
        boxed(fixtures.client().fee_configs().create(config))
    }),
    (SandboxOperation::GetFeeConfig, |fixtures| {
        let configs = fixtures.client().fee_configs();
        boxed(configs.get(Some(fixtures.customer)))
    }),
    (SandboxOperation::CreateTrade, |fixtures| {
        let trades = fixtures.client().trades();
        boxed(trades.create(&trade(fixtures.customer)))
    }),
    (SandboxOperation::ConfirmTransaction, |fixtures| {
        let confirmation = of(json!({"txNo": fixtures.tx_no}));
        boxed(fixtures.client().trades().confirm(confirmation))
    }),
    (SandboxOperation::GetTrade, |fixtures| {
        boxed(fixtures.client().trades().get(&fixtures.trade))
    }),
    (SandboxOperation::GetTransaction, |fixtures| {
        boxed(fixtures.client().trades().transaction(&fixtures.tx_no))
    }),
    (SandboxOperation::GetDepositAddress, |fixtures| {
        let trades = fixtures.client().trades();
        boxed(trades.deposit_address(fixtures.customer, "USDC", "ethereum"))
    }),
    (SandboxOperation::ListReceiveTransactions, |fixtures| {
        let trades = fixtures.client().trades();
        boxed(trades.receive_transactions().client_id(fixtures.customer))
    }),
    (SandboxOperation::GetReceiveTransaction, |fixtures| {
        boxed(
            fixtures
                .client()
                .trades()
                .receive_transaction(fixtures.deposit),
        )
    }),
    (SandboxOperation::ListTrades, |fixtures| {
        boxed(
            fixtures
                .client()
                .trades()
                .list()
                .client_id(fixtures.customer),
        )
    }),
    (SandboxOperation::SimulateEvent, |fixtures| {
        let event = of(json!({"event": "e1", "remark": "r"}));
        boxed(fixtures.client().webhook_events().simulate(event))
    }),
    (SandboxOperation::ListEvents, |fixtures| {
        boxed(fixtures.client().webhook_events().list())
    }),
    (SandboxOperation::CreateCheckoutOrder, |fixtures| {
        boxed(fixtures.client().checkout_orders().create(&order()))
    }),
    (SandboxOperation::GetCheckoutOrder, |fixtures| {
        boxed(fixtures.client().checkout_orders().get(&fixtures.order))
    }),
    (SandboxOperation::CancelCheckoutOrder, |fixtures| {
        boxed(fixtures.client().checkout_orders().cancel(&fixtures.order))
    }),
    (SandboxOperation::CreateSettlementOrder, |fixtures| {
        let order = settlement(&fixtures.paid_order, "0.5");
        boxed(fixtures.client().settlements().create(&order))
    }),
    (SandboxOperation::CreateAbnormalPaymentRefund, |fixtures| {
        let refund = NewAbnormalPaymentRefund::new(
            stablelink::OrderNo::from(&fixtures.overpaid_order),
            "ETH_USDT",
            OVERPAYMENT_HASH,
        );
        let refunds = fixtures.client().refunds();
        boxed(refunds.create_for_abnormal_payment(&refund))
    }),
    (SandboxOperation::ListCheckoutOrders, |fixtures| {
        boxed(fixtures.client().checkout_orders().list())
    }),
    (SandboxOperation::CreateFiatSettlementOrder, |fixtures| {
        let order = NewFiatSettlement::new(serde_json::Map::new());
        boxed(fixtures.client().settlements().create_fiat(&order))
    }),
    (SandboxOperation::CancelSettlementOrder, |fixtures| {
        boxed(fixtures.client().settlements().cancel(&fixtures.settlement))
    }),
    (SandboxOperation::GetSettlementOrder, |fixtures| {
        boxed(fixtures.client().settlements().get(&fixtures.settlement))
    }),
    (SandboxOperation::ListSettlementOrders, |fixtures| {
        boxed(fixtures.client().settlements().list())
    }),
    (SandboxOperation::ListAbnormalPayments, |fixtures| {
        let refunds = fixtures.client().refunds();
        boxed(refunds.list_abnormal_payments())
    }),
    (SandboxOperation::CreateRefundOrder, |fixtures| {
        let refund = NewRefund::of_order(&fixtures.paid_order, money("0.5"));
        boxed(fixtures.client().refunds().create(&refund))
    }),
    (SandboxOperation::CancelRefundOrder, |fixtures| {
        boxed(fixtures.client().refunds().cancel(&fixtures.refund))
    }),
    (SandboxOperation::GetRefundOrder, |fixtures| {
        boxed(fixtures.client().refunds().get(&fixtures.refund))
    }),
    (SandboxOperation::ListRefundOrders, |fixtures| {
        boxed(fixtures.client().refunds().list())
    }),
    (SandboxOperation::CreateRemit, |fixtures| {
        boxed(fixtures.client().remits().create(&remit()))
    }),
    (SandboxOperation::UpdateRemit, |fixtures| {
        let account = changed_remit(fixtures.remit, "Other Limited");
        boxed(fixtures.client().remits().update(&account))
    }),
    (SandboxOperation::ListRemits, |fixtures| {
        boxed(fixtures.client().remits().list())
    }),
    (SandboxOperation::GetRemit, |fixtures| {
        boxed(fixtures.client().remits().get(fixtures.remit))
    }),
    (SandboxOperation::UploadFile, |fixtures| {
        let files = fixtures.client().files();
        boxed(files.upload_bytes("receipt.pdf", &b"%PDF-1.7"[..]).scene(1))
    }),
];

/// Calls every operation of a sandbox with these settings.
pub(crate) async fn call_all(name: &str, change: impl FnOnce(&mut SandboxSettings)) -> Fixtures {
    let fixtures = Fixtures::create(change).await;
    for (operation, call) in CASES {
        // The operation was removed from the document.
        if operation.path().is_empty() {
            continue;
        }
        let before = fixtures.env.sandbox.request_count();
        let effects = fixtures.env.sandbox.effects().total(operation);
        if let Err(error) = call(&fixtures).await {
            panic!("{name}: {operation}: {error:?}");
        }
        let requests = fixtures.env.sandbox.requests();
        let last = requests.last().unwrap();
        assert_eq!(
            fixtures.env.sandbox.request_count(),
            before + 1,
            "{name}: {operation}"
        );
        assert_eq!(last.operation, Some(operation), "{name}");
        assert_eq!(last.retcode, Some("200"), "{name}: {operation}");
        let made = fixtures.env.sandbox.effects().total(operation) - effects;
        assert_eq!(
            made,
            u64::from(has_effect(operation)),
            "{name}: {operation}"
        );
        if operation == SandboxOperation::IssueAccessToken {
            // The new token invalidated the client's token. This call refreshes it, so that no later case sends two requests.
            let quote = fixtures.client().exchange_rates().quote("USDT", "USD");
            quote.amount(money("1")).await.unwrap();
        }
    }
    assert_consistent(&fixtures.env.sandbox);
    fixtures
}

/// Returns whether an operation creates or changes a record. Safe operations do not, nor does the token request.
fn has_effect(operation: SandboxOperation) -> bool {
    let facts = operations::ALL
        .iter()
        .find(|facts| facts.path == operation.path());
    let facts = facts.unwrap();
    let reads = facts.retry == operations::RetrySafety::Safe;
    !reads && operation != SandboxOperation::IssueAccessToken
}

#[tokio::test]
async fn every_operation_succeeds() {
    call_all("default settings", |_| {}).await;
}

/// Calls an operation by its id, with fields that the document allows.
async fn call_by_id(client: &Client, operation: SandboxOperation) {
    let fields = operation.sample_request();
    if let Err(error) = client.operation(operation.id()).json(&fields).await {
        // A record from the document may lack the requested number, and is then not the requested record.
        let is_unnumbered = operation == SandboxOperation::GetCheckoutOrder
            && error
                .to_string()
                .contains("`retdata.orderNo`: it is missing");
        assert!(is_unnumbered, "{operation}: {error:?}");
    }
}

/// Returns the ids, methods and paths of all operations in the document.
fn documented() -> BTreeSet<(String, String, String)> {
    let path = stablelink_tests::root().join("spec/openapi.provisional.json");
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if let Some(id) = operation["operationId"].as_str() {
                documented.insert((id.to_owned(), method.to_uppercase(), path.clone()));
            }
        }
    }
    documented
}

/// Returns the ids, methods and paths of the operations that the sandbox received and accepted.
fn accepted(sandbox: &Sandbox) -> BTreeSet<(String, String, String)> {
    let requests = sandbox.requests().into_iter();
    let accepted = requests.filter(|request| request.retcode == Some("200"));
    let accepted = accepted.filter_map(|request| request.operation);
    accepted
        .map(|it| {
            (
                it.id().to_owned(),
                it.method().to_string(),
                it.path().to_owned(),
            )
        })
        .collect()
}

/// A new operation of the document needs no case: it is called by its id.
#[tokio::test]
async fn walk_reaches_every_operation() {
    let cases: BTreeSet<_> = CASES.iter().map(|(operation, _)| operation.id()).collect();
    assert_eq!(cases.len(), CASES.len(), "an operation has two cases");
    let fixtures = call_all("walk", |_| {}).await;
    for operation in SandboxOperation::all() {
        if !CASES.iter().any(|(case, _)| *case == operation) {
            call_by_id(fixtures.client(), operation).await;
        }
    }
    let sandbox = &fixtures.env.sandbox;
    assert_eq!(accepted(sandbox), documented());
    assert_consistent(sandbox);
    // The client has the same operations.
    let of_client: BTreeSet<_> = operations::ALL
        .iter()
        .map(|info| {
            (
                info.operation_id.to_owned(),
                info.method.to_owned(),
                info.path.to_owned(),
            )
        })
        .collect();
    assert_eq!(of_client, documented());
}

/// Without hand-written cases: each operation is called by its id, and the sandbox responds from the document. An upload has no
/// call by its id.
#[tokio::test]
async fn walk_by_the_document_reaches_every_operation() {
    let env = TestEnv::with_settings(|settings| settings.respond_from_document = true).await;
    let is_form = |operation: &SandboxOperation| *operation == SandboxOperation::UploadFile;
    for operation in SandboxOperation::all().filter(|it| !is_form(it)) {
        if operation != SandboxOperation::IssueAccessToken {
            call_by_id(&env.client, operation).await;
        }
    }
    let mut expected = documented();
    expected.retain(|(id, _, _)| *id != SandboxOperation::UploadFile.id());
    assert_eq!(accepted(&env.sandbox), expected);
    env.finish();
}

/// The test `live_site` runs this with a document that was regenerated from other pages.
#[test]
fn demo_of_the_cli_passes() {
    let code = stablelink_cli::main(["stablelink", "demo"].map(Into::into));
    assert_eq!(code, ExitCode::SUCCESS);
}

/// The test `live_site` runs this with pages whose fields differ from those of the methods. Without such pages no method is
/// outdated.
#[tokio::test]
async fn outdated_method_fails_before_anything_is_sent() {
    let fixtures = Fixtures::without_records(TestEnv::start().await);
    for (operation, call) in CASES {
        let info = operations::ALL
            .iter()
            .find(|info| info.operation_id == operation.id());
        if info.is_some_and(|info| info.outdated_method) {
            let error = call(&fixtures).await.unwrap_err();
            assert!(
                error.to_string().contains("other fields than"),
                "{operation}: {error}"
            );
            assert!(!error.is_ambiguous(), "{operation}");
        }
    }
    assert_eq!(fixtures.env.sandbox.request_count(), 0);
}

#[tokio::test]
async fn client_without_retries_succeeds() {
    let fixtures = Fixtures::create(|_| {}).await;
    let client = builder(&fixtures.env.sandbox)
        .retry(RetryPolicy::default().max_attempts(1))
        .build()
        .unwrap();
    client
        .trades()
        .create(&trade(fixtures.customer))
        .await
        .unwrap();
    client.checkout_orders().create(&order()).await.unwrap();
    fixtures.env.finish();
}
