//! The command `probe`: read-only calls that test undocumented behaviour, and a report without secrets.
//!
//! `checks` has the checks in the order of the report, `probe_client` sends the calls, `report` formats the findings.

mod checks;
mod probe_client;
mod report;

use clap::Args;
use serde_json::json;
use stablelink::Environment;

use crate::context::Context;
use crate::error::CliError;
use probe_client::ProbeClient;
use report::report;

/// Tests undocumented behaviour of the gateway.
#[derive(Debug, Args)]
#[command(after_help = "\
The command sends about fifteen calls, none of which changes a record: two for a token, an exchange rate, an order that does not
exist, and the same order with deliberately wrong signatures, tokens and times. **A new token invalidates the previous one**:
other programs with the same credentials have to get a new token (programs that use this project do so automatically).

The report contains no secret, token, account number or record. Paste it into an issue of this project.")]
pub(crate) struct Probe {
    /// Allow production, where the token of running programs is invalidated
    #[arg(long)]
    yes: bool,
}

impl Probe {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let environment = context.environment()?.value;
        if environment == Environment::Production && !self.yes {
            let problem = "on production, a new token invalidates that of running programs";
            return Err(CliError::usage(problem).next("probe the sandbox, or pass --yes"));
        }
        // The client rejects addresses without TLS on other hosts, and missing secrets.
        context.client()?;
        let (secrets, network) = (context.secrets()?.value, context.network()?);
        let client = ProbeClient::new(&environment.origin(), secrets, &network)?;
        let findings = checks::run_all(client, |step| context.out.note(step)).await?;
        let gateway = match environment {
            Environment::Custom(_) => "a custom address".to_owned(),
            named => named.origin().to_string(),
        };
        if !context.out.is_json() {
            return context.out.line(report(&gateway, &findings));
        }
        let findings: Vec<_> = findings
            .iter()
            .map(|finding| json!({"question": finding.question, "found": finding.found, "seen": finding.seen}))
            .collect();
        let result = json!({"gateway": gateway, "findings": findings});
        context.out.json_line(result.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use secrecy::{ExposeSecret, SecretString};
    use stablelink::Environment;
    use stablelink_sandbox::{
        ErrorStatus, RateForm, RejectedToken, RetcodeForm, Retmsg, Sandbox, SandboxQueryForm,
        SandboxSettings, TokenShape,
    };

    use super::probe_client::ProbeResponse;
    use super::report::ProbeFinding;
    use super::*;
    use crate::settings::{NetworkSettings, ProfileSecrets};

    async fn probe(sandbox: &Sandbox) -> Vec<ProbeFinding> {
        let sign_key = sandbox.credentials().sign_key().clone();
        probe_with_key(sandbox, sign_key).await
    }

    async fn probe_with_key(sandbox: &Sandbox, sign_key: SecretString) -> Vec<ProbeFinding> {
        let secrets = sandbox.credentials();
        let secrets = ProfileSecrets {
            api_key: secrets.api_key().clone(),
            api_secret: secrets.api_secret().clone(),
            sign_key,
        };
        let origin = Environment::at(sandbox.url()).unwrap().origin();
        let client = ProbeClient::new(&origin, secrets, &NetworkSettings::default()).unwrap();
        checks::run_all(client, |_| {}).await.unwrap()
    }

    fn found<'a>(findings: &'a [ProbeFinding], question: &str) -> &'a str {
        let finding = findings.iter().find(|finding| finding.question == question);
        finding
            .unwrap_or_else(|| panic!("{question}"))
            .found
            .as_deref()
            .unwrap_or("open")
    }

    #[tokio::test]
    async fn each_sandbox_mode_is_detected() {
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
            let sandbox = Sandbox::builder().settings(change).start().await.unwrap();
            let findings = probe(&sandbox).await;
            assert_eq!(found(&findings, question), *expected);
        }
    }

    #[tokio::test]
    async fn retcodes_of_one_type_are_detected() {
        let sandbox = Sandbox::builder()
            .retcode(RetcodeForm::String)
            .token_shape(TokenShape::Enveloped)
            .start()
            .await
            .unwrap();
        assert_eq!(
            found(&probe(&sandbox).await, "Type of the retcode"),
            "a string"
        );
    }

    #[tokio::test]
    async fn clock_skew_is_reported() {
        let sandbox = Sandbox::start().await.unwrap();
        // Less than two minutes, so that calls are still accepted.
        sandbox.clock().set_offset(90_000);
        let findings = probe(&sandbox).await;
        let clock = found(&findings, "Clock skew of the gateway");
        // The exact value depends on the duration of the call; the next test checks the calculation.
        assert!(clock.starts_with('+') && clock.ends_with(" s"), "{clock}");
    }

    #[test]
    fn clock_skew_includes_measurement_error() {
        const SAME: &str = "equal within about a second";
        // Date header, local time and duration of the call in seconds.
        for (date, local, elapsed, expected, error) in [
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
            let finding = checks::clock_skew(&ProbeResponse {
                status: 200,
                headers: [(http::header::DATE, date.parse().unwrap())]
                    .into_iter()
                    .collect(),
                body: "{}".into(),
                at: SystemTime::UNIX_EPOCH + Duration::from_secs_f64(local),
                elapsed: Duration::from_secs_f64(elapsed),
                signed_at: None,
            });
            assert_eq!(finding.found.as_deref(), Some(expected), "{date} {local}");
            assert!(finding.seen.ends_with(error), "{}", finding.seen);
        }
    }

    #[tokio::test]
    async fn probe_changes_nothing_and_report_has_no_secret() {
        let sandbox = Sandbox::start().await.unwrap();
        let findings = probe(&sandbox).await;
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
            text.contains("| Form of signed queries | decoded |"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn query_form_is_open_if_no_signature_is_accepted() {
        let sandbox = Sandbox::start().await.unwrap();
        let findings = probe_with_key(&sandbox, "another".into()).await;
        assert_eq!(found(&findings, "Form of signed queries"), "open");
        assert_eq!(found(&findings, "Question mark in signed queries"), "open");
    }
}
