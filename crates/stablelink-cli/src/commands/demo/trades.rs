//! The steps with trades.

use serde_json::{Map, json};
use stablelink::operations as op;
use stablelink::scalars::IntegerOrText;
use stablelink::types::{ConfirmTransactionRequest, CreateRemitRequest, Trade};
use stablelink::{Decimal, NewTrade, request_id};

use super::stage::{Stage, moved};
use super::walk::{Walk, check, need, of_json};
use crate::failure::Failure;
use crate::output::plain;

/// From dollars to a coin. Gives the trade at its end.
pub(super) async fn on_ramp(
    stage: &Stage,
    walk: &mut Walk<'_>,
    customer: i64,
) -> Result<Trade, Failure> {
    let amount = Decimal::new(120, 0);
    let quote = stage
        .client
        .exchange_rates()
        .quote("USD", "USDC")
        .amount(amount)
        .client_id(customer)
        .await?;
    let rate = need(quote.channel_rate, "channelRate")?;
    let until = need(quote.rate_expiry_time.as_ref(), "rateExpiryTime")?;
    check(rate.get() == Decimal::new(99, 2), "the rate is 0.99")?;
    walk.step(
        "A rate",
        &op::GET_EXCHANGE_RATE,
        format!("USD to USDC {rate} until {until} (no page states the zone)"),
    )?;

    let receipt = vec![b'%'; 200_000];
    let size = receipt.len();
    let file = stage
        .client
        .files()
        .upload_bytes("receipt.pdf", receipt)
        .await?;
    let file = need(file.file_id.clone(), "fileId")?;
    check(
        stage
            .sandbox
            .files()
            .iter()
            .any(|kept| kept.size == size as u64),
        "the whole receipt arrived",
    )?;
    walk.step(
        "The receipt of the bank payment is uploaded",
        &op::UPLOAD_FILE,
        format!("fileId {file}, {size} bytes"),
    )?;

    let order =
        NewTrade::on_ramp(customer, "USD", "USDC", amount).receipt(file, "BANK-REFERENCE-1");
    let made = stage.client.trades().create(&order).await?;
    let fee = need(made.total_fee, "totalFee")?;
    let rest = need(made.really_amount, "reallyAmount")?;
    check(
        fee.get() == Decimal::new(160, 2),
        "the fee is 1.00 + 0.005 of 120",
    )?;
    check(rest.get() + fee.get() == amount, "amount and fee add up")?;
    let number = need(made.tx_no.clone(), "txNo")?;
    walk.step(
        "On-ramp",
        &op::CREATE_TRADE,
        format!(
            "{number} {}: {amount} USD, fee {fee}, remains {rest}",
            status(&made)
        ),
    )?;

    let confirmation = ConfirmTransactionRequest {
        tx_no: Some(number),
        extra: Map::new(),
    };
    stage.client.trades().confirm(confirmation).await?;
    let now = stage.client.trades().get(order.request_id()).await?;
    check(
        status(&now) == "Processing",
        "a confirmed trade is processed",
    )?;
    walk.step(
        "It is confirmed",
        &op::CONFIRM_TRANSACTION,
        format!("{}; sent once, for it moves money", status(&now)),
    )?;

    let done = settled(stage, &order).await?;
    walk.step("It is waited for", &op::GET_TRADE, status(&done))?;
    Ok(done)
}

/// From a coin to dollars.
pub(super) async fn off_ramp(
    stage: &Stage,
    walk: &mut Walk<'_>,
    customer: i64,
) -> Result<(), Failure> {
    let account: CreateRemitRequest = of_json(json!({
        "requestId": request_id(), "bankType": "SWIFT", "currency": "USD", "isIntermediaryRequired": false,
        "beneficiaryName": "Example Limited", "beneficiaryAddress": "1 Example Road, Road Town", "beneficiaryAccount": "0000000000",
        "beneficiaryBankName": "Example Bank", "beneficiaryBankCountry": "VGB", "beneficiaryBankSwiftCode": "EXAMVGVG",
        "beneficiaryBankAddress": "2 Example Road, Road Town",
    }))?;
    stage.client.remits().create(&account).await?;
    let again = stage.client.remits().create(&account).await;
    check(
        again.is_err_and(|error| error.is_duplicate()),
        "the same requestId is refused",
    )?;
    walk.step(
        "A payee's bank account",
        &op::CREATE_REMIT,
        "stored; the same requestId again is refused",
    )?;

    let order = NewTrade::new(customer, "USDC", "USD", Decimal::new(5025, 2))
        .request_type(IntegerOrText::Text("OffRamp".into()));
    stage.client.trades().create(&order).await?;
    let done = settled(stage, &order).await?;
    let rest = need(done.really_amount, "reallyAmount")?;
    walk.step(
        "Off-ramp",
        &op::CREATE_TRADE,
        format!("50.25 USDC, remains {rest}, {}", status(&done)),
    )
}

/// The bank and the chain are done with a trade, and the client has waited for that.
async fn settled(stage: &Stage, order: &NewTrade) -> Result<Trade, Failure> {
    moved(
        stage
            .sandbox
            .set_trade_status(order.request_id(), "Completed"),
    )?;
    let done = stage
        .client
        .trades()
        .wait(order.request_id())
        .until_final()
        .await?;
    check(status(&done) == "Completed", "the trade is done")?;
    Ok(done.into_value())
}

fn status(trade: &Trade) -> String {
    trade.status.as_ref().map_or_else(
        || "without a status".to_owned(),
        |status| plain(status.as_str()),
    )
}
