//! Faults as text. It goes when `Fault` of the sandbox can be parsed.

use std::str::FromStr;
use std::time::Duration;

use stablelink_sandbox::Fault;

/// A fault, as `KIND[:ARGUMENT][@OPERATION][*TIMES|%PERCENT]`.
#[derive(Clone, Debug)]
pub(super) struct FaultSpec(pub(super) Fault);

impl FromStr for FaultSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (rest, often) = match text.find(['*', '%']) {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        let (what, place) = rest
            .split_once('@')
            .map_or((rest, None), |(what, place)| (what, Some(place)));
        let mut fault = kind(what)?;
        fault = match place {
            None => fault,
            Some("token") => fault.on_token(),
            Some("calls") => fault.on_calls(),
            Some(name) => fault.on(name.parse().map_err(|error| format!("{error}"))?),
        };
        if let Some(times) = often.strip_prefix('*') {
            fault = fault.times(number(times, "the number behind *")?);
        } else if let Some(percent) = often.strip_prefix('%') {
            let percent: u32 = number(percent, "the percentage behind %")?;
            fault = fault.rate(f64::from(percent) / 100.0, 1);
        }
        Ok(Self(fault))
    }
}

fn kind(text: &str) -> Result<Fault, String> {
    let (name, argument) = text
        .split_once(':')
        .map_or((text, ""), |(name, argument)| (name, argument));
    let needs = |what: &'static str| move |error: String| format!("{name} needs {what}: {error}");
    Ok(match (name, argument) {
        ("reset", "") => Fault::reset(),
        ("after-reset", "") => Fault::reset().after_effect(),
        ("stall", "") => Fault::stall(),
        ("truncate", "") => Fault::truncate(),
        ("malformed", "") => Fault::malformed_json(),
        ("wrong-json", "") => Fault::wrong_json(),
        ("unauthorized", "") => Fault::unauthorized(),
        ("duplicate", "") => Fault::duplicate(),
        ("status", code) => Fault::status(status(code).map_err(needs("an HTTP status"))?),
        ("html", code) => Fault::html(status(code).map_err(needs("an HTTP status"))?),
        ("rate-limited", "") => Fault::rate_limited(None),
        ("rate-limited", seconds) => Fault::rate_limited(Some(number(seconds, "seconds")?)),
        ("latency", millis) => Fault::latency(Duration::from_millis(
            number(millis, "milliseconds").map_err(needs("milliseconds"))?,
        )),
        ("date-skew", millis) => Fault::date_skew(number(millis, "milliseconds")?).always(),
        _ => return Err(format!("`{text}` is no kind of fault; --help lists them")),
    })
}

fn status(text: &str) -> Result<u16, String> {
    let code = number(text, "an HTTP status")?;
    if (200..600).contains(&code) {
        Ok(code)
    } else {
        Err("it is from 200 to 599".to_owned())
    }
}

fn number<T: FromStr>(text: &str, what: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is not {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_strikes() {
        for (text, parts) in [
            (
                "reset",
                vec!["Reset", "target: All", "stage: Before", "limit: Some(1)"],
            ),
            (
                "after-reset@createTrade",
                vec!["Reset", "Operation(CreateTrade)", "stage: After"],
            ),
            ("status:503*3", vec!["503", "limit: Some(3)"]),
            ("latency:500%20", vec!["500ms", "limit: None", "200000"]),
            ("unauthorized@calls", vec!["401", "Calls"]),
            (
                "rate-limited:7@token",
                vec!["429", "IssueAccessToken", "\"7\""],
            ),
        ] {
            let shown = format!("{:?}", text.parse::<FaultSpec>().unwrap());
            for part in parts {
                assert!(shown.contains(part), "{text}: {part}: {shown}");
            }
        }
        for wrong in [
            "",
            "explode",
            "status",
            "status:99",
            "latency:x",
            "reset@nowhere",
            "reset*x",
            "reset:1",
        ] {
            assert!(wrong.parse::<FaultSpec>().is_err(), "{wrong}");
        }
    }
}
