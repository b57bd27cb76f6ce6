//! Injects every kind of fault into every call of two flows, and checks that each flow completes exactly once and that
//! the client reports the outcome of each payment correctly.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use stablelink::{
    Call, Client, Error, ErrorKind, NewCheckoutOrder, NewRefund, NewSettlement, NewTrade, Response,
    RetryPolicy,
};
use stablelink_sandbox::{ErrorStatus, Fault, LedgerAccount, Sandbox, SandboxOperation};
use tokio::task::JoinSet;

use crate::fixtures::{order, settlement, trade};
use crate::test_env::{assert_consistent, builder, money, of};

/// Each fault kind, before and after the effect where that makes a difference.
const FAULTS: [&str; 31] = [
    UNREADABLE,
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
    "unexpected-json",
    "unexpected-json:after",
    "large-error=100000:after",
    "duplicate",
    "null=retdata",
    "wrong-type=retdata.status",
    "unknown-value=retdata.status",
];

/// Faults after the effect whose response reports that there was no effect; a client cannot detect these.
const UNDETECTABLE: [&str; 2] = ["unauthorized:after", "rate-limited=0:after"];

/// The only fault kind without a text form.
const REDIRECT: &str = "redirect";

/// A record that is not JSON: the call succeeded, but its record cannot be read.
const UNREADABLE: &str = "unreadable";

fn fault(text: &str) -> Fault {
    if text == UNREADABLE {
        return Fault::replace_field("retdata.status", r#""\ud800""#).unwrap();
    }
    match text.strip_prefix(REDIRECT) {
        None => text.parse().unwrap(),
        Some(env) => {
            let fault = Fault::redirect(307, "https://elsewhere.example/");
            if env == ":after" {
                fault.after_effect()
            } else {
                fault
            }
        }
    }
}

/// The operations of both flows.
const OPERATIONS: [SandboxOperation; 10] = [
    SandboxOperation::IssueAccessToken,
    SandboxOperation::CreateTrade,
    SandboxOperation::ConfirmTransaction,
    SandboxOperation::GetTrade,
    SandboxOperation::CreateCheckoutOrder,
    SandboxOperation::GetCheckoutOrder,
    SandboxOperation::CreateRefundOrder,
    SandboxOperation::GetRefundOrder,
    SandboxOperation::CreateSettlementOrder,
    SandboxOperation::GetSettlementOrder,
];

/// Maximum number of tries. A fault is injected once, and may make a second call fail.
const MAX_TRIES: usize = 8;

/// A client, a sandbox, and a fault that is injected once into one operation.
struct FaultRun {
    sandbox: Sandbox,
    client: Client,
    text: &'static str,
    faulty_operation: SandboxOperation,
    reports: ReportCounts,
}

/// How often the client reported each kind of failed payment call.
#[derive(Clone, Copy, Debug, Default)]
struct ReportCounts {
    /// Failures that were reported as having no effect.
    no_effect: u64,
    /// Failures that were reported as ambiguous.
    ambiguous: u64,
    /// Calls that took effect, but whose response is unreadable.
    unreadable: u64,
}

impl FaultRun {
    /// Compares what the client reports about a payment with the sandbox's effects. Once ambiguous, a payment stays ambiguous:
    /// a later rejection proves nothing about an earlier attempt.
    fn check_report<T>(
        &mut self,
        (operation, key): (SandboxOperation, &str),
        outcome: &Result<T, Error>,
        ambiguous: &mut bool,
    ) {
        let made = self.sandbox.effects().count(operation, key);
        let context = || format!("{} on {}: {operation}", self.text, self.faulty_operation);
        match outcome {
            Ok(_) => assert_eq!(made, 1, "{} was reported as created", context()),
            Err(error) if error.is_ambiguous() => {
                *ambiguous = true;
                self.reports.ambiguous += 1;
            }
            Err(error) if is_unreadable_success(error) => {
                assert_eq!(made, 1, "{}: {error:?}", context());
                *ambiguous = true;
                self.reports.unreadable += 1;
            }
            Err(error) if !*ambiguous => {
                let undetectable =
                    UNDETECTABLE.contains(&self.text) && self.faulty_operation == operation;
                assert!(
                    made == 0 || undetectable,
                    "{} took effect: {error:?}",
                    context()
                );
                self.reports.no_effect += 1;
            }
            Err(_) => {}
        }
    }

    /// Creates a payment as a user should: looks up the record after a failure, and sends the same request again if no record exists.
    async fn create<R, T, S>(
        &mut self,
        (operation, key): (SandboxOperation, &str),
        call: impl Fn() -> Call<T, R>,
        record: impl Fn() -> Call<S>,
    ) where
        R: Send + Sync + 'static,
        T: Send + 'static,
        S: Send + 'static,
    {
        let mut ambiguous = false;
        for _ in 0..MAX_TRIES {
            let outcome = call().await;
            self.check_report((operation, key), &outcome, &mut ambiguous);
            if outcome.is_ok() || look_up(record()).await.is_some() {
                return;
            }
        }
        panic!("{} on {}: no {operation}", self.text, self.faulty_operation);
    }
}

/// Returns whether a call succeeded with an unreadable record.
fn is_unreadable_success(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Decode(_)) && error.retcode() == Some("200")
}

/// Looks up a record. A failed lookup must not be ambiguous.
async fn look_up<S: Send + 'static>(record: Call<S>) -> Option<Response<S>> {
    match record.await {
        Ok(record) => Some(record),
        Err(error) => {
            assert!(!error.is_ambiguous(), "{error:?}");
            None
        }
    }
}

/// Looks up a record until `condition` holds.
async fn look_up_until<S: Send + 'static>(
    record: impl Fn() -> Call<S>,
    condition: impl Fn(&Response<S>) -> bool,
) -> Option<Response<S>> {
    for _ in 0..MAX_TRIES {
        if let Some(record) = look_up(record()).await.filter(|record| condition(record)) {
            return Some(record);
        }
    }
    None
}

/// The trade flow: create, confirm, complete.
async fn run_trade_flow(run: &mut FaultRun) {
    let client = run.client.clone();
    let trade: NewTrade = trade(run.sandbox.add_customer());
    let id = trade.request_id();
    let record = || client.trades().get(id);
    run.create(
        (SandboxOperation::CreateTrade, id),
        || client.trades().create(&trade),
        record,
    )
    .await;
    let (mut confirmed, mut ambiguous) = (false, false);
    for _ in 0..MAX_TRIES {
        let now = look_up_until(record, |trade| {
            let status = trade.status.as_ref().map(|status| status.as_str());
            matches!(status, Some("Pending" | "Processing"))
        });
        let now = now.await.unwrap();
        if now.status.as_ref().unwrap().as_str() == "Processing" {
            confirmed = true;
            break;
        }
        // The client sends a confirmation once. The next lookup shows whether it took effect.
        let number = now.tx_no.as_deref().unwrap();
        let outcome = client.trades().confirm(of(json!({"txNo": number}))).await;
        let payment = (SandboxOperation::ConfirmTransaction, number);
        run.check_report(payment, &outcome, &mut ambiguous);
    }
    assert!(confirmed);
    run.sandbox.clock().advance(Duration::from_secs(60));
    let done = look_up_until(record, |trade| {
        trade
            .status
            .as_ref()
            .is_some_and(|status| status.as_str() == "Completed")
    });
    assert_eq!(done.await.unwrap().amount.unwrap().get(), money("120"));
}

/// The checkout flow: create an order, pay it, refund a part, settle the rest.
async fn run_checkout_flow(run: &mut FaultRun) {
    let client = run.client.clone();
    let orders = client.checkout_orders();
    let order: NewCheckoutOrder = order();
    let number = order.order_no();
    run.create(
        (SandboxOperation::CreateCheckoutOrder, number),
        || orders.create(&order),
        || orders.get(number),
    )
    .await;
    run.sandbox
        .pay_order(number, money("3.03"), "0x01")
        .unwrap();
    let paid = look_up_until(
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
    run.create(
        (
            SandboxOperation::CreateRefundOrder,
            refund.refund_order_no(),
        ),
        || client.refunds().create(&refund),
        record,
    )
    .await;
    let payout: NewSettlement = settlement(number, "2");
    let paid_out = || client.settlements().get(payout.settlement_order_no());
    run.create(
        (
            SandboxOperation::CreateSettlementOrder,
            payout.settlement_order_no(),
        ),
        || client.settlements().create(&payout),
        paid_out,
    )
    .await;
    run.sandbox.clock().advance(Duration::from_secs(120));
    let is = |unknown: Option<&&serde_json::value::RawValue>, status: &str| {
        unknown.is_some_and(|raw| raw.get() == format!("{status:?}"))
    };
    let refunded = look_up_until(record, |it| {
        is(it.unknown_fields().get("status"), "REFUNDED")
    });
    assert!(refunded.await.is_some());
    let settled = look_up_until(paid_out, |it| {
        is(it.unknown_fields().get("status"), "SETTLED")
    });
    assert!(settled.await.is_some());
}

/// Runs both flows with one fault that is injected into one call.
async fn run_flows(
    (text, faulty_operation): (&'static str, SandboxOperation),
    (error_status, retry): (ErrorStatus, RetryPolicy),
) -> ReportCounts {
    let sandbox = Sandbox::builder()
        .error_status(error_status)
        .start()
        .await
        .unwrap();
    let client = builder(&sandbox)
        .attempt_timeout(Duration::from_secs(1))
        .token_cooldown(Duration::ZERO)
        .retry(retry)
        .build()
        .unwrap();
    let id = sandbox.faults().add(fault(text).on(faulty_operation));
    let mut run = FaultRun {
        sandbox,
        client,
        text,
        faulty_operation,
        reports: ReportCounts::default(),
    };
    run_trade_flow(&mut run).await;
    run_checkout_flow(&mut run).await;
    let sandbox = &run.sandbox;
    assert_eq!(
        sandbox.faults().injections(id),
        1,
        "{text} {faulty_operation}"
    );
    for operation in [
        SandboxOperation::CreateTrade,
        SandboxOperation::ConfirmTransaction,
        SandboxOperation::CreateCheckoutOrder,
        SandboxOperation::CreateRefundOrder,
        SandboxOperation::CreateSettlementOrder,
    ] {
        let total = sandbox.effects().total(operation);
        assert_eq!(total, 1, "{text} {faulty_operation}: {operation}");
    }
    let balances = sandbox.balances();
    for (account, currency, due) in [
        (LedgerAccount::Exchange, "USD", "120"),
        (LedgerAccount::External, "USDC", "120"),
        (LedgerAccount::Merchant, "ETH_USDT", "0.03"),
    ] {
        let held = balances.get(account, currency);
        assert_eq!(
            held,
            Some(money(due)),
            "{text} {faulty_operation}: {account:?} {currency}"
        );
    }
    assert_consistent(sandbox);
    run.reports
}

/// Number of concurrent runs, each with a separate sandbox.
const CONCURRENT_RUNS: usize = 16;

/// Maximum duration until the next of the concurrent runs ends.
const DEADLINE: Duration = Duration::from_secs(120);

/// Combinations of the HTTP status of rejections and the client's retry policy.
fn variants() -> [(ErrorStatus, RetryPolicy); 4] {
    let retries = RetryPolicy::default().initial_backoff(Duration::ZERO);
    [
        (ErrorStatus::Always200, retries.clone()),
        (ErrorStatus::ByKind, retries),
        (
            ErrorStatus::Always200,
            RetryPolicy::default().max_attempts(1),
        ),
        (ErrorStatus::ByKind, RetryPolicy::default().max_attempts(1)),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flows_complete_exactly_once_with_any_single_fault() {
    let mut cases: Vec<_> = FAULTS
        .into_iter()
        .flat_map(|text| OPERATIONS.map(|operation| (text, operation)))
        .flat_map(|fault| variants().map(|variant| (fault, variant)))
        .collect();
    let expected = cases.len();
    let (mut running, mut completed, mut reports) = (JoinSet::new(), 0, ReportCounts::default());
    loop {
        while running.len() < CONCURRENT_RUNS
            && let Some((fault, variant)) = cases.pop()
        {
            running.spawn(run_flows(fault, variant));
        }
        let ended = tokio::time::timeout(DEADLINE, running.join_next()).await;
        let Some(ended) = ended.expect("a run ends before the deadline") else {
            break;
        };
        let counts = ended.unwrap();
        reports.no_effect += counts.no_effect;
        reports.ambiguous += counts.ambiguous;
        reports.unreadable += counts.unreadable;
        completed += 1;
    }
    assert_eq!(completed, expected);
    // Each kind of report occurred, so that the checks above are meaningful.
    assert!(
        reports.no_effect > 0 && reports.ambiguous > 0 && reports.unreadable > 0,
        "{reports:?}"
    );
}

#[test]
fn cases_cover_all_fault_kinds() {
    let name = |text: &'static str| text.split(['=', ':']).next().unwrap();
    let named: BTreeSet<_> = FAULTS.into_iter().map(name).collect();
    let others = [REDIRECT, UNREADABLE];
    assert_eq!(named, Fault::KINDS.into_iter().chain(others).collect());
}
