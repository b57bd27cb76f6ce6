//! The questions, and the calls that answer them.

use std::time::SystemTime;

use http::HeaderMap;
use secrecy::SecretString;
use stablelink_signature::{
    MessageKind, QueryForm, RequestLine, SignatureHeaders, Timestamp, Verifier,
};

use super::Finding;
use super::answer::{Answer, Written};
use super::wire::{Ask, Wire, Wrong};
use crate::failure::{Code, Failure};

const ORDER: &str = "/checkout/order/info";
const RATE: &str = "/trade/exchange-rate";

/// An order that nobody has: all query forms but the one with a mark agree on it.
const PLAIN: &str = "orderNo=stablelinkprobe0";

/// Each form makes something else of it: escapes of three kinds, and pairs out of order.
const TELLING: &str = "orderNo=stablelink%20probe%2B1%2Fx&a=1";

/// Asks all of them; `told` hears what is under way.
pub(super) async fn all(mut wire: Wire, told: impl Fn(&str)) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    told("token");
    let token = wire.grant(None).await?;
    if !token.is_success() {
        return Err(Failure::new(Code::Authentication, format!("no token: {}", token.short()))
            .next("check the credentials with `stablelink whoami`; the allow-list of addresses may be the reason too"));
    }
    findings.push(clock(&token));
    findings.push(shape("Form of the token's answer", &token));
    wire.token = secret(&token, "access_token");
    let refreshed = match secret(&token, "refresh_token") {
        Some(refresh) => Some(wire.grant(Some(&refresh)).await?),
        None => None,
    };
    findings.push(match &refreshed {
        Some(answer) if answer.is_success() => {
            // It may have ended the one before.
            wire.token = secret(answer, "access_token").or(wire.token.take());
            shape("Form of the refreshed token's answer", answer)
        }
        Some(answer) => Finding::open("Form of the refreshed token's answer", answer.short()),
        None => Finding::open(
            "Form of the refreshed token's answer",
            "the first one brought no refresh token",
        ),
    });

    told("signed calls");
    let wrong = wire
        .ask(&Ask::get(ORDER, PLAIN).wrong(Wrong::Signature))
        .await?;
    findings.push(Finding::settled(
        "A wrong signature",
        wrong.short(),
        "an order's record, signed wrong on purpose",
    ));
    let mut right = wire.ask(&Ask::get(ORDER, PLAIN)).await?;
    let mark = right.signature() == wrong.signature();
    if mark {
        right = wire
            .ask(&Ask::get(ORDER, PLAIN).form(QueryForm::DecodedWithMark))
            .await?;
    }
    let accepted = right.signature() != wrong.signature();
    findings.push(if accepted {
        Finding::settled(
            "Question mark of a signed query",
            if mark {
                "signed with it"
            } else {
                "signed without it"
            },
            right.short(),
        )
    } else {
        Finding::open(
            "Question mark of a signed query",
            format!("both are answered as a wrong signature: {}", right.short()),
        )
    });
    findings.push(query_form(&wire, &wrong, accepted).await?);
    findings.push(error_status(&right, &wrong, accepted));

    told("refusals");
    let stale = wire.ask(&Ask::get(ORDER, PLAIN).wrong(Wrong::Time)).await?;
    findings.push(Finding::settled(
        "A timestamp of five minutes ago",
        stale.short(),
        "the same order",
    ));
    let missing = wire
        .ask(&Ask::get(ORDER, PLAIN).wrong(Wrong::NoSignature))
        .await?;
    findings.push(Finding::settled(
        "A missing signature",
        missing.short(),
        "the same order",
    ));
    let token_refused = wire
        .ask(&Ask::get(ORDER, PLAIN).wrong(Wrong::Token))
        .await?;
    findings.push(Finding::settled(
        "A token that is none",
        token_refused.short(),
        "the same order",
    ));

    told("rate");
    let body = r#"{"sellCurrency":"USDT","buyCurrency":"USD","amount":100}"#;
    let rate = wire
        .ask(&Ask {
            method: "POST",
            body,
            ..Ask::get(RATE, "")
        })
        .await?;
    findings.push(rate_version(&rate));
    findings.push(retcodes(&[
        ("token", &token),
        ("rate", &rate),
        ("refusal", &right),
    ]));
    let order = Exchange {
        line: RequestLine::new("GET", ORDER).query(PLAIN),
        answer: &right,
    };
    let rate = Exchange {
        line: RequestLine::new("POST", RATE),
        answer: &rate,
    };
    findings.push(answer_signature(&wire, &[order, rate]));
    Ok(findings)
}

fn secret(answer: &Answer, name: &str) -> Option<SecretString> {
    let members = answer.data()?.0;
    let (_, value) = members.into_iter().find(|(key, _)| key == name)?;
    serde_json::from_str::<String>(value.get())
        .ok()
        .map(SecretString::from)
}

pub(super) fn clock(answer: &Answer) -> Finding {
    const QUESTION: &str = "Clock of the gateway against this one";
    let date = answer
        .headers
        .get(http::header::DATE)
        .and_then(|date| date.to_str().ok());
    let Some(date) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
        return Finding::open(QUESTION, "no Date header, or none that can be read");
    };
    // The header cuts to whole seconds: the middle of that second is the best guess.
    let seconds = |time: SystemTime| {
        time.duration_since(SystemTime::UNIX_EPOCH)
            .map(|since| since.as_secs_f64())
    };
    match (seconds(date), seconds(answer.at)) {
        (Ok(theirs), Ok(ours)) => {
            let off = theirs + 0.5 - ours;
            let give_or_take = 0.5 + answer.took.as_secs_f64() / 2.0;
            let found = if off.abs() < 1.0 + give_or_take {
                "the same within a second or so".to_owned()
            } else {
                format!("{off:+.0} s")
            };
            Finding::settled(
                QUESTION,
                found,
                format!("Date header of the token call, give or take {give_or_take:.1} s"),
            )
        }
        _ => Finding::open(QUESTION, "a clock stands before 1970"),
    }
}

fn shape(question: &'static str, answer: &Answer) -> Finding {
    let names: Vec<String> = answer
        .data()
        .map(|members| members.0.into_iter().map(|(name, _)| name).collect())
        .unwrap_or_default();
    let form = if answer.has_envelope() {
        "in the envelope"
    } else {
        "bare"
    };
    Finding::settled(
        question,
        form,
        format!("{}; fields: {}", answer.short(), names.join(" ")),
    )
}

/// Which forms of a telling query are accepted: those that are not answered as a wrong signature is.
async fn query_form(wire: &Wire, wrong: &Answer, accepted: bool) -> Result<Finding, Failure> {
    const QUESTION: &str = "Form of a signed query";
    if !accepted {
        return Ok(Finding::open(
            QUESTION,
            "no signature of a plain query was accepted",
        ));
    }
    let mut taken = Vec::new();
    let mut seen = Vec::new();
    for form in QueryForm::ALL {
        let answer = wire.ask(&Ask::get(ORDER, TELLING).form(form)).await?;
        if answer.signature() != wrong.signature() {
            taken.push(form.name());
        }
        seen.push(format!("{form}: {}", answer.short()));
    }
    let seen = seen.join("; ");
    Ok(match taken.as_slice() {
        [one] => Finding::settled(QUESTION, *one, seen),
        [] => Finding::open(QUESTION, format!("none of the known ones; {seen}")),
        _ => Finding::open(QUESTION, format!("several are accepted; {seen}")),
    })
}

fn error_status(refusal: &Answer, wrong: &Answer, accepted: bool) -> Finding {
    const QUESTION: &str = "HTTP status of a refusal";
    if accepted && !refusal.is_success() {
        let found = format!(
            "{} for a record that is not there, {} for a wrong signature",
            refusal.status, wrong.status
        );
        return Finding::settled(QUESTION, found, refusal.short());
    }
    if accepted {
        return Finding::open(QUESTION, "the order that nobody has was found");
    }
    Finding::settled(
        QUESTION,
        format!("{} for a wrong signature", wrong.status),
        wrong.short(),
    )
}

fn rate_version(answer: &Answer) -> Finding {
    const QUESTION: &str = "Version of the exchange rate";
    let members = answer.data().map(|members| members.0).unwrap_or_default();
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    let found = match (
        names.contains(&"channelRate"),
        names.contains(&"quoteId") || names.contains(&"rate"),
    ) {
        (true, false) => "that of 2026-03-31 (channelRate)",
        (false, true) => "that of 2026-03-03 (rate, quoteId)",
        (true, true) => "fields of both",
        (false, false) => return Finding::open(QUESTION, answer.short()),
    };
    let spelt: Vec<String> = members
        .iter()
        .filter(|(_, value)| {
            value
                .get()
                .starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit())
        })
        .map(|(name, value)| {
            format!(
                "{name} {}",
                if value.get().starts_with('"') {
                    "text"
                } else {
                    "number"
                }
            )
        })
        .collect();
    Finding::settled(QUESTION, found, spelt.join(", "))
}

fn retcodes(answers: &[(&str, &Answer)]) -> Finding {
    let seen: Vec<String> = answers
        .iter()
        .map(|(what, answer)| {
            let written = answer
                .retcode()
                .map_or("none", |(written, _)| written.word());
            format!("{what}: {written}")
        })
        .collect();
    let kinds: Vec<Written> = answers
        .iter()
        .filter_map(|(_, answer)| Some(answer.retcode()?.0))
        .collect();
    let found = match kinds.split_first() {
        None => return Finding::open("Type of the retcode", seen.join(", ")),
        Some((first, rest)) if rest.iter().all(|kind| kind == first) => first.word(),
        Some(_) => "both",
    };
    Finding::settled("Type of the retcode", found, seen.join(", "))
}

/// A call and its answer.
struct Exchange<'a> {
    line: RequestLine<'a>,
    answer: &'a Answer,
}

fn answer_signature(wire: &Wire, exchanges: &[Exchange<'_>]) -> Finding {
    const QUESTION: &str = "Signature of answers";
    let names = |headers: &HeaderMap| -> Vec<&'static str> {
        [
            stablelink_signature::D_SIGNATURE,
            stablelink_signature::SIGNATURE,
            stablelink_signature::TIMESTAMP,
        ]
        .into_iter()
        .filter(|name| headers.contains_key(*name))
        .collect()
    };
    let Some(exchange) = exchanges
        .iter()
        .find(|exchange| !names(&exchange.answer.headers).is_empty())
    else {
        return Finding::settled(
            QUESTION,
            "none",
            "neither D-Signature nor SIGNATURE in two answers",
        );
    };
    let answer = exchange.answer;
    let seen = format!("headers {}", names(&answer.headers).join(", "));
    // No page says whose timestamp it is: that of the answer if it has one, else that of the request.
    let own = answer
        .headers
        .get(stablelink_signature::TIMESTAMP)
        .and_then(|value| Timestamp::parse(value.as_bytes()).ok());
    let verifier = Verifier::new(wire.key().clone());
    for (time, whose) in [(own, "its own"), (answer.signed, "the request's")] {
        let Some(time) = time else { continue };
        let text = time.to_string();
        let value = answer
            .headers
            .get(stablelink_signature::D_SIGNATURE)
            .or_else(|| answer.headers.get(stablelink_signature::SIGNATURE));
        let received = SignatureHeaders::new(
            value.map(http::HeaderValue::as_bytes),
            Some(text.as_bytes()),
        );
        for (subject, parts) in [
            (
                MessageKind::ResponseTo(exchange.line),
                "method, timestamp, path, query and body",
            ),
            (MessageKind::Response, "timestamp and body"),
        ] {
            if verifier
                .verify(subject, received, [&answer.body], time)
                .is_ok()
            {
                return Finding::settled(
                    QUESTION,
                    format!("{parts}, with {whose} timestamp"),
                    seen,
                );
            }
        }
    }
    Finding::open(
        QUESTION,
        format!("{seen}; none of the known rules makes it"),
    )
}
