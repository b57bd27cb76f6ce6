//! Access tokens: sharing, expiry, and rotated credentials.

use std::time::Duration;

use stablelink::{ErrorKind, MemoryStore};
use stablelink_sandbox::SandboxOperation;

use crate::fixtures::order;
use crate::test_env::{TestEnv, builder, money};

/// Clients with separate stores invalidate each other's token but lose no payment; clients with one store share a token.
#[tokio::test]
async fn clients_of_one_account_lose_no_payment() {
    for shared in [true, false] {
        let env = TestEnv::start().await;
        let store = MemoryStore::default();
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let store = if shared {
                    store.clone()
                } else {
                    MemoryStore::default()
                };
                builder(&env.sandbox).token_store(store).build().unwrap()
            })
            .collect();
        let mut orders = Vec::new();
        for _ in 0..3 {
            for client in &clients {
                let order = order();
                client.checkout_orders().create(&order).await.unwrap();
                orders.push(order);
            }
        }
        for order in &orders {
            assert_eq!(
                env.effect_count(SandboxOperation::CreateCheckoutOrder, order.order_no()),
                1
            );
        }
        let granted = env.sandbox.token_grants().granted();
        assert_eq!(granted, if shared { 1 } else { 12 });
        env.finish();
    }
}

/// A token is refreshed with its refresh token before it expires, and with credentials after the refresh token expired.
#[tokio::test]
async fn token_is_refreshed_over_days() {
    let env = TestEnv::with_settings(|settings| {
        settings.token_lifetime = 21_600;
        settings.refresh_token_lifetime = 43_200;
    })
    .await;
    let quote = || {
        env.client
            .exchange_rates()
            .quote("USDT", "USD")
            .amount(money("1"))
    };
    for (hours, credentials, refresh) in [(0, 1, 0), (7, 1, 1), (7, 1, 2), (13, 2, 2), (1, 2, 2)] {
        env.advance(hours * 3_600);
        quote().await.unwrap();
        let grants = env.sandbox.token_grants();
        let seen = (grants.credentials, grants.refresh, grants.rejected);
        assert_eq!(seen, (credentials, refresh, 0), "{hours} hours later");
    }
    env.finish();
}

#[tokio::test]
async fn rotated_credentials_reject_old_client() {
    let env = TestEnv::start().await;
    let customer = env.sandbox.add_customer();
    env.client.users().get(Some(customer)).await.unwrap();
    let fresh = stablelink_sandbox::SandboxCredentials::random().unwrap();
    env.sandbox.rotate_credentials(fresh);
    let error = env.client.users().get(Some(customer)).await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Authentication { .. }),
        "{error:?}"
    );
    let client = builder(&env.sandbox)
        .deadline(Duration::from_secs(30))
        .build()
        .unwrap();
    client.users().get(Some(customer)).await.unwrap();
    env.finish();
}
