//! Start, stop, and what is seen from outside.

use std::collections::BTreeSet;

use stablelink_sandbox::{Fault, Sandbox};
use tokio::net::TcpStream;

use crate::caller::{Caller, by_credentials};

#[tokio::test]
async fn many_live_side_by_side() {
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
    // Not with another's credentials.
    let foreign = by_credentials(sandboxes[0].url(), &sandboxes[1].credentials()).await;
    foreign.refused("00905");
}

#[tokio::test]
async fn shutdown_ends_idle_connections_and_the_port() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let address = sandbox.address();
    // Kept alive, with no request under way.
    caller.post("/checkout/order/list", "{}").await.ok();
    sandbox.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
    assert!(caller.try_post("/checkout/order/list", "{}").await.is_err());
}

#[tokio::test]
async fn dropped_it_takes_its_connections_with_it() {
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
async fn requests_are_logged_with_what_they_carried() {
    let sandbox = Sandbox::builder()
        .settings(|settings| (settings.request_log_size, settings.logged_body_bytes) = (2, 4))
        .start()
        .await
        .unwrap();
    let caller = Caller::new(&sandbox).await;
    caller
        .get("/checkout/order/info", "orderNo=none")
        .await
        .refused("00907");
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
    let shown = format!("{requests:?} {sandbox:?}");
    assert!(!shown.contains(&caller.token), "{shown}");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let sandbox = Sandbox::builder()
        .settings(|settings| settings.body_limit = 100)
        .start()
        .await
        .unwrap();
    let caller = Caller::new(&sandbox).await;
    let list = |length: usize| format!("{{}}{}", " ".repeat(length - 2));
    caller.post("/checkout/order/list", &list(100)).await.ok();
    let refused = caller.post("/checkout/order/list", &list(101)).await;
    assert_eq!(refused.status, 413);
    refused.refused("00910");
}
