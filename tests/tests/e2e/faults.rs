//! Every kind of fault on every call of a business: however a call ends, the business comes to its end, once, and what the
//! client said of each payment on the way was true.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use stablelink::{
    Answer, Call, Client, Error, ErrorKind, NewCheckoutOrder, NewRefund, NewSettlement, NewTrade,
    RetryPolicy, TokenSettings,
};
use stablelink_sandbox::{Account, ErrorStatus, Fault, Operation, Sandbox};
use tokio::task::JoinSet;

use crate::scene::{order, settlement, trade};
use crate::stage::{all_well, builder, money, of};

/// Each kind, before the effect and after it where there is a difference.
const FAULTS: [&str; 30] = [
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
    "html=200:after",
    "html=502:after",
    "unauthorized",
    "unauthorized:after",
    "rate-limited",
    "rate-limited=0:after",
    "malformed-json",
    "malformed-json:after",
    "wrong-json",
    "wrong-json:after",
    "big-error=100000:after",
    "duplicate",
    "null=retdata",
    "wrong-type=retdata.status",
    "unknown-value=retdata.status",
];

/// Those in which the gateway acts and then denies it: no client can know better.
const LIES: [&str; 2] = ["unauthorized:after", "rate-limited=0:after"];

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

/// A client at a gateway, and the fault that strikes one of its calls once.
struct Trial {
    sandbox: Sandbox,
    client: Client,
    text: &'static str,
    struck: Operation,
    said: Said,
}

/// How often a client said what of a payment that it did not call made.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    /// Nothing took effect.
    certain: u64,
    /// Nobody knows.
    doubtful: u64,
    /// It took effect, and the answer can't be read.
    unread: u64,
}

impl Trial {
    /// Holds what the client says of a payment to what the gateway did. A payment that was in doubt once stays so: of an
    /// earlier attempt a later refusal tells nothing.
    fn hold<T>(
        &mut self,
        (operation, key): (Operation, &str),
        outcome: &Result<T, Error>,
        in_doubt: &mut bool,
    ) {
        let made = self.sandbox.effects().of(operation, key);
        let shown = || format!("{} on {}: {operation}", self.text, self.struck);
        match outcome {
            Ok(_) => assert_eq!(made, 1, "{} is called made", shown()),
            Err(error) if error.is_ambiguous() => {
                *in_doubt = true;
                self.said.doubtful += 1;
            }
            Err(error) if is_unread(error) => {
                assert_eq!(made, 1, "{}: {error:?}", shown());
                *in_doubt = true;
                self.said.unread += 1;
            }
            Err(error) if !*in_doubt => {
                let lied = LIES.contains(&self.text) && self.struck == operation;
                assert!(made == 0 || lied, "{} took effect: {error:?}", shown());
                self.said.certain += 1;
            }
            Err(_) => {}
        }
    }

    /// Makes a payment as a caller should: the same value again, and its record where an answer does not come.
    async fn make<R, T, S>(
        &mut self,
        (operation, key): (Operation, &str),
        call: impl Fn() -> Call<R, T>,
        record: impl Fn() -> Call<String, S>,
    ) where
        R: Send + Sync + 'static,
        T: Send + 'static,
        S: Send + 'static,
    {
        let mut in_doubt = false;
        for _ in 0..TRIES {
            let outcome = call().await;
            self.hold((operation, key), &outcome, &mut in_doubt);
            if outcome.is_ok() || look(record()).await.is_some() {
                return;
            }
        }
        panic!("{} on {}: no {operation}", self.text, self.struck);
    }
}

/// Whether it is a success whose record can't be read.
fn is_unread(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Decode(_)) && error.retcode() == Some("200")
}

/// Reads a record. Whatever fails, a look changes nothing and leaves nothing in doubt.
async fn look<S: Send + 'static>(record: Call<String, S>) -> Option<Answer<S>> {
    match record.await {
        Ok(record) => Some(record),
        Err(error) => {
            assert!(!error.is_ambiguous(), "{error:?}");
            None
        }
    }
}

/// Reads a record until it is as wanted.
async fn read<S: Send + 'static>(
    record: impl Fn() -> Call<String, S>,
    wanted: impl Fn(&Answer<S>) -> bool,
) -> Option<Answer<S>> {
    for _ in 0..TRIES {
        if let Some(record) = look(record()).await.filter(|record| wanted(record)) {
            return Some(record);
        }
    }
    None
}

/// A trade, confirmed and completed.
async fn ramp(trial: &mut Trial) {
    let client = trial.client.clone();
    let trade: NewTrade = trade(trial.sandbox.add_customer());
    let id = trade.request_id();
    let record = || client.trades().get(id);
    trial
        .make(
            (Operation::CreateTrade, id),
            || client.trades().create(&trade),
            record,
        )
        .await;
    let (mut confirmed, mut in_doubt) = (false, false);
    for _ in 0..TRIES {
        let now = read(record, |trade| {
            let status = trade.status.as_ref().map(|status| status.as_str());
            matches!(status, Some("Pending" | "Processing"))
        });
        let now = now.await.unwrap();
        if now.status.as_ref().unwrap().as_str() == "Processing" {
            confirmed = true;
            break;
        }
        // It is sent once by itself. Whatever it says, the record says it better.
        let number = now.tx_no.as_deref().unwrap();
        let outcome = client.trades().confirm(of(json!({"txNo": number}))).await;
        let payment = (Operation::ConfirmTransaction, number);
        trial.hold(payment, &outcome, &mut in_doubt);
    }
    assert!(confirmed);
    trial.sandbox.clock().advance(Duration::from_secs(60));
    let done = read(record, |trade| {
        trade
            .status
            .as_ref()
            .is_some_and(|status| status.as_str() == "Completed")
    });
    assert_eq!(done.await.unwrap().amount.unwrap().get(), money("120"));
}

/// An order, paid, refunded in part and settled for the rest.
async fn checkout(trial: &mut Trial) {
    let client = trial.client.clone();
    let orders = client.checkout_orders();
    let order: NewCheckoutOrder = order();
    let number = order.order_no();
    trial
        .make(
            (Operation::CreateCheckoutOrder, number),
            || orders.create(&order),
            || orders.get(number),
        )
        .await;
    trial
        .sandbox
        .pay_order(number, money("3.03"), "0x01")
        .unwrap();
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
    trial
        .make(
            (Operation::CreateRefundOrder, refund.refund_order_no()),
            || client.refunds().create(&refund),
            record,
        )
        .await;
    let payout: NewSettlement = settlement(number, "2");
    let paid_out = || client.settlements().get(payout.settlement_order_no());
    trial
        .make(
            (
                Operation::CreateSettlementOrder,
                payout.settlement_order_no(),
            ),
            || client.settlements().create(&payout),
            paid_out,
        )
        .await;
    trial.sandbox.clock().advance(Duration::from_secs(120));
    let is = |unknown: Option<&&serde_json::value::RawValue>, status: &str| {
        unknown.is_some_and(|shown| shown.get() == format!("{status:?}"))
    };
    let refunded = read(record, |it| is(it.unknown().get("status"), "REFUNDED"));
    assert!(refunded.await.is_some());
    let settled = read(paid_out, |it| is(it.unknown().get("status"), "SETTLED"));
    assert!(settled.await.is_some());
}

/// Both businesses with one fault that strikes one of their calls.
async fn business(
    (text, struck): (&'static str, Operation),
    (refusals, retry): (ErrorStatus, RetryPolicy),
) -> Said {
    let sandbox = Sandbox::builder()
        .error_status(refusals)
        .start()
        .await
        .unwrap();
    let client = builder(&sandbox)
        .attempt_timeout(Duration::from_secs(1))
        .token_settings(TokenSettings::default().cooldown(Duration::ZERO))
        .retry(retry)
        .build()
        .unwrap();
    let id = sandbox.faults().add(fault(text).on(struck));
    let mut trial = Trial {
        sandbox,
        client,
        text,
        struck,
        said: Said::default(),
    };
    ramp(&mut trial).await;
    checkout(&mut trial).await;
    let sandbox = &trial.sandbox;
    assert_eq!(sandbox.faults().strikes(id), 1, "{text} {struck}");
    for operation in [
        Operation::CreateTrade,
        Operation::ConfirmTransaction,
        Operation::CreateCheckoutOrder,
        Operation::CreateRefundOrder,
        Operation::CreateSettlementOrder,
    ] {
        let total = sandbox.effects().total(operation);
        assert_eq!(total, 1, "{text} {struck}: {operation}");
    }
    let balances = sandbox.balances();
    for (account, currency, due) in [
        (Account::Exchange, "USD", "120"),
        (Account::World, "USDC", "120"),
        (Account::Merchant, "ETH_USDT", "0.03"),
    ] {
        let held = balances.of(account, currency);
        assert_eq!(
            held,
            Some(money(due)),
            "{text} {struck}: {account:?} {currency}"
        );
    }
    all_well(sandbox);
    trial.said
}

/// So many at a time: each has a gateway of its own.
const SIDE_BY_SIDE: usize = 16;

/// By what HTTP status the gateway refuses, and whether the client repeats a call before its caller does.
fn ways() -> [(ErrorStatus, RetryPolicy); 4] {
    let repeats = RetryPolicy::default().base(Duration::ZERO);
    [
        (ErrorStatus::Always200, repeats.clone()),
        (ErrorStatus::ByKind, repeats),
        (ErrorStatus::Always200, RetryPolicy::never()),
        (ErrorStatus::ByKind, RetryPolicy::never()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_business_ends_well_whatever_fails_once() {
    let mut cases: Vec<_> = FAULTS
        .into_iter()
        .flat_map(|text| STRUCK.map(|operation| (text, operation)))
        .flat_map(|fault| ways().map(|way| (fault, way)))
        .collect();
    let wanted = cases.len();
    let (mut running, mut ended_well, mut said) = (JoinSet::new(), 0, Said::default());
    loop {
        while running.len() < SIDE_BY_SIDE
            && let Some((fault, way)) = cases.pop()
        {
            running.spawn(business(fault, way));
        }
        let Some(ended) = running.join_next().await else {
            break;
        };
        let here = ended.unwrap();
        said.certain += here.certain;
        said.doubtful += here.doubtful;
        said.unread += here.unread;
        ended_well += 1;
    }
    assert_eq!(ended_well, wanted);
    // What was proved was tried.
    assert!(
        said.certain > 0 && said.doubtful > 0 && said.unread > 0,
        "{said:?}"
    );
}

/// A new kind has to have its case.
#[test]
fn no_kind_is_left_out() {
    let name = |text: &'static str| text.split(['=', ':']).next().unwrap();
    let named: BTreeSet<_> = FAULTS.into_iter().map(name).collect();
    assert_eq!(named, Fault::KINDS.into_iter().chain([REDIRECT]).collect());
}
