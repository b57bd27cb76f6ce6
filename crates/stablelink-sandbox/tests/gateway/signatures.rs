//! Tests of the headers of authenticated calls.

use reqwest::header::{HeaderName, HeaderValue};
use stablelink_sandbox::{ErrorStatus, Sandbox, SandboxQueryForm};

use crate::caller::{Caller, HttpResponse};

const PATH: &str = "/checkout/order/info";

#[tokio::test]
async fn missing_or_invalid_header_is_rejected() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    sandbox.update_settings(|settings| settings.error_status = ErrorStatus::ByKind);
    let missing = |name: &str| format!("Access denied: Missing header [{name}]");
    let time = "Access denied: TIMESTAMP must be milliseconds since the epoch".to_owned();
    let mismatch = "Access denied: SIGNATURE does not match the request".to_owned();
    let token = "Access denied: the access token is invalid or has expired".to_owned();
    for (header, value, status, retcode, message) in [
        ("signature", None, 403, "00006", missing("SIGNATURE")),
        ("timestamp", None, 403, "00006", missing("TIMESTAMP")),
        (
            "authorization",
            None,
            401,
            "00006",
            missing("Authorization"),
        ),
        ("signature", Some(""), 403, "00006", missing("SIGNATURE")),
        ("timestamp", Some("soon"), 403, "00902", time.clone()),
        ("timestamp", Some("-1"), 403, "00902", time),
        ("signature", Some("!!"), 403, "00903", mismatch.clone()),
        ("signature", Some("c2hvcnQ="), 403, "00903", mismatch),
        (
            "authorization",
            Some("Basic abc"),
            401,
            "00901",
            token.clone(),
        ),
        ("authorization", Some("Bearer abc"), 401, "00901", token),
    ] {
        let mut request = caller
            .request("GET", PATH, "orderNo=A", "")
            .build()
            .unwrap();
        let name = HeaderName::from_static(header);
        request.headers_mut().remove(&name);
        if let Some(value) = value {
            request
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        let response = HttpResponse::read(caller.http.execute(request).await.unwrap())
            .await
            .unwrap();
        let expected = (status, format!("\"{message}\""));
        let response = response.rejected(retcode);
        let actual = (response.status, response.retmsg().to_owned());
        assert_eq!(actual, expected, "{header} {value:?}");
    }
}

/// The sandbox verifies the client only if it does not use the same code.
#[test]
fn sandbox_does_not_depend_on_the_client() {
    let manifest = include_str!("../../Cargo.toml");
    let (_, dependencies) = manifest.split_once("[dependencies]").unwrap();
    let (dependencies, dev_dependencies) = dependencies.split_once("[dev-dependencies]").unwrap();
    assert!(!dependencies.contains("stablelink"), "{dependencies}");
    assert!(dev_dependencies.contains("stablelink-signature"));
}

/// It is not known which of two values the gateway would use.
#[tokio::test]
async fn repeated_header_is_rejected() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    for (header, display_name) in [
        ("authorization", "Authorization"),
        ("signature", "SIGNATURE"),
        ("timestamp", "TIMESTAMP"),
    ] {
        let mut request = caller
            .request("GET", PATH, "orderNo=A", "")
            .build()
            .unwrap();
        let again = request.headers()[header].clone();
        request.headers_mut().append(header, again);
        let response = HttpResponse::read(caller.http.execute(request).await.unwrap())
            .await
            .unwrap();
        let message = format!("\"header [{display_name}] is repeated\"");
        assert_eq!(response.rejected("00008").retmsg(), message);
    }
}

#[tokio::test]
async fn signature_covers_every_signed_part() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let path = "/trade/confirm-transaction";
    let body = r#"{"txNo":"none"}"#;
    for (signed, expected) in [
        (("POST", path, "", body), "00907"),
        (("post", path, "", body), "00907"),
        (("GET", path, "", body), "00903"),
        (("POST", "/trade", "", body), "00903"),
        (("POST", path, "a=b", body), "00903"),
        (("POST", path, "", r#"{"txNo": "none"}"#), "00903"),
        (("POST", path, "", ""), "00903"),
    ] {
        let (method, signed_path, query, signed_body) = signed;
        let [timestamp, signature] =
            caller.signature(method, signed_path, query, signed_body.as_bytes());
        let request = caller
            .http
            .post(format!("{}{path}", caller.url))
            .bearer_auth(&caller.token)
            .header("TIMESTAMP", timestamp)
            .header("SIGNATURE", signature)
            .header("Content-Type", "application/json")
            .body(body);
        let response = HttpResponse::read(request.send().await.unwrap())
            .await
            .unwrap();
        assert_eq!(response.retcode(), format!("\"{expected}\""), "{signed:?}");
    }
}

#[tokio::test]
async fn timestamp_within_two_minutes_is_accepted() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.clock().freeze();
    let mut caller = Caller::new(&sandbox).await;
    let now = sandbox.clock().now_millis();
    for (difference, retcode) in [
        (0, "00907"),
        (-120_000, "00907"),
        (120_000, "00907"),
        (-120_001, "00902"),
        (120_001, "00902"),
    ] {
        caller.now = Box::new(move || now + difference);
        let response = caller.get(PATH, "orderNo=none").await.rejected(retcode);
        if retcode == "00902" {
            assert!(response.retmsg().contains("TIMESTAMP"), "{}", response.body);
        }
    }
    // The sandbox uses its own clock, which the `Date` header shows.
    sandbox
        .clock()
        .set_offset(sandbox.clock().offset() + 600_000);
    caller.now = Box::new(move || now);
    let rejection = caller.get(PATH, "orderNo=none").await.rejected("00902");
    let date = jiff::fmt::rfc2822::parse(rejection.headers["date"].to_str().unwrap()).unwrap();
    assert_eq!(date.timestamp().as_second(), (now + 600_000) / 1000);
}

#[tokio::test]
async fn query_must_be_signed_in_the_configured_form() {
    use stablelink_signature::QueryForm as Signed;

    let forms = [
        (SandboxQueryForm::Decoded, Signed::Decoded),
        (SandboxQueryForm::DecodedWithMark, Signed::DecodedWithMark),
        (SandboxQueryForm::EncodedSorted, Signed::EncodedSorted),
    ];
    for (configured, _) in forms {
        let sandbox = Sandbox::builder()
            .query_form(configured)
            .start()
            .await
            .unwrap();
        let mut caller = Caller::new(&sandbox).await;
        for (form, signed) in forms {
            caller.query_form = signed;
            let response = caller.get(PATH, "z=%C3%A4%20b&orderNo=a%2Bb").await;
            let expected = if form == configured { "00907" } else { "00903" };
            assert_eq!(
                response.retcode(),
                format!("\"{expected}\""),
                "{configured:?} {form:?}"
            );
        }
    }
}

#[tokio::test]
async fn rejected_address_rejects_every_call() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    sandbox.update_settings(|settings| settings.reject_address = true);
    let response = caller.get(PATH, "orderNo=A").await.rejected("00904");
    assert_eq!(response.retmsg(), "\"ip not matched: 127.0.0.1\"");
    sandbox.update_settings(|settings| settings.error_status = ErrorStatus::ByKind);
    let token = crate::caller::by_credentials(sandbox.url(), &sandbox.credentials()).await;
    assert_eq!(token.status, 403);
}

#[tokio::test]
async fn sign_webhook_returns_a_valid_signature() {
    use stablelink_signature::{MessageKind, SignatureHeaders, Timestamp, Verifier};

    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let body = br#"{"eventId":"1"}"#;
    let [(time, timestamp), (name, signature)] = sandbox.sign_webhook(body);
    assert_eq!((time, name), ("TIMESTAMP", "SIGNATURE"));
    let received = SignatureHeaders::new(Some(signature.as_bytes()), Some(timestamp.as_bytes()));
    let now = Timestamp::parse(timestamp.as_bytes()).unwrap();
    let verifier = Verifier::new(caller.sign_key);
    assert!(
        verifier
            .verify(MessageKind::Webhook, received, [body], now)
            .is_ok()
    );
}
