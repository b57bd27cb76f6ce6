//! The sandbox has a setting for each point on which the sources disagree; the client works with all of them.

use std::time::Duration;

use stablelink_sandbox::{
    ErrorStatus, RateForm, RejectedToken, RetcodeForm, Retmsg, Sandbox, SandboxQueryForm,
    TokenShape, WebhookData,
};

use crate::operations::call_all;
use crate::test_env::{TestEnv, assert_consistent, builder, money};

/// Combines the settings that change the form of a response.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_succeeds_with_each_response_form() {
    let mut modes = Vec::new();
    for retcode in [
        RetcodeForm::AsDocumented,
        RetcodeForm::Integer,
        RetcodeForm::String,
    ] {
        for shape in [TokenShape::Enveloped, TokenShape::Bare] {
            for rate in [RateForm::ChannelRate, RateForm::QuoteId] {
                for status in [ErrorStatus::Always200, ErrorStatus::ByKind] {
                    modes.push((retcode, shape, rate, status));
                }
            }
        }
    }
    for (retcode, shape, rate, status) in modes {
        let name = format!("{retcode:?} {shape:?} {rate:?} {status:?}");
        call_all(&name, |settings| {
            settings.retcode = retcode;
            (settings.token_shape, settings.refresh_shape) = (shape, shape);
            settings.rate_form = rate;
            settings.error_status = status;
        })
        .await;
    }
}

#[tokio::test]
async fn every_operation_succeeds_with_each_retmsg_and_webhook_form() {
    for retmsg in [
        Retmsg::Success,
        Retmsg::Empty,
        Retmsg::Null,
        Retmsg::Missing,
    ] {
        call_all(&format!("{retmsg:?}"), |settings| settings.retmsg = retmsg).await;
    }
    let text = |settings: &mut stablelink_sandbox::SandboxSettings| {
        settings.webhook_data = WebhookData::String
    };
    call_all("webhooks with text", text).await;
}

/// Each setting changes the bytes of the response, so that the tests above test what they claim.
#[tokio::test]
async fn setting_changes_response_bytes() {
    for (retcode, retcode_text) in [
        (RetcodeForm::Integer, r#""retcode":200"#),
        (RetcodeForm::String, r#""retcode":"200""#),
    ] {
        for (version, rate_field) in [
            (RateForm::ChannelRate, "channelRate"),
            (RateForm::QuoteId, "quoteId"),
        ] {
            let env = TestEnv::with_settings(|settings| {
                settings.retcode = retcode;
                settings.rate_form = version;
            })
            .await;
            let quote = env
                .client
                .exchange_rates()
                .quote("USDT", "USD")
                .amount(money("1"));
            let quote = quote.await.unwrap();
            let body = String::from_utf8_lossy(quote.raw_response().body()).into_owned();
            assert!(
                body.contains(retcode_text) && body.contains(rate_field),
                "{body}"
            );
            env.finish();
        }
    }
}

/// A client succeeds with the query form that the sandbox expects, and is rejected with another form.
#[tokio::test]
async fn query_is_signed_in_each_form() {
    for (form, theirs) in [
        (SandboxQueryForm::Decoded, stablelink::QueryForm::Decoded),
        (
            SandboxQueryForm::DecodedWithMark,
            stablelink::QueryForm::DecodedWithMark,
        ),
        (
            SandboxQueryForm::EncodedSorted,
            stablelink::QueryForm::EncodedSorted,
        ),
    ] {
        let sandbox = Sandbox::builder().query_form(form).start().await.unwrap();
        let customer = sandbox.add_customer();
        for (ours, fits) in [
            (
                stablelink::QueryForm::Decoded,
                theirs == stablelink::QueryForm::Decoded,
            ),
            (theirs, true),
        ] {
            let client = builder(&sandbox).query_form(ours).build().unwrap();
            let address = client.trades().deposit_address(customer, "USDC", "a b/c");
            // The order does not exist, which the sandbox reports only if the signature is valid.
            let error = address.await.err();
            let code = error.as_ref().and_then(stablelink::Error::retcode);
            assert_eq!(code != Some("00903"), fits, "{form:?} {ours:?}: {error:?}");
        }
        assert_consistent(&sandbox);
    }
}

#[tokio::test]
async fn rejected_token_is_refreshed_in_each_form() {
    // A token rejected by retcode is refreshed once per cooldown; this test needs no cooldown.
    for rejected in [RejectedToken::Http401, RejectedToken::Http200] {
        for shape in [TokenShape::Enveloped, TokenShape::Bare] {
            let sandbox = Sandbox::builder()
                .rejected_token(rejected)
                .refresh_shape(shape)
                .token_shape(shape)
                .start()
                .await
                .unwrap();
            // The retcode of the live gateway for a rejected token is unknown. The sandbox sends 00901, so the client is
            // configured with 00901.
            let client = builder(&sandbox)
                .token_retcodes(["00901"])
                .token_cooldown(Duration::ZERO)
                .build()
                .unwrap();
            for _ in 0..3 {
                let quote = client.exchange_rates().quote("USDT", "USD");
                quote.amount(money("1")).await.unwrap();
                sandbox.revoke_tokens();
            }
            let grants = sandbox.token_grants();
            assert_eq!(
                (grants.credentials, grants.refresh, grants.rejected),
                (1, 2, 0)
            );
            assert_consistent(&sandbox);
        }
    }
}
