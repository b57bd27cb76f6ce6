//! Requests an exchange rate. No money moves.
//!
//!     cargo run -p stablelink --example exchange_rate
#![allow(missing_docs, unreachable_pub)]

mod support;

use stablelink::Decimal;

#[tokio::main]
async fn main() -> support::Outcome {
    let gateway = support::gateway().await?;
    let client = gateway.client()?;

    let rate = client
        .exchange_rates()
        .quote("USDT", "USD")
        .amount(Decimal::new(35_879, 2))
        .await?;

    // It is not known which of the two fields the live service returns.
    match (&rate.channel_rate, &rate.rate) {
        (Some(rate), _) => println!("1 USDT is {rate} USD"),
        (None, Some(rate)) => println!("1 USDT is {rate} USD (field of the older page)"),
        (None, None) => println!(
            "no rate in the response: {:?}",
            rate.unknown_fields().keys()
        ),
    }
    if let Some(until) = &rate.rate_expiry_time {
        println!("until {until}, presumably UTC+8");
    }
    Ok(())
}
