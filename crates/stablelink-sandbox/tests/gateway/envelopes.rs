//! Tests of the envelope.

use stablelink_sandbox::{ErrorStatus, RetcodeForm, Retmsg, Sandbox, SandboxOperation};

use crate::caller::{Caller, HttpResponse, by_credentials};

#[tokio::test]
async fn success_has_the_configured_retcode() {
    for (form, token, simulated, order) in [
        (RetcodeForm::Observed, "\"200\"", "200", "\"200\""),
        (RetcodeForm::AsDocumented, "200", "200", "\"200\""),
        (RetcodeForm::Integer, "200", "200", "200"),
        (RetcodeForm::String, "\"200\"", "\"200\"", "\"200\""),
    ] {
        let sandbox = Sandbox::builder().retcode(form).start().await.unwrap();
        let granted = by_credentials(sandbox.url(), &sandbox.credentials()).await;
        assert_eq!(granted.retcode(), token);
        let caller = Caller::new(&sandbox).await;
        let event = caller
            .post("/base/notification/simulate", r#"{"event":"e"}"#)
            .await;
        assert_eq!(event.ok().retcode(), simulated);
        let list = caller.post("/checkout/order/list", "{}").await;
        assert_eq!(list.ok().retcode(), order);
    }
}

/// A GET operation can have effects, so HEAD is not handled as GET.
#[tokio::test]
async fn head_is_rejected_like_other_methods() {
    let sandbox = Sandbox::start().await.unwrap();
    let http = crate::caller::http();
    for (path, allowed) in [
        ("/checkout/order/cancel", "GET"),
        ("/user/user-info", "GET"),
        ("/checkout/order/create", "POST"),
    ] {
        for method in ["HEAD", "PUT"] {
            let url = format!("{}{path}?orderNo=1", sandbox.url());
            let request = http.request(method.parse().unwrap(), url);
            let response = HttpResponse::read(request.send().await.unwrap())
                .await
                .unwrap();
            assert_eq!(response.status, 405, "{method} {path}");
            assert_eq!(response.headers["allow"], allowed, "{method} {path}");
            assert_eq!(response.body.is_empty(), method == "HEAD");
        }
    }
    for path in ["/", "/docs", "/_sandbox/status"] {
        let response = http.head(format!("{}{path}", sandbox.url())).send().await;
        assert_eq!(response.unwrap().status(), 200, "{path}");
    }
}

#[tokio::test]
async fn success_has_the_configured_retmsg() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    for (retmsg, expected) in [
        (Retmsg::Success, "\"success\""),
        (Retmsg::Empty, "\"\""),
        (Retmsg::Null, "null"),
        (Retmsg::Missing, ""),
    ] {
        sandbox.update_settings(|settings| settings.retmsg = retmsg);
        let event = caller
            .post("/base/notification/simulate", r#"{"event":"e"}"#)
            .await
            .ok();
        assert_eq!(event.retmsg(), expected);
        assert_eq!(event.top("retdata"), "", "no data");
    }
}

#[tokio::test]
async fn rejection_has_the_configured_status() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let order = |number: &str| {
        let rest = r#""orderAmount":1,"customerId":"6","merchantId":"1","token":"ETH_USDT"}"#;
        format!(r#"{{"orderNo":"{number}",{rest}"#)
    };
    let path = "/checkout/order/create";
    caller.post(path, &order("A")).await.ok();
    for (error_status, statuses) in [
        (ErrorStatus::Always200, [200, 200, 200]),
        (ErrorStatus::ByKind, [400, 409, 404]),
    ] {
        sandbox.update_settings(|settings| settings.error_status = error_status);
        let responses = [
            caller.post(path, &order("a-b")).await.rejected("00008"),
            caller.post(path, &order("A")).await.rejected("00906"),
            caller
                .get("/checkout/order/info", "orderNo=B")
                .await
                .rejected("00907"),
        ];
        assert_eq!(responses.map(|response| response.status), statuses);
    }
}

#[tokio::test]
async fn unknown_operation_is_rejected_in_an_envelope() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    for (method, path, status) in [
        ("GET", "/checkout", 404),
        ("POST", "/checkout/order/creat", 404),
        ("GET", "/checkout/order/create/", 404),
        ("GET", "/checkout/order/create", 405),
        ("POST", "/checkout/order/info", 405),
        ("DELETE", "/user/auth/oauth2/token", 405),
    ] {
        // The request is not signed: an unknown path requires no authentication.
        let url = format!("{}{path}", sandbox.url());
        let request = caller.http.request(method.parse().unwrap(), url);
        let response = HttpResponse::read(request.send().await.unwrap())
            .await
            .unwrap();
        assert_eq!(response.status, status, "{method} {path}");
        response.rejected("00909");
    }
}

#[tokio::test]
async fn every_operation_is_handled() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    for operation in SandboxOperation::all() {
        let body = if operation.method() == "POST" {
            "{}"
        } else {
            ""
        };
        let path = operation.path().replace(['{', '}'], "");
        let request = caller.request(operation.method().as_str(), &path, "", body);
        let response = HttpResponse::read(request.send().await.unwrap())
            .await
            .unwrap();
        assert_ne!(response.retcode(), "\"00909\"", "{operation}");
        assert_ne!(
            response.retcode(),
            "\"00999\"",
            "{operation}: {}",
            response.body
        );
    }
    assert!(
        sandbox
            .requests()
            .iter()
            .skip(1)
            .all(|r| r.operation.is_some())
    );
}

#[tokio::test]
async fn invalid_json_body_is_rejected_with_the_position() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    for (body, needle) in [
        ("{", "EOF"),
        ("[]", "the body must be an object"),
        (r#"{"event":"e"} x"#, "trailing"),
        ("{}", "missing field `event`"),
        (r#"{"event":7}"#, "event must be a string"),
    ] {
        let response = caller
            .post("/base/notification/simulate", body)
            .await
            .rejected("00008");
        assert!(
            response.retmsg().contains(needle),
            "{body}: {}",
            response.body
        );
    }
    let request = caller.request("POST", "/base/notification/simulate", "", "");
    let request = request.header("Content-Type", "text/plain");
    let response = HttpResponse::read(request.send().await.unwrap())
        .await
        .unwrap();
    assert!(response.rejected("00008").retmsg().contains("Content-Type"));
}

#[tokio::test]
async fn request_that_violates_the_document_is_rejected_with_the_field() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let order =
        r#"{"orderNo":"A","orderAmount":"1","customerId":"6","merchantId":"1","token":"ETH_USDT"}"#;
    let rejection = caller.post("/checkout/order/create", order).await;
    assert!(rejection.retmsg().contains("orderAmount must be a number"));
    rejection.rejected("00008");
    let rejection = caller.get("/user/user-info", "clientId=x").await;
    assert!(
        rejection
            .retmsg()
            .contains("clientId must be a whole number")
    );
    rejection.rejected("00008");
    let [timestamp, signature] = caller.signature("POST", "/checkout/order/list", "", b"{}");
    let request = caller
        .http
        .post(format!("{}/checkout/order/list", sandbox.url()))
        .bearer_auth(&caller.token)
        .header("TIMESTAMP", timestamp)
        .header("SIGNATURE", signature)
        .header("Content-Type", "application/jsonish")
        .body("{}");
    let rejection = HttpResponse::read(request.send().await.unwrap())
        .await
        .unwrap();
    assert!(
        rejection
            .retmsg()
            .contains("Content-Type must be application/json")
    );
    rejection.rejected("00008");
    assert_eq!(sandbox.mismatches(), []);
}
