//! The steps of the walk in their order, and those with the token and the customer.

use std::time::Duration;

use serde_json::{Map, json};
use stablelink::Decimal;
use stablelink::operations as op;
use stablelink::types::{CreateFeeConfigRequest, CreateUserRequest, SubmitKybRequest};

use super::stage::{Stage, moved};
use super::walk::{Walk, check, need, of_json};
use super::{deliveries, orders, trades};
use crate::failure::Failure;

pub(super) async fn all(stage: &Stage, walk: &mut Walk<'_>) -> Result<(), Failure> {
    token(stage, walk).await?;
    let customer = customer(stage, walk).await?;
    let trade = trades::on_ramp(stage, walk, customer).await?;
    let copy = deliveries::received(stage, walk, &trade).await?;
    trades::off_ramp(stage, walk, customer).await?;
    expiry(stage, walk).await?;
    orders::paid(stage, walk).await?;
    orders::lost_answer(stage, walk).await?;
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
    let id: i64 = need(
        made.raw_field("id").and_then(|id| id.get().parse().ok()),
        "id",
    )?;
    walk.step("A customer", &op::CREATE_USER, format!("clientId {id}"))?;

    let review: SubmitKybRequest = of_json(json!({
        "clientId": id, "agreeToAuthorize": "Yes", "email": "treasury@example.com", "businessType": "corporation",
        "businessIndustry": ["311111"], "businessLegalName": "Example Holding Limited", "isDao": false, "isHighRisk": false,
        "accountPurpose": "treasury_management", "sourceOfFunds": "treasury_reserves",
    }))?;
    stage.client.kyb().submit(review).await?;
    walk.step(
        "Its business is submitted for review",
        &op::SUBMIT_KYB,
        "taken; its answer was never seen, and is not needed",
    )?;

    moved(stage.sandbox.set_kyb_status(id, "APPROVED"))?;
    let user = stage.client.users().get(Some(id)).await?;
    let unknown = user.unknown_fields();
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
    let rate = need(kept.raw_field("developerRate"), "developerRate")?.get();
    check(rate == "0.005", "the fee config is as it was made")?;
    walk.step(
        "Its fees",
        &op::CREATE_FEE_CONFIG,
        "1.00 a trade and 0.005 of the amount",
    )?;
    Ok(id)
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
