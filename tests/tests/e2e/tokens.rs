//! One token for all, from one client to many.

use std::time::Duration;

use stablelink::{ErrorKind, MemoryStore};
use stablelink_sandbox::Operation;

use crate::scene::order;
use crate::stage::{Stage, builder, money};

/// Clients with stores of their own keep ending each other's token, and lose no payment over it; with one store they share it.
#[tokio::test]
async fn clients_share_an_account() {
    for shared in [true, false] {
        let stage = Stage::start().await;
        let store = MemoryStore::new();
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let store = if shared {
                    store.clone()
                } else {
                    MemoryStore::new()
                };
                builder(&stage.sandbox).token_store(store).build().unwrap()
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
                stage.made(Operation::CreateCheckoutOrder, order.order_no()),
                1
            );
        }
        let granted = stage.sandbox.token_grants().granted();
        assert_eq!(granted, if shared { 1 } else { 12 });
        stage.end();
    }
}

/// A token is renewed before it ends, then by its refresh token, and by credentials when that has ended too.
#[tokio::test]
async fn a_token_lives_on_over_days() {
    let stage = Stage::with(|settings| {
        settings.token_lifetime = 21_600;
        settings.refresh_token_lifetime = 43_200;
    })
    .await;
    let quote = || {
        stage
            .client
            .exchange_rates()
            .quote("USDT", "USD")
            .amount(money("1"))
    };
    for (hours, credentials, refresh) in [(0, 1, 0), (7, 1, 1), (7, 1, 2), (13, 2, 2), (1, 2, 2)] {
        stage.pass(hours * 3_600);
        quote().await.unwrap();
        let grants = stage.sandbox.token_grants();
        let seen = (grants.credentials, grants.refresh, grants.rejected);
        assert_eq!(seen, (credentials, refresh, 0), "after {hours} hours more");
    }
    stage.end();
}

/// The dashboard gives out new credentials in the middle of business.
#[tokio::test]
async fn credentials_are_rotated() {
    let stage = Stage::start().await;
    let customer = stage.sandbox.add_customer();
    stage.client.users().get(Some(customer)).await.unwrap();
    let fresh = stablelink_sandbox::SandboxCredentials::random().unwrap();
    stage.sandbox.rotate_credentials(fresh);
    let error = stage.client.users().get(Some(customer)).await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Authentication { .. }),
        "{error:?}"
    );
    let client = builder(&stage.sandbox)
        .deadline(Duration::from_secs(30))
        .build()
        .unwrap();
    client.users().get(Some(customer)).await.unwrap();
    stage.end();
}
