//! Where sources disagree the gateway has modes: the same business in each of them.

use std::time::Duration;

use stablelink::TokenSettings;
use stablelink_sandbox::{
    ErrorStatus, QueryForm, RateVersion, RejectedToken, RetcodeForm, Retmsg, Sandbox, TokenShape,
    WebhookData,
};

use crate::operations::call_all;
use crate::stage::{Stage, all_well, builder, money};

/// Every operation in every combination of the modes that change what an answer looks like.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_succeeds_in_each_mode() {
    let mut modes = Vec::new();
    for retcode in [
        RetcodeForm::AsDocumented,
        RetcodeForm::Integer,
        RetcodeForm::Text,
    ] {
        for shape in [TokenShape::Enveloped, TokenShape::Bare] {
            for rate in [RateVersion::Today, RateVersion::Earlier] {
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
            settings.rate_version = rate;
            settings.error_status = status;
        })
        .await;
    }
}

/// The modes that change little beside.
#[tokio::test]
async fn every_operation_succeeds_whatever_the_message() {
    for retmsg in [
        Retmsg::Success,
        Retmsg::Empty,
        Retmsg::Null,
        Retmsg::Missing,
    ] {
        call_all(&format!("{retmsg:?}"), |settings| settings.retmsg = retmsg).await;
    }
    let text =
        |settings: &mut stablelink_sandbox::Settings| settings.webhook_data = WebhookData::Text;
    call_all("webhooks with text", text).await;
}

/// Modes are what they are called: each shows in the bytes that the client got.
#[tokio::test]
async fn a_mode_shows_on_the_wire() {
    for (retcode, shown) in [
        (RetcodeForm::Integer, r#""retcode":200"#),
        (RetcodeForm::Text, r#""retcode":"200""#),
    ] {
        for (version, member) in [
            (RateVersion::Today, "channelRate"),
            (RateVersion::Earlier, "quoteId"),
        ] {
            let stage = Stage::with(|settings| {
                settings.retcode = retcode;
                settings.rate_version = version;
            })
            .await;
            let quote = stage
                .client
                .exchange_rates()
                .quote("USDT", "USD")
                .amount(money("1"));
            let quote = quote.await.unwrap();
            let body = String::from_utf8_lossy(quote.raw().body()).into_owned();
            assert!(body.contains(shown) && body.contains(member), "{body}");
            stage.end();
        }
    }
}

/// A client that signs its queries in the form that the gateway wants; with another form it is refused.
#[tokio::test]
async fn a_query_is_signed_in_each_form() {
    for (form, theirs) in [
        (QueryForm::Decoded, stablelink::QueryForm::Decoded),
        (
            QueryForm::DecodedWithMark,
            stablelink::QueryForm::DecodedWithMark,
        ),
        (
            QueryForm::EncodedSorted,
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
            // The name is none, which is found once the signature is good.
            let error = address.await.err();
            let code = error.as_ref().and_then(stablelink::Error::retcode);
            assert_eq!(code != Some("00903"), fits, "{form:?} {ours:?}: {error:?}");
        }
        all_well(&sandbox);
    }
}

/// A token that ends in the middle is renewed in either way that the gateway may say it.
#[tokio::test]
async fn a_token_ends_in_each_mode() {
    // By a retcode a token is renewed once a cool-down, which is not what this is about.
    let often = TokenSettings::default().cooldown(Duration::ZERO);
    for rejected in [RejectedToken::Http401, RejectedToken::Http200] {
        for shape in [TokenShape::Enveloped, TokenShape::Bare] {
            let sandbox = Sandbox::builder()
                .rejected_token(rejected)
                .refresh_shape(shape)
                .token_shape(shape)
                .start()
                .await
                .unwrap();
            // The code is the sandbox's own: of the live service none is known, and who learns it tells the client.
            let client = builder(&sandbox)
                .token_retcodes(["00901"])
                .token_settings(often.clone())
                .build()
                .unwrap();
            for _ in 0..3 {
                let quote = client.exchange_rates().quote("USDT", "USD");
                quote.amount(money("1")).await.unwrap();
                sandbox.revoke_tokens();
            }
            let grants = sandbox.token_grants();
            assert_eq!(
                (grants.credentials, grants.refresh, grants.refused),
                (1, 2, 0)
            );
            all_well(&sandbox);
        }
    }
}
