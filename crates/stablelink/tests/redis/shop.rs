//! The example `shop` with a local sandbox and a real Redis: nothing is paid, shipped or refunded twice, and nothing is lost.
#![allow(unreachable_pub, reason = "the example is a program of its own")]

#[path = "../../examples/shop/order_book.rs"]
mod order_book;
#[allow(clippy::module_inception, reason = "the name of the example's file")]
#[path = "../../examples/shop/shop.rs"]
mod shop;
#[path = "../../examples/support/mod.rs"]
mod support;
#[path = "../../examples/shop/web.rs"]
mod web;

use std::time::Duration;

use secrecy::ExposeSecret;
use stablelink::{
    Client, Credentials, CustomerId, Decimal, Environment, MerchantId, NewCheckoutOrder,
    NewSettlement, RedisConnection, RetryPolicy,
};
use stablelink_sandbox::{Fault, Sandbox, SandboxOperation, SandboxRecordKind};

use crate::redis_server::RedisServer;
use order_book::{OrderBook, Transfer};
use shop::{Checkout, Shop};

const CREATE: SandboxOperation = SandboxOperation::CreateCheckoutOrder;
const READ: SandboxOperation = SandboxOperation::GetCheckoutOrder;

/// A rejection by the gateway, which proves that nothing was created.
const REJECTED: &str = r#"{"retcode":"00008","retmsg":"token is invalid","success":false}"#;

/// A rejection of the network address of the caller.
const ADDRESS: &str = r#"{"retcode":"00009","retmsg":"ip not matched: 192.0.2.1","success":false}"#;

/// A shop that listens to the webhooks of its sandbox.
async fn start() -> (RedisServer, Sandbox, Shop) {
    crate::watch::listen();
    let redis = RedisServer::start();
    let sandbox = Sandbox::start().await.unwrap();
    let secrets = sandbox.credentials();
    let credentials = Credentials::new(
        secrets.api_key().expose_secret(),
        secrets.api_secret().expose_secret(),
        secrets.sign_key().expose_secret(),
    );
    let environment = Environment::at(sandbox.url()).unwrap();
    let client = Client::builder()
        .environment(environment.clone())
        .credentials(credentials.clone())
        .retry(RetryPolicy::default().initial_backoff(Duration::ZERO))
        .build()
        .unwrap();
    let shop = Shop {
        environment,
        client,
        orders: OrderBook::new(&redis.url()).unwrap(),
        customer: CustomerId::new(crate::watch::CUSTOMER),
        merchant: MerchantId::new("1"),
    };
    let connection = RedisConnection::new(&redis.url()).unwrap();
    let app = web::router(&shop, &credentials, connection).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let url = format!("http://{address}/webhooks/stablelink");
    sandbox.set_webhook_url(&url).unwrap();
    (redis, sandbox, shop)
}

fn amount() -> Decimal {
    Decimal::new(50_00, 2)
}

fn order(shop: &Shop) -> NewCheckoutOrder {
    let (customer, merchant) = (shop.customer.clone(), shop.merchant.clone());
    NewCheckoutOrder::usd(amount(), "ETH_USDT", customer, merchant)
}

/// Buys, and returns the number of the order and the amount to pay.
async fn buy(shop: &Shop) -> (String, Decimal) {
    match shop.buy(amount()).await.unwrap() {
        (order_no, Checkout::Pay(payment)) => (order_no, payment.amount),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn paid_order_is_shipped_once() {
    let (_redis, sandbox, shop) = start().await;
    let (order_no, amount) = buy(&shop).await;
    sandbox.pay_order(&order_no, amount, "0x1").unwrap();
    sandbox.wait_for_deliveries().await;
    assert_eq!(shop.orders.to_ship().await.unwrap(), [order_no.as_str()]);
    // The same event, another event with the same status, and the periodic check.
    let first = sandbox.deliveries()[0].clone();
    sandbox.resend(first.number).unwrap();
    sandbox
        .set_status(SandboxRecordKind::Order, &order_no, "PAID")
        .unwrap();
    sandbox.wait_for_deliveries().await;
    shop.look_up(&order_no).await.unwrap();
    assert_eq!(shop.reconcile().await.unwrap(), [""; 0]);
    assert_eq!(shop.orders.to_ship().await.unwrap(), [order_no.as_str()]);
    assert_eq!(shop.orders.open().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn order_without_webhook_is_reconciled() {
    let (_redis, sandbox, shop) = start().await;
    sandbox.set_client_webhook_url(0, None).unwrap();
    for (status, shipped) in [
        ("PAYING", 0),
        ("TIMEOUT", 0),
        ("NEW_STATUS", 0),
        ("PAID", 1),
    ] {
        let (order_no, _) = buy(&shop).await;
        sandbox
            .set_status(SandboxRecordKind::Order, &order_no, status)
            .unwrap();
        assert_eq!(shop.reconcile().await.unwrap(), [""; 0], "{status}");
        let is_open = shop.orders.open().await.unwrap().contains(&order_no);
        let is_final = matches!(status, "TIMEOUT" | "PAID");
        assert_eq!(is_open, !is_final, "{status}");
        assert_eq!(shop.orders.to_ship().await.unwrap().len(), shipped);
    }
}

#[tokio::test]
async fn order_with_unknown_outcome_is_created_once() {
    let (_redis, sandbox, shop) = start().await;
    sandbox
        .faults()
        .add(Fault::html(200).after_effect().on(CREATE));
    let (order_no, checkout) = shop.buy(amount()).await.unwrap();
    assert!(matches!(checkout, Checkout::Wait), "{checkout:?}");
    // An error of a later attempt does not prove that the first one failed.
    sandbox.faults().add(Fault::status(400).on(CREATE));
    assert_eq!(shop.reconcile().await.unwrap().len(), 1);
    assert_eq!(shop.orders.open().await.unwrap(), [order_no.as_str()]);
    assert_eq!(shop.reconcile().await.unwrap(), [""; 0]);
    assert!(shop.orders.is_created(&order_no).await.unwrap());
    let page = shop.checkout(&order_no).await.unwrap();
    assert!(matches!(page, Some(Checkout::Pay(_))), "{page:?}");
    assert_eq!(sandbox.effects().count(CREATE, &order_no), 1);
    assert_eq!(sandbox.effects().total(CREATE), 1);
}

#[tokio::test]
async fn order_that_was_stored_but_not_sent_is_sent() {
    let (_redis, sandbox, shop) = start().await;
    let order = order(&shop);
    shop.orders.add(&order, amount()).await.unwrap();
    assert_eq!(shop.reconcile().await.unwrap(), [""; 0]);
    assert_eq!(sandbox.effects().count(CREATE, order.order_no()), 1);
    assert_eq!(sandbox.effects().total(CREATE), 1);
}

#[tokio::test]
async fn rejected_order_is_closed_unless_another_attempt_was_made() {
    let (_redis, sandbox, shop) = start().await;
    let rejection = || Fault::custom(422, [], REJECTED).on(CREATE);
    for (attempts, is_open) in [(1, false), (2, true)] {
        let order = order(&shop);
        shop.orders.add(&order, amount()).await.unwrap();
        for _ in 0..attempts {
            shop.orders.begin(order.order_no()).await.unwrap();
        }
        shop.orders.reject(order.order_no()).await.unwrap();
        let open = shop.orders.open().await.unwrap();
        assert_eq!(open.contains(&order.order_no().to_owned()), is_open);
    }
    let open = shop.orders.open().await.unwrap().len();
    sandbox.faults().add(rejection());
    let error = shop.buy(amount()).await.unwrap_err();
    assert!(error.to_string().contains("rejected"), "{error}");
    assert_eq!(shop.orders.open().await.unwrap().len(), open);
    assert_eq!(sandbox.effects().total(CREATE), 0);
}

#[tokio::test]
async fn order_with_another_amount_is_a_case_and_not_shipped() {
    let (_redis, sandbox, shop) = start().await;
    let (order_no, amount) = buy(&shop).await;
    sandbox.faults().add(other_amount());
    sandbox.pay_order(&order_no, amount, "0x1").unwrap();
    sandbox.wait_for_deliveries().await;
    sandbox.faults().clear();
    // The amount is right later: the shop leaves the order to the person.
    shop.look_up(&order_no).await.unwrap();
    let reason = "the order is PAID and has amount 5.00, not 50.00";
    let case = (format!("paid:{order_no}"), reason.to_owned());
    assert_eq!(shop.orders.reviews().await.unwrap(), [case].into());
    assert_eq!(shop.orders.to_ship().await.unwrap(), [""; 0]);
    assert_eq!(shop.orders.open().await.unwrap(), [""; 0]);
    let page = shop.checkout(&order_no).await.unwrap();
    assert_eq!(page, Some(Checkout::Closed("REVIEW".to_owned())));
}

#[tokio::test]
async fn order_is_a_case_only_after_a_final_rejection() {
    let (_redis, sandbox, shop) = start().await;
    let rejected = || Fault::custom(422, [], REJECTED).on(CREATE);
    let missing = || Fault::custom(422, [], REJECTED).on(READ);
    for (name, faults, is_case) in [
        (
            "outage",
            [Fault::html(200).on(CREATE), Fault::html(200).on(READ)],
            false,
        ),
        (
            "proxy",
            [Fault::html(403).on(CREATE), Fault::html(403).on(READ)],
            false,
        ),
        (
            "address",
            [Fault::custom(422, [], ADDRESS).on(CREATE), missing()],
            false,
        ),
        ("unreadable", [rejected(), Fault::html(200).on(READ)], false),
        ("rejected", [rejected(), missing()], true),
        (
            "conflict",
            [Fault::duplicate().on(CREATE), other_amount()],
            true,
        ),
    ] {
        let order = order(&shop);
        shop.orders.add(&order, amount()).await.unwrap();
        if name == "conflict" {
            shop.client.checkout_orders().create(&order).await.unwrap();
        }
        sandbox.faults().clear();
        for fault in faults {
            sandbox.faults().add(fault);
        }
        assert_eq!(shop.reconcile().await.unwrap().len(), 1, "{name}");
        let open = shop.orders.open().await.unwrap();
        assert_eq!(open.is_empty(), is_case, "{name}");
        let cases = shop.orders.reviews().await.unwrap();
        assert_eq!(cases.contains_key(order.order_no()), is_case, "{name}");
        // After the outage, the next pass creates the order.
        sandbox.faults().clear();
        assert_eq!(shop.reconcile().await.unwrap(), [""; 0], "{name}");
        let created = sandbox.effects().count(CREATE, order.order_no());
        assert_eq!(created, u64::from(name != "rejected"), "{name}");
        shop.orders
            .close(order.order_no(), "TIMEOUT")
            .await
            .unwrap();
    }
}

/// A response to a lookup with another amount than the requested one.
fn other_amount() -> Fault {
    let other = Fault::replace_field("retdata.orderAmount", "5.00").unwrap();
    other.on(READ)
}

#[tokio::test]
async fn record_without_its_number_is_not_shipped() {
    let (_redis, sandbox, shop) = start().await;
    let (order_no, amount) = buy(&shop).await;
    for json in ["null", r#""EVIL""#] {
        sandbox.faults().clear();
        let other = Fault::replace_field("retdata.orderNo", json).unwrap();
        sandbox.faults().add(other.on(READ).always());
        sandbox.pay_order(&order_no, amount, "0x1").unwrap();
        sandbox.wait_for_deliveries().await;
        assert!(shop.look_up(&order_no).await.is_err(), "{json}");
    }
    assert_eq!(shop.orders.to_ship().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn unexpected_payments_are_cases_for_a_person() {
    let (_redis, sandbox, shop) = start().await;
    let (order_no, amount) = buy(&shop).await;
    let too_low = sandbox.pay_order(&order_no, amount / Decimal::TWO, "0x1");
    let too_low = too_low.unwrap().unwrap();
    let (late, _) = buy(&shop).await;
    for status in ["TIMEOUT", "PAID"] {
        sandbox
            .set_status(SandboxRecordKind::Order, &late, status)
            .unwrap();
        shop.look_up(&late).await.unwrap();
    }
    sandbox.wait_for_deliveries().await;
    let reviews = shop.orders.reviews().await.unwrap();
    let reason = "closed as TIMEOUT, and the gateway says PAID";
    assert_eq!(reviews[&format!("paid:{late}")], reason);
    assert!(reviews[&too_low].contains("abnormalPaymentNo"));
    assert_eq!(reviews.len(), 2, "{reviews:?}");
    assert_eq!(shop.orders.to_ship().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn abnormal_payment_without_webhook_is_a_case_once() {
    let (_redis, sandbox, shop) = start().await;
    sandbox.set_client_webhook_url(0, None).unwrap();
    let (ours, amount) = buy(&shop).await;
    let foreign = order(&shop);
    shop.client
        .checkout_orders()
        .create(&foreign)
        .await
        .unwrap();
    let half = amount / Decimal::TWO;
    let case = sandbox.pay_order(&ours, half, "0x1").unwrap().unwrap();
    sandbox.pay_order(foreign.order_no(), half, "0x2").unwrap();
    assert_eq!(shop.reconcile().await.unwrap(), [""; 0]);
    let cases = shop.orders.reviews().await.unwrap();
    assert_eq!(cases.keys().collect::<Vec<_>>(), [&case]);
    // The reason of the person is kept.
    shop.orders.add_review(&case, "other").await.unwrap();
    assert_eq!(shop.orders.reviews().await.unwrap(), cases);
}

#[tokio::test]
async fn refund_and_payout_are_made_once() {
    let (_redis, sandbox, shop) = start().await;
    let (order_no, amount) = buy(&shop).await;
    assert!(shop.refund(&order_no).await.is_err());
    sandbox.pay_order(&order_no, amount, "0x1").unwrap();
    sandbox.wait_for_deliveries().await;
    let operations = [
        SandboxOperation::CreateRefundOrder,
        SandboxOperation::CreateSettlementOrder,
    ];
    for operation in operations {
        let lost = Fault::html(200).after_effect().on(operation);
        sandbox.faults().add(lost);
    }
    let orders = [order_no.clone()];
    assert!(shop.pay_out("today", wallet("aa"), &orders).await.is_err());
    assert!(shop.refund(&order_no).await.is_err());
    assert_eq!(shop.orders.pending().await.unwrap().len(), 2);
    // The outcome is unknown, so another payout must not take its place.
    let other = shop.pay_out("today", wallet("bb"), &orders).await;
    assert!(other.unwrap_err().to_string().contains("other content"));
    assert_eq!(shop.reconcile().await.unwrap(), [""; 0]);
    assert_eq!(shop.orders.pending().await.unwrap().len(), 2);
    // The gateway has both, so they are only looked up. A rejected lookup is not final.
    let lookup = SandboxOperation::GetSettlementOrder;
    for operation in [operations[0], operations[1], lookup] {
        let rejection = Fault::custom(422, [], REJECTED);
        sandbox.faults().add(rejection.on(operation).always());
    }
    assert_eq!(shop.reconcile().await.unwrap().len(), 1);
    assert_eq!(shop.orders.pending().await.unwrap().len(), 2);
    sandbox.faults().clear();
    set_statuses(&sandbox, &shop, ["REFUNDED", "SETTLED"]).await;
    assert_eq!(shop.reconcile().await.unwrap(), [""; 0]);
    assert_eq!(shop.orders.pending().await.unwrap(), [""; 0]);
    assert_eq!(shop.orders.reviews().await.unwrap(), [].into());
    assert_eq!(shop.orders.to_ship().await.unwrap(), [""; 0]);
    let requests = sandbox.request_count();
    shop.refund(&order_no).await.unwrap();
    shop.pay_out("today", wallet("aa"), &orders).await.unwrap();
    assert_eq!(sandbox.request_count(), requests);
    for operation in operations {
        assert_eq!(sandbox.effects().total(operation), 1, "{operation:?}");
    }
}

#[tokio::test]
async fn failed_refund_and_settlement_are_one_case_each() {
    for by_webhook in [true, false] {
        let (_redis, sandbox, shop) = start().await;
        let (order_no, amount) = buy(&shop).await;
        sandbox.pay_order(&order_no, amount, "0x1").unwrap();
        sandbox.wait_for_deliveries().await;
        let orders = [order_no.clone()];
        shop.refund(&order_no).await.unwrap();
        shop.pay_out("today", wallet("aa"), &orders).await.unwrap();
        if !by_webhook {
            sandbox.set_client_webhook_url(0, None).unwrap();
        }
        // The settlement of another shop with the same credentials.
        let Transfer::Payout(foreign) = transfer(&shop, "cc", &order_no) else {
            unreachable!()
        };
        shop.client.settlements().create(&foreign).await.unwrap();
        let kind = SandboxRecordKind::Settlement;
        let number = foreign.settlement_order_no();
        sandbox.set_status(kind, number, "FAILED").unwrap();
        set_statuses(&sandbox, &shop, ["FAILED", "REJECTED"]).await;
        sandbox.wait_for_deliveries().await;
        if !by_webhook {
            assert_eq!(shop.reconcile().await.unwrap().len(), 2);
        }
        let cases = shop.orders.reviews().await.unwrap();
        let refund = format!("refund:{order_no}");
        assert_eq!(cases.len(), 2, "{cases:?}");
        assert!(cases[&refund].starts_with("FAILED;"), "{cases:?}");
        assert!(cases["payout:today"].starts_with("REJECTED;"), "{cases:?}");
        assert_eq!(shop.reconcile().await.unwrap(), [""; 0]);
        // A later call shows the status, and sends nothing.
        let requests = sandbox.request_count();
        let error = shop.refund(&order_no).await.unwrap_err();
        assert!(error.to_string().contains("FAILED"), "{error}");
        let error = shop.pay_out("today", wallet("aa"), &orders).await;
        assert!(error.unwrap_err().to_string().contains("REJECTED"));
        assert_eq!(sandbox.request_count(), requests);
    }
}

#[tokio::test]
async fn existing_record_that_failed_is_an_error_and_a_case() {
    let (_redis, sandbox, shop) = start().await;
    let (order_no, amount) = buy(&shop).await;
    sandbox.pay_order(&order_no, amount, "0x1").unwrap();
    let payout = SandboxOperation::CreateSettlementOrder;
    sandbox
        .faults()
        .add(Fault::html(200).after_effect().on(payout));
    let orders = [order_no];
    assert!(shop.pay_out("today", wallet("aa"), &orders).await.is_err());
    sandbox.set_client_webhook_url(0, None).unwrap();
    let stored = shop.orders.transfer("payout:today").await.unwrap().unwrap();
    let stored: Transfer = serde_json::from_str(&stored).unwrap();
    let kind = SandboxRecordKind::Settlement;
    sandbox.set_status(kind, stored.number(), "FAILED").unwrap();
    let error = shop.pay_out("today", wallet("aa"), &orders).await;
    assert!(error.unwrap_err().to_string().contains("FAILED"));
    assert!(shop.orders.review("payout:today").await.unwrap().is_some());
}

/// Sets the statuses of the stored refund and of the stored payout.
async fn set_statuses(sandbox: &Sandbox, shop: &Shop, [refund, payout]: [&str; 2]) {
    for name in shop.orders.pending().await.unwrap() {
        let stored = shop.orders.transfer(&name).await.unwrap().unwrap();
        let stored: Transfer = serde_json::from_str(&stored).unwrap();
        let (kind, status) = match &stored {
            Transfer::Refund(_) => (SandboxRecordKind::Refund, refund),
            Transfer::Payout(_) => (SandboxRecordKind::Settlement, payout),
        };
        sandbox.set_status(kind, stored.number(), status).unwrap();
    }
    // A webhook looks up its transfer while `reconcile` skips it.
    sandbox.wait_for_deliveries().await;
}

#[tokio::test]
async fn rejected_payout_can_be_corrected() {
    let (_redis, sandbox, shop) = start().await;
    let (order_no, amount) = buy(&shop).await;
    sandbox.pay_order(&order_no, amount, "0x1").unwrap();
    sandbox.wait_for_deliveries().await;
    let payout = SandboxOperation::CreateSettlementOrder;
    let orders = [order_no];
    sandbox
        .faults()
        .add(Fault::custom(422, [], REJECTED).on(payout));
    assert!(shop.pay_out("today", wallet("aa"), &orders).await.is_err());
    shop.pay_out("today", wallet("bb"), &orders).await.unwrap();
    assert_eq!(sandbox.effects().total(payout), 1);
}

#[tokio::test]
async fn replaced_payout_is_not_sent() {
    let (_redis, sandbox, shop) = start().await;
    let payout = SandboxOperation::CreateSettlementOrder;
    let (order_no, _) = buy(&shop).await;
    let orders = [order_no.clone()];
    sandbox
        .faults()
        .add(Fault::custom(422, [], REJECTED).on(payout));
    let first = transfer(&shop, "aa", &order_no);
    // Another process has read the first payout before it is rejected, and sends it after it is replaced.
    let stale = serde_json::to_string(&first).unwrap();
    assert!(shop.pay_out("today", wallet("aa"), &orders).await.is_err());
    for stored in [None, Some(transfer(&shop, "bb", &order_no))] {
        if let Some(second) = &stored {
            shop.orders.store("payout:today", second).await.unwrap();
        }
        let requests = sandbox.request_count();
        let sent = shop.send_transfer("payout:today", &stale, false).await;
        assert!(!sent.unwrap());
        assert_eq!(sandbox.request_count(), requests);
    }
    assert_eq!(shop.orders.pending().await.unwrap(), ["payout:today"]);
    assert_eq!(shop.reconcile().await.unwrap(), [""; 0]);
    assert_eq!(sandbox.effects().total(payout), 1);
}

#[tokio::test]
async fn rejected_transfer_is_a_case_and_not_sent_again() {
    let (_redis, sandbox, shop) = start().await;
    let payout = SandboxOperation::CreateSettlementOrder;
    let (order_no, _) = buy(&shop).await;
    let orders = [order_no];
    // The outcome of the first attempt is unknown, a proxy responds to the second, and the third is rejected.
    sandbox.faults().add(Fault::html(200).on(payout));
    sandbox
        .faults()
        .add(Fault::status(400).without_body().on(payout));
    sandbox
        .faults()
        .add(Fault::custom(422, [], REJECTED).on(payout));
    assert!(shop.pay_out("today", wallet("aa"), &orders).await.is_err());
    assert_eq!(shop.reconcile().await.unwrap().len(), 1);
    assert_eq!(shop.orders.pending().await.unwrap(), ["payout:today"]);
    assert_eq!(shop.orders.reviews().await.unwrap(), [].into());
    assert_eq!(shop.reconcile().await.unwrap().len(), 1);
    assert_eq!(shop.orders.pending().await.unwrap(), [""; 0]);
    let reason = shop.orders.review("payout:today").await.unwrap().unwrap();
    assert!(reason.contains("an attempt may have paid"), "{reason}");
    // The gateway would accept it now, but a person may pay.
    let stored = shop.orders.transfer("payout:today").await.unwrap().unwrap();
    let requests = sandbox.request_count();
    let sent = shop.send_transfer("payout:today", &stored, false).await;
    assert!(!sent.unwrap());
    assert_eq!(sandbox.request_count(), requests);
    assert_eq!(shop.reconcile().await.unwrap(), [""; 0]);
    let error = shop.pay_out("today", wallet("aa"), &orders).await;
    assert!(error.unwrap_err().to_string().contains("rejected"));
    assert_eq!(sandbox.effects().total(payout), 0);
}

#[tokio::test]
async fn payout_with_a_conflict_is_a_case() {
    let (_redis, sandbox, shop) = start().await;
    let (order_no, _) = buy(&shop).await;
    let first = transfer(&shop, "aa", &order_no);
    let Transfer::Payout(payout) = &first else {
        unreachable!()
    };
    let (amount, address) = wallet("bb");
    let other = NewSettlement::new(
        amount,
        "ETH_USDT",
        address,
        shop.merchant.clone(),
        [&*order_no],
    )
    .with_settlement_order_no(payout.settlement_order_no());
    shop.client.settlements().create(&other).await.unwrap();
    shop.orders.store("payout:today", &first).await.unwrap();
    assert_eq!(shop.reconcile().await.unwrap().len(), 1);
    let cases = shop.orders.reviews().await.unwrap();
    assert!(cases.contains_key("payout:today"), "{cases:?}");
    assert_eq!(shop.orders.pending().await.unwrap(), [""; 0]);
    let total = sandbox.effects();
    assert_eq!(total.total(SandboxOperation::CreateSettlementOrder), 1);
}

#[tokio::test]
async fn transfer_is_sent_by_one_attempt_at_a_time() {
    let (_redis, sandbox, shop) = start().await;
    let (order_no, _) = buy(&shop).await;
    let name = "payout:today";
    let stored = transfer(&shop, "aa", &order_no);
    let stored = shop.orders.store(name, &stored).await.unwrap();
    let attempt = shop.orders.begin_transfer(name, &stored).await.unwrap();
    let requests = sandbox.request_count();
    assert!(!shop.send_transfer(name, &stored, false).await.unwrap());
    assert_eq!(sandbox.request_count(), requests);
    // Only the attempt that has the lock releases it.
    shop.orders.end_transfer(name, 7).await.unwrap();
    assert!(!shop.send_transfer(name, &stored, false).await.unwrap());
    shop.orders
        .end_transfer(name, attempt.unwrap())
        .await
        .unwrap();
    assert!(shop.send_transfer(name, &stored, false).await.unwrap());
}

#[tokio::test]
async fn order_with_a_rejected_refund_is_shipped() {
    let (_redis, sandbox, shop) = start().await;
    let (order_no, amount) = buy(&shop).await;
    sandbox.pay_order(&order_no, amount, "0x1").unwrap();
    sandbox.wait_for_deliveries().await;
    let refund = SandboxOperation::CreateRefundOrder;
    sandbox
        .faults()
        .add(Fault::custom(422, [], REJECTED).on(refund));
    assert!(shop.refund(&order_no).await.is_err());
    assert_eq!(shop.orders.to_ship().await.unwrap(), [order_no.as_str()]);
    shop.refund(&order_no).await.unwrap();
    assert_eq!(shop.orders.to_ship().await.unwrap(), [""; 0]);
}

fn transfer(shop: &Shop, wallet_end: &str, order_no: &str) -> Transfer {
    let (amount, address) = wallet(wallet_end);
    let (merchant, orders) = (shop.merchant.clone(), [order_no]);
    Transfer::Payout(NewSettlement::new(
        amount, "ETH_USDT", address, merchant, orders,
    ))
}

fn wallet(end: &str) -> (Decimal, &str) {
    (Decimal::new(10, 0), end)
}
