//! The envelope in all of its forms.

use stablelink_sandbox::{ErrorStatus, Operation, RetcodeForm, Retmsg, Sandbox};

use crate::caller::{Answer, Caller, by_credentials};

#[tokio::test]
async fn a_success_has_the_retcode_that_was_asked_for() {
    for (form, token, simulated, order) in [
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

#[tokio::test]
async fn a_success_has_the_message_that_was_asked_for() {
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
        assert_eq!(event.top("retdata"), "", "nothing to say");
    }
}

#[tokio::test]
async fn a_refusal_has_the_status_that_was_asked_for() {
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
        let answers = [
            caller.post(path, &order("a-b")).await.refused("00008"),
            caller.post(path, &order("A")).await.refused("00906"),
            caller
                .get("/checkout/order/info", "orderNo=B")
                .await
                .refused("00907"),
        ];
        assert_eq!(answers.map(|answer| answer.status), statuses);
    }
}

#[tokio::test]
async fn what_is_no_operation_is_refused_in_an_envelope() {
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
        // Not even signed: there are no secrets.
        let url = format!("{}{path}", sandbox.url());
        let request = caller.http.request(method.parse().unwrap(), url);
        let answer = Answer::read(request.send().await.unwrap()).await.unwrap();
        assert_eq!(answer.status, status, "{method} {path}");
        answer.refused("00909");
    }
}

#[tokio::test]
async fn every_operation_is_there() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    for operation in Operation::ALL {
        let body = if operation.method() == "POST" {
            "{}"
        } else {
            ""
        };
        let request = caller.request(operation.method().as_str(), operation.path(), "", body);
        let answer = Answer::read(request.send().await.unwrap()).await.unwrap();
        assert_ne!(answer.retcode(), "\"00909\"", "{operation}");
        assert_ne!(
            answer.retcode(),
            "\"00999\"",
            "{operation}: {}",
            answer.body
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
async fn a_body_must_be_json_and_says_where_it_is_not() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    for (body, needle) in [
        ("{", "EOF"),
        ("[]", "the body must be an object"),
        (r#"{"event":"e"} x"#, "trailing"),
        ("{}", "missing field `event`"),
        (r#"{"event":7}"#, "event must be a text"),
    ] {
        let answer = caller
            .post("/base/notification/simulate", body)
            .await
            .refused("00008");
        assert!(answer.retmsg().contains(needle), "{body}: {}", answer.body);
    }
    let request = caller.request("POST", "/base/notification/simulate", "", "");
    let request = request.header("Content-Type", "text/plain");
    let answer = Answer::read(request.send().await.unwrap()).await.unwrap();
    assert!(answer.refused("00008").retmsg().contains("Content-Type"));
}

#[tokio::test]
async fn what_the_document_does_not_allow_is_refused_with_the_field() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::new(&sandbox).await;
    let order =
        r#"{"orderNo":"A","orderAmount":"1","customerId":"6","merchantId":"1","token":"ETH_USDT"}"#;
    let refused = caller.post("/checkout/order/create", order).await;
    assert!(refused.retmsg().contains("orderAmount must be a number"));
    refused.refused("00008");
    let refused = caller.get("/user/user-info", "clientId=x").await;
    assert!(refused.retmsg().contains("clientId must be a whole number"));
    refused.refused("00008");
    let [timestamp, signature] = caller.signature("POST", "/checkout/order/list", "", b"{}");
    let request = caller
        .http
        .post(format!("{}/checkout/order/list", sandbox.url()))
        .bearer_auth(&caller.token)
        .header("TIMESTAMP", timestamp)
        .header("SIGNATURE", signature)
        .header("Content-Type", "application/jsonish")
        .body("{}");
    let refused = Answer::read(request.send().await.unwrap()).await.unwrap();
    assert!(
        refused
            .retmsg()
            .contains("Content-Type must be application/json")
    );
    refused.refused("00008");
    assert_eq!(sandbox.mismatches(), []);
}
