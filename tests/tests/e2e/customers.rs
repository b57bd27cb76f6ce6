//! A customer, from its account to its first trade.

use serde_json::json;
use stablelink::{NewTrade, Upload};
use stablelink_sandbox::{Operation, RecordOutcome};

use crate::scene::{changed_remit, remit, trade};
use crate::stage::{Data as _, Stage, money, of, refused};

/// A customer without anything.
pub(crate) async fn customer(stage: &Stage) -> i64 {
    let user = of(json!({
        "email": "treasury@example.com", "mobileNumber": "+65 00000000", "country": "VGB",
        "fullName": "Example Holding Limited", "clientType": 4, "username": "Example", "city": "Tortola",
        "postalCode": "VG1110", "address": "1 Example Road", "dateOfBirth": "1988-08-05",
    }));
    let made = stage.client.users().create(user).await.unwrap().data();
    made["id"].as_i64().unwrap()
}

pub(crate) async fn submit_kyb(stage: &Stage, customer: i64) {
    let review = of(json!({
        "clientId": customer, "agreeToAuthorize": "Yes", "email": "treasury@example.com",
        "businessType": "corporation", "businessIndustry": ["311111"], "isDao": false,
        "accountPurpose": "treasury_management", "sourceOfFunds": "treasury_reserves",
    }));
    stage.client.kyb().submit(review).await.unwrap();
}

pub(crate) async fn set_fee(stage: &Stage, customer: i64, fix: &str, rate: &str) {
    let config = stablelink::types::CreateFeeConfigRequest {
        client_id: Some(customer),
        developer_fix_amount: Some(money(fix).into()),
        developer_rate: Some(money(rate).into()),
        extra: serde_json::Map::new(),
    };
    stage.client.fee_configs().create(config).await.unwrap();
}

/// Of which no page shows the name: kept as it came.
async fn kyb_status(stage: &Stage, customer: i64) -> String {
    let user = stage.client.users().get(Some(customer)).await.unwrap();
    assert_eq!(user.id, Some(customer));
    user.unknown()["kybStatus"].get().to_owned()
}

#[tokio::test]
async fn a_customer_trades_once_reviewed_and_with_a_fee() {
    let stage = Stage::with(|settings| settings.require_kyb = true).await;
    let id = customer(&stage).await;
    let trade = trade(id);
    let words = |(code, words): (String, String), needle: &str| {
        assert_eq!(code, "00908");
        assert!(words.contains(needle), "{words}");
    };
    assert_eq!(kyb_status(&stage, id).await, r#""NONE""#);
    words(refused(stage.client.trades().create(&trade).await), "KYB");
    submit_kyb(&stage, id).await;
    assert_eq!(kyb_status(&stage, id).await, r#""PENDING""#);
    words(refused(stage.client.trades().create(&trade).await), "KYB");
    stage.pass(60);
    assert_eq!(kyb_status(&stage, id).await, r#""APPROVED""#);
    words(
        refused(stage.client.trades().create(&trade).await),
        "fee config",
    );
    set_fee(&stage, id, "0", "0").await;
    // The value that was refused: nothing had taken effect, and its key is still good.
    stage.client.trades().create(&trade).await.unwrap();
    assert_eq!(stage.made(Operation::CreateTrade, trade.request_id()), 1);
    stage.end();
}

#[tokio::test]
async fn a_customer_who_is_rejected_may_come_again() {
    let stage = Stage::with(|settings| {
        settings.require_kyb = true;
        settings.delays.kyb_outcome = RecordOutcome::Failure;
    })
    .await;
    let id = customer(&stage).await;
    set_fee(&stage, id, "0", "0").await;
    submit_kyb(&stage, id).await;
    stage.pass(60);
    assert_eq!(kyb_status(&stage, id).await, r#""REJECTED""#);
    let trade = trade(id);
    let (code, _) = refused(stage.client.trades().create(&trade).await);
    assert_eq!(code, "00908");
    stage
        .sandbox
        .update_settings(|settings| settings.delays.kyb_outcome = RecordOutcome::Success);
    let review = of(json!({"clientId": id}));
    stage.client.kyb().submit_simple(review).await.unwrap();
    stage.pass(60);
    stage.client.trades().create(&trade).await.unwrap();
    assert_eq!(stage.made(Operation::SubmitKyb, &id.to_string()), 1);
    assert_eq!(stage.made(Operation::SubmitSimpleKyb, &id.to_string()), 1);
    stage.end();
}

#[tokio::test]
async fn a_fee_is_made_changed_and_read_to_the_digit() {
    let stage = Stage::start().await;
    let id = customer(&stage).await;
    set_fee(&stage, id, "0.25", "0.0033").await;
    let read = || async {
        let config = stage.client.fee_configs().get(Some(id)).await.unwrap();
        let digits = |name: &str| config.member(name).unwrap().get().to_owned();
        (digits("developerFixAmount"), digits("developerRate"))
    };
    assert_eq!(read().await, ("0.25".to_owned(), "0.0033".to_owned()));
    let change = of(json!({"clientId": id, "developerRate": 0.01}));
    stage.client.fee_configs().update(change).await.unwrap();
    assert_eq!(read().await, ("0.25".to_owned(), "0.01".to_owned()));
    let quote = stage.client.exchange_rates().quote("USD", "USDC");
    let quote = quote.amount(money("120")).client_id(id).await.unwrap();
    assert_eq!(quote.developer_fee.unwrap().get(), money("1.45"));
    stage.end();
}

#[tokio::test]
async fn a_bank_account_is_stored_changed_and_read() {
    let stage = Stage::start().await;
    let account = remit();
    let made = stage.client.remits().create(&account).await.unwrap().data();
    let id = made["id"].as_i64().unwrap();
    let (code, _) = refused(stage.client.remits().create(&account).await);
    assert_eq!(code, "00906");
    let change = changed_remit(id, "Other Limited");
    stage.client.remits().update(&change).await.unwrap();
    let read = stage.client.remits().get(id).await.unwrap().data();
    assert_eq!(read["beneficiaryName"], "Other Limited");
    let list = stage
        .client
        .remits()
        .list(of(json!({})))
        .await
        .unwrap()
        .data();
    assert_eq!(
        (&list["total"], &list["records"][0]["id"]),
        (&json!(1), &json!(id))
    );
    assert_eq!(stage.made(Operation::CreateRemit, &account.request_id), 1);
    assert_eq!(stage.made(Operation::UpdateRemit, &change.request_id), 1);
    stage.end();
}

/// A receipt belongs to the trade that it pays for, and a trade to the receipt that there is.
#[tokio::test]
async fn a_receipt_is_uploaded_and_named() {
    let stage = Stage::start().await;
    let customer = stage.sandbox.add_customer();
    let bytes = vec![7_u8; 70_000];
    let upload: Upload = stage.client.files().upload_bytes("receipt.pdf", bytes);
    let file = upload.scene(3).await.unwrap().file_id.clone().unwrap();
    let kept = stage.sandbox.files().pop().unwrap();
    assert_eq!(kept.name.as_deref(), Some("receipt.pdf"));
    assert_eq!(
        (kept.content_type.as_deref(), kept.scene),
        (Some("application/pdf"), Some(3))
    );
    assert_eq!((kept.size, kept.id.to_string()), (70_000, file.to_string()));
    let paid = |file| {
        let trade = NewTrade::on_ramp(customer, "USD", "WUSD", money("100"));
        trade.receipt(file, "BANK-REFERENCE-1")
    };
    let (code, words) = refused(stage.client.trades().create(&paid(7.into())).await);
    assert_eq!(code, "00907");
    assert!(words.contains("fileId"), "{words}");
    stage.client.trades().create(&paid(file)).await.unwrap();
    stage.end();
}
