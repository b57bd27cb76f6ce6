//! The steps of the demo, in the order of [`run_all`].

use std::time::{Duration, SystemTime};

use serde_json::{Map, json};
use stablelink::operations as op;
use stablelink::types::{
    ConfirmTransactionRequest, CreateFeeConfigRequest, CreateRemitRequest, CreateUserRequest,
    SubmitKybRequest, Trade,
};
use stablelink::webhook::EventPayload;
use stablelink::{CustomerId, Decimal, MerchantId, NewCheckoutOrder, NewTrade, request_id};
use stablelink_sandbox::{DeliveryState, SandboxOperation, SandboxRecordKind};

use super::demo_run::{DemoRun, check, demo_error, from_json, require};
use super::environment::{CapturedDelivery, DemoEnvironment, sandbox_error};
use crate::error::CliError;
use crate::output::sanitize;

/// The operations of a customer who trades.
const TRADING: [op::OperationInfo; 10] = [
    op::CREATE_USER,
    op::SUBMIT_KYB,
    op::GET_USER,
    op::CREATE_FEE_CONFIG,
    op::GET_FEE_CONFIG,
    op::UPLOAD_FILE,
    op::CREATE_TRADE,
    op::CONFIRM_TRANSACTION,
    op::GET_TRADE,
    op::CREATE_REMIT,
];

pub(super) async fn run_all(demo: &mut DemoRun<'_>) -> Result<(), CliError> {
    token(demo).await?;
    let mut delivery = None;
    if demo.has_current_methods(&TRADING) {
        let customer = customer(demo).await?;
        let trade = on_ramp(demo, customer).await?;
        delivery = Some(webhook_received(demo, &trade).await?);
        off_ramp(demo, customer).await?;
    }
    token_expiry(demo).await?;
    paid_order(demo).await?;
    lost_response(demo).await?;
    match delivery {
        Some(delivery) => webhook_replayed(demo, &delivery).await,
        None => Ok(()),
    }
}

async fn token(demo: &mut DemoRun<'_>) -> Result<(), CliError> {
    let token = demo.env.client.token().await?;
    let lifetime = token.expires_at().duration_since(SystemTime::now());
    let lifetime = lifetime.unwrap_or_default();
    check(
        lifetime > Duration::from_secs(21_000),
        "the token has a lifetime of six hours",
    )?;
    check(
        demo.env.client.token().await?.generation() == token.generation(),
        "a valid token is reused",
    )?;
    let grants = demo.env.sandbox.token_grants();
    check(grants.credentials == 1, "one token call was sent")?;
    let seconds = lifetime.as_secs();
    demo.step(
        "A token is requested and cached",
        &op::ISSUE_ACCESS_TOKEN,
        format!("expires in {seconds} s; used twice, requested once"),
    )
}

async fn customer(demo: &mut DemoRun<'_>) -> Result<i64, CliError> {
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
    let user = demo.env.client.users().create(user).await?;
    let id = user.raw_field("id").and_then(|id| id.get().parse().ok());
    let id: i64 = require(id, "id")?;
    demo.step(
        "A customer is created",
        &op::CREATE_USER,
        format!("clientId {id}"),
    )?;

    let review: SubmitKybRequest = from_json(json!({
        "clientId": id, "agreeToAuthorize": "Yes", "email": "treasury@example.com", "businessType": "corporation",
        "businessIndustry": ["311111"], "businessLegalName": "Example Holding Limited", "isDao": false, "isHighRisk": false,
        "accountPurpose": "treasury_management", "sourceOfFunds": "treasury_reserves",
    }))?;
    demo.env.client.kyb().submit(review).await?;
    demo.step(
        "The customer's business is submitted for review",
        &op::SUBMIT_KYB,
        "accepted; its response is undocumented and not needed",
    )?;

    let approved = demo
        .env
        .sandbox
        .set_status(SandboxRecordKind::Kyb, &id.to_string(), "APPROVED");
    approved.map_err(sandbox_error)?;
    let user = demo.env.client.users().get(Some(id)).await?;
    let unknown = user.unknown_fields();
    let status = require(unknown.get("kybStatus"), "kybStatus")?.get();
    check(status == r#""APPROVED""#, "the review is approved")?;
    demo.step(
        "The review is approved",
        &op::GET_USER,
        format!("kybStatus {status}: an undocumented field is kept"),
    )?;

    let config = CreateFeeConfigRequest {
        client_id: Some(id),
        developer_fix_amount: Some(Decimal::new(100, 2).into()),
        developer_rate: Some(Decimal::new(5, 3).into()),
        extra: Map::new(),
    };
    demo.env.client.fee_configs().create(config).await?;
    let config = demo.env.client.fee_configs().get(Some(id)).await?;
    let rate = require(config.raw_field("developerRate"), "developerRate")?;
    check(rate.get() == "0.005", "the fee configuration is saved")?;
    demo.step(
        "The customer's fees are configured",
        &op::CREATE_FEE_CONFIG,
        "1.00 per trade and 0.005 of the amount",
    )?;
    Ok(id)
}

async fn token_expiry(demo: &mut DemoRun<'_>) -> Result<(), CliError> {
    let before = demo.env.client.token().await?.generation();
    demo.env.sandbox.revoke_tokens();
    let rates = demo.env.client.exchange_rates();
    let quote = rates.quote("USDT", "USD").amount(Decimal::new(100, 0));
    quote.await?;
    let after = demo.env.client.token().await?.generation();
    check(after > before, "the token was refreshed")?;
    let requests = demo.env.sandbox.requests();
    let rejected = requests
        .iter()
        .filter(|request| request.status == Some(401));
    check(
        rejected.count() == 1,
        "one attempt was rejected because of its token",
    )?;
    demo.step(
        "The token expires unexpectedly",
        &op::GET_EXCHANGE_RATE,
        "rejected with HTTP 401, token refreshed once, call retried: it succeeds",
    )
}

/// Creates an order and lets its customer pay it.
async fn paid_order(demo: &mut DemoRun<'_>) -> Result<(), CliError> {
    let orders = demo.env.client.checkout_orders();
    let order = NewCheckoutOrder::usd(
        Decimal::new(50, 2),
        "ETH_USDT",
        CustomerId::new("6"),
        MerchantId::new("1"),
    );
    let created = orders.create(&order).await?;
    let amount = require(created.paying_amount, "payingAmount")?;
    let address = require(created.deposit_address.clone(), "depositAddress")?;
    demo.step(
        "A checkout order is created",
        &op::CREATE_CHECKOUT_ORDER,
        format!("0.50 USD: {amount} ETH_USDT to {address}"),
    )?;

    let hash = "0x00000000000000";
    let abnormal = demo
        .env
        .sandbox
        .pay_order(order.order_no(), amount.get(), hash);
    let abnormal = abnormal.map_err(sandbox_error)?;
    check(abnormal.is_none(), "the exact amount is paid")?;
    let paid = orders.wait(order.order_no()).until_final().await?;
    let status = require(paid.order_status.as_ref(), "orderStatus")?.as_str();
    check(status == "PAID", "the order is paid")?;
    demo.step(
        "The customer pays the order",
        &op::GET_CHECKOUT_ORDER,
        status,
    )
}

/// Creates an order whose response is lost.
async fn lost_response(demo: &mut DemoRun<'_>) -> Result<(), CliError> {
    let order = NewCheckoutOrder::usd(
        Decimal::new(100, 2),
        "TRX_USDT",
        CustomerId::new("6"),
        MerchantId::new("1"),
    );
    let number = order.order_no();
    let fault = demo
        .env
        .sandbox
        .faults()
        .add_text("reset@createCheckoutOrder:after");
    fault.map_err(sandbox_error)?;
    let created = demo.env.client.checkout_orders().create(&order).await?;
    check(
        created.order_no.as_deref() == Some(number),
        "the order has the requested number",
    )?;
    let effects = demo.env.sandbox.effects();
    let effects = effects.count(SandboxOperation::CreateCheckoutOrder, number);
    check(effects == 1, "the order was created once")?;
    demo.step(
        "The connection is lost after an order is created",
        &op::CREATE_CHECKOUT_ORDER,
        "retried with the same number, rejected as a duplicate, looked up: created once",
    )
}

/// Checks that the sandbox delivered webhooks of the trade and that the receiver handled them. Returns the last delivery.
async fn webhook_received(
    demo: &mut DemoRun<'_>,
    trade: &Trade,
) -> Result<CapturedDelivery, CliError> {
    demo.env.sandbox.wait_for_deliveries().await;
    let sent = demo.env.sandbox.deliveries();
    check(
        sent.iter().all(|delivery| {
            delivery.state == DeliveryState::Delivered && delivery.attempts.len() == 1
        }),
        "each delivery is acknowledged at its first attempt",
    )?;
    let handled = demo.env.events();
    let sent_ids = sent.iter().map(|delivery| Some(&*delivery.event_id));
    check(
        handled.iter().map(|event| event.id()).eq(sent_ids),
        "the handler received each event once, in order",
    )?;
    let (delivery, event) = require(sent.last().zip(handled.last()), "delivery")?;
    let EventPayload::Trade(record) = event.payload()? else {
        return Err(demo_error("expected: the event contains a trade"));
    };
    check(
        record.tx_no == trade.tx_no && record.status == trade.status,
        "the event contains the current trade",
    )?;
    let status = record.status.as_ref().map_or("", |status| status.as_str());
    demo.webhook_step(
        "A webhook reports the trade; its signature is verified",
        &delivery.event,
        format!(
            "{}, {}, response HTTP 200; {} deliveries so far, each at its first attempt",
            delivery.event_id,
            sanitize(status),
            sent.len()
        ),
    )?;
    require(CapturedDelivery::of(delivery), "attempt")
}

/// Sends the same delivery again, then a modified one and a late one, as an attacker would.
async fn webhook_replayed(
    demo: &mut DemoRun<'_>,
    delivery: &CapturedDelivery,
) -> Result<(), CliError> {
    demo.env.sandbox.wait_for_deliveries().await;
    let before = demo.env.events().len();
    let duplicate = demo.env.replay(delivery).await?;
    check(duplicate == 200, "a duplicate delivery is acknowledged")?;
    let mut changed = delivery.clone();
    changed.body = [delivery.body.as_ref(), b" "].concat().into();
    let forged = demo.env.replay(&changed).await?;
    check(forged == 401, "a changed delivery is rejected")?;
    check(
        demo.env.events().len() == before,
        "the handler did not run again",
    )?;
    let (headers, body) = (&delivery.headers, delivery.body.clone());
    let later = SystemTime::now() + Duration::from_secs(180);
    let late = demo.env.verifier.verify(headers, body, later);
    check(late.is_err(), "a late delivery is rejected")?;
    demo.webhook_step(
        "The webhook is replayed",
        &delivery.event,
        "at once: acknowledged, not handled again · with one more space: HTTP 401 · after three minutes: rejected as too old",
    )
}

/// Sells US dollars for a coin. Returns the completed trade.
async fn on_ramp(demo: &mut DemoRun<'_>, customer: i64) -> Result<Trade, CliError> {
    let amount = Decimal::new(120, 0);
    let rates = demo.env.client.exchange_rates();
    let quote = rates.quote("USD", "USDC").amount(amount);
    let quote = quote.client_id(customer).await?;
    let rate = require(quote.channel_rate, "channelRate")?;
    let until = require(quote.rate_expiry_time.as_ref(), "rateExpiryTime")?;
    check(rate.get() == Decimal::new(99, 2), "the rate is 0.99")?;
    demo.step(
        "An exchange rate is quoted",
        &op::GET_EXCHANGE_RATE,
        format!("USD to USDC {rate} until {until} (the time zone is undocumented)"),
    )?;

    let receipt = vec![b'%'; 200_000];
    let size = receipt.len();
    let file = demo.env.client.files().upload_bytes("receipt.pdf", receipt);
    let file = require(file.await?.file_id.clone(), "fileId")?;
    let files = demo.env.sandbox.files();
    check(
        files.iter().any(|file| file.size == size as u64),
        "the whole receipt was uploaded",
    )?;
    demo.step(
        "The receipt of the bank payment is uploaded",
        &op::UPLOAD_FILE,
        format!("fileId {file}, {size} bytes"),
    )?;

    let order = NewTrade::on_ramp(customer, "USD", "USDC", amount);
    let order = order.receipt(file, "BANK-REFERENCE-1");
    let created = demo.env.client.trades().create(&order).await?;
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
    demo.step(
        "On-ramp trade is created",
        &op::CREATE_TRADE,
        format!("{number} {status}: {amount} USD, fee {fee}, remaining {rest}"),
    )?;

    let confirmation = ConfirmTransactionRequest {
        tx_no: Some(number),
        extra: Map::new(),
    };
    demo.env.client.trades().confirm(confirmation).await?;
    let trade = demo.env.client.trades().get(order.request_id()).await?;
    let status = status_of(&trade);
    check(status == "Processing", "a confirmed trade is processed")?;
    demo.step(
        "The trade is confirmed",
        &op::CONFIRM_TRANSACTION,
        format!("{status}; never retried, because it moves money"),
    )?;

    let completed = complete(&demo.env, &order).await?;
    demo.step(
        "The client waits until the trade is completed",
        &op::GET_TRADE,
        status_of(&completed),
    )?;
    Ok(completed)
}

/// Sells a coin for US dollars.
async fn off_ramp(demo: &mut DemoRun<'_>, customer: i64) -> Result<(), CliError> {
    let account: CreateRemitRequest = from_json(json!({
        "requestId": request_id(), "bankType": "SWIFT", "currency": "USD", "isIntermediaryRequired": false,
        "beneficiaryName": "Example Limited", "beneficiaryAddress": "1 Example Road, Road Town", "beneficiaryAccount": "0000000000",
        "beneficiaryBankName": "Example Bank", "beneficiaryBankCountry": "VGB", "beneficiaryBankSwiftCode": "EXAMVGVG",
        "beneficiaryBankAddress": "2 Example Road, Road Town",
    }))?;
    demo.env.client.remits().create(&account).await?;
    let again = demo.env.client.remits().create(&account).await;
    check(
        again.is_err_and(|error| error.is_duplicate()),
        "the same requestId is rejected",
    )?;
    demo.step(
        "A payee's bank account is saved",
        &op::CREATE_REMIT,
        "saved; a second request with the same requestId is rejected",
    )?;

    let order = NewTrade::off_ramp(customer, "USDC", "USD", Decimal::new(5025, 2));
    demo.env.client.trades().create(&order).await?;
    let completed = complete(&demo.env, &order).await?;
    let rest = require(completed.really_amount, "reallyAmount")?;
    let status = status_of(&completed);
    demo.step(
        "Off-ramp trade is completed",
        &op::CREATE_TRADE,
        format!("50.25 USDC, remaining {rest}, {status}"),
    )
}

/// Completes a trade in the sandbox, as bank and chain would, and waits for it with the client.
async fn complete(env: &DemoEnvironment, order: &NewTrade) -> Result<Trade, CliError> {
    let id = order.request_id();
    let completed = env
        .sandbox
        .set_status(SandboxRecordKind::Trade, id, "Completed");
    completed.map_err(sandbox_error)?;
    let trade = env.client.trades().wait(id).until_final().await?;
    check(status_of(&trade) == "Completed", "the trade is completed")?;
    Ok(trade.into_value())
}

fn status_of(trade: &Trade) -> String {
    let status = trade
        .status
        .as_ref()
        .map(|status| sanitize(status.as_str()));
    status.unwrap_or_else(|| "no status".to_owned())
}
