//! Tests of start, shutdown and the request log.

use std::collections::BTreeSet;

use stablelink_sandbox::{Fault, Sandbox};
use tokio::net::TcpStream;

use crate::caller::{Caller, by_credentials};

#[tokio::test]
async fn many_sandboxes_run_at_the_same_time() {
    let mut sandboxes = Vec::new();
    for _ in 0..20 {
        sandboxes.push(Sandbox::start().await.unwrap());
    }
    let urls: BTreeSet<_> = sandboxes.iter().map(|s| s.url().to_owned()).collect();
    assert_eq!(urls.len(), 20);
    assert!(sandboxes.iter().all(|s| s.address().ip().is_loopback()));
    for sandbox in &sandboxes {
        let token = by_credentials(sandbox.url(), &sandbox.credentials()).await;
        assert_eq!(token.status, 200);
    }
    // The credentials of another sandbox are rejected.
    let foreign = by_credentials(sandboxes[0].url(), &sandboxes[1].credentials()).await;
    foreign.rejected("00905");
}

#[tokio::test]
async fn shutdown_closes_idle_connections_and_the_port() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let address = sandbox.address();
    // The connection is kept alive without an open request.
    caller.post("/checkout/order/list", "{}").await.ok();
    sandbox.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
    assert!(caller.try_post("/checkout/order/list", "{}").await.is_err());
}

#[tokio::test]
async fn dropping_the_sandbox_closes_its_connections() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let id = sandbox.faults().add(Fault::stall());
    let request = caller
        .request("POST", "/checkout/order/list", "", "{}")
        .send();
    let stalled = tokio::spawn(request);
    while sandbox.faults().injections(id) == 0 {
        tokio::task::yield_now().await;
    }
    let address = sandbox.address();
    drop(sandbox);
    assert!(stalled.await.unwrap().is_err(), "its connection is closed");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn requests_are_logged_with_their_content() {
    let sandbox = Sandbox::builder()
        .settings(|settings| (settings.request_log_size, settings.logged_body_bytes) = (2, 4))
        .start()
        .await
        .unwrap();
    let caller = Caller::new(&sandbox).await;
    caller
        .get("/checkout/order/info", "orderNo=none")
        .await
        .rejected("00907");
    caller
        .post("/checkout/order/list", r#"{"pageNum":1}"#)
        .await
        .ok();
    let requests = sandbox.requests();
    let seen: Vec<_> = requests
        .iter()
        .map(|r| {
            (
                r.number,
                r.path.as_str(),
                r.query.as_str(),
                &r.body[..],
                r.body_length,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (1, "/checkout/order/info", "orderNo=none", &b""[..], 0),
            (2, "/checkout/order/list", "", &b"{\"pa"[..], 13),
        ]
    );
    assert_eq!(sandbox.request_count(), 3);
    assert!(requests[0].headers.contains_key("signature"));
    let text = format!("{requests:?} {sandbox:?}");
    assert!(!text.contains(&caller.token), "{text}");
}

#[tokio::test]
async fn body_beyond_the_limit_is_rejected() {
    let sandbox = Sandbox::builder()
        .settings(|settings| settings.body_limit = 100)
        .start()
        .await
        .unwrap();
    let caller = Caller::new(&sandbox).await;
    let list = |length: usize| format!("{{}}{}", " ".repeat(length - 2));
    caller.post("/checkout/order/list", &list(100)).await.ok();
    let rejection = caller.post("/checkout/order/list", &list(101)).await;
    assert_eq!(rejection.status, 413);
    rejection.rejected("00910");
}
