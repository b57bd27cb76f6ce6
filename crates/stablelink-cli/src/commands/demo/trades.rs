//! The steps with trades.

use serde_json::{Map, json};
use stablelink::operations as op;
use stablelink::scalars::IntegerOrText;
use stablelink::types::{ConfirmTransactionRequest, CreateRemitRequest, Trade};
use stablelink::{Decimal, NewTrade, request_id};

use super::environment::DemoEnvironment;
use super::{DemoReport, check, from_json, require, sandbox_error};
use crate::error::CliError;
use crate::output::sanitize;

/// Sells US dollars for a coin. Returns the completed trade.
pub(super) async fn on_ramp(
    env: &DemoEnvironment,
    report: &mut DemoReport<'_>,
    customer: i64,
) -> Result<Trade, CliError> {
    let amount = Decimal::new(120, 0);
    let rates = env.client.exchange_rates();
    let quote = rates.quote("USD", "USDC").amount(amount);
    let quote = quote.client_id(customer).await?;
    let rate = require(quote.channel_rate, "channelRate")?;
    let until = require(quote.rate_expiry_time.as_ref(), "rateExpiryTime")?;
    check(rate.get() == Decimal::new(99, 2), "the rate is 0.99")?;
    report.step(
        "An exchange rate is quoted",
        &op::GET_EXCHANGE_RATE,
        format!("USD to USDC {rate} until {until} (the time zone is undocumented)"),
    )?;

    let receipt = vec![b'%'; 200_000];
    let size = receipt.len();
    let file = env.client.files().upload_bytes("receipt.pdf", receipt);
    let file = require(file.await?.file_id.clone(), "fileId")?;
    let files = env.sandbox.files();
    check(
        files.iter().any(|file| file.size == size as u64),
        "the whole receipt was uploaded",
    )?;
    report.step(
        "The receipt of the bank payment is uploaded",
        &op::UPLOAD_FILE,
        format!("fileId {file}, {size} bytes"),
    )?;

    let order = NewTrade::on_ramp(customer, "USD", "USDC", amount);
    let order = order.receipt(file, "BANK-REFERENCE-1");
    let created = env.client.trades().create(&order).await?;
    let fee = require(created.total_fee, "totalFee")?;
    let rest = require(created.really_amount, "reallyAmount")?;
    check(
        fee.get() == Decimal::new(160, 2),
        "the fee is 1.00 + 0.005 of 120",
    )?;
    check(
        rest.get() + fee.get() == amount,
        "fee and remaining amount add up to the amount",
    )?;
    let number = require(created.tx_no.clone(), "txNo")?;
    let status = status_of(&created);
    report.step(
        "On-ramp trade is created",
        &op::CREATE_TRADE,
        format!("{number} {status}: {amount} USD, fee {fee}, remaining {rest}"),
    )?;

    let confirmation = ConfirmTransactionRequest {
        tx_no: Some(number),
        extra: Map::new(),
    };
    env.client.trades().confirm(confirmation).await?;
    let trade = env.client.trades().get(order.request_id()).await?;
    let status = status_of(&trade);
    check(status == "Processing", "a confirmed trade is processed")?;
    report.step(
        "The trade is confirmed",
        &op::CONFIRM_TRANSACTION,
        format!("{status}; never retried, because it moves money"),
    )?;

    let completed = complete(env, &order).await?;
    report.step(
        "The client waits until the trade is completed",
        &op::GET_TRADE,
        status_of(&completed),
    )?;
    Ok(completed)
}

/// Sells a coin for US dollars.
pub(super) async fn off_ramp(
    env: &DemoEnvironment,
    report: &mut DemoReport<'_>,
    customer: i64,
) -> Result<(), CliError> {
    let account: CreateRemitRequest = from_json(json!({
        "requestId": request_id(), "bankType": "SWIFT", "currency": "USD", "isIntermediaryRequired": false,
        "beneficiaryName": "Example Limited", "beneficiaryAddress": "1 Example Road, Road Town", "beneficiaryAccount": "0000000000",
        "beneficiaryBankName": "Example Bank", "beneficiaryBankCountry": "VGB", "beneficiaryBankSwiftCode": "EXAMVGVG",
        "beneficiaryBankAddress": "2 Example Road, Road Town",
    }))?;
    env.client.remits().create(&account).await?;
    let again = env.client.remits().create(&account).await;
    check(
        again.is_err_and(|error| error.is_duplicate()),
        "the same requestId is rejected",
    )?;
    report.step(
        "A payee's bank account is saved",
        &op::CREATE_REMIT,
        "saved; a second request with the same requestId is rejected",
    )?;

    let order = NewTrade::new(customer, "USDC", "USD", Decimal::new(5025, 2))
        .request_type(IntegerOrText::Text("OffRamp".into()));
    env.client.trades().create(&order).await?;
    let completed = complete(env, &order).await?;
    let rest = require(completed.really_amount, "reallyAmount")?;
    let status = status_of(&completed);
    report.step(
        "Off-ramp trade is completed",
        &op::CREATE_TRADE,
        format!("50.25 USDC, remaining {rest}, {status}"),
    )
}

/// Completes a trade in the sandbox, as bank and chain would, and waits for it with the client.
async fn complete(env: &DemoEnvironment, order: &NewTrade) -> Result<Trade, CliError> {
    let id = order.request_id();
    let completed = env.sandbox.set_trade_status(id, "Completed");
    completed.map_err(sandbox_error)?;
    let trade = env.client.trades().wait(id).until_final().await?;
    check(status_of(&trade) == "Completed", "the trade is completed")?;
    Ok(trade.into_value())
}

fn status_of(trade: &Trade) -> String {
    let status = trade.status.as_ref().map(|status| sanitize(status.as_str()));
    status.unwrap_or_else(|| "no status".to_owned())
}
