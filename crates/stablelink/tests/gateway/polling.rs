//! Pollers.

use std::pin::pin;
use std::time::{Duration, SystemTime};

use stablelink::testing::ManualClock;
use stablelink::{Client, ErrorKind, RetryPolicy};
use stablelink_sandbox::{Fault, Sandbox, SandboxOperation, SandboxRecordKind};

use crate::capture::Capture;
use crate::setup::{builder, order, sent, when};
use crate::watch::CheckedResult;

/// Returns a client whose delays take no time, and the number of an order.
async fn waiting(sandbox: &Sandbox) -> (Client, ManualClock, String) {
    let clock = ManualClock::new(SystemTime::now());
    let client = builder(sandbox).clock(clock.clone()).build().unwrap();
    let order = order();
    client.checkout_orders().create(&order).await.unwrap();
    (client, clock, order.order_no().to_owned())
}

#[tokio::test]
async fn poller_delays_grow_until_order_is_paid() {
    let sandbox = Sandbox::start().await.unwrap();
    let (client, clock, number) = waiting(&sandbox).await;
    let mut looks = 0;
    let paid = client
        .checkout_orders()
        .wait(&number)
        .initial_delay(Duration::from_secs(1))
        .max_delay(Duration::from_secs(4))
        .until(|order| {
            looks += 1;
            if looks == 5 {
                sandbox
                    .set_status(SandboxRecordKind::Order, &number, "PAID")
                    .unwrap();
            }
            order
                .order_status
                .as_ref()
                .is_some_and(|status| status == "PAID")
        })
        .await
        .unwrap();
    assert_eq!(paid.order_no.as_deref(), Some(number.as_str()));
    let pauses = clock.pauses();
    assert_eq!(pauses.len(), 5);
    for (pause, longest) in pauses.iter().zip([1, 2, 4, 4, 4]) {
        let longest = Duration::from_secs(longest);
        assert!(*pause >= longest / 2 && *pause <= longest, "{pauses:?}");
    }
}

#[tokio::test]
async fn poller_ends_at_final_status_only() {
    let sandbox = Sandbox::start().await.unwrap();
    for (status, ends) in [
        ("PAID", true),
        ("CANCELLED", true),
        ("TIMEOUT", true),
        ("PAYING", false),
        ("NEVER_SEEN_BEFORE", false),
    ] {
        let (client, _clock, number) = waiting(&sandbox).await;
        let fault = sandbox.faults().add(
            Fault::replace_field("retdata.orderStatus", format!("{status:?}"))
                .unwrap()
                .on(SandboxOperation::GetCheckoutOrder)
                .always(),
        );
        let outcome = client
            .checkout_orders()
            .wait(&number)
            .until_final()
            .await
            .checked();
        sandbox.faults().remove(fault);
        match outcome {
            Ok(_) => assert!(ends, "{status}"),
            Err(error) => {
                assert!(!ends, "{status}");
                assert!(matches!(error.kind(), ErrorKind::Timeout), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn poller_ignores_retryable_errors_only() {
    let sandbox = Sandbox::start().await.unwrap();
    let (client, _clock, number) = waiting(&sandbox).await;
    sandbox
        .set_status(SandboxRecordKind::Order, &number, "PAID")
        .unwrap();
    sandbox.faults().add(
        Fault::status(503)
            .on(SandboxOperation::GetCheckoutOrder)
            .times(7),
    );
    client
        .checkout_orders()
        .wait(&number)
        .until_final()
        .await
        .unwrap();

    let error = client
        .checkout_orders()
        .wait("unknown")
        .until_final()
        .await
        .checked_err();
    assert!(matches!(error.kind(), ErrorKind::Api(_)), "{error}");

    sandbox.faults().add(
        Fault::status(503)
            .on(SandboxOperation::GetCheckoutOrder)
            .always(),
    );
    let error = client
        .checkout_orders()
        .wait(&number)
        .until_final()
        .await
        .checked_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error}");
    let last = std::error::Error::source(&error).unwrap().to_string();
    assert!(last.contains("503"), "{last}");
}

#[tokio::test]
async fn poller_can_be_cancelled() {
    let sandbox = Sandbox::start().await.unwrap();
    let (client, _clock, number) = waiting(&sandbox).await;
    let error = client
        .checkout_orders()
        .wait(&number)
        .deadline(Duration::MAX)
        .cancel_on(async { tokio::task::yield_now().await })
        .until(|_| false)
        .await
        .checked_err();
    assert!(matches!(error.kind(), ErrorKind::Cancelled), "{error}");
}

#[tokio::test]
async fn poller_delays_stay_within_bounds() {
    let sandbox = Sandbox::start().await.unwrap();
    let (millis, second) = (Duration::from_millis(1), Duration::from_secs(1));
    // The initial and maximum delay, and the bounds of the first three delays in milliseconds.
    for (first, longest, bounds) in [
        (Duration::ZERO, Duration::ZERO, [10, 10, 10]),
        (Duration::ZERO, second, [10, 20, 40]),
        (60 * second, 3 * second, [3000, 3000, 3000]),
        (7 * millis, 15 * millis, [10, 15, 15]),
        (2 * second, Duration::MAX, [2000, 4000, 8000]),
    ] {
        let (client, clock, number) = waiting(&sandbox).await;
        let mut looks = 0;
        let wait = client.checkout_orders().wait(&number);
        let wait = wait.initial_delay(first).max_delay(longest);
        let counted = wait.deadline(Duration::MAX).until(|_| {
            looks += 1;
            looks == 4
        });
        counted.await.unwrap();
        let pauses = clock.pauses();
        assert_eq!(pauses.len(), 3);
        for (pause, bound) in pauses.iter().zip(bounds) {
            let bound = bound * millis;
            assert!(*pause >= bound / 2 && *pause <= bound, "{pauses:?}");
        }
    }
}

#[tokio::test]
async fn poller_respects_retry_after() {
    let sandbox = Sandbox::start().await.unwrap();
    let (_, clock, number) = waiting(&sandbox).await;
    let client = builder(&sandbox).clock(clock.clone());
    let client = client
        .retry(RetryPolicy::default().max_attempts(1))
        .build()
        .unwrap();
    sandbox
        .set_status(SandboxRecordKind::Order, &number, "PAID")
        .unwrap();
    let busy = Fault::rate_limited(Some(90)).on(SandboxOperation::GetCheckoutOrder);
    sandbox.faults().add(busy.times(2));
    let wait = client.checkout_orders().wait(&number);
    wait.until_final().await.unwrap();
    assert_eq!(clock.pauses(), [Duration::from_secs(90); 2]);
}

#[tokio::test]
async fn poller_deadline_ends_pending_lookup() {
    let sandbox = Sandbox::start().await.unwrap();
    let (client, clock, number) = waiting(&sandbox).await;
    let stall = Fault::stall()
        .on(SandboxOperation::GetCheckoutOrder)
        .always();
    let stall = sandbox.faults().add(stall);
    let wait = client.checkout_orders().wait(&number);
    let mut wait = pin!(wait.deadline(Duration::from_secs(5)).until_final());
    tokio::select! {
        biased;
        result = &mut wait => panic!("{result:?}"),
        () = when(|| sandbox.faults().injections(stall) == 1) => {}
    }
    clock.advance(Duration::from_secs(5));
    let error = wait.await.checked_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error}");
    assert!(error.is_retryable());
    assert_eq!(sent(&sandbox, SandboxOperation::GetCheckoutOrder), 1);
}

#[tokio::test]
async fn cancelled_poller_sends_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let (client, _clock, number) = waiting(&sandbox).await;
    let (capture, _guard) = Capture::start();
    let wait = client.checkout_orders().wait(&number);
    let error = wait.cancel_on(async {}).until_final().await.checked_err();
    assert!(matches!(error.kind(), ErrorKind::Cancelled), "{error}");
    assert!(capture.spans("stablelink.call").is_empty());
}

#[tokio::test]
async fn dropped_poller_cancels_its_lookup() {
    let sandbox = Sandbox::start().await.unwrap();
    let (client, _clock, number) = waiting(&sandbox).await;
    let (capture, _guard) = Capture::start();
    let stall = Fault::stall()
        .on(SandboxOperation::GetCheckoutOrder)
        .always();
    let stall = sandbox.faults().add(stall);
    let sandbox = &sandbox;
    let asked = |times| when(move || sandbox.faults().injections(stall) == times);
    // In a separate task, which is aborted.
    let wait = client.checkout_orders().wait(&number);
    let task = tokio::spawn(wait.until_final());
    asked(1).await;
    task.abort();
    assert!(task.await.is_err_and(|ended| ended.is_cancelled()));
    let wait = client.checkout_orders().wait(&number);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let wait = wait.cancel_on(async { drop(stopped.await) }).until_final();
    let (result, ()) = tokio::join!(wait, async {
        asked(2).await;
        drop(stop);
    });
    assert!(matches!(result.checked_err().kind(), ErrorKind::Cancelled));
    let calls = capture.spans("stablelink.call");
    let ends: Vec<&str> = calls
        .iter()
        .map(|call| call.fields["error.type"].as_str())
        .collect();
    assert_eq!(ends, ["cancelled", "cancelled"]);
}

#[cfg(feature = "provisional")]
#[tokio::test]
async fn payouts_and_refunds_are_polled_until_final() {
    use stablelink::open_enums::{RefundOrderStatus, SettlementOrderStatus};

    let (sandbox, builder, _clock) = crate::setup::clocked().await;
    let client = builder.build().unwrap();
    let refund = |status: &str| {
        let body = format!(r#"{{"retcode":"200","retdata":{{"refundOrderNo":"R1"{status}}}}}"#);
        let json = [("content-type", "application/json")];
        let fault = Fault::custom(200, json, body);
        sandbox
            .faults()
            .add(fault.on(SandboxOperation::GetRefundOrder));
    };
    for (responses, expected) in [
        (
            &[r#","status":"REFUNDING""#, r#","status":"REFUNDED""#][..],
            RefundOrderStatus::Refunded,
        ),
        (
            &[
                r#","refundStatus":"PENDING_REFUND","status":"FAILED""#,
                r#","refundStatus":"CANCELLED""#,
            ],
            RefundOrderStatus::Cancelled,
        ),
        (
            &[
                "",
                r#","status":null"#,
                r#","status":"NEW""#,
                r#","status":"FAILED""#,
            ],
            RefundOrderStatus::Failed,
        ),
    ] {
        for status in responses {
            refund(status);
        }
        let found = client.refunds().wait("R1").until_final().await.unwrap();
        assert_eq!(found.status().unwrap(), expected);
    }
    refund(r#","status":7"#);
    let error = client
        .refunds()
        .wait("R1")
        .until_final()
        .await
        .checked_err();
    assert_eq!(error.kind().name(), "decode", "{error}");
    assert!(error.to_string().contains("`retdata.status`"), "{error}");
    refund("");
    let found = client.refunds().get("R1").await.unwrap();
    let error = found.status().map(drop).checked_err();
    assert!(
        error
            .to_string()
            .contains("`retdata.refundStatus`: it is missing"),
        "{error}"
    );

    for (status, expected) in [
        ("SETTLED", SettlementOrderStatus::Settled),
        ("FAILED", SettlementOrderStatus::Failed),
        ("REJECTED", SettlementOrderStatus::Rejected),
        ("CANCELLED", SettlementOrderStatus::Cancelled),
    ] {
        for status in ["SETTLING", status] {
            let body = format!(
                r#"{{"retcode":"200","retdata":{{"settlementOrderNo":"S1","settlementStatus":"{status}"}}}}"#
            );
            let fault = Fault::custom(200, [("content-type", "application/json")], body);
            sandbox
                .faults()
                .add(fault.on(SandboxOperation::GetSettlementOrder));
        }
        let found = client.settlements().wait("S1").until_final().await.unwrap();
        assert_eq!(found.status().unwrap(), expected);
    }
}
