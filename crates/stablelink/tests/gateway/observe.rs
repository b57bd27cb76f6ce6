//! Spans, events and metrics of a call.

use stablelink::Method;
use stablelink_sandbox::{Fault, SandboxOperation};
use tracing::Level;

use crate::capture::{Capture, CapturedSpan};
use crate::setup::{clocked, order, pair, read, when};
use crate::watch::CheckedResult;

/// Returns the fields of a span in one line, sorted by name.
fn line(span: &CapturedSpan) -> String {
    let fields: Vec<String> = span
        .fields
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    fields.join(" ")
}

#[tokio::test]
async fn call_has_a_span_and_each_attempt_has_a_span() {
    let (capture, _guard) = Capture::start();
    let (sandbox, builder, _clock) = clocked().await;
    let client = builder.build().unwrap();
    let create = SandboxOperation::CreateCheckoutOrder;
    sandbox
        .faults()
        .add(Fault::status(503).retry_after(7).on(create));
    let order = order();
    client.checkout_orders().create(&order).await.unwrap();
    sandbox.revoke_tokens();
    let error = client.checkout_orders().create(&order).await.checked_err();
    assert!(error.is_duplicate());

    let calls = capture.spans("stablelink.call");
    let lines: Vec<String> = calls.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "attempts=2 duration_ms=7000 http.response.status_code=200 operation=create_checkout_order otel.kind=client retcode=200",
            "attempts=2 duration_ms=0 error.type=api http.response.status_code=200 operation=create_checkout_order otel.kind=client otel.status_code=ERROR retcode=00906",
        ]
    );
    assert!(
        calls
            .iter()
            .all(|span| span.level == Level::INFO && span.parent.is_none())
    );

    let attempts = capture.spans("stablelink.attempt");
    assert!(attempts.iter().all(|span| span.level == Level::DEBUG));
    let of_call = attempts
        .iter()
        .filter(|span| span.fields["operation"] == "create_checkout_order");
    let of_call: Vec<&CapturedSpan> = of_call.collect();
    assert!(
        of_call
            .iter()
            .all(|span| span.parent == Some("stablelink.call"))
    );
    let lines: Vec<String> = of_call.into_iter().map(line).collect();
    let common = "operation=create_checkout_order otel.kind=client";
    assert_eq!(
        lines,
        [
            format!(
                "attempt=1 duration_ms=0 error.type=transport http.request.method=POST http.response.status_code=503 {common} otel.status_code=ERROR retcode=503"
            ),
            format!(
                "attempt=2 duration_ms=0 http.request.method=POST http.response.status_code=200 {common} retcode=200"
            ),
            format!(
                "attempt=1 duration_ms=0 error.type=authentication http.request.method=POST http.response.status_code=401 {common} otel.status_code=ERROR retcode=00901"
            ),
            format!(
                "attempt=2 duration_ms=0 error.type=api http.request.method=POST http.response.status_code=200 {common} otel.status_code=ERROR retcode=00906"
            ),
        ]
    );
    let tokens = attempts
        .iter()
        .filter(|span| span.fields["operation"] == "issue_access_token");
    assert_eq!(tokens.count() as u64, sandbox.token_grants().granted());
}

#[tokio::test]
async fn cancelled_and_unsent_calls_have_a_span() {
    let (capture, _guard) = Capture::start();
    let (sandbox, client) = pair().await;
    client.token().await.unwrap();
    let id = sandbox.faults().add(Fault::stall().on_calls());
    tokio::select! {
        biased;
        result = read(&client) => panic!("{result:?}"),
        () = when(|| sandbox.faults().injections(id) == 1) => {}
    }
    client.request(Method::GET, "//host").await.checked_err();
    let illegal = order().with_order_no("a-1");
    client
        .checkout_orders()
        .create(&illegal)
        .await
        .checked_err();
    let kinds = |name| -> Vec<String> {
        let spans = capture.spans(name);
        let kinds = spans.iter().map(|span| span.fields["error.type"].clone());
        kinds.collect()
    };
    let expected = ["cancelled", "invalid_argument", "invalid_argument"];
    assert_eq!(kinds("stablelink.call"), expected);
    let attempts = capture.spans("stablelink.attempt");
    let last = attempts.last().unwrap();
    assert_eq!(last.fields["error.type"], "cancelled");
    assert!(!last.fields.contains_key("http.response.status_code"));
}

#[tokio::test]
async fn retries_and_token_requests_are_logged_at_debug() {
    let (capture, _guard) = Capture::start();
    let (sandbox, client) = pair().await;
    sandbox
        .faults()
        .add(Fault::status(503).on(SandboxOperation::GetExchangeRate));
    read(&client).await.unwrap();
    let events = capture.events();
    let ours = events
        .iter()
        .filter(|event| event.target.starts_with("stablelink::"));
    let lines: Vec<(Level, &str)> = ours.map(|event| (event.level, event.text.trim())).collect();
    assert_eq!(
        lines,
        [
            (
                Level::DEBUG,
                "grant=client_credentials message=token requested outcome=success"
            ),
            (
                Level::DEBUG,
                "generation=1 message=token refreshed reason=Required"
            ),
            (
                Level::DEBUG,
                "delay_ms=0 error.type=transport message=retrying call operation=get_exchange_rate"
            ),
        ]
    );
}

#[tokio::test]
async fn custom_call_shows_its_method_but_not_its_path() {
    let (capture, _guard) = Capture::start();
    let (_sandbox, client) = pair().await;
    let path = "/checkout/order/info?orderNo=12345";
    client.request(Method::GET, path).await.checked_err();
    let spans = capture.spans("stablelink.call");
    assert_eq!(spans[0].fields["operation"], "GET request");
    assert!(!format!("{:?}", capture.events()).contains("12345"));
}

#[cfg(feature = "metrics")]
mod metrics {
    use std::future::IntoFuture;

    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    use super::*;
    use crate::setup::keyed;

    /// Returns one sorted line per metric.
    fn counted(recorder: &DebuggingRecorder) -> Vec<String> {
        let mut lines: Vec<String> = recorder
            .snapshotter()
            .snapshot()
            .into_vec()
            .into_iter()
            .map(|(key, _, _, value)| {
                let labels = key
                    .key()
                    .labels()
                    .map(|label| format!("{}={}", label.key(), label.value()));
                let labels: Vec<String> = labels.collect();
                let value = match value {
                    DebugValue::Counter(count) => count.to_string(),
                    DebugValue::Gauge(value) => value.to_string(),
                    DebugValue::Histogram(values) => format!("{values:?}"),
                };
                format!("{} {} {value}", key.key().name(), labels.join(" "))
            })
            .collect();
        lines.sort();
        lines
    }

    /// Runs a scenario on one thread, because the recorder is local to the thread.
    fn recorded(scenario: impl Future<Output = ()>) -> Vec<String> {
        let recorder = DebuggingRecorder::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        ::metrics::with_local_recorder(&recorder, || {
            stablelink::observe::describe_metrics();
            runtime.block_on(scenario);
        });
        counted(&recorder)
    }

    #[test]
    fn calls_retries_and_tokens_are_measured() {
        let lines = recorded(async {
            let (sandbox, builder, _clock) = clocked().await;
            let client = builder.build().unwrap();
            let fault = Fault::status(503).retry_after(7);
            sandbox
                .faults()
                .add(fault.on(SandboxOperation::CreateCheckoutOrder));
            keyed(&client).await.unwrap();
            sandbox.revoke_tokens();
            read(&client).await.unwrap();
            sandbox.faults().add(Fault::reset().on_calls().always());
            read(&client).await.checked_err();
            keyed(&client).await.checked_err();
        });
        assert_eq!(
            lines,
            [
                "stablelink_call_duration_seconds operation=create_checkout_order outcome=ambiguous [0.0]",
                "stablelink_call_duration_seconds operation=create_checkout_order outcome=success [7.0]",
                "stablelink_call_duration_seconds operation=get_exchange_rate outcome=success [0.0]",
                "stablelink_call_duration_seconds operation=get_exchange_rate outcome=transport [0.0]",
                "stablelink_calls_total operation=create_checkout_order outcome=ambiguous 1",
                "stablelink_calls_total operation=create_checkout_order outcome=success 1",
                "stablelink_calls_total operation=get_exchange_rate outcome=success 1",
                "stablelink_calls_total operation=get_exchange_rate outcome=transport 1",
                "stablelink_retries_total operation=create_checkout_order reason=transport 3",
                "stablelink_retries_total operation=get_exchange_rate reason=transport 2",
                "stablelink_token_refreshes_total grant=client_credentials outcome=success 1",
                "stablelink_token_refreshes_total grant=refresh_token outcome=success 1",
            ]
        );
    }

    #[test]
    fn cancelled_call_is_counted() {
        let lines = recorded(async {
            let (sandbox, client) = pair().await;
            client.token().await.unwrap();
            let id = sandbox.faults().add(Fault::stall().on_calls());
            let mut call = client.checkout_orders().get("7").into_future();
            tokio::select! {
                biased;
                _ = &mut call => panic!("the call finished"),
                () = when(|| sandbox.faults().injections(id) == 1) => {}
            }
            drop(call);
        });
        let cancelled = "stablelink_calls_total operation=get_checkout_order outcome=cancelled 1";
        assert!(lines.iter().any(|line| line == cancelled), "{lines:?}");
    }
}
