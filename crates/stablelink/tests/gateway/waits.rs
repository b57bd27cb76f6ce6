//! Waiting for a record to change.

use std::time::{Duration, SystemTime};

use stablelink::testing::ManualClock;
use stablelink::{Client, ErrorKind};
use stablelink_sandbox::{Fault, Operation, Sandbox};

use crate::setup::{builder, order};

/// A client whose pauses take no time, and the number of an order of it.
async fn waiting(sandbox: &Sandbox) -> (Client, ManualClock, String) {
    let clock = ManualClock::new(SystemTime::now());
    let client = builder(sandbox).clock(clock.clone()).build().unwrap();
    let order = order();
    client.checkout_orders().create(&order).await.unwrap();
    (client, clock, order.order_no().to_owned())
}

#[tokio::test]
async fn pauses_grow_until_the_order_is_paid() {
    let sandbox = Sandbox::start().await.unwrap();
    let (client, clock, number) = waiting(&sandbox).await;
    let mut looks = 0;
    let paid = client
        .checkout_orders()
        .wait(&number)
        .first_pause(Duration::from_secs(1))
        .longest_pause(Duration::from_secs(4))
        .until(|order| {
            looks += 1;
            if looks == 5 {
                sandbox.set_order_status(&number, "PAID").unwrap();
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
async fn what_is_final_ends_it_and_what_is_not_known_does_not() {
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
            Fault::member("retdata.orderStatus", format!("{status:?}"))
                .on(Operation::GetCheckoutOrder)
                .always(),
        );
        let outcome = client.checkout_orders().wait(&number).until_final().await;
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
async fn errors_that_may_pass_are_waited_out_and_others_end_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let (client, _clock, number) = waiting(&sandbox).await;
    sandbox.set_order_status(&number, "PAID").unwrap();
    sandbox
        .faults()
        .add(Fault::status(503).on(Operation::GetCheckoutOrder).times(7));
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
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Refused(_)), "{error}");

    sandbox
        .faults()
        .add(Fault::status(503).on(Operation::GetCheckoutOrder).always());
    let error = client
        .checkout_orders()
        .wait(&number)
        .until_final()
        .await
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error}");
    let last = std::error::Error::source(&error).unwrap().to_string();
    assert!(last.contains("503"), "{last}");
}

#[tokio::test]
async fn a_caller_can_stop_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let (client, _clock, number) = waiting(&sandbox).await;
    let error = client
        .checkout_orders()
        .wait(&number)
        .deadline(Duration::MAX)
        .stop_on(async { tokio::task::yield_now().await })
        .until(|_| false)
        .await
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Cancelled), "{error}");
}
