//! Faults written as text.

use std::str::FromStr;
use std::time::Duration;

use super::Fault;
use crate::Operation;

/// The text is no fault; the message says where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{part}` is {what} of a fault; one is written KIND[=ARGUMENT][@TARGET][:OPTION]..., such as reset@createTrade:after:times=3"
)]
pub struct InvalidFault {
    part: String,
    what: &'static str,
}

fn invalid(part: &str, what: &'static str) -> InvalidFault {
    let part = part.to_owned();
    InvalidFault { part, what }
}

impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let mut parts = text.split(':');
        let head = parts.next().unwrap_or_default();
        let (kind, target) = match head.split_once('@') {
            Some((kind, target)) => (kind, Some(target)),
            None => (head, None),
        };
        let mut fault = self::kind(kind)?;
        if let Some(target) = target {
            fault = self::target(fault, target)?;
        }
        let (mut rate, mut seed) = (None, 0);
        let mut times = None;
        for part in parts {
            let wrong = || invalid(part, "no option");
            let (name, argument) = split(part);
            let number = || {
                argument
                    .and_then(|it| it.parse::<u64>().ok())
                    .ok_or_else(wrong)
            };
            match (name, argument) {
                ("before", None) => fault = fault.before_effect(),
                ("after", None) => fault = fault.after_effect(),
                ("always", None) => fault = fault.always(),
                ("no-body", None) => fault = fault.without_body(),
                ("times", _) => times = Some(number()?),
                ("skip", _) => fault = fault.skip(number()?),
                ("seed", _) => seed = number()?,
                ("retry-after", _) => fault = fault.retry_after(number()?),
                ("rate", Some(text)) => {
                    let read = text.parse::<f64>().map_err(|_| wrong())?;
                    if !(0.0..=1.0).contains(&read) {
                        return Err(wrong());
                    }
                    rate = Some(read);
                }
                _ => return Err(wrong()),
            }
        }
        if let Some(rate) = rate {
            fault = fault.rate(rate, seed);
        }
        // Last, for a rate makes a fault that has no number of times endless.
        Ok(match times {
            Some(times) => fault.times(times),
            None => fault,
        })
    }
}

impl Fault {
    /// The names of the kinds that have a text.
    pub const KINDS: [&str; 17] = [
        "reset",
        "stall",
        "stall-within-body",
        "truncate",
        "latency",
        "date-skew",
        "status",
        "html",
        "unauthorized",
        "rate-limited",
        "malformed-json",
        "unexpected-json",
        "large-error",
        "duplicate",
        "null",
        "wrong-type",
        "unknown-value",
    ];
}

fn split(part: &str) -> (&str, Option<&str>) {
    match part.split_once('=') {
        Some((name, argument)) => (name, Some(argument)),
        None => (part, None),
    }
}

fn kind(text: &str) -> Result<Fault, InvalidFault> {
    let wrong = || invalid(text, "no kind");
    let (name, argument) = split(text);
    // So that none can be read that is not listed.
    if !Fault::KINDS.contains(&name) {
        return Err(wrong());
    }
    let status = || {
        let status = argument.and_then(|it| it.parse().ok());
        status
            .filter(|status| (100..1000).contains(status))
            .ok_or_else(wrong)
    };
    let member = || argument.filter(|path| !path.is_empty()).ok_or_else(wrong);
    let millis = || argument.and_then(millis).ok_or_else(wrong);
    Ok(match (name, argument) {
        ("reset", None) => Fault::reset(),
        ("stall", None) => Fault::stall(),
        ("stall-within-body", None) => Fault::stall_within_body(),
        ("truncate", None) => Fault::truncate(),
        ("unauthorized", None) => Fault::unauthorized(),
        ("malformed-json", None) => Fault::malformed_json(),
        ("unexpected-json", None) => Fault::unexpected_json(),
        ("duplicate", None) => Fault::duplicate(),
        ("rate-limited", None) => Fault::rate_limited(None),
        ("rate-limited", Some(seconds)) => {
            Fault::rate_limited(Some(seconds.parse().map_err(|_| wrong())?))
        }
        ("latency", _) => {
            let millis = u64::try_from(millis()?).map_err(|_| wrong())?;
            Fault::latency(Duration::from_millis(millis))
        }
        ("date-skew", _) => Fault::date_skew(millis()?),
        ("status", _) => Fault::status(status()?),
        ("html", _) => Fault::html(status()?),
        ("large-error", Some(bytes)) => {
            let bytes = bytes.parse().ok().filter(|bytes| *bytes <= BIGGEST);
            Fault::large_error(bytes.ok_or_else(wrong)?)
        }
        ("null", _) => Fault::null(member()?),
        ("wrong-type", _) => Fault::wrong_type(member()?),
        ("unknown-value", _) => Fault::unknown_value(member()?),
        _ => return Err(wrong()),
    })
}

/// Bytes of a big error that a text may ask for: its body is made when it is read.
const BIGGEST: usize = 1 << 30;

/// `200ms`, `-5s`.
fn millis(text: &str) -> Option<i64> {
    if let Some(millis) = text.strip_suffix("ms") {
        return millis.parse().ok();
    }
    text.strip_suffix('s')?
        .parse::<i64>()
        .ok()?
        .checked_mul(1000)
}

fn target(fault: Fault, text: &str) -> Result<Fault, InvalidFault> {
    Ok(match text {
        "token" => fault.on_token(),
        "calls" => fault.on_calls(),
        path if path.starts_with('/') => fault.on_path(path),
        id => fault.on(id
            .parse::<Operation>()
            .map_err(|_| invalid(id, "no target"))?),
    })
}

#[cfg(test)]
mod tests {
    use proptest::proptest;

    use super::*;

    #[test]
    fn say_the_same_as_calls() {
        let trade = Operation::CreateTrade;
        for (text, fault) in [
            ("reset", Fault::reset()),
            (
                "reset@createTrade:after:times=3",
                Fault::reset().on(trade).after_effect().times(3),
            ),
            (
                "latency=200ms@calls:always",
                Fault::latency(Duration::from_millis(200))
                    .on_calls()
                    .always(),
            ),
            ("date-skew=-5s", Fault::date_skew(-5000)),
            (
                "status=503@token:retry-after=1:no-body",
                Fault::status(503).on_token().retry_after(1).without_body(),
            ),
            (
                "html=502@/x/y:skip=2",
                Fault::html(502).on_path("/x/y").skip(2),
            ),
            ("rate-limited=7", Fault::rate_limited(Some(7))),
            ("large-error=10", Fault::large_error(10)),
            ("truncate:before", Fault::truncate()),
            ("null=retdata.records.0", Fault::null("retdata.records.0")),
            ("stall:rate=0.25:seed=7", Fault::stall().rate(0.25, 7)),
            (
                "stall:seed=7:times=1:rate=0.25",
                Fault::stall().rate(0.25, 7).times(1),
            ),
        ] {
            let read: Fault = text.parse().unwrap();
            assert_eq!(format!("{read:?}"), format!("{fault:?}"), "{text}");
        }
    }

    #[test]
    fn every_kind_has_its_name() {
        for name in Fault::KINDS {
            let read = ["", "=1", "=1ms", "=500"]
                .iter()
                .find_map(|argument| format!("{name}{argument}").parse::<Fault>().ok());
            assert!(read.is_some(), "{name}");
        }
    }

    #[test]
    fn say_what_is_wrong() {
        for (text, part) in [
            ("", "``"),
            ("explode", "`explode`"),
            ("reset=1", "`reset=1`"),
            ("latency", "`latency`"),
            ("latency=-1s", "`latency=-1s`"),
            ("latency=5", "`latency=5`"),
            ("status=9", "`status=9`"),
            ("null=", "`null=`"),
            ("large-error=99999999999", "`large-error="),
            ("reset@nothing", "`nothing`"),
            ("reset:twice", "`twice`"),
            ("reset:times=x", "`times=x`"),
            ("reset:rate=2", "`rate=2`"),
            ("reset:rate=NaN", "`rate=NaN`"),
            ("reset:after=1", "`after=1`"),
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.starts_with(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_them_panic(
            text in "(reset|latency|date-skew|null|status)?(=[-0-9a-z.]{0,22})?(@[a-zA-Z/]{0,9})?(:[a-z-]{0,9}(=[-0-9.e]{0,9})?){0,3}"
        ) {
            let _ = text.parse::<Fault>();
        }
    }
}
