//! Several clients, as several processes would be, share one token over Redis: only one lives per account at a time.
//!
//!     redis-server --port 6399 --save "" &
//!     STABLELINK_REDIS=redis://127.0.0.1:6399/0 cargo run -p stablelink --example shared_token --features redis
#![allow(missing_docs, unreachable_pub)]

mod support;

use stablelink::{Client, Decimal, RedisConnection, RedisStore};

#[tokio::main]
async fn main() -> support::Outcome {
    let gateway = support::gateway().await?;
    let redis =
        std::env::var("STABLELINK_REDIS").unwrap_or_else(|_| "redis://127.0.0.1:6379/0".to_owned());

    for process in 1..=3 {
        // In earnest, each of these is a process of its own. Use rediss:// and an ACL: the token lies there readable.
        let client = Client::builder()
            .environment(gateway.environment.clone())
            .credentials(gateway.credentials.clone())
            .token_store(RedisStore::new(RedisConnection::new(&redis)?))
            .build()?;
        let quote = client.exchange_rates().quote("USDT", "USD");
        let rate = quote.amount(Decimal::new(100, 0)).await?;
        let token = client.token().await?;
        println!(
            "client {process}: token {}, rate {}",
            token.generation(),
            rate.channel_rate
                .map_or_else(String::new, |rate| rate.to_string()),
        );
    }

    if let Some(local) = &gateway.local {
        println!("token requests: {}", local.token_grants().granted());
    }
    Ok(())
}
