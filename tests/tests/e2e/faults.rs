//! Every kind of fault on every call of a business: however a call ends, the business comes to its end, once.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use stablelink::{
    Answer, Call, Client, Error, NewCheckoutOrder, NewRefund, NewSettlement, NewTrade,
    TokenSettings,
};
use stablelink_sandbox::{Account, Fault, Operation, Sandbox};
use tokio::task::JoinSet;

use crate::scene::{order, settlement, trade};
use crate::stage::{all_well, builder, money, of};

/// Each kind, before the effect and after it where there is a difference.
const FAULTS: [&str; 27] = [
    REDIRECT,
    "redirect:after",
    "reset",
    "reset:after",
    "stall",
    "stall:after",
    "stall-within-body",
    "truncate",
    "latency=5ms",
    "latency=5ms:after",
    "date-skew=600s",
    "status=500",
    "status=503:after",
    "status=408",
    "html=200",
    "html=502:after",
    "unauthorized",
    "unauthorized:after",
    "rate-limited",
    "rate-limited=0:after",
    "malformed-json:after",
    "wrong-json",
    "big-error=100000:after",
    "duplicate",
    "null=retdata",
    "wrong-type=retdata.status",
    "unknown-value=retdata.status",
];

/// The one kind that has no text.
const REDIRECT: &str = "redirect";

fn fault(text: &str) -> Fault {
    match text.strip_prefix(REDIRECT) {
        None => text.parse().unwrap(),
        Some(stage) => {
            let fault = Fault::redirect(307, "https://elsewhere.example/");
            if stage == ":after" {
                fault.after_effect()
            } else {
                fault
            }
        }
    }
}

/// The calls of both businesses.
const STRUCK: [Operation; 10] = [
    Operation::IssueAccessToken,
    Operation::CreateTrade,
    Operation::ConfirmTransaction,
    Operation::GetTrade,
    Operation::CreateCheckoutOrder,
    Operation::GetCheckoutOrder,
    Operation::CreateRefundOrder,
    Operation::GetRefundOrder,
    Operation::CreateSettlementOrder,
    Operation::GetSettlementOrder,
];

/// How many tries there are: one fault strikes once, and may make a second call fail.
const TRIES: usize = 8;

/// Makes a payment as a caller should: the same value again, and its record where an answer does not come.
async fn make<R, T, S>(
    call: impl Fn() -> Call<R, T>,
    record: impl Fn() -> Call<String, S>,
) -> Result<(), Error>
where
    R: Send + Sync + 'static,
    T: Send + 'static,
    S: Send + 'static,
{
    let mut last = None;
    for _ in 0..TRIES {
        match call().await {
            Ok(_) => return Ok(()),
            Err(error) => last = Some(error),
        }
        if record().await.is_ok() {
            return Ok(());
        }
    }
    Err(last.unwrap())
}

/// Reads a record until it is as wanted.
async fn read<S: Send + 'static>(
    record: impl Fn() -> Call<String, S>,
    wanted: impl Fn(&Answer<S>) -> bool,
) -> Option<Answer<S>> {
    for _ in 0..TRIES {
        if let Some(record) = record().await.ok().filter(|record| wanted(record)) {
            return Some(record);
        }
    }
    None
}

/// A trade, confirmed and completed.
async fn ramp(sandbox: &Sandbox, client: &Client) {
    let trade: NewTrade = trade(sandbox.add_customer());
    let id = trade.request_id();
    make(
        || client.trades().create(&trade),
        || client.trades().get(id),
    )
    .await
    .unwrap();
    let mut confirmed = false;
    for _ in 0..TRIES {
        let now = read(
            || client.trades().get(id),
            |trade| {
                let status = trade.status.as_ref().map(|status| status.as_str());
                matches!(status, Some("Pending" | "Processing"))
            },
        );
        let now = now.await.unwrap();
        if now.status.as_ref().unwrap().as_str() == "Processing" {
            confirmed = true;
            break;
        }
        // Whatever it says, the record says it better.
        let _ = client
            .trades()
            .confirm(of(json!({"txNo": now.tx_no})))
            .await;
    }
    assert!(confirmed);
    sandbox.clock().advance(Duration::from_secs(60));
    let done = read(
        || client.trades().get(id),
        |trade| {
            trade
                .status
                .as_ref()
                .is_some_and(|status| status.as_str() == "Completed")
        },
    );
    assert_eq!(done.await.unwrap().amount.unwrap().get(), money("120"));
}

/// An order, paid, refunded in part and settled for the rest.
async fn checkout(sandbox: &Sandbox, client: &Client) {
    let orders = client.checkout_orders();
    let order: NewCheckoutOrder = order();
    let number = order.order_no();
    make(|| orders.create(&order), || orders.get(number))
        .await
        .unwrap();
    sandbox.pay_order(number, money("3.03"), "0x01").unwrap();
    let paid = read(
        || orders.get(number),
        |order| {
            order
                .order_status
                .as_ref()
                .is_some_and(|status| status.as_str() == "PAID")
        },
    );
    assert_eq!(
        paid.await.unwrap().paying_amount.unwrap().get(),
        money("3.03")
    );
    let refund: NewRefund = NewRefund::of_order(number, money("1"));
    let record = || client.refunds().get(refund.refund_order_no());
    make(|| client.refunds().create(&refund), record)
        .await
        .unwrap();
    let payout: NewSettlement = settlement(number, "2");
    let paid_out = || client.settlements().get(payout.settlement_order_no());
    make(|| client.settlements().create(&payout), paid_out)
        .await
        .unwrap();
    sandbox.clock().advance(Duration::from_secs(120));
    let is = |unknown: Option<&&serde_json::value::RawValue>, status: &str| {
        unknown.is_some_and(|shown| shown.get() == format!("{status:?}"))
    };
    let refunded = read(record, |it| is(it.unknown().get("status"), "REFUNDED"));
    assert!(refunded.await.is_some());
    let settled = read(paid_out, |it| is(it.unknown().get("status"), "SETTLED"));
    assert!(settled.await.is_some());
}

/// Both businesses with one fault that strikes one of their calls.
async fn business(text: &'static str, operation: Operation) {
    let sandbox = Sandbox::start().await.unwrap();
    let client = builder(&sandbox)
        .attempt_timeout(Duration::from_secs(1))
        .token_settings(TokenSettings::default().cool_down(Duration::ZERO))
        .build()
        .unwrap();
    let id = sandbox.faults().add(fault(text).on(operation));
    ramp(&sandbox, &client).await;
    checkout(&sandbox, &client).await;
    assert_eq!(sandbox.faults().strikes(id), 1, "{text} {operation}");
    for operation in [
        Operation::CreateTrade,
        Operation::ConfirmTransaction,
        Operation::CreateCheckoutOrder,
        Operation::CreateRefundOrder,
        Operation::CreateSettlementOrder,
    ] {
        assert_eq!(sandbox.effects().total(operation), 1, "{text} {operation}");
    }
    let balances = sandbox.balances();
    let held = |account, currency| balances.of(account, currency).unwrap();
    assert_eq!(
        held(Account::Exchange, "USD"),
        money("120"),
        "{text} {operation}"
    );
    assert_eq!(
        held(Account::World, "USDC"),
        money("120"),
        "{text} {operation}"
    );
    assert_eq!(
        held(Account::Merchant, "ETH_USDT"),
        money("0.03"),
        "{text} {operation}"
    );
    all_well(&sandbox);
}

/// So many at a time: each has a gateway of its own.
const SIDE_BY_SIDE: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_business_ends_well_whatever_fails_once() {
    let mut cases: Vec<_> = FAULTS
        .into_iter()
        .flat_map(|text| STRUCK.map(|operation| (text, operation)))
        .collect();
    let (mut running, mut ended_well) = (JoinSet::new(), 0);
    loop {
        while running.len() < SIDE_BY_SIDE
            && let Some((text, operation)) = cases.pop()
        {
            running.spawn(business(text, operation));
        }
        match running.join_next().await {
            Some(ended) => {
                ended.unwrap();
                ended_well += 1;
            }
            None => break,
        }
    }
    assert_eq!(ended_well, FAULTS.len() * STRUCK.len());
}

/// A new kind has to have its case.
#[test]
fn no_kind_is_left_out() {
    let name = |text: &'static str| text.split(['=', ':']).next().unwrap();
    let named: BTreeSet<_> = FAULTS.into_iter().map(name).collect();
    assert_eq!(named, Fault::KINDS.into_iter().chain([REDIRECT]).collect());
}
