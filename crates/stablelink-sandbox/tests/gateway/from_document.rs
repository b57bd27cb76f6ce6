//! Responses that are made from the document.

use serde_json::{Map, Value};
use stablelink_sandbox::{Sandbox, SandboxOperation};

use crate::caller::{Caller, HttpResponse};

const SOURCE: &str = "x-sandbox-from-document";

/// Sends a request with these fields, in the form that the operation has in the document.
async fn call(
    caller: &Caller,
    operation: SandboxOperation,
    fields: &Map<String, Value>,
) -> HttpResponse {
    let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
    let mut path = operation.path().to_owned();
    let mut fields = fields.clone();
    fields.retain(|name, value| {
        let parameter = format!("{{{name}}}");
        let is_in_path = path.contains(&parameter);
        path = path.replace(&parameter, &text(value));
        !is_in_path
    });
    let (query, body) = if operation.method() == "GET" {
        let fields = fields.iter();
        let query: Vec<_> = fields
            .map(|(name, it)| format!("{name}={}", text(it)))
            .collect();
        (query.join("&"), String::new())
    } else {
        (String::new(), Value::Object(fields).to_string())
    };
    let request = caller.request(operation.method().as_str(), &path, &query, &body);
    HttpResponse::read(request.send().await.unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn every_operation_responds_from_the_document() {
    let builder = Sandbox::builder().settings(|it| it.respond_from_document = true);
    let sandbox = builder.start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let mut sources = Vec::new();
    for operation in SandboxOperation::all() {
        use SandboxOperation::{IssueAccessToken, UploadFile};

        if matches!(operation, IssueAccessToken | UploadFile) {
            continue;
        }
        let fields = operation.sample_request();
        let response = call(&caller, operation, &fields).await.ok();
        let source = response.headers[SOURCE].to_str().unwrap().to_owned();
        sources.push(source);
    }
    let url = format!("{}/_sandbox/status", sandbox.url());
    let status = caller.http.get(url).send().await.unwrap();
    let status: Value = serde_json::from_str(&status.text().await.unwrap()).unwrap();
    let shown = status["requests"].as_array().unwrap();
    let shown = shown.iter().filter_map(|it| it["fromDocument"].as_str());
    let shown: Vec<&str> = shown.collect();
    // The dashboard lists the latest requests, the newest first.
    let expected: Vec<&String> = sources.iter().rev().take(shown.len()).collect();
    assert!(!shown.is_empty());
    assert_eq!(shown, expected);
    assert!(sources.iter().any(|it| it == "example"), "{sources:?}");
    assert!(sources.iter().any(|it| it == "schema"), "{sources:?}");
    assert_eq!(sandbox.mismatches(), []);
}

#[tokio::test]
async fn response_from_the_document_depends_on_the_request_only() {
    let builder = Sandbox::builder().settings(|settings| {
        settings.respond_from_document = true;
        settings.reject_duplicates = false;
    });
    let sandbox = builder.start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let get = |client_id: &'static str| caller.get("/user/user-info", client_id);
    let first = get("clientId=5").await.ok();
    assert_eq!(first.body, get("clientId=5").await.body);
    // The order in which the parameters are stored is not random.
    let many = get("clientId=5&a=1&b=2&c=3").await.ok();
    for _ in 0..8 {
        assert_eq!(many.body, get("clientId=5&a=1&b=2&c=3").await.body);
    }
    assert_ne!(first.body, get("clientId=6").await.body);
    get("clientId=x").await.rejected("00008");
    let hand_written = Sandbox::start().await.unwrap();
    let caller = Caller::new(&hand_written).await;
    let response = caller.post("/checkout/order/list", "{}").await.ok();
    assert!(!response.headers.contains_key(SOURCE));
}

#[tokio::test]
async fn repeated_key_of_a_response_from_the_document_is_rejected() {
    let builder = Sandbox::builder().settings(|it| it.respond_from_document = true);
    let sandbox = builder.start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let operation = SandboxOperation::CreateCheckoutOrder;
    let mut fields = operation.sample_request();
    fields.insert("orderNo".to_owned(), "A1".into());
    call(&caller, operation, &fields).await.ok();
    call(&caller, operation, &fields).await.rejected("00906");
    assert_eq!(sandbox.effects().count(operation, "A1"), 1);
    let read = SandboxOperation::GetCheckoutOrder;
    call(&caller, read, &read.sample_request()).await.ok();
    assert_eq!(sandbox.effects().total(read), 0);
    fields.insert("orderNo".to_owned(), "a-b".into());
    call(&caller, operation, &fields).await.rejected("00008");
}
