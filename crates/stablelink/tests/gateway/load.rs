//! Many calls at once.

use std::time::Duration;

use stablelink::Decimal;
use stablelink_sandbox::Sandbox;
use tokio::task::JoinSet;

use crate::setup::builder;

/// The manager of tokens is tried with ten thousand callers; here each has a connection, of which a machine has fewer.
const COLD_CALLS: usize = 2_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cold_client_asks_for_one_token() {
    let sandbox = Sandbox::builder()
        .settings(|settings| settings.connections = COLD_CALLS + 1)
        .start()
        .await
        .unwrap();
    // A busy machine takes its time; a call that was repeated for that would count twice.
    let long = Duration::from_secs(3_600);
    let client = builder(&sandbox)
        .connect_timeout(long)
        .attempt_timeout(long)
        .deadline(long)
        .build()
        .unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..COLD_CALLS {
        let quote = client
            .exchange_rates()
            .quote("USDT", "USD")
            .amount(Decimal::ONE);
        calls.spawn(async move { quote.await.map(drop) });
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap().unwrap();
    }
    assert_eq!(sandbox.token_grants().granted(), 1);
    assert_eq!(sandbox.request_count(), COLD_CALLS as u64 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_when_the_token_is_revoked_under_load() {
    const ROUNDS: u64 = 5;
    let sandbox = Sandbox::start().await.unwrap();
    let client = builder(&sandbox).build().unwrap();
    let mut calls = JoinSet::new();
    let quote = || {
        client
            .exchange_rates()
            .quote("USDT", "USD")
            .amount(Decimal::ONE)
    };
    for _ in 0..64 {
        calls.spawn(quote().into_future());
    }
    let (mut done, mut revoked) = (0, 0);
    while let Some(call) = calls.join_next().await {
        call.unwrap().unwrap();
        done += 1;
        // Each token has served before it is revoked, as it would in earnest.
        if done % 300 == 0 && revoked < ROUNDS {
            sandbox.revoke_tokens();
            revoked += 1;
        }
        if done < 300 * (ROUNDS + 1) {
            calls.spawn(quote().into_future());
        }
    }
    assert_eq!(revoked, ROUNDS);
    let grants = sandbox.token_grants();
    assert_eq!(grants.granted(), 1 + ROUNDS, "{grants:?}");
}
