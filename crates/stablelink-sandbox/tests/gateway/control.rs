//! Tests of the control API and the pages.

use std::net::{Ipv4Addr, SocketAddr};

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use stablelink_sandbox::{Fault, Sandbox, StartError};
use tokio::net::TcpListener;

use crate::caller::{Caller, http};

async fn control(
    sandbox: &Sandbox,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> (u16, Value) {
    let mut request = http().request(method, format!("{}/_sandbox/{path}", sandbox.url()));
    if let Some(body) = body {
        request = request
            .header("Content-Type", "application/json")
            .body(body.to_string());
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (
        status,
        serde_json::from_str(&response.text().await.unwrap()).unwrap(),
    )
}

async fn post(sandbox: &Sandbox, path: &str, body: Value) -> Value {
    let (status, response) = control(sandbox, Method::POST, path, Some(body)).await;
    assert_eq!(status, 200, "{path}: {response}");
    response
}

async fn status(sandbox: &Sandbox) -> Value {
    let (code, response) = control(sandbox, Method::GET, "status", None).await;
    assert_eq!(code, 200);
    response
}

const TRADE: &str = "/trade/create-trade-request";

fn trade(request_id: &str, customer: &Value) -> String {
    format!(
        r#"{{"requestId":"{request_id}","clientId":{customer},"requestType":1,"fromCurrency":"USD","toCurrency":"USDC","amount":120.50}}"#
    )
}

#[tokio::test]
async fn control_requests_change_the_sandbox() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let start = sandbox.clock().now_millis();
    post(
        &sandbox,
        "clock",
        json!({"frozen": true, "advanceSeconds": 60}),
    )
    .await;
    assert!(sandbox.clock().is_frozen() && sandbox.clock().now_millis() >= start + 60_000);

    let customer = post(&sandbox, "customers", json!({})).await["clientId"].clone();
    let key = customer.to_string();
    post(
        &sandbox,
        "records",
        json!({"kind": "kyb", "key": key, "status": "APPROVED"}),
    )
    .await;
    caller.post(TRADE, &trade("r1", &customer)).await.ok();
    post(
        &sandbox,
        "records",
        json!({"kind": "trade", "key": "r1", "status": "Completed"}),
    )
    .await;
    let order =
        r#"{"orderNo":"A","orderAmount":1,"customerId":"6","merchantId":"1","token":"ETH_USDT"}"#;
    caller.post("/checkout/order/create", order).await.ok();
    let paid = post(&sandbox, "pay", json!({"orderNo": "A", "amount": "1.02"})).await;
    assert!(paid["abnormalPaymentNo"].is_string());
    let coins =
        json!({"clientId": customer, "currency": "USDC", "network": "ethereum", "amount": 5});
    assert!(post(&sandbox, "deposit", coins).await["id"].is_i64());

    let state = status(&sandbox).await;
    let client = &state["clients"][0];
    assert_eq!(client["token"]["generation"], 1);
    assert!(client["token"]["accessExpiresAt"].is_i64());
    assert_eq!(
        client["customers"][0],
        json!({"clientId": customer, "kybStatus": "APPROVED"})
    );
    assert_eq!(client["trades"][0]["status"], "Completed");
    assert_eq!(client["trades"][0]["amount"], "120.50");
    assert_eq!(client["orders"][0]["status"], "PAID");
    let merchant = json!({"account": "Merchant", "amount": "1.01", "currency": "ETH_USDT"});
    assert!(client["balances"].as_array().unwrap().contains(&merchant));
    let requests = state["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 3, "control requests are not logged");
    assert_eq!(requests[0]["operation"], "createCheckoutOrder");
    assert_eq!(requests[0]["evidence"], "documented");
    assert_eq!(requests[1]["evidence"], "inferred");
    assert_eq!(requests[0]["retcode"], "200");
    assert_eq!(sandbox.request_count(), 3);

    post(&sandbox, "revoke-tokens", json!({})).await;
    caller
        .post("/checkout/order/list", "{}")
        .await
        .rejected("00901");
    assert_eq!(status(&sandbox).await["requests"][0]["retcode"], "00901");
    let state = status(&sandbox).await.to_string();
    assert!(!state.contains(&caller.token), "no token");
}

/// The order of a list depends on the creation of its records, not on their numbers.
#[tokio::test]
async fn status_lists_latest_records_first() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let numbers = ["B", "C", "A"];
    for number in numbers {
        let order = format!(
            r#"{{"orderNo":"{number}","orderAmount":1,"customerId":"6","merchantId":"1","token":"ETH_USDT"}}"#
        );
        caller.post("/checkout/order/create", &order).await.ok();
        let paid = json!({"orderNo": number, "amount": "1.01"});
        post(&sandbox, "pay", paid).await;
        let refund = format!(r#"{{"refundOrderNo":"{number}","orderNo":"{number}","amount":0.5}}"#);
        caller.post("/checkout/refund/create", &refund).await.ok();
        let settlement = format!(
            r#"{{"settlementOrderNo":"{number}","merchantId":"1","token":"ETH_USDT","address":"0x1","amount":"0.1","orderNos":["{number}"]}}"#
        );
        caller
            .post("/checkout/settlement/create", &settlement)
            .await
            .ok();
    }
    let state = status(&sandbox).await;
    let expected = numbers.into_iter().rev().collect::<Vec<_>>();
    for (list, field) in [
        ("orders", "orderNo"),
        ("refunds", "refundOrderNo"),
        ("settlements", "settlementOrderNo"),
    ] {
        let records = state["clients"][0][list].as_array().unwrap();
        let numbers: Vec<_> = records
            .iter()
            .map(|it| it[field].as_str().unwrap())
            .collect();
        assert_eq!(numbers, expected, "{list}");
    }
}

#[tokio::test]
async fn faults_are_added_and_removed() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let text = "status=503@listCheckoutOrders:times=2";
    let id = post(&sandbox, "faults", json!({ "fault": text })).await["id"].clone();
    post(
        &sandbox,
        "faults",
        json!({"fault": "status=500@token:always"}),
    )
    .await;
    assert_eq!(caller.post("/checkout/order/list", "{}").await.status, 503);
    let state = status(&sandbox).await;
    assert_eq!(
        state["faults"][0],
        json!({"id": id, "text": text, "injections": 1})
    );
    assert_eq!(state["requests"][0]["faults"], json!([id]));
    let path = format!("faults/{id}");
    assert_eq!(control(&sandbox, Method::DELETE, &path, None).await.0, 200);
    assert_eq!(control(&sandbox, Method::DELETE, &path, None).await.0, 404);
    caller.post("/checkout/order/list", "{}").await.ok();
    assert_eq!(
        control(&sandbox, Method::DELETE, "faults", None).await.0,
        200
    );
    assert_eq!(status(&sandbox).await["faults"], json!([]));
    assert!(sandbox.faults().add_text("nothing").is_err());
}

#[test]
fn suggested_faults_of_dashboard_are_valid() {
    let page = include_str!("../../assets/dashboard.html");
    let (_, list) = page.split_once("<datalist id=\"faultExamples\">").unwrap();
    let (list, _) = list.split_once("</datalist>").unwrap();
    let suggestions = list.split("<option>").skip(1);
    assert!(suggestions.clone().count() >= 5);
    for suggestion in suggestions {
        let (fault, _) = suggestion.split_once("</option>").unwrap();
        assert_eq!(fault.parse::<Fault>().err(), None, "{fault}");
    }
}

#[tokio::test]
async fn webhooks_are_registered_listed_and_resent() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.clock().freeze();
    let caller = Caller::new(&sandbox).await;
    // No server listens on this port.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", free.local_addr().unwrap());
    drop(free);
    post(&sandbox, "webhook", json!({ "url": url })).await;
    caller
        .post("/base/notification/simulate", r#"{"event":"e1"}"#)
        .await
        .ok();
    sandbox.wait_for_deliveries().await;
    let state = status(&sandbox).await;
    assert_eq!(state["clients"][0]["webhookUrl"], url.as_str());
    let delivery = &state["deliveries"][0];
    assert_eq!(delivery["request"], 1, "the first request is the token's");
    assert_eq!(
        (&delivery["event"], &delivery["state"]),
        (&json!("e1"), &json!("pending"))
    );
    let [timestamp, body, signature] = [
        &delivery["attempts"][0]["timestamp"],
        &delivery["body"],
        &delivery["attempts"][0]["signature"],
    ]
    .map(|value| value.as_str().unwrap());
    let signed = sandbox.sign_webhook(body.as_bytes());
    assert_eq!(
        [timestamp, signature],
        [signed[0].1.as_str(), &signed[1].1],
        "signed at the same time"
    );
    assert_eq!(
        post(&sandbox, "resend", json!({"number": 0})).await["number"],
        1
    );
    post(&sandbox, "webhook", json!({"url": null})).await;
    let (code, _) = control(&sandbox, Method::POST, "resend", Some(json!({"number": 0}))).await;
    assert_eq!(code, 404);
}

#[tokio::test]
async fn invalid_control_request_is_rejected_with_reason() {
    let sandbox = Sandbox::start().await.unwrap();
    for (path, body, code, needle) in [
        (
            "clock",
            json!({"advance": 1}),
            400,
            "unknown field `advance`",
        ),
        (
            "records",
            json!({"kind": "trade", "key": 1, "status": "x"}),
            400,
            "key: invalid type",
        ),
        (
            "records",
            json!({"kind": "trade", "key": "x", "status": "x"}),
            404,
            "no trade",
        ),
        (
            "records",
            json!({"kind": "kyb", "key": "x", "status": "x"}),
            400,
            "clientId",
        ),
        (
            "pay",
            json!({"orderNo": "A", "amount": 0}),
            400,
            "greater than 0",
        ),
        ("pay", json!({"orderNo": "A", "amount": 1}), 404, "no order"),
        (
            "webhook",
            json!({"url": "http://other.invalid/"}),
            400,
            "this machine",
        ),
        (
            "webhook",
            json!({"url": "https://localhost/"}),
            400,
            "does not support TLS",
        ),
        (
            "webhook",
            json!({"url": null, "client": 7}),
            404,
            "no such client",
        ),
        (
            "faults",
            json!({"fault": "explode"}),
            400,
            "`explode` is not a valid kind",
        ),
        (
            "nothing",
            json!({}),
            404,
            "there is no POST /_sandbox/nothing",
        ),
    ] {
        let (status, response) = control(&sandbox, Method::POST, path, Some(body)).await;
        assert_eq!(status, code, "{path}: {response}");
        assert!(
            response["error"].as_str().unwrap().contains(needle),
            "{response}"
        );
    }
    let plain = http()
        .post(format!("{}/_sandbox/faults", sandbox.url()))
        .body("{}");
    assert_eq!(plain.send().await.unwrap().status(), 403);
    for (name, value) in [
        ("host", "rebound.invalid"),
        ("origin", "http://page.invalid"),
    ] {
        let foreign = http().get(format!("{}/_sandbox/status", sandbox.url()));
        assert_eq!(
            foreign.header(name, value).send().await.unwrap().status(),
            403
        );
    }
}

/// A proxy may use a different one of two values than the sandbox.
#[tokio::test]
async fn repeated_or_foreign_origin_of_control_request_is_rejected() {
    let sandbox = Sandbox::start().await.unwrap();
    let local = format!("host: {}\r\n", sandbox.address());
    let origin = format!("origin: http://{}\r\n", sandbox.address());
    let json = "content-type: application/json\r\ncontent-length: 2\r\n";
    for (line, headers, expected) in [
        ("GET /_sandbox/status", local.clone(), "200"),
        (
            "GET /_sandbox/status",
            format!("{local}host: page.invalid\r\n"),
            "403",
        ),
        (
            "GET http://page.invalid/_sandbox/status",
            local.clone(),
            "403",
        ),
        (
            "POST /_sandbox/revoke-tokens",
            format!("{local}{origin}{json}"),
            "200",
        ),
        (
            "POST /_sandbox/revoke-tokens",
            format!("{local}{origin}origin: http://page.invalid\r\n{json}"),
            "403",
        ),
    ] {
        let sent = format!("{line} HTTP/1.1\r\n{headers}connection: close\r\n\r\n{{}}");
        let response = crate::limits::exchange(sandbox.address(), sent.as_bytes()).await;
        assert_eq!(response.get(9..12), Some(expected), "{sent}");
    }
}

/// The dashboard requests the status every second, so the values of callers must not make it large.
#[tokio::test]
async fn status_shortens_long_values() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let number = format!("A{}", "ä".repeat(100_000));
    let event = json!({"event": number, "remark": number}).to_string();
    caller
        .post("/base/notification/simulate", &event)
        .await
        .ok();
    let number = "A".repeat(100_000);
    let order = format!(
        r#"{{"orderNo":"{number}","orderAmount":1,"customerId":"6","merchantId":"1","token":"ETH_USDT"}}"#
    );
    caller.post("/checkout/order/create", &order).await.ok();
    let state = status(&sandbox).await;
    let order_no = state["clients"][0]["orders"][0]["orderNo"]
        .as_str()
        .unwrap();
    assert_eq!(order_no, format!("{}…", "A".repeat(2_000)));
    assert!(state.to_string().len() < 20_000);
}

#[tokio::test]
async fn request_is_shown_with_its_response_and_without_secrets() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let echoed = format!("/checkout/order/info?{}", caller.token);
    caller.get(&echoed, "orderNo=A1").await;
    let mut details = Vec::new();
    for number in 0..2 {
        let path = format!("requests/{number}");
        let (code, detail) = control(&sandbox, Method::GET, &path, None).await;
        assert_eq!((code, &detail["number"]), (200, &json!(number)));
        details.push(detail);
    }
    let credentials = sandbox.credentials();
    for secret in [
        caller.token.as_str(),
        credentials.api_key().expose_secret(),
        credentials.api_secret().expose_secret(),
    ] {
        assert!(!json!(details).to_string().contains(secret), "{details:?}");
    }
    assert_eq!(details[0]["operation"], "issueAccessToken");
    let response = details[0]["responseBody"].as_str().unwrap();
    assert!(
        response.contains(r#""access_token":"[redacted]""#) && response.contains("21600"),
        "{response}"
    );
    let headers = details[1]["headers"].to_string();
    assert!(headers.contains("Bearer [redacted]"), "{headers}");
    assert!(
        headers.contains(r#"["signature","[redacted]"]"#),
        "{headers}"
    );
    let headers = details[1]["responseHeaders"].to_string();
    assert!(headers.contains("application/json"), "{headers}");
    let (code, _) = control(&sandbox, Method::GET, "requests/2", None).await;
    assert_eq!(code, 404);
}

/// A file can be an identity document, so no part of the details contains its bytes.
#[tokio::test]
async fn request_is_shown_without_the_content_of_a_file() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let form = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"planted.pdf\"\r\n\r\nplanted\r\n--b--\r\n";
    let binary = b"%PDF planted \xff";
    let json: &[u8] = br#"{"remark":"a text"}"#;
    for (path, content_type, body, shown) in [
        (
            "/file/upload-file",
            "Multipart/form-data; boundary=b",
            form.as_bytes(),
            "[redacted: a file upload]",
        ),
        (
            "/nowhere",
            " multipart/mixed; boundary=b",
            form.as_bytes(),
            "[redacted: a file upload]",
        ),
        (
            "/file/upload-file",
            "application/json",
            form.as_bytes(),
            "[redacted: a file upload]",
        ),
        (
            "/trade/exchange-rate",
            "application/json",
            binary,
            "[redacted: not a text]",
        ),
        ("/nowhere", "text/plain", json, r#"{"remark":"a text"}"#),
    ] {
        let request = caller.request("POST", path, "", "");
        let request = request
            .header("Content-Type", content_type)
            .body(body.to_vec());
        request.send().await.unwrap();
        let path = format!("requests/{}", sandbox.request_count() - 1);
        let (_, detail) = control(&sandbox, Method::GET, &path, None).await;
        assert_eq!(detail["body"], shown, "{detail}");
        assert_eq!(detail["bodyLength"], body.len());
        assert!(!detail.to_string().contains("planted"), "{detail}");
    }
}

#[tokio::test]
async fn request_shows_its_signed_message_and_whether_the_signature_matches() {
    use stablelink_sandbox::{SandboxOperation, SandboxQueryForm};
    use stablelink_signature::{QueryForm, SigningKey};

    let builder = Sandbox::builder().settings(|it| it.query_form = SandboxQueryForm::EncodedSorted);
    let sandbox = builder.start().await.unwrap();
    let mut caller = Caller::new(&sandbox).await;
    caller.query_form = QueryForm::EncodedSorted;
    let (path, query) = ("/checkout/order/info", "b=%2f&orderNo=A1");
    caller.get(path, query).await;
    let fault = Fault::status(503).on(SandboxOperation::GetCheckoutOrder);
    sandbox.faults().add(fault.clone().after_effect());
    caller.get(path, query).await;
    caller.sign_key = SigningKey::new(&"another key".into()).unwrap();
    caller.get(path, query).await.rejected("00903");
    sandbox.faults().add(fault.after_effect());
    caller.get(path, query).await;
    caller.token = "unknown".to_owned();
    caller.get(path, query).await.rejected("00901");
    let expected = [Some(true), Some(true), Some(false), Some(false), None];
    for (number, is_valid) in (1..).zip(expected) {
        let path = format!("requests/{number}");
        let (_, detail) = control(&sandbox, Method::GET, &path, None).await;
        assert_eq!(detail["isSignatureValid"], json!(is_valid), "{detail}");
        let parts = &detail["signedParts"];
        assert_eq!(parts[3], "b=%2F&orderNo=A1", "{detail}");
        assert_eq!((&parts[0], &parts[4]), (&json!("GET"), &json!("")));
    }
}

#[tokio::test]
async fn pages_load_nothing_from_other_origins() {
    let sandbox = Sandbox::start().await.unwrap();
    for (path, kind, needle) in [
        ("/", "text/html; charset=utf-8", "<title>StableLink sandbox"),
        ("/docs", "text/html; charset=utf-8", "/docs/redoc.js"),
        (
            "/docs/docs.js",
            "text/javascript; charset=utf-8",
            "sanitize: true",
        ),
        (
            "/dashboard.js",
            "text/javascript; charset=utf-8",
            "/_sandbox/status",
        ),
        ("/docs/openapi.json", "application/json", "createTrade"),
    ] {
        let response = http()
            .get(format!("{}{path}", sandbox.url()))
            .send()
            .await
            .unwrap();
        assert_eq!(
            (
                response.status().as_u16(),
                response.headers()["content-type"] == kind
            ),
            (200, true)
        );
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        let policy = response.headers().get("content-security-policy").cloned();
        let text = response.text().await.unwrap();
        assert!(text.contains(needle));
        // Text of callers is never parsed as markup.
        for sink in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ] {
            assert!(!text.contains(sink), "{path}: {sink}");
        }
        if kind.starts_with("text/html") {
            let policy = policy.unwrap();
            let policy = policy.to_str().unwrap();
            assert!(
                policy.starts_with("default-src 'self'; script-src 'self';"),
                "{policy}"
            );
            // The policy blocks inline scripts, so the pages have none.
            assert!(
                text.contains("<script src=") && !text.contains("<script>"),
                "{path}"
            );
            assert!(
                !text.contains("http://") && !text.contains("https://"),
                "{path}"
            );
        }
    }
    let viewer = http()
        .get(format!("{}/docs/redoc.js", sandbox.url()))
        .send()
        .await
        .unwrap();
    assert_eq!(viewer.headers()["content-encoding"], "gzip");
    assert!(viewer.bytes().await.unwrap().starts_with(&[0x1f, 0x8b]));
    assert_eq!(sandbox.request_count(), 0);
}

#[tokio::test]
async fn sandbox_binds_to_loopback_unless_remote_is_allowed() {
    let sandbox = Sandbox::builder()
        .bind((Ipv4Addr::LOCALHOST, 0).into())
        .start()
        .await
        .unwrap();
    let taken = sandbox.address();
    let again = Sandbox::builder().bind(taken).start().await;
    assert!(matches!(again, Err(StartError::Listen(_))));
    let everywhere: SocketAddr = (Ipv4Addr::UNSPECIFIED, 0).into();
    let rejection = Sandbox::builder()
        .bind(everywhere)
        .start()
        .await
        .unwrap_err();
    assert!(
        rejection
            .to_string()
            .contains("SandboxBuilder::allow_remote"),
        "{rejection}"
    );
    let open = Sandbox::builder()
        .bind(everywhere)
        .allow_remote()
        .start()
        .await
        .unwrap();
    assert!(open.address().ip().is_unspecified());
    assert_eq!(
        open.url(),
        format!("http://127.0.0.1:{}", open.address().port())
    );
    assert_eq!(status(&open).await["requestCount"], 0);
}
