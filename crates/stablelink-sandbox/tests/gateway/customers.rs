//! Tests of customers, KYB, remits and files.

use reqwest::multipart::{Form, Part};
use stablelink_sandbox::{Sandbox, SandboxOperation, SandboxRecordKind};

use crate::caller::{Caller, HttpResponse};

#[tokio::test]
async fn customer_is_created_read_and_reviewed() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let body = r#"{"email":"sub119@example.com","mobileNumber":"+65 11918612760","country":"VGB","fullName":"Holding Limited","clientType":4,"username":"Leo","city":"Tortola","postalCode":"VG1110","address":"CC, Road Town","dateOfBirth":"1988-08-05"}"#;
    let created = caller.post("/user/create-user", body).await.ok();
    let id: i64 = created.field("id").parse().unwrap();
    assert!(id > i64::from(u32::MAX), "ids exceed 32 bits");
    let query = format!("clientId={id}");
    let info = || caller.get("/user/user-info", &query);
    assert_eq!(info().await.ok().text("email"), "sub119@example.com");
    assert_eq!(info().await.text("kybStatus"), "NONE");
    let kyb = format!(r#"{{"clientId":{id},"businessIndustry":["311111"]}}"#);
    caller.post("/user/kyb/submit-info", &kyb).await.ok();
    assert_eq!(info().await.text("kybStatus"), "PENDING");
    sandbox
        .set_status(SandboxRecordKind::Kyb, &id.to_string(), "APPROVED")
        .unwrap();
    assert_eq!(info().await.text("kybStatus"), "APPROVED");
    caller.post("/user/kyb/simple-submit", &kyb).await.ok();
    caller
        .post("/user/kyb/submit-info", r#"{"clientId":1}"#)
        .await
        .rejected("00907");
    caller
        .get("/user/user-info", "clientId=1")
        .await
        .rejected("00907");
    caller.get("/user/user-info", "").await.rejected("00008");
    let effects = sandbox.effects();
    assert_eq!(
        effects.count(SandboxOperation::CreateUser, "sub119@example.com"),
        1
    );
    assert_eq!(
        effects.count(SandboxOperation::SubmitKyb, &id.to_string()),
        1
    );
    for (from, to) in [("VGB", "VG"), ("VGB", "vgb"), ("Holding Limited", "")] {
        caller
            .post("/user/create-user", &body.replace(from, to))
            .await
            .rejected("00008");
    }
}

const REMIT: &str = r#"{"requestId":"r1","beneficiaryName":"B","beneficiaryAddress":"A","beneficiaryBankCountry":"USA","beneficiaryBankName":"N","beneficiaryAccount":"1","currency":"USD","bankType":"SWIFT","beneficiaryBankSwiftCode":"ABCDUS33","beneficiaryBankAddress":"X","isIntermediaryRequired":false,"more":1.10}"#;

#[tokio::test]
async fn remit_is_created_updated_and_read() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let created = caller.post("/remit/create-remit", REMIT).await.ok();
    let id = created.field("id");
    assert_eq!(created.field("more"), "1.10", "unknown fields are kept");
    caller
        .post("/remit/create-remit", REMIT)
        .await
        .rejected("00906");
    let update = |id: &str, request_id: &str| {
        let body = REMIT.replace(
            "{\"requestId\":\"r1\"",
            &format!("{{\"id\":{id},\"requestId\":\"{request_id}\""),
        );
        let body = body.replace("\"B\"", "\"C\"");
        let caller = &caller;
        async move { caller.post("/remit/update-remit", &body).await }
    };
    update(&id, "r1").await.rejected("00906");
    update("7", "r2").await.rejected("00907");
    update(&format!("\"{id}\""), "r2").await.ok();
    let read = caller
        .get("/remit/get-remit-info", &format!("id={id}"))
        .await
        .ok();
    assert_eq!(
        (read.text("beneficiaryName"), read.field("id")),
        ("C".to_owned(), id)
    );
    let list = caller.post("/remit/remit-info-page", "{}").await.ok();
    assert_eq!(list.field("total"), "1");
    let effects = sandbox.effects();
    assert_eq!(effects.count(SandboxOperation::CreateRemit, "r1"), 1);
    assert_eq!(effects.count(SandboxOperation::UpdateRemit, "r2"), 1);
}

#[tokio::test]
async fn invalid_remit_is_rejected_with_the_rule() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    for (from, to, needle) in [
        ("\"B\"", "\"\"", "beneficiaryName must not be empty"),
        ("\"B\"", "7", "beneficiaryName must be a string"),
        (
            "\"USA\"",
            "\"USAX\"",
            "beneficiaryBankCountry must have at most 3",
        ),
        (
            "ABCDUS33",
            "ABCD-S33",
            "beneficiaryBankSwiftCode must contain only",
        ),
        ("\"USD\"", "\"QQQ\"", "currency must be one of"),
        ("false", "true", "intermediaryBankCountry must not be empty"),
        (
            "false",
            "\"no\"",
            "isIntermediaryRequired must be true or false",
        ),
    ] {
        let body = REMIT.replacen(from, to, 1);
        let rejection = caller
            .post("/remit/create-remit", &body)
            .await
            .rejected("00008");
        assert!(
            rejection.retmsg().contains(needle),
            "{needle}: {}",
            rejection.body
        );
    }
    assert_eq!(sandbox.effects().iter().count(), 0);
}

/// The hash of 3,000,000 bytes 0xff.
const SHA256: &str = "fe1798ad57945703208c626a0551c474bc6c4a385b6da5ae2a3e2c317b4cc06c";

/// Uploads a form. Multipart bodies are signed as if they were empty.
async fn upload(caller: &Caller, form: Form) -> HttpResponse {
    let path = "/file/upload-file";
    let [timestamp, signature] = caller.signature("POST", path, "", b"");
    let request = caller
        .http
        .post(format!("{}{path}", caller.url))
        .bearer_auth(&caller.token)
        .header("TIMESTAMP", timestamp)
        .header("SIGNATURE", signature)
        .multipart(form);
    HttpResponse::read(request.send().await.unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn uploaded_file_is_recorded_and_used_by_a_trade() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let content = vec![0xff_u8; 3_000_000];
    let part = Part::bytes(content).file_name("receipt.pdf");
    let part = part.mime_str("application/pdf").unwrap();
    let form = Form::new().part("file", part).text("scene", "3");
    let id = upload(&caller, form).await.ok().field("fileId");
    let files = sandbox.files();
    let file = &files[0];
    assert_eq!(file.id.to_string(), id);
    assert_eq!(file.name.as_deref(), Some("receipt.pdf"));
    assert_eq!(file.content_type.as_deref(), Some("application/pdf"));
    assert_eq!((file.scene, file.size), (Some(3), 3_000_000));
    assert_eq!(file.sha256, SHA256);
    let record = sandbox.requests().pop().unwrap();
    assert!(record.body.len() == 65_536 && record.body_length > 3_000_000);

    let customer = sandbox.add_customer();
    let trade = |file: &str, reference: &str| {
        format!(
            r#"{{"requestId":"r1","clientId":{customer},"requestType":"OnRamp","fromCurrency":"USD","toCurrency":"WUSD","amount":120,"greenLinkVA":"Yes","fileId":{file},"referenceNo":"{reference}"}}"#
        )
    };
    let create = |body: String| {
        let caller = &caller;
        async move { caller.post("/trade/create-trade-request", &body).await }
    };
    create(trade("5", "T1")).await.rejected("00907");
    create(trade(&id, "")).await.rejected("00008");
    create(trade(&format!("\"{id}\""), "T1")).await.ok();
}

#[tokio::test]
async fn invalid_upload_is_rejected() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let file = || Part::bytes(vec![1]).file_name("a");
    for (form, needle) in [
        (Form::new().text("scene", "3"), "file must not be empty"),
        (
            Form::new().part("file", file()).text("scene", "x"),
            "scene must be",
        ),
        (
            Form::new().part("document", file()),
            "file must not be empty",
        ),
    ] {
        let rejection = upload(&caller, form).await.rejected("00008");
        assert!(
            rejection.retmsg().contains(needle),
            "{needle}: {}",
            rejection.body
        );
    }
    let rejection = caller
        .post("/file/upload-file", "{}")
        .await
        .rejected("00008");
    assert!(rejection.retmsg().contains("multipart/form-data"));
    assert!(sandbox.files().is_empty());
}
