//! From dollars to a coin: fee config, rate, receipt, trade, wait. **Inferred** throughout: the pages only name these operations.
//!
//!     cargo run -p stablelink --example on_ramp --features provisional
#![allow(missing_docs, unreachable_pub)]

mod support;

use stablelink::{Decimal, NewTrade};

#[tokio::main]
async fn main() -> support::Outcome {
    let gateway = support::gateway().await?;
    let client = gateway.client()?;
    // A customer whose review is done and who has a fee config. On localhost one is made.
    let customer = match (&gateway.local, std::env::var("STABLELINK_CLIENT_ID")) {
        (Some(local), _) => local.add_customer(),
        (None, id) => id?.parse()?,
    };

    let receipt = client
        .files()
        .upload_bytes("receipt.pdf", &b"%PDF-1.7 a receipt"[..])
        .progress(|sent, of| println!("{sent} of {} bytes", of.unwrap_or(sent)))
        .await?;
    let file_id = receipt
        .file_id
        .clone()
        .ok_or("the gateway gave no fileId")?;

    let trade = NewTrade::on_ramp(customer, "USD", "USDC", Decimal::new(120, 0))
        .receipt(file_id, "BANK-REFERENCE-1");
    let made = client.trades().create(&trade).await?;
    println!(
        "trade {} is {:?}",
        trade.request_id(),
        made.status.as_ref().map(|s| s.as_str())
    );

    // On localhost the money arrives at once.
    if let Some(local) = &gateway.local {
        local.set_trade_status(trade.request_id(), "Completed")?;
    }
    let done = client
        .trades()
        .wait(trade.request_id())
        .until_final()
        .await?;
    println!(
        "trade {} is {:?}",
        trade.request_id(),
        done.status.as_ref().map(|s| s.as_str())
    );
    Ok(())
}
