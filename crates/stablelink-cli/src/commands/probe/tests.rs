//! The probe finds out each mode of the sandbox, and its report holds no secret.

use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret;
use stablelink::Environment;
use stablelink_sandbox::{
    ErrorStatus, RateVersion, RejectedToken, RetcodeForm, Retmsg, Sandbox, SandboxQueryForm,
    SandboxSettings, TokenShape,
};

use super::answer::Answer;
use super::*;
use crate::context::Apart;

async fn found(sandbox: &Sandbox) -> Vec<Finding> {
    let secrets = sandbox.credentials();
    let secrets = Apart {
        api_key: secrets.api_key().clone(),
        api_secret: secrets.api_secret().clone(),
        sign_key: secrets.sign_key().clone(),
    };
    let origin = Environment::at(sandbox.url()).unwrap().origin();
    let wire = Wire::new(&origin, &secrets).unwrap();
    questions::all(wire, |_| {}).await.unwrap()
}

fn answer<'a>(findings: &'a [Finding], question: &str) -> &'a str {
    let finding = findings.iter().find(|finding| finding.question == question);
    finding
        .unwrap_or_else(|| panic!("{question}"))
        .found
        .as_deref()
        .unwrap_or("open")
}

#[tokio::test]
async fn each_mode_is_found_out() {
    type Change = fn(&mut SandboxSettings);
    let cases: &[(Change, &str, &str)] = &[
        (|_| {}, "Form of a signed query", "decoded"),
        (
            |_| {},
            "Question mark of a signed query",
            "signed without it",
        ),
        (
            |set| set.query_form = SandboxQueryForm::DecodedWithMark,
            "Form of a signed query",
            "decoded-with-mark",
        ),
        (
            |set| set.query_form = SandboxQueryForm::DecodedWithMark,
            "Question mark of a signed query",
            "signed with it",
        ),
        (
            |set| set.query_form = SandboxQueryForm::EncodedSorted,
            "Form of a signed query",
            "encoded-sorted",
        ),
        (
            |set| set.query_form = SandboxQueryForm::EncodedSorted,
            "HTTP status of a refusal",
            "200 for a record that is not there, 200 for a wrong signature",
        ),
        (
            |set| set.error_status = ErrorStatus::ByKind,
            "HTTP status of a refusal",
            "404 for a record that is not there, 403 for a wrong signature",
        ),
        (
            |set| set.token_shape = TokenShape::Bare,
            "Form of the token's answer",
            "bare",
        ),
        (
            |set| set.token_shape = TokenShape::Enveloped,
            "Form of the token's answer",
            "in the envelope",
        ),
        (
            |set| set.refresh_shape = TokenShape::Bare,
            "Form of the refreshed token's answer",
            "bare",
        ),
        (
            |set| set.refresh_shape = TokenShape::Enveloped,
            "Form of the refreshed token's answer",
            "in the envelope",
        ),
        (
            |set| set.retcode = RetcodeForm::AsDocumented,
            "Type of the retcode",
            "both",
        ),
        (
            |set| set.rate_version = RateVersion::Current,
            "Version of the exchange rate",
            "that of 2026-03-31 (channelRate)",
        ),
        (
            |set| set.rate_version = RateVersion::Previous,
            "Version of the exchange rate",
            "that of 2026-03-03 (rate, quoteId)",
        ),
        (
            |set| set.rejected_token = RejectedToken::Http401,
            "A token that is none",
            "HTTP 401, retcode \"00901\", Access denied: the access token is invalid or has expired",
        ),
        (
            |set| set.rejected_token = RejectedToken::Http200,
            "A token that is none",
            "HTTP 200, retcode \"00901\", Access denied: the access token is invalid or has expired",
        ),
        (
            |set| set.retmsg = Retmsg::Missing,
            "A missing signature",
            "HTTP 200, retcode \"00006\", Access denied: Missing header [SIGNATURE]",
        ),
        (
            |_| {},
            "Clock of the gateway against this one",
            "the same within a second or so",
        ),
        (|_| {}, "Signature of answers", "none"),
    ];
    for (change, question, expected) in cases {
        let sandbox = Sandbox::builder().settings(change).start().await.unwrap();
        let findings = found(&sandbox).await;
        assert_eq!(answer(&findings, question), *expected);
    }
}

#[tokio::test]
async fn retcodes_of_one_type_are_told_from_both() {
    let sandbox = Sandbox::builder()
        .retcode(RetcodeForm::String)
        .token_shape(TokenShape::Enveloped)
        .start()
        .await
        .unwrap();
    assert_eq!(
        answer(&found(&sandbox).await, "Type of the retcode"),
        "a text"
    );
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told() {
    let sandbox = Sandbox::start().await.unwrap();
    // Within the two minutes, so that calls are still taken.
    sandbox.clock().set_offset(90_000);
    let findings = found(&sandbox).await;
    let clock = answer(&findings, "Clock of the gateway against this one");
    // By how much depends on how long the call took; the next test has the figures.
    assert!(clock.starts_with('+') && clock.ends_with(" s"), "{clock}");
}

#[test]
fn how_wrong_a_clock_is_depends_on_how_well_it_could_be_read() {
    const SAME: &str = "the same within a second or so";
    // Date header, our clock and the time of the call in seconds.
    for (date, ours, took, expected, error) in [
        ("Thu, 01 Jan 1970 00:02:00 GMT", 30.5, 0.0, "+90 s", "0.5 s"),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 30.1, 0.2, "+90 s", "0.6 s"),
        (
            "Thu, 01 Jan 1970 00:00:30 GMT",
            120.5,
            4.0,
            "-90 s",
            "2.5 s",
        ),
        ("Thu, 01 Jan 1970 00:00:30 GMT", 30.0, 0.0, SAME, "0.5 s"),
        ("Thu, 01 Jan 1970 00:00:30 GMT", 28.5, 0.0, "+2 s", "0.5 s"),
        ("Thu, 01 Jan 1970 00:00:30 GMT", 28.5, 3.0, SAME, "2.0 s"),
    ] {
        let finding = questions::clock(&Answer {
            status: 200,
            headers: [(http::header::DATE, date.parse().unwrap())]
                .into_iter()
                .collect(),
            body: "{}".into(),
            at: SystemTime::UNIX_EPOCH + Duration::from_secs_f64(ours),
            took: Duration::from_secs_f64(took),
            signed: None,
        });
        assert_eq!(finding.found.as_deref(), Some(expected), "{date} {ours}");
        assert!(finding.seen.ends_with(error), "{}", finding.seen);
    }
}

#[tokio::test]
async fn nothing_is_changed_and_nothing_is_told_that_is_secret() {
    let sandbox = Sandbox::start().await.unwrap();
    let findings = found(&sandbox).await;
    assert_eq!(sandbox.effects().iter().count(), 0, "an effect was made");
    let text = report("a place", &findings);
    let secrets = sandbox.credentials();
    for secret in [secrets.api_key(), secrets.api_secret(), secrets.sign_key()] {
        assert!(!text.contains(secret.expose_secret()), "{text}");
    }
    for request in sandbox.requests() {
        for name in ["authorization", "signature"] {
            if let Some(value) = request.headers.get(name) {
                let value = value.to_str().unwrap().trim_start_matches("Bearer ");
                assert!(
                    value == "wrongOnPurpose" || !text.contains(value),
                    "{name}: {text}"
                );
            }
        }
    }
    assert!(
        text.contains("| Form of a signed query | decoded |"),
        "{text}"
    );
}

#[tokio::test]
async fn where_no_signature_is_accepted_the_form_stays_open() {
    let sandbox = Sandbox::start().await.unwrap();
    let secrets = sandbox.credentials();
    let secrets = Apart {
        api_key: secrets.api_key().clone(),
        api_secret: secrets.api_secret().clone(),
        sign_key: "another".into(),
    };
    let origin = Environment::at(sandbox.url()).unwrap().origin();
    let findings = questions::all(Wire::new(&origin, &secrets).unwrap(), |_| {})
        .await
        .unwrap();
    assert_eq!(answer(&findings, "Form of a signed query"), "open");
    assert_eq!(answer(&findings, "Question mark of a signed query"), "open");
}
