//! Buys a token for US dollars: a receipt, a trade, and polling. All of it is **inferred**: the pages only name these operations.
//!
//!     cargo run -p stablelink --example on_ramp --features provisional
#![allow(missing_docs, unreachable_pub)]

mod support;

use stablelink::{Decimal, NewTrade};
use stablelink_sandbox::SandboxRecordKind;

#[tokio::main]
async fn main() -> support::Outcome {
    let gateway = support::gateway().await?;
    let client = gateway.client()?;
    // The gateway requires a customer with a completed review and a fee config. The local sandbox adds a customer with a fee
    // config, and does not require the review by default.
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
        .ok_or("the response has no fileId")?;

    let trade = NewTrade::on_ramp(customer, "USD", "USDC", Decimal::new(120, 0))
        .receipt(file_id, "BANK-REFERENCE-1");
    let created = client.trades().create(&trade).await?;
    println!(
        "trade {} is {:?}",
        trade.request_id(),
        created.status.as_ref().map(|s| s.as_str())
    );

    // In the local sandbox the trade is completed here.
    if let Some(local) = &gateway.local {
        local.set_status(SandboxRecordKind::Trade, trade.request_id(), "Completed")?;
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
