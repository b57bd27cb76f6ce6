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
    assert_eq!(shop.reconcile().await.unwrap(), 0);
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
        assert_eq!(shop.reconcile().await.unwrap(), 0, "{status}");
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
    // An error of a later attempt says nothing about the first one.
    sandbox.faults().add(Fault::status(400).on(CREATE));
    assert_eq!(shop.reconcile().await.unwrap(), 1);
    assert_eq!(shop.orders.open().await.unwrap(), [order_no.as_str()]);
    assert_eq!(shop.reconcile().await.unwrap(), 0);
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
    assert_eq!(shop.reconcile().await.unwrap(), 0);
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
async fn order_with_another_amount_is_not_shipped() {
    let (_redis, sandbox, shop) = start().await;
    let (order_no, amount) = buy(&shop).await;
    let other = Fault::replace_field("retdata.orderAmount", "5.00").unwrap();
    sandbox.faults().add(other.on(READ).always());
    sandbox.pay_order(&order_no, amount, "0x1").unwrap();
    sandbox.wait_for_deliveries().await;
    assert!(shop.look_up(&order_no).await.is_err());
    assert_eq!(shop.orders.to_ship().await.unwrap(), [""; 0]);
    assert_eq!(shop.orders.open().await.unwrap(), [order_no]);
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
    let (too_low, amount) = buy(&shop).await;
    sandbox
        .pay_order(&too_low, amount / Decimal::TWO, "0x1")
        .unwrap();
    let (late, _) = buy(&shop).await;
    for status in ["TIMEOUT", "PAID"] {
        sandbox
            .set_status(SandboxRecordKind::Order, &late, status)
            .unwrap();
        shop.look_up(&late).await.unwrap();
    }
    sandbox.wait_for_deliveries().await;
    let reviews = shop.orders.reviews().await.unwrap().join("\n");
    assert!(reviews.contains(&late), "{reviews}");
    assert!(reviews.contains("abnormalPaymentNo"), "{reviews}");
    assert_eq!(shop.orders.to_ship().await.unwrap(), [""; 0]);
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
    assert_eq!(shop.reconcile().await.unwrap(), 0);
    assert!(shop.orders.pending().await.unwrap().is_empty());
    shop.refund(&order_no).await.unwrap();
    shop.pay_out("today", wallet("aa"), &orders).await.unwrap();
    for operation in operations {
        assert_eq!(sandbox.effects().total(operation), 1, "{operation:?}");
    }
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
    let orders = ["A1".to_owned()];
    sandbox
        .faults()
        .add(Fault::custom(422, [], REJECTED).on(payout));
    let first = transfer(&shop, "aa");
    let stored = shop.orders.store("payout:today", &first).await.unwrap();
    assert!(shop.pay_out("today", wallet("aa"), &orders).await.is_err());
    // `reconcile` has read the first payout before it was rejected and discarded.
    let begun = shop.orders.begin_transfer("payout:today", &stored).await;
    assert!(!begun.unwrap());
    let second = transfer(&shop, "bb");
    let stored_second = shop.orders.store("payout:today", &second).await.unwrap();
    let begun = shop.orders.begin_transfer("payout:today", &stored).await;
    assert!(!begun.unwrap());
    shop.orders.finish("payout:today", &stored).await.unwrap();
    let pending = shop.orders.pending().await.unwrap();
    assert_eq!(pending, [("payout:today".to_owned(), stored_second)]);
}

#[tokio::test]
async fn failed_transfers_are_cases_for_a_person() {
    let (_redis, sandbox, shop) = start().await;
    let payout = SandboxOperation::CreateSettlementOrder;
    // The first attempt is lost, and the second is rejected: the transfer is neither deleted nor forgotten.
    sandbox.faults().add(Fault::html(200).on(payout));
    sandbox
        .faults()
        .add(Fault::custom(422, [], REJECTED).on(payout));
    let orders = ["A1".to_owned()];
    assert!(shop.pay_out("today", wallet("aa"), &orders).await.is_err());
    assert_eq!(shop.reconcile().await.unwrap(), 1);
    assert_eq!(shop.orders.pending().await.unwrap().len(), 1);
    let reviews = shop.orders.reviews().await.unwrap();
    assert!(reviews.contains(&"payout:today".to_owned()), "{reviews:?}");
}

fn transfer(shop: &Shop, wallet_end: &str) -> Transfer {
    let (amount, address) = wallet(wallet_end);
    let (merchant, orders) = (shop.merchant.clone(), ["A1"]);
    Transfer::Payout(NewSettlement::new(
        amount, "ETH_USDT", address, merchant, orders,
    ))
}

fn wallet(end: &str) -> (Decimal, &str) {
    (Decimal::new(10, 0), end)
}
