//! Responses that differ from the pages.

use stablelink::open_enums::{CheckoutOrderStatus, CheckoutToken};
use stablelink::types::CheckoutOrder;
use stablelink::{ErrorKind, Method, Response};
use stablelink_sandbox::{
    ErrorStatus, Fault, RetcodeForm, Retmsg, Sandbox, SandboxOperation, TokenShape,
};

use crate::setup::{Call, builder, effects, keyed, never, order, outcome, pair, read, sent};
use crate::watch::CheckedResult;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

#[tokio::test]
async fn field_of_wrong_type_is_named_with_path() {
    let create = SandboxOperation::CreateCheckoutOrder;
    let get = SandboxOperation::GetCheckoutOrder;
    for (operation, path, json, problem) in [
        // A create without its number is ambiguous: see `foreign_responses`.
        (
            create,
            "retdata.token",
            r#""\ud800""#,
            Some("it is not JSON"),
        ),
        (get, "retdata", "7", None),
        (get, "retdata", r#""Leo""#, None),
        (
            get,
            "retdata",
            "null",
            Some("it is missing, although the retcode is 200"),
        ),
        (get, "retdata", "[]", None),
        (get, "retdata.orderAmount", "[0.5]", None),
        (
            get,
            "retdata.orderStatus",
            r#""\ud800""#,
            Some("it is not JSON"),
        ),
    ] {
        let (sandbox, client) = pair().await;
        let order = order();
        let label = format!("{operation} {path} {json}");
        let fault = Fault::replace_field(path, json)
            .unwrap()
            .on(operation)
            .always();
        let error = if operation == create {
            sandbox.faults().add(fault);
            let error = client.checkout_orders().create(&order).await.checked_err();
            // The envelope reports a success and the record has the requested number: this is not ambiguous.
            assert_eq!(effects(&sandbox, &order), 1, "{label}");
            error
        } else {
            client.checkout_orders().create(&order).await.unwrap();
            sandbox.faults().add(fault);
            let get = client.checkout_orders().get(order.order_no());
            get.await.checked_err()
        };
        let ErrorKind::Decode(decode) = error.kind() else {
            panic!("{label}: {error:?}");
        };
        assert_eq!(decode.path(), path, "{label}");
        if let Some(problem) = problem {
            assert_eq!(decode.problem(), problem, "{label}");
        }
        assert_eq!(error.http_status(), Some(200), "{label}");
        assert_eq!(error.retcode(), Some("200"), "{label}");
        assert!(!error.is_retryable() && !error.is_ambiguous(), "{label}");
        assert_eq!(
            error.may_have_taken_effect(),
            operation == create,
            "{label}"
        );
        let raw = error.raw_response().unwrap();
        assert_eq!(raw.headers()["content-type"], "application/json", "{label}");
        let body = std::str::from_utf8(raw.body()).unwrap();
        assert!(body.contains(json), "{label}: {body}");
        assert!(error.to_string().contains(path), "{label}: {error}");
        assert!(!format!("{error} {error:?}").contains("Leo"), "{label}");
        assert_eq!(sent(&sandbox, operation), 1, "{label}");
    }
}

#[tokio::test]
async fn unknown_value_is_kept() {
    let (sandbox, client) = pair().await;
    let order = order();
    client.checkout_orders().create(&order).await.unwrap();
    let get = SandboxOperation::GetCheckoutOrder;
    for path in ["retdata.orderStatus", "retdata.token"] {
        sandbox
            .faults()
            .add(Fault::unknown_value(path).unwrap().on(get));
    }
    let found = client
        .checkout_orders()
        .get(order.order_no())
        .await
        .unwrap();
    let never_seen = "NEVER_SEEN_BEFORE".to_owned();
    assert_eq!(
        found.order_status,
        Some(CheckoutOrderStatus::Other(never_seen.clone()))
    );
    assert_eq!(found.token, Some(CheckoutToken::Other(never_seen)));
    // So are an unknown field, and null for an optional field.
    let get = client.request(Method::GET, "/checkout/order/info");
    let body = r#"{"retcode":"200","retdata":{"orderNo":"7","newMember":1.230,"orderStatus":null,"token":null,"orderAmount":null}}"#;
    sandbox
        .faults()
        .add(Fault::custom(200, JSON, body).on(SandboxOperation::GetCheckoutOrder));
    let found: Response<CheckoutOrder> = get.query("orderNo", 7).fetch().await.unwrap();
    assert_eq!(found.order_no.as_deref(), Some("7"));
    assert!(found.order_status.is_none() && found.token.is_none() && found.order_amount.is_none());
    assert_eq!(found.unknown_fields()["newMember"].get(), "1.230");
}

#[cfg(feature = "provisional")]
#[tokio::test]
async fn null_list_is_empty() {
    use std::future::poll_fn;
    use std::pin::pin;

    use futures_core::Stream;
    use stablelink::Pagination;

    let (sandbox, client) = pair().await;
    let list = SandboxOperation::ListCheckoutOrders;
    for path in ["retdata.records", "retdata"] {
        sandbox.faults().add(Fault::null(path).unwrap().on(list));
        let mut pages = pin!(client.checkout_orders().list().pages(Pagination::default()));
        let page = poll_fn(|context| pages.as_mut().poll_next(context)).await;
        assert!(page.unwrap().is_ok(), "{path}");
        let page = poll_fn(|context| pages.as_mut().poll_next(context)).await;
        assert!(page.is_none(), "{path}");
    }
}

#[tokio::test]
async fn every_form_of_success_is_accepted() {
    for retcode in [
        RetcodeForm::AsDocumented,
        RetcodeForm::Integer,
        RetcodeForm::String,
    ] {
        for retmsg in [
            Retmsg::Success,
            Retmsg::Empty,
            Retmsg::Null,
            Retmsg::Missing,
        ] {
            for shape in [TokenShape::Enveloped, TokenShape::Bare] {
                let sandbox = Sandbox::builder()
                    .settings(|settings| settings.retmsg = retmsg)
                    .retcode(retcode)
                    .token_shape(shape)
                    .start()
                    .await
                    .unwrap();
                let client = builder(&sandbox).build().unwrap();
                let order = order();
                let made = client.checkout_orders().create(&order).await.unwrap();
                assert_eq!(made.raw_response().retcode(), Some("200"));
                client
                    .checkout_orders()
                    .cancel(order.order_no())
                    .await
                    .unwrap();
            }
        }
    }
}

/// A payment that was made must not be lost because of a field that decides nothing.
#[tokio::test]
async fn unreadable_field_does_not_spoil_the_record() {
    for (path, json) in [
        ("retdata.depositAddress", "7"),
        ("retdata.expiredIn", "[]"),
        ("retdata.token", "3"),
        ("retdata.exchangeRate", r#""""#),
        ("retdata.payingAmount", r#"{"a":"Leo"}"#),
        ("retdata.payingAmount", r#""Leo""#),
        ("retdata.payingAmount", "true"),
    ] {
        let (sandbox, client) = pair().await;
        let fault = Fault::replace_field(path, json)
            .unwrap()
            .on(SandboxOperation::CreateCheckoutOrder);
        sandbox.faults().add(fault.always());
        let order = order();
        let created = client.checkout_orders().create(&order).await.unwrap();
        assert_eq!(created.order_no.as_deref(), Some(order.order_no()));
        assert!(created.merchant_id.is_some());
        assert_eq!(
            created.paying_amount.is_none(),
            path.ends_with("payingAmount")
        );
        assert_eq!(created.unreadable_fields(), [path]);
        let name = path.rsplit('.').next().unwrap();
        assert_eq!(created.raw_field(name).unwrap().get(), json);
    }
    for (path, json) in [
        ("retdata.createdTime", r#""yesterday""#),
        ("retdata.createdTime", r#""2026-11-30T10:00:00.000+08:00""#),
        ("retdata.updatedTime", "1764496800000"),
        ("retdata.orderNo", "{}"),
        ("retdata.orderNo", "20260001"),
        ("retdata.orderAmount", r#""""#),
        ("retdata.orderStatus", "3"),
    ] {
        let (sandbox, client) = pair().await;
        let order = order();
        client.checkout_orders().create(&order).await.unwrap();
        let fault = Fault::replace_field(path, json)
            .unwrap()
            .on(SandboxOperation::GetCheckoutOrder);
        sandbox.faults().add(fault.always());
        let found = client.checkout_orders().get(order.order_no()).await;
        if json == "{}" {
            // Without its number, the record may be another one.
            let error = found.checked_err();
            assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error}");
            continue;
        }
        let found = found.unwrap();
        assert!(found.customer_id.is_some());
        assert_eq!(found.unreadable_fields(), [path], "{json}");
        let poller = client.checkout_orders().wait(order.order_no());
        if path.ends_with("Status") {
            let error = poller.until_final().await.checked_err();
            assert_eq!(error.kind().name(), "decode", "{error}");
            assert!(error.to_string().contains(path), "{error}");
        }
    }
}

#[tokio::test]
async fn every_form_of_rejection_is_recognised() {
    for (status, body, retcode, message) in [
        (
            200,
            r#"{"retcode":"00008","retmsg":"no"}"#,
            Some("00008"),
            Some("no"),
        ),
        (200, r#"{"retcode":8,"retmsg":"no"}"#, Some("8"), Some("no")),
        (
            200,
            r#"{"retcode":"00008","retmsg":null}"#,
            Some("00008"),
            None,
        ),
        (
            200,
            r#"{"retcode":"00008","retmsg":""}"#,
            Some("00008"),
            None,
        ),
        (200, r#"{"retcode":"00008"}"#, Some("00008"), None),
        (
            200,
            r#"{"retcode":"00008","retmsg":7}"#,
            Some("00008"),
            Some("7"),
        ),
        (
            200,
            r#"{"retcode":"00008","retmsg":{"a":"b"}}"#,
            Some("00008"),
            Some(r#"{"a":"b"}"#),
        ),
        (
            200,
            r#"{"retcode":"00008","retmsg":"success","retdata":{},"success":false}"#,
            Some("00008"),
            Some("success"),
        ),
        (
            400,
            r#"{"retcode":"00008","retmsg":"no"}"#,
            Some("00008"),
            Some("no"),
        ),
        (405, "<html>", None, None),
        (413, "", None, None),
        (400, r#"{"message":"no"}"#, None, None),
    ] {
        for call in [read as Call, keyed as Call, never as Call] {
            let (sandbox, client) = pair().await;
            sandbox
                .faults()
                .add(Fault::custom(status, JSON, body).on_calls().always());
            client.token().await.unwrap();
            let before = sandbox.request_count();
            let result = call(&client).await;
            assert_eq!(outcome(&result), "api", "{status} {body}: {result:?}");
            let error = result.checked_err();
            assert_eq!(error.retcode(), retcode, "{body}");
            let refusal = error.api_error().unwrap();
            assert_eq!(refusal.message(), message, "{body}");
            assert_eq!(error.http_status(), Some(status));
            assert_eq!(
                error.raw_response().unwrap().body().as_ref(),
                body.as_bytes()
            );
            assert!(!error.is_retryable() && !error.may_have_taken_effect());
            assert_eq!(sandbox.request_count() - before, 1, "{body}");
        }
    }
}

/// A response that is neither a success nor a rejection proves nothing about a payment.
#[tokio::test]
async fn response_without_envelope_is_not_a_rejection() {
    for body in [
        "",
        "null",
        "[]",
        r#"["200"]"#,
        r#""200""#,
        "200",
        "{}",
        r#"{"retcode":null}"#,
        r#"{"retcode":""}"#,
        r#"{"retcode":true}"#,
        r#"{"retcode":{}}"#,
        r#"{"retcode":200.0}"#,
        r#"{"retcode":"200","success":false}"#,
        // Contradictions.
        r#"{"retcode":"200","success":"false"}"#,
        r#"{"retcode":"200","success":0,"retdata":{}}"#,
        r#"{"retcode":"00008","success":true}"#,
        r#"{"retcode":" "}"#,
        r#"{"retcode":" 200 "}"#,
        r#"{"retcode":"200","retcode":"200"}"#,
        r#"{"retcode":"200","retdata":{},"ret\u0063ode":"00008"}"#,
        r#"{"retcode":"200","retdata":{}} {}"#,
        r#"{"retcode":"200","retdata":{}"#,
        "{\"retcode\":\"200\u{0}\"",
        "<html>",
        "\u{feff}{}",
    ] {
        for (call, expected) in [
            (read as Call, "decode"),
            (keyed as Call, "ambiguous"),
            (never as Call, "ambiguous"),
        ] {
            let (sandbox, client) = pair().await;
            sandbox.faults().add(
                Fault::custom(200, JSON, body.to_owned())
                    .on_calls()
                    .always(),
            );
            let result = call(&client).await;
            assert_eq!(outcome(&result), expected, "{body}: {result:?}");
            assert_eq!(result.checked_err().attempts(), 1, "{body}");
        }
    }
}

/// An error status with the retcode of success is ambiguous, and the request is not sent again.
#[tokio::test]
async fn status_contradicting_retcode_is_ambiguous() {
    for status in [400, 401, 403, 404, 409, 425, 429, 499] {
        for (call, expected) in [
            (read as Call, "decode"),
            (keyed as Call, "ambiguous"),
            (never as Call, "ambiguous"),
        ] {
            let (sandbox, client) = pair().await;
            client.token().await.unwrap();
            let body = r#"{"retcode":"200","retdata":{},"success":true}"#;
            let fault = Fault::custom(status, JSON, body).header("retry-after", "0");
            sandbox.faults().add(fault.on_calls().always());
            let before = sandbox.request_count();
            let result = call(&client).await;
            assert_eq!(outcome(&result), expected, "{status}: {result:?}");
            let error = result.checked_err();
            assert_eq!(error.http_status(), Some(status));
            assert_eq!(error.retcode(), Some("200"), "{status}");
            assert!(!error.is_retryable(), "{status}");
            assert_eq!(sandbox.request_count() - before, 1, "{status}");
        }
    }
}

/// An unreadable field is described by its path only.
#[tokio::test]
async fn error_never_quotes_response() {
    let (sandbox, client) = pair().await;
    for json in [
        r#""1, expected Leo Secretive""#,
        r#""missing field `Leo Secretive`""#,
        r#"{"Leo Secretive":1}"#,
        r#"["Leo Secretive"]"#,
    ] {
        for path in [
            "retdata.orderAmount",
            "retdata.createdTime",
            "retdata.orderStatus",
        ] {
            let order = order();
            client.checkout_orders().create(&order).await.unwrap();
            sandbox.faults().add(
                Fault::replace_field(path, json)
                    .unwrap()
                    .on(SandboxOperation::GetCheckoutOrder),
            );
            let shown = match client.checkout_orders().get(order.order_no()).await {
                // The status may be any string.
                Ok(found) => format!("{found:?}"),
                Err(error) => {
                    assert_eq!(error.kind().name(), "decode", "{json}");
                    assert!(error.to_string().contains(path), "{error}");
                    format!("{error} {error:?} {error:#?}")
                }
            };
            assert!(!shown.contains("Leo"), "{shown}");
        }
    }
}

#[tokio::test]
async fn rejection_is_the_same_for_every_http_status() {
    for (form, statuses) in [
        (ErrorStatus::Always200, [200, 200, 200]),
        (ErrorStatus::ByKind, [409, 404, 400]),
    ] {
        let sandbox = Sandbox::builder().error_status(form).start().await.unwrap();
        let client = builder(&sandbox).build().unwrap();
        let order = order();
        let orders = client.checkout_orders();
        orders.create(&order).await.unwrap();
        let duplicate = orders.create(&order).await.checked_err();
        assert!(duplicate.is_duplicate());
        let missing = orders.get("0").await.checked_err();
        let nothing = stablelink::NewCheckoutOrder::usd(0, "ETH_USDT", "6".into(), "1".into());
        let field = orders.create(&nothing).await.checked_err();
        assert_eq!(field.retcode(), Some("00008"));
        for (error, status) in [duplicate, missing, field].iter().zip(statuses) {
            assert_eq!(error.kind().name(), "api", "{error}");
            assert_eq!(error.http_status(), Some(status), "{error}");
            assert_eq!(error.attempts(), 1, "{error}");
        }
    }
}

#[tokio::test]
async fn disabled_token_is_error() {
    for lost in [false, true] {
        let sandbox = Sandbox::builder()
            .settings(|settings| _ = settings.disabled_tokens.insert("ETH_USDT".to_owned()))
            .start()
            .await
            .unwrap();
        let client = builder(&sandbox).build().unwrap();
        if lost {
            sandbox.faults().add(
                Fault::reset()
                    .on(SandboxOperation::CreateCheckoutOrder)
                    .after_effect(),
            );
        }
        let error = client
            .checkout_orders()
            .create(&order())
            .await
            .checked_err();
        assert_eq!(error.kind().name(), "not_enabled", "{error:?}");
        assert!(error.to_string().contains("ETH_USDT"), "{error}");
        assert!(error.may_have_taken_effect());
        assert!(!error.is_retryable() && !error.is_ambiguous());
        assert_eq!(error.retcode(), Some("200"));
        if !lost {
            // The call by ID returns the record, and the address is checked when it is read.
            let created = client
                .operation("createCheckoutOrder")
                .json(&order())
                .fetch::<stablelink::types::CreatedCheckoutOrder>()
                .await
                .unwrap();
            let error = created.deposit_address().checked_err();
            assert_eq!(error.kind().name(), "not_enabled", "{error:?}");
            assert!(error.may_have_taken_effect() && !error.is_retryable());
        }
    }
}

/// A type that accepts null needs no `retdata`.
#[tokio::test]
async fn missing_retdata_is_none_if_the_type_accepts_null() {
    let (sandbox, client) = pair().await;
    for body in [
        r#"{"retcode":"200","retdata":null}"#,
        r#"{"retcode":"200"}"#,
    ] {
        let fault = Fault::custom(200, [("content-type", "application/json")], body);
        sandbox.faults().add(fault.on_calls().times(2));
        let request = || client.request(Method::GET, "/checkout/order/info?orderNo=7");
        let none = request().fetch::<Option<CheckoutOrder>>().await.unwrap();
        assert!(none.is_none());
        let error = request().fetch::<CheckoutOrder>().await.checked_err();
        assert_eq!(error.kind().name(), "decode", "{error}");
    }
}

#[tokio::test]
async fn blocked_address_is_not_an_ordinary_rejection() {
    for warm in [false, true] {
        for form in [ErrorStatus::Always200, ErrorStatus::ByKind] {
            let sandbox = Sandbox::builder().error_status(form).start().await.unwrap();
            let client = builder(&sandbox).build().unwrap();
            if warm {
                client.token().await.unwrap();
            }
            sandbox.update_settings(|settings| settings.reject_address = true);
            for call in [read as Call, keyed as Call, never as Call] {
                let result = call(&client).await;
                assert_eq!(outcome(&result), "address_not_allowed", "{result:?}");
                let error = result.checked_err();
                let text = error.to_string();
                assert!(
                    text.contains("127.0.0.1") && text.contains("allow-list"),
                    "{text}"
                );
                assert!(!error.is_retryable());
            }
        }
    }
}

/// A field that the program needs is not taken for a missing one.
#[tokio::test]
async fn needed_field_is_an_error_with_its_path_if_it_cannot_be_read() {
    for (path, json, problem) in [
        (
            "retdata.depositAddress",
            "7",
            "does not have its documented form",
        ),
        (
            "retdata.payingAmount",
            "[]",
            "does not have its documented form",
        ),
        ("retdata.depositAddress", "null", "is missing"),
        ("retdata.payingAmount", "null", "is missing"),
    ] {
        let (sandbox, client) = pair().await;
        let fault = Fault::replace_field(path, json)
            .unwrap()
            .on(SandboxOperation::CreateCheckoutOrder);
        sandbox.faults().add(fault);
        let created = client.checkout_orders().create(&order()).await.unwrap();
        let error = match path.ends_with("Address") {
            true => created.deposit_address().map(drop).checked_err(),
            false => created.paying_amount().map(drop).checked_err(),
        };
        assert!(
            error.may_have_taken_effect() && !error.is_retryable(),
            "{error}"
        );
        let text = error.to_string();
        assert!(
            text.contains(&format!("`{path}`")) && text.contains(problem),
            "{text}"
        );
    }
    let (sandbox, client) = pair().await;
    let order = order();
    let created = client.checkout_orders().create(&order).await.unwrap();
    assert!(created.deposit_address().unwrap().starts_with("0x"));
    let paying = created.paying_amount().unwrap();
    let found = client
        .checkout_orders()
        .get(order.order_no())
        .await
        .unwrap();
    assert_eq!(found.status().unwrap(), &CheckoutOrderStatus::Paying);
    assert_eq!(
        found.order_amount().unwrap(),
        stablelink::Decimal::new(50, 2)
    );
    assert_eq!(found.paying_amount().unwrap(), paying);
    let fault = Fault::replace_field("retdata.orderStatus", "3").unwrap();
    sandbox
        .faults()
        .add(fault.on(SandboxOperation::GetCheckoutOrder));
    let found = client
        .checkout_orders()
        .get(order.order_no())
        .await
        .unwrap();
    let error = found.status().map(drop).checked_err();
    assert!(
        !error.may_have_taken_effect() && error.to_string().contains("`retdata.orderStatus`"),
        "{error}"
    );
}
