//! The checks of a probe: each sends calls to find out an undocumented behaviour.

use std::time::SystemTime;

use http::{HeaderMap, HeaderValue};
use secrecy::SecretString;
use stablelink::RawObject;
use stablelink_signature::{
    D_SIGNATURE, MessageKind, QueryForm, RequestLine, SIGNATURE, SignatureHeaders, TIMESTAMP,
    Timestamp, Verifier,
};

use super::probe_client::{Mistake, ProbeCall, ProbeClient, ProbeResponse, RetcodeType};
use super::report::ProbeFinding;
use crate::error::{CliError, CliExitCode};

const ORDER_PATH: &str = "/checkout/order/info";
const RATE_PATH: &str = "/trade/exchange-rate";

/// The query of an order that does not exist. It is the same in all query forms, except for the question mark.
const PLAIN_QUERY: &str = "orderNo=stablelinkprobe0";

/// A query that differs in each form: it has three kinds of escapes, and unsorted pairs.
const DISTINCTIVE_QUERY: &str = "orderNo=stablelink%20probe%2B1%2Fx&a=1";

/// Runs all checks. Calls `progress` before each group.
pub(super) async fn run_all(
    mut client: ProbeClient,
    progress: impl Fn(&str),
) -> Result<Vec<ProbeFinding>, CliError> {
    let mut findings = Vec::new();
    progress("token");
    let token = client.request_token(None).await?;
    if !token.is_success() {
        let problem = format!("no token: {}", token.summary());
        return Err(CliError::new(CliExitCode::Authentication, problem)
            .next("check the credentials with `stablelink whoami`, and the IP allowlist"));
    }
    findings.push(clock_skew(&token));
    findings.push(token_shape("Shape of the token response", &token));
    client.token = string_field(&token, "access_token");
    findings.push(refresh_shape(&mut client, &token).await?);

    progress("signed calls");
    let order = || ProbeCall::get(ORDER_PATH, PLAIN_QUERY);
    let wrong = client
        .call(&order().mistake(Mistake::WrongSignature))
        .await?;
    let seen = "an order, deliberately signed wrong";
    findings.push(ProbeFinding::answered(
        "A wrong signature",
        wrong.summary(),
        seen,
    ));
    let mut valid = client.call(&order()).await?;
    let needs_mark = valid.outcome() == wrong.outcome();
    if needs_mark {
        valid = client
            .call(&order().form(QueryForm::DecodedWithMark))
            .await?;
    }
    let is_accepted = valid.outcome() != wrong.outcome();
    let question = "Question mark in signed queries";
    findings.push(match (is_accepted, needs_mark) {
        (true, true) => ProbeFinding::answered(question, "signed with it", valid.summary()),
        (true, false) => ProbeFinding::answered(question, "signed without it", valid.summary()),
        (false, _) => {
            let seen = format!(
                "both are rejected as a wrong signature: {}",
                valid.summary()
            );
            ProbeFinding::open(question, seen)
        }
    });
    findings.push(query_form(&client, &wrong, is_accepted).await?);
    findings.push(rejection_status(&valid, &wrong, is_accepted));

    progress("rejections");
    for (question, mistake) in [
        ("A timestamp of five minutes ago", Mistake::OldTimestamp),
        ("A missing signature", Mistake::NoSignature),
        ("An invalid token", Mistake::WrongToken),
    ] {
        let rejected = client.call(&order().mistake(mistake)).await?;
        findings.push(ProbeFinding::answered(
            question,
            rejected.summary(),
            "the same order",
        ));
    }

    progress("rate");
    let rate = ProbeCall {
        method: "POST",
        body: r#"{"sellCurrency":"USDT","buyCurrency":"USD","amount":100}"#,
        ..ProbeCall::get(RATE_PATH, "")
    };
    let rate = client.call(&rate).await?;
    findings.push(rate_version(&rate));
    let responses = [("token", &token), ("rate", &rate), ("rejection", &valid)];
    findings.push(retcode_type(&responses));
    let order_line = RequestLine::new("GET", ORDER_PATH).query(PLAIN_QUERY);
    let exchanges = [
        (order_line, &valid),
        (RequestLine::new("POST", RATE_PATH), &rate),
    ];
    findings.push(response_signature(&client, &exchanges));
    Ok(findings)
}

fn string_field(response: &ProbeResponse, name: &str) -> Option<SecretString> {
    let value: String = serde_json::from_str(response.data()?.get(name)?).ok()?;
    Some(value.into())
}

fn clock_skew(response: &ProbeResponse) -> ProbeFinding {
    const QUESTION: &str = "Clock skew of the gateway";
    let date = response.headers.get(http::header::DATE);
    let date = date.and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    let Some(date) = date else {
        return ProbeFinding::open(QUESTION, "no valid Date header");
    };
    let seconds = |time: SystemTime| {
        let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH);
        since_epoch.map(|duration| duration.as_secs_f64())
    };
    let (Ok(remote), Ok(local)) = (seconds(date), seconds(response.at)) else {
        return ProbeFinding::open(QUESTION, "a clock is before 1970");
    };
    // The header is truncated to whole seconds: the best estimate is the middle of that second.
    let skew = remote + 0.5 - local;
    let error = 0.5 + response.elapsed.as_secs_f64() / 2.0;
    let found = if skew.abs() < 1.0 + error {
        "equal within about a second".to_owned()
    } else {
        format!("{skew:+.0} s")
    };
    let seen = format!("Date header of the token call, accurate to {error:.1} s");
    ProbeFinding::answered(QUESTION, found, seen)
}

fn token_shape(question: &'static str, response: &ProbeResponse) -> ProbeFinding {
    let fields = response.data();
    let names: Vec<&str> = fields
        .iter()
        .flat_map(RawObject::iter)
        .map(|(name, _)| name)
        .collect();
    let shape = if response.retcode().is_some() {
        "enveloped"
    } else {
        "bare"
    };
    let seen = format!("{}; fields: {}", response.summary(), names.join(" "));
    ProbeFinding::answered(question, shape, seen)
}

/// Refreshes the token. The new token replaces the previous one, which may be invalid now.
async fn refresh_shape(
    client: &mut ProbeClient,
    token: &ProbeResponse,
) -> Result<ProbeFinding, CliError> {
    const QUESTION: &str = "Shape of the refresh response";
    let Some(refresh_token) = string_field(token, "refresh_token") else {
        let seen = "the token response has no refresh token";
        return Ok(ProbeFinding::open(QUESTION, seen));
    };
    let refreshed = client.request_token(Some(&refresh_token)).await?;
    if !refreshed.is_success() {
        return Ok(ProbeFinding::open(QUESTION, refreshed.summary()));
    }
    client.token = string_field(&refreshed, "access_token").or(client.token.take());
    Ok(token_shape(QUESTION, &refreshed))
}

/// Finds the forms in which a signed query is accepted: those that are not rejected like a wrong signature.
async fn query_form(
    client: &ProbeClient,
    wrong: &ProbeResponse,
    is_accepted: bool,
) -> Result<ProbeFinding, CliError> {
    const QUESTION: &str = "Form of signed queries";
    if !is_accepted {
        let seen = "no signature of a plain query was accepted";
        return Ok(ProbeFinding::open(QUESTION, seen));
    }
    let mut accepted = Vec::new();
    let mut seen = Vec::new();
    for form in QueryForm::ALL {
        let call = ProbeCall::get(ORDER_PATH, DISTINCTIVE_QUERY).form(form);
        let response = client.call(&call).await?;
        if response.outcome() != wrong.outcome() {
            accepted.push(form.name());
        }
        seen.push(format!("{form}: {}", response.summary()));
    }
    let seen = seen.join("; ");
    Ok(match accepted.as_slice() {
        [form] => ProbeFinding::answered(QUESTION, *form, seen),
        [] => ProbeFinding::open(QUESTION, format!("none of the known forms; {seen}")),
        _ => ProbeFinding::open(QUESTION, format!("several forms are accepted; {seen}")),
    })
}

fn rejection_status(
    missing: &ProbeResponse,
    wrong: &ProbeResponse,
    is_accepted: bool,
) -> ProbeFinding {
    const QUESTION: &str = "HTTP status of rejected calls";
    let wrong_signature = format!("{} for a wrong signature", wrong.status);
    if !is_accepted {
        return ProbeFinding::answered(QUESTION, wrong_signature, wrong.summary());
    }
    if missing.is_success() {
        return ProbeFinding::open(QUESTION, "an order that should not exist was found");
    }
    let found = format!("{} for a missing record, {wrong_signature}", missing.status);
    ProbeFinding::answered(QUESTION, found, missing.summary())
}

fn rate_version(response: &ProbeResponse) -> ProbeFinding {
    const QUESTION: &str = "Version of the exchange rate";
    let Some(fields) = response.data() else {
        return ProbeFinding::open(QUESTION, response.summary());
    };
    let has = |name| fields.get(name).is_some();
    let found = match (has("channelRate"), has("quoteId") || has("rate")) {
        (true, false) => "2026-03-31 (channelRate)",
        (false, true) => "2026-03-03 (rate, quoteId)",
        (true, true) => "fields of both versions",
        (false, false) => return ProbeFinding::open(QUESTION, response.summary()),
    };
    let types = fields.iter().filter_map(|(name, value)| {
        let json_type = match value.as_bytes().first()? {
            b'"' => "string",
            b'-' | b'0'..=b'9' => "number",
            _ => return None,
        };
        Some(format!("{name} {json_type}"))
    });
    ProbeFinding::answered(QUESTION, found, types.collect::<Vec<_>>().join(", "))
}

fn retcode_type(responses: &[(&str, &ProbeResponse)]) -> ProbeFinding {
    const QUESTION: &str = "Type of the retcode";
    let type_of = |response: &ProbeResponse| response.retcode().map(|(json_type, _)| json_type);
    let seen = responses.iter().map(|(name, response)| {
        format!(
            "{name}: {}",
            type_of(response).map_or("none", RetcodeType::name)
        )
    });
    let seen = seen.collect::<Vec<_>>().join(", ");
    let types = responses.iter();
    let types: Vec<RetcodeType> = types
        .filter_map(|(_, response)| type_of(response))
        .collect();
    let found = match types.split_first() {
        None => return ProbeFinding::open(QUESTION, seen),
        Some((first, rest)) if rest.iter().all(|other| other == first) => first.name(),
        Some(_) => "both",
    };
    ProbeFinding::answered(QUESTION, found, seen)
}

fn response_signature(
    client: &ProbeClient,
    exchanges: &[(RequestLine<'_>, &ProbeResponse)],
) -> ProbeFinding {
    const QUESTION: &str = "Signature of responses";
    let present = |headers: &HeaderMap| -> Vec<&'static str> {
        let names = [D_SIGNATURE, SIGNATURE, TIMESTAMP].into_iter();
        names.filter(|name| headers.contains_key(*name)).collect()
    };
    let signed = exchanges
        .iter()
        .find(|(_, response)| !present(&response.headers).is_empty());
    let Some((line, response)) = signed else {
        let seen = "two responses have neither D-Signature nor SIGNATURE";
        return ProbeFinding::answered(QUESTION, "none", seen);
    };
    let headers = &response.headers;
    let seen = format!("headers {}", present(headers).join(", "));
    let signature = headers.get(D_SIGNATURE).or_else(|| headers.get(SIGNATURE));
    let signature = signature.map(HeaderValue::as_bytes);
    // It is undocumented whether the timestamp is the response's or the request's.
    let own_time = headers.get(TIMESTAMP);
    let own_time = own_time.and_then(|value| Timestamp::parse(value.as_bytes()).ok());
    let verifier = Verifier::new(client.key().clone());
    for (time, whose) in [(own_time, "its own"), (response.signed_at, "the request's")] {
        let Some(time) = time else { continue };
        let time_text = time.to_string();
        let signature_headers = SignatureHeaders::new(signature, Some(time_text.as_bytes()));
        for (message, parts) in [
            (
                MessageKind::ResponseTo(*line),
                "method, timestamp, path, query and body",
            ),
            (MessageKind::Response, "timestamp and body"),
        ] {
            let verified = verifier.verify(message, signature_headers, [&response.body], time);
            if verified.is_ok() {
                let found = format!("{parts}, with {whose} timestamp");
                return ProbeFinding::answered(QUESTION, found, seen);
            }
        }
    }
    ProbeFinding::open(
        QUESTION,
        format!("{seen}; it matches none of the known rules"),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

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
            let finding = clock_skew(&ProbeResponse {
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
}
