//! The steps of the walk.

use std::time::Duration;

use serde_json::Map;
use stablelink::operations as op;
use stablelink::scalars::IntegerOrText;
use stablelink::types::{
    ConfirmTransactionRequest, CreateFeeConfigRequest, CreateRemitRequest, CreateUserRequest,
    SubmitKybRequest, Trade,
};
use stablelink::{Decimal, NewCheckoutOrder, NewTrade, request_id};
use stablelink_sandbox::Operation;

use super::deliveries;
use super::stage::Stage;
use super::walk::{Walk, check, need};
use crate::failure::Failure;
use crate::output::plain;

pub(super) async fn all(stage: &Stage, walk: &mut Walk<'_>) -> Result<(), Failure> {
    token(stage, walk).await?;
    let customer = customer(stage, walk).await?;
    let trade = on_ramp(stage, walk, customer).await?;
    let copy = deliveries::received(stage, walk, &trade).await?;
    off_ramp(stage, walk, customer).await?;
    expiry(stage, walk).await?;
    checkout(stage, walk).await?;
    lost_answer(stage, walk).await?;
    deliveries::replayed(stage, walk, &copy).await
}

async fn token(stage: &Stage, walk: &mut Walk<'_>) -> Result<(), Failure> {
    let token = stage.client.token().await?;
    let life = token
        .expires_at()
        .duration_since(std::time::SystemTime::now())
        .unwrap_or_default();
    check(
        life > Duration::from_secs(21_000),
        "the token lives for six hours",
    )?;
    check(
        stage.client.token().await?.generation() == token.generation(),
        "a good token is kept",
    )?;
    let grants = stage.sandbox.token_grants();
    check(grants.credentials == 1, "one token call was made")?;
    walk.step(
        "A token, got once and kept",
        &op::ISSUE_ACCESS_TOKEN,
        format!(
            "lives for {} s; asked for twice, fetched once",
            life.as_secs()
        ),
    )
}

async fn customer(stage: &Stage, walk: &mut Walk<'_>) -> Result<i64, Failure> {
    let user = CreateUserRequest {
        email: Some("treasury@example.com".into()),
        full_name: Some("Example Holding Limited".into()),
        username: Some("Example".into()),
        mobile_number: Some("+65 00000000".into()),
        country: Some("VGB".into()),
        city: Some("Tortola".into()),
        postal_code: Some("VG1110".into()),
        address: Some("1 Example Road, Road Town".into()),
        date_of_birth: None,
        client_type: Some(4.into()),
        extra: Map::new(),
    };
    let made = stage.client.users().create(user).await?;
    let id: i64 = need(made.member("id").and_then(|id| id.get().parse().ok()), "id")?;
    walk.step("A customer", &op::CREATE_USER, format!("clientId {id}"))?;

    let review: SubmitKybRequest = serde_json::from_value(serde_json::json!({
        "clientId": id, "agreeToAuthorize": "Yes", "email": "treasury@example.com", "businessType": "corporation",
        "businessIndustry": ["311111"], "businessLegalName": "Example Holding Limited", "isDao": false, "isHighRisk": false,
        "accountPurpose": "treasury_management", "sourceOfFunds": "treasury_reserves",
    }))
    .map_err(|error| Failure::other(error.to_string()))?;
    stage.client.kyb().submit(review).await?;
    walk.step(
        "Its business is submitted for review",
        &op::SUBMIT_KYB,
        "taken; its answer was never seen, and is not needed",
    )?;

    moved(stage.sandbox.set_kyb_status(id, "APPROVED"))?;
    let user = stage.client.users().get(Some(id)).await?;
    let unknown = user.unknown();
    let status = need(unknown.get("kybStatus"), "kybStatus")?.get();
    check(status == r#""APPROVED""#, "the review is approved")?;
    walk.step(
        "The review is approved",
        &op::GET_USER,
        format!("kybStatus {status}, a field that no page shows: kept as it came"),
    )?;

    let config = CreateFeeConfigRequest {
        client_id: Some(id),
        developer_fix_amount: Some(Decimal::new(100, 2).into()),
        developer_rate: Some(Decimal::new(5, 3).into()),
        extra: Map::new(),
    };
    stage.client.fee_configs().create(config).await?;
    let kept = stage.client.fee_configs().get(Some(id)).await?;
    let rate = need(kept.member("developerRate"), "developerRate")?.get();
    check(rate == "0.005", "the fee config is as it was made")?;
    walk.step(
        "Its fees",
        &op::CREATE_FEE_CONFIG,
        "1.00 a trade and 0.005 of the amount",
    )?;
    Ok(id)
}

async fn on_ramp(stage: &Stage, walk: &mut Walk<'_>, customer: i64) -> Result<Trade, Failure> {
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
    walk.step("It is waited for", &op::GET_TRADE, status(&done))?;
    Ok(done.into_value())
}

fn status(trade: &Trade) -> String {
    trade.status.as_ref().map_or_else(
        || "without a status".to_owned(),
        |status| plain(status.as_str()),
    )
}

async fn off_ramp(stage: &Stage, walk: &mut Walk<'_>, customer: i64) -> Result<(), Failure> {
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
        extra: Map::new(),
    };
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
    let rest = need(done.really_amount, "reallyAmount")?;
    walk.step(
        "Off-ramp",
        &op::CREATE_TRADE,
        format!("50.25 USDC, remains {rest}, {}", status(&done)),
    )
}

async fn expiry(stage: &Stage, walk: &mut Walk<'_>) -> Result<(), Failure> {
    let before = stage.client.token().await?.generation();
    stage.sandbox.revoke_tokens();
    stage
        .client
        .exchange_rates()
        .quote("USDT", "USD")
        .amount(Decimal::new(100, 0))
        .await?;
    let after = stage.client.token().await?.generation();
    check(after > before, "the token was renewed")?;
    let refused = stage
        .sandbox
        .requests()
        .iter()
        .filter(|request| request.status == Some(401))
        .count();
    check(refused == 1, "one attempt was refused for its token")?;
    walk.step(
        "The token ends in the middle",
        &op::GET_EXCHANGE_RATE,
        "refused with HTTP 401, renewed once, the call repeated: nobody noticed",
    )
}

async fn checkout(stage: &Stage, walk: &mut Walk<'_>) -> Result<(), Failure> {
    let order = NewCheckoutOrder::usd(Decimal::new(50, 2), "ETH_USDT", "6", "1");
    let made = stage.client.checkout_orders().create(&order).await?;
    let amount = need(made.paying_amount, "payingAmount")?;
    let address = need(made.deposit_address.clone(), "depositAddress")?;
    walk.step(
        "A checkout order",
        &op::CREATE_CHECKOUT_ORDER,
        format!("0.50 USD: {amount} ETH_USDT to {address}"),
    )?;

    let strange = stage
        .sandbox
        .pay_order(order.order_no(), amount.get(), "0x00000000000000")
        .map_err(|error| Failure::other(error.to_string()))?;
    check(strange.is_none(), "it is paid to the digit")?;
    let paid = stage
        .client
        .checkout_orders()
        .wait(order.order_no())
        .until_final()
        .await?;
    let status = need(paid.order_status.as_ref(), "orderStatus")?
        .as_str()
        .to_owned();
    check(status == "PAID", "the order is paid")?;
    walk.step("The customer pays it", &op::GET_CHECKOUT_ORDER, status)
}

async fn lost_answer(stage: &Stage, walk: &mut Walk<'_>) -> Result<(), Failure> {
    let order = NewCheckoutOrder::usd(Decimal::new(100, 2), "TRX_USDT", "6", "1");
    let fault = "reset@createCheckoutOrder:after";
    let added = stage.sandbox.faults().add_text(fault);
    added.map_err(|error| Failure::other(error.to_string()))?;
    let made = stage.client.checkout_orders().create(&order).await?;
    check(
        made.order_no.as_deref() == Some(order.order_no()),
        "the order is the one that was asked for",
    )?;
    let effects = stage
        .sandbox
        .effects()
        .of(Operation::CreateCheckoutOrder, order.order_no());
    check(effects == 1, "the order was made once")?;
    walk.step(
        "The connection breaks after an order was made",
        &op::CREATE_CHECKOUT_ORDER,
        "sent again with the same number, refused as known, found: made once",
    )
}

/// What the world outside did to a record.
fn moved(outcome: Result<(), stablelink_sandbox::UnknownRecord>) -> Result<(), Failure> {
    outcome.map_err(|error| Failure::other(error.to_string()))
}
