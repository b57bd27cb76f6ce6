//! Sells a token for US dollars: the bank account of a payee, a deposit address, a trade. All of it is **inferred**: the pages only
//! name these operations, and the `requestType` of an off-ramp is not documented.
//!
//!     cargo run -p stablelink --example off_ramp --features provisional
#![allow(missing_docs, unreachable_pub)]

mod support;

use stablelink::types::CreateRemitRequest;
use stablelink::{Decimal, NewTrade, request_id};

#[tokio::main]
async fn main() -> support::Outcome {
    let gateway = support::gateway().await?;
    let client = gateway.client()?;
    let customer = match (&gateway.local, std::env::var("STABLELINK_CLIENT_ID")) {
        (Some(local), _) => local.add_customer(),
        (None, id) => id?.parse()?,
    };

    let account = CreateRemitRequest {
        request_id: request_id(),
        beneficiary_name: "Example Limited".into(),
        beneficiary_address: "1 Example Road, Road Town".into(),
        beneficiary_account: "0000000000".into(),
        beneficiary_bank_name: "Example Bank".into(),
        beneficiary_bank_country: "VGB".into(),
        beneficiary_bank_city: None,
        beneficiary_bank_address: "2 Example Road, Road Town".into(),
        beneficiary_bank_swift_code: "EXAMVGVG".into(),
        bank_type: "SWIFT".into(),
        currency: "USD".into(),
        is_intermediary_required: false,
        intermediary_bank_account: None,
        intermediary_bank_address: None,
        intermediary_bank_city: None,
        intermediary_bank_country: None,
        intermediary_bank_name: None,
        intermediary_bank_swift_code: None,
        extra: serde_json::Map::new(),
    };
    client.remits().create(&account).await?;
    println!("bank account stored under {}", account.request_id);

    if let Some(address) = &*client
        .trades()
        .deposit_address(customer, "USDC", "ethereum")
        .await?
    {
        println!("deposit to {}", address.get());
    }

    let trade = NewTrade::off_ramp(customer, "USDC", "USD", Decimal::new(120, 0));
    let created = client.trades().create(&trade).await?;
    println!(
        "trade {} is {:?}",
        trade.request_id(),
        created.status.as_ref().map(|s| s.as_str())
    );
    Ok(())
}
