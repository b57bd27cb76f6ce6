//! Injected faults: the result is a typed error or a success, and never a second effect.

use stablelink::{Error, ErrorKind};
use stablelink_sandbox::{Fault, SandboxOperation};

use crate::setup::{order, pair};
use crate::watch::CheckedResult;

/// Returns a short name of an error.
fn kind(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Api(_) => "api",
        ErrorKind::RateLimited { .. } => "rate limited",
        ErrorKind::Transport { .. } => "transport",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Ambiguous(_) => "ambiguous",
        ErrorKind::Decode(_) => "decode",
        ErrorKind::Authentication { .. } => "authentication",
        _ => "another",
    }
}

/// A fault on the creation of an order, the result, and how many orders were created.
#[tokio::test]
async fn payment_call_has_at_most_one_effect() {
    type Make = fn() -> Fault;
    let cases: [(&str, Make, &str, u64); 14] = [
        ("reset before", || Fault::reset(), "made", 1),
        (
            "reset after: found by its number",
            || Fault::reset().after_effect(),
            "made",
            1,
        ),
        (
            "always reset before",
            || Fault::reset().always(),
            "ambiguous",
            0,
        ),
        (
            "always reset after",
            || Fault::reset().after_effect().always(),
            "made",
            1,
        ),
        (
            "cut off: found by its number",
            || Fault::truncate(),
            "made",
            1,
        ),
        ("503 before", || Fault::status(503), "made", 1),
        (
            "503 after: found by its number",
            || Fault::status(503).after_effect(),
            "made",
            1,
        ),
        ("always 503", || Fault::status(503).always(), "ambiguous", 0),
        (
            "always 429",
            || Fault::rate_limited(None).always(),
            "rate limited",
            0,
        ),
        ("429 once", || Fault::rate_limited(Some(0)), "made", 1),
        (
            "a page instead of an answer",
            || Fault::html(200).after_effect(),
            "ambiguous",
            1,
        ),
        (
            "wrong JSON",
            || Fault::malformed_json().after_effect(),
            "ambiguous",
            1,
        ),
        (
            "302",
            || Fault::redirect(302, "https://elsewhere.example/"),
            "ambiguous",
            0,
        ),
        (
            "307",
            || Fault::redirect(307, "https://elsewhere.example/"),
            "ambiguous",
            0,
        ),
    ];
    for (name, fault, outcome, effects) in cases {
        let (sandbox, client) = pair().await;
        sandbox
            .faults()
            .add(fault().on(SandboxOperation::CreateCheckoutOrder));
        let order = order();
        let made = client.checkout_orders().create(&order).await.checked();
        let seen = match &made {
            Ok(made) => {
                assert_eq!(made.order_no.as_deref(), Some(order.order_no()), "{name}");
                "made"
            }
            Err(error) => kind(error),
        };
        assert_eq!(seen, outcome, "{name}: {made:?}");
        assert_eq!(
            sandbox
                .effects()
                .count(SandboxOperation::CreateCheckoutOrder, order.order_no()),
            effects,
            "{name}"
        );
        if let Err(error) = made {
            assert_eq!(error.operation(), Some("create_checkout_order"), "{name}");
            // A caller that sees a rejection may pay in another way.
            assert!(effects == 0 || error.may_have_taken_effect(), "{name}");
            if error.is_ambiguous() {
                assert_eq!(error.idempotency_key(), Some(order.order_no()), "{name}");
                assert!(!error.is_retryable(), "{name}");
            }
        }
    }
}
