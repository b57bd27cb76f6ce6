//! Customers: registration, KYB review, fees, bank accounts, and files.

use serde_json::json;
use stablelink::{NewTrade, Upload};
use stablelink_sandbox::{RecordOutcome, SandboxOperation};

use crate::fixtures::{changed_remit, remit, trade};
use crate::test_env::{RawData as _, TestEnv, money, of, rejection};

/// Creates a customer, and returns its ID.
pub(crate) async fn create_customer(env: &TestEnv) -> i64 {
    let user = of(json!({
        "email": "treasury@example.com", "mobileNumber": "+65 00000000", "country": "VGB",
        "fullName": "Example Holding Limited", "clientType": 4, "username": "Example", "city": "Tortola",
        "postalCode": "VG1110", "address": "1 Example Road", "dateOfBirth": "1988-08-05",
    }));
    let made = env.client.users().create(user).await.unwrap().data();
    made["id"].as_i64().unwrap()
}

pub(crate) async fn submit_kyb(env: &TestEnv, customer: i64) {
    let review = of(json!({
        "clientId": customer, "agreeToAuthorize": "Yes", "email": "treasury@example.com",
        "businessType": "corporation", "businessIndustry": ["311111"], "isDao": false,
        "accountPurpose": "treasury_management", "sourceOfFunds": "treasury_reserves",
    }));
    env.client.kyb().submit(review).await.unwrap();
}

pub(crate) async fn set_fee(env: &TestEnv, customer: i64, fix: &str, rate: &str) {
    let config = stablelink::types::CreateFeeConfigRequest {
        client_id: Some(customer),
        developer_fix_amount: Some(money(fix).into()),
        developer_rate: Some(money(rate).into()),
        extra: serde_json::Map::new(),
    };
    env.client.fee_configs().create(config).await.unwrap();
}

/// Returns the KYB status, a field that no page documents.
async fn kyb_status(env: &TestEnv, customer: i64) -> String {
    let user = env.client.users().get(Some(customer)).await.unwrap();
    assert_eq!(user.id, Some(customer));
    user.unknown_fields()["kybStatus"].get().to_owned()
}

#[tokio::test]
async fn customer_trades_only_after_kyb_and_fee_configuration() {
    let env = TestEnv::with_settings(|settings| settings.require_kyb = true).await;
    let id = create_customer(&env).await;
    let trade = trade(id);
    let words = |(code, message): (String, String), needle: &str| {
        assert_eq!(code, "00908");
        assert!(message.contains(needle), "{message}");
    };
    assert_eq!(kyb_status(&env, id).await, r#""NONE""#);
    words(rejection(env.client.trades().create(&trade).await), "KYB");
    submit_kyb(&env, id).await;
    assert_eq!(kyb_status(&env, id).await, r#""PENDING""#);
    words(rejection(env.client.trades().create(&trade).await), "KYB");
    env.advance(60);
    assert_eq!(kyb_status(&env, id).await, r#""APPROVED""#);
    words(
        rejection(env.client.trades().create(&trade).await),
        "fee config",
    );
    set_fee(&env, id, "0", "0").await;
    // The rejected request had no effect, so that its idempotency key can be used again.
    env.client.trades().create(&trade).await.unwrap();
    assert_eq!(
        env.effect_count(SandboxOperation::CreateTrade, trade.request_id()),
        1
    );
    env.finish();
}

#[tokio::test]
async fn rejected_kyb_can_be_submitted_again() {
    let env = TestEnv::with_settings(|settings| {
        settings.require_kyb = true;
        settings.delays.kyb_outcome = RecordOutcome::Failure;
    })
    .await;
    let id = create_customer(&env).await;
    set_fee(&env, id, "0", "0").await;
    submit_kyb(&env, id).await;
    env.advance(60);
    assert_eq!(kyb_status(&env, id).await, r#""REJECTED""#);
    let trade = trade(id);
    let (code, _) = rejection(env.client.trades().create(&trade).await);
    assert_eq!(code, "00908");
    env.sandbox
        .update_settings(|settings| settings.delays.kyb_outcome = RecordOutcome::Success);
    let review = of(json!({"clientId": id}));
    env.client.kyb().submit_simple(review).await.unwrap();
    env.advance(60);
    env.client.trades().create(&trade).await.unwrap();
    assert_eq!(
        env.effect_count(SandboxOperation::SubmitKyb, &id.to_string()),
        1
    );
    assert_eq!(
        env.effect_count(SandboxOperation::SubmitSimpleKyb, &id.to_string()),
        1
    );
    env.finish();
}

#[tokio::test]
async fn fee_configuration_keeps_exact_decimals() {
    let env = TestEnv::start().await;
    let id = create_customer(&env).await;
    set_fee(&env, id, "0.25", "0.0033").await;
    let read = || async {
        let config = env.client.fee_configs().get(Some(id)).await.unwrap();
        let digits = |name: &str| config.raw_field(name).unwrap().get().to_owned();
        (digits("developerFixAmount"), digits("developerRate"))
    };
    assert_eq!(read().await, ("0.25".to_owned(), "0.0033".to_owned()));
    let change = of(json!({"clientId": id, "developerRate": 0.01}));
    env.client.fee_configs().update(change).await.unwrap();
    assert_eq!(read().await, ("0.25".to_owned(), "0.01".to_owned()));
    let quote = env.client.exchange_rates().quote("USD", "USDC");
    let quote = quote.amount(money("120")).client_id(id).await.unwrap();
    assert_eq!(quote.developer_fee.unwrap().get(), money("1.45"));
    env.finish();
}

#[tokio::test]
async fn bank_account_can_be_created_updated_and_listed() {
    let env = TestEnv::start().await;
    let account = remit();
    let made = env.client.remits().create(&account).await.unwrap().data();
    let id = made["id"].as_i64().unwrap();
    let (code, _) = rejection(env.client.remits().create(&account).await);
    assert_eq!(code, "00906");
    let change = changed_remit(id, "Other Limited");
    env.client.remits().update(&change).await.unwrap();
    let read = env.client.remits().get(id).await.unwrap().data();
    assert_eq!(read["beneficiaryName"], "Other Limited");
    let list = env.client.remits().list().await.unwrap().data();
    assert_eq!(
        (&list["total"], &list["records"][0]["id"]),
        (&json!(1), &json!(id))
    );
    assert_eq!(
        env.effect_count(SandboxOperation::CreateRemit, &account.request_id),
        1
    );
    assert_eq!(
        env.effect_count(SandboxOperation::UpdateRemit, &change.request_id),
        1
    );
    env.finish();
}

#[tokio::test]
async fn trade_requires_an_uploaded_receipt() {
    let env = TestEnv::start().await;
    let customer = env.sandbox.add_customer();
    let bytes = vec![7_u8; 70_000];
    let upload: Upload = env.client.files().upload_bytes("receipt.pdf", bytes);
    let file = upload.scene(3).await.unwrap().file_id.clone().unwrap();
    let stored = env.sandbox.files().pop().unwrap();
    assert_eq!(stored.name.as_deref(), Some("receipt.pdf"));
    assert_eq!(
        (stored.content_type.as_deref(), stored.scene),
        (Some("application/pdf"), Some(3))
    );
    assert_eq!(
        (stored.size, stored.id.to_string()),
        (70_000, file.to_string())
    );
    let paid = |file| {
        let trade = NewTrade::on_ramp(customer, "USD", "WUSD", money("100"));
        trade.receipt(file, "BANK-REFERENCE-1")
    };
    let (code, message) = rejection(env.client.trades().create(&paid(7.into())).await);
    assert_eq!(code, "00907");
    assert!(message.contains("fileId"), "{message}");
    env.client.trades().create(&paid(file)).await.unwrap();
    env.finish();
}
