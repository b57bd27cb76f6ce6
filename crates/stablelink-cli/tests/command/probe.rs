//! `probe` detects each mode of the sandbox.

use secrecy::ExposeSecret;
use serde_json::Value;
use stablelink_sandbox::{
    ErrorStatus, RateForm, RejectedToken, RetcodeForm, Retmsg, SandboxQueryForm, SandboxSettings,
    TokenShape,
};

use crate::support::{SECRETS, TestEnvironment, run};

fn probe(env: &TestEnvironment) -> Value {
    probe_with_key(env, &env.secrets()[2])
}

fn probe_with_key(env: &TestEnvironment, sign_key: &str) -> Value {
    let mut command = env.command();
    command.env(SECRETS[2], sign_key);
    let shown = run(command.args(["probe", "--output", "json"]), b"");
    assert_eq!(shown.code, 0, "{shown:?}");
    serde_json::from_str(&shown.stdout).unwrap()
}

fn found<'a>(result: &'a Value, question: &str) -> &'a str {
    let findings = result["findings"].as_array().unwrap();
    let finding = findings
        .iter()
        .find(|finding| finding["question"] == question);
    let finding = finding.unwrap_or_else(|| panic!("{question}"));
    finding["found"].as_str().unwrap_or("open")
}

#[test]
fn each_sandbox_mode_is_detected() {
    const MARK: &str = "Question mark in signed queries";
    const QUERY: &str = "Form of signed queries";
    const STATUS: &str = "HTTP status of rejected calls";
    const TOKEN: &str = "Shape of the token response";
    const REFRESH: &str = "Shape of the refresh response";
    const RATE: &str = "Version of the exchange rate";
    const INVALID: &str = "Access denied: the access token is invalid or has expired";
    type SettingsChange = fn(&mut SandboxSettings);
    let with_mark: SettingsChange = |set| set.query_form = SandboxQueryForm::DecodedWithMark;
    let sorted: SettingsChange = |set| set.query_form = SandboxQueryForm::EncodedSorted;
    let http_401 = format!("HTTP 401, retcode \"00901\", {INVALID}");
    let http_200 = format!("HTTP 200, retcode \"00901\", {INVALID}");
    let no_signature = "HTTP 200, retcode \"00006\", Access denied: Missing header [SIGNATURE]";
    let cases: &[(SettingsChange, &str, &str)] = &[
        (|_| {}, QUERY, "decoded"),
        (|_| {}, MARK, "signed without it"),
        (with_mark, QUERY, "decoded-with-mark"),
        (with_mark, MARK, "signed with it"),
        (sorted, QUERY, "encoded-sorted"),
        (
            sorted,
            STATUS,
            "200 for a missing record, 200 for a wrong signature",
        ),
        (
            |set| set.error_status = ErrorStatus::ByKind,
            STATUS,
            "404 for a missing record, 403 for a wrong signature",
        ),
        (|set| set.token_shape = TokenShape::Bare, TOKEN, "bare"),
        (
            |set| set.token_shape = TokenShape::Enveloped,
            TOKEN,
            "enveloped",
        ),
        (|set| set.refresh_shape = TokenShape::Bare, REFRESH, "bare"),
        (
            |set| set.refresh_shape = TokenShape::Enveloped,
            REFRESH,
            "enveloped",
        ),
        (
            |set| set.retcode = RetcodeForm::AsDocumented,
            "Type of the retcode",
            "both",
        ),
        (
            |set| set.rate_form = RateForm::ChannelRate,
            RATE,
            "2026-03-31 (channelRate)",
        ),
        (
            |set| set.rate_form = RateForm::QuoteId,
            RATE,
            "2026-03-03 (rate, quoteId)",
        ),
        (
            |set| set.rejected_token = RejectedToken::Http401,
            "An invalid token",
            &http_401,
        ),
        (
            |set| set.rejected_token = RejectedToken::Http200,
            "An invalid token",
            &http_200,
        ),
        (
            |set| set.retmsg = Retmsg::Missing,
            "A missing signature",
            no_signature,
        ),
        (
            |_| {},
            "Clock skew of the gateway",
            "equal within about a second",
        ),
        (|_| {}, "Signature of responses", "none"),
    ];
    for (change, question, expected) in cases {
        let env = TestEnvironment::with(|builder| builder.settings(change));
        assert_eq!(found(&probe(&env), question), *expected);
    }
}

#[test]
fn retcodes_of_one_type_are_detected() {
    let env = TestEnvironment::with(|builder| {
        builder
            .retcode(RetcodeForm::String)
            .token_shape(TokenShape::Enveloped)
    });
    assert_eq!(found(&probe(&env), "Type of the retcode"), "a string");
}

#[test]
fn clock_skew_is_reported() {
    let env = TestEnvironment::new();
    // Less than two minutes, so that calls are still accepted.
    env.sandbox.clock().set_offset(90_000);
    let result = probe(&env);
    let clock = found(&result, "Clock skew of the gateway");
    // The exact value depends on the duration of the call; a unit test checks the calculation.
    assert!(clock.starts_with('+') && clock.ends_with(" s"), "{clock}");
}

#[test]
fn probe_changes_nothing_and_report_has_no_secret() {
    let env = TestEnvironment::new();
    let report = env.run(&["probe"]);
    let text = report.stdout + &report.stderr;
    assert_eq!(
        env.sandbox.effects().iter().count(),
        0,
        "an effect was made"
    );
    let secrets = env.sandbox.credentials();
    for secret in [secrets.api_key(), secrets.api_secret(), secrets.sign_key()] {
        assert!(!text.contains(secret.expose_secret()), "{text}");
    }
    for request in env.sandbox.requests() {
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
        text.contains("| Form of signed queries | decoded |"),
        "{text}"
    );
}

#[test]
fn query_form_is_open_if_no_signature_is_accepted() {
    let result = probe_with_key(&TestEnvironment::new(), "another");
    assert_eq!(found(&result, "Form of signed queries"), "open");
    assert_eq!(found(&result, "Question mark in signed queries"), "open");
}
