//! The text form of faults.

use std::str::FromStr;
use std::time::Duration;

use super::{Fault, InvalidFault};
use crate::SandboxOperation;

fn invalid(part: &str, role: &str) -> InvalidFault {
    InvalidFault(format!(
        "`{part}` is not a valid {role} of a fault; expected KIND[=ARGUMENT][@TARGET][:OPTION]..., \
         such as reset@createTrade:after:times=3"
    ))
}

/// Maximum length of a large error in the text form: its body is allocated when it is parsed.
const MAX_ERROR_BYTES: usize = 1 << 30;

type KindParser = fn(Option<&str>) -> Option<Fault>;

/// The kinds of faults that have a text form, and the parsers of their arguments.
const PARSERS: [(&str, KindParser); 17] = [
    ("reset", |it| without_argument(it, Fault::reset())),
    ("stall", |it| without_argument(it, Fault::stall())),
    ("stall-within-body", |it| {
        without_argument(it, Fault::stall_within_body())
    }),
    ("truncate", |it| without_argument(it, Fault::truncate())),
    ("latency", |it| {
        parse_millis(it?)?
            .try_into()
            .ok()
            .map(Duration::from_millis)
            .map(Fault::latency)
    }),
    ("date-skew", |it| parse_millis(it?).map(Fault::date_skew)),
    ("status", |it| parse_status(it?).map(Fault::status)),
    ("html", |it| parse_status(it?).map(Fault::html)),
    ("unauthorized", |it| {
        without_argument(it, Fault::unauthorized())
    }),
    ("rate-limited", |it| match it {
        None => Some(Fault::rate_limited(None)),
        Some(seconds) => seconds.parse().ok().map(|it| Fault::rate_limited(Some(it))),
    }),
    ("malformed-json", |it| {
        without_argument(it, Fault::malformed_json())
    }),
    ("unexpected-json", |it| {
        without_argument(it, Fault::unexpected_json())
    }),
    ("large-error", |it| {
        let bytes = it?.parse().ok().filter(|it| *it <= MAX_ERROR_BYTES);
        bytes.map(Fault::large_error)
    }),
    ("duplicate", |it| without_argument(it, Fault::duplicate())),
    ("null", |it| parse_field(it, Fault::NULL)),
    ("wrong-type", |it| parse_field(it, Fault::WRONG_TYPE)),
    ("unknown-value", |it| parse_field(it, Fault::UNKNOWN_VALUE)),
];

impl Fault {
    /// The kinds of faults that have a text form.
    pub const KINDS: [&str; PARSERS.len()] = {
        let mut names = [""; PARSERS.len()];
        let mut index = 0;
        while index < names.len() {
            names[index] = PARSERS[index].0;
            index += 1;
        }
        names
    };
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
        let mut fault = parse_kind(kind).ok_or_else(|| invalid(kind, "kind"))?;
        if let Some(target) = target {
            fault = parse_target(fault, target)?;
        }
        let (mut rate, mut seed) = (None, 0);
        let mut times = None;
        for part in parts {
            let invalid = || invalid(part, "option");
            let (name, argument) = split_argument(part);
            let number = || {
                let number = argument.and_then(|it| it.parse::<u64>().ok());
                number.ok_or_else(invalid)
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
                    let parsed = text.parse().ok();
                    let valid = parsed.filter(|it| (0.0..=1.0).contains(it));
                    rate = Some(valid.ok_or_else(invalid)?);
                }
                _ => return Err(invalid()),
            }
        }
        if let Some(rate) = rate {
            fault = fault.rate(rate, seed);
        }
        // This option is applied after the rate, which makes the number of injections unlimited.
        if let Some(times) = times {
            fault = fault.times(times);
        }
        fault.check_field()
    }
}

fn split_argument(part: &str) -> (&str, Option<&str>) {
    match part.split_once('=') {
        Some((name, argument)) => (name, Some(argument)),
        None => (part, None),
    }
}

fn parse_kind(text: &str) -> Option<Fault> {
    let (name, argument) = split_argument(text);
    let (_, parse) = PARSERS.iter().find(|(kind, _)| *kind == name)?;
    parse(argument)
}

fn without_argument(argument: Option<&str>, fault: Fault) -> Option<Fault> {
    argument.is_none().then_some(fault)
}

fn parse_status(text: &str) -> Option<u16> {
    let status = text.parse().ok();
    status.filter(|status| (100..1000).contains(status))
}

fn parse_field(path: Option<&str>, json: &str) -> Option<Fault> {
    let path = path.filter(|path| !path.is_empty())?;
    Some(Fault::unchecked_field(path, json))
}

/// Parses a time such as `200ms` or `-5s` into milliseconds.
fn parse_millis(text: &str) -> Option<i64> {
    if let Some(millis) = text.strip_suffix("ms") {
        return millis.parse().ok();
    }
    let seconds: i64 = text.strip_suffix('s')?.parse().ok()?;
    seconds.checked_mul(1000)
}

fn parse_target(fault: Fault, text: &str) -> Result<Fault, InvalidFault> {
    Ok(match text {
        "token" => fault.on_token(),
        "calls" => fault.on_calls(),
        path if path.starts_with('/') => fault.on_path(path),
        id => {
            let operation: SandboxOperation = id.parse().map_err(|_| invalid(id, "target"))?;
            fault.on(operation)
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::proptest;

    use super::*;

    #[test]
    fn text_form_equals_the_builder_form() {
        let trade = SandboxOperation::CreateTrade;
        let latency = Fault::latency(Duration::from_millis(200));
        let status = Fault::status(503).on_token();
        for (text, fault) in [
            ("reset", Fault::reset()),
            (
                "reset@createTrade:after:times=3",
                Fault::reset().on(trade).after_effect().times(3),
            ),
            ("latency=200ms@calls:always", latency.on_calls().always()),
            ("date-skew=-5s", Fault::date_skew(-5000)),
            (
                "status=503@token:retry-after=1:no-body",
                status.retry_after(1).without_body(),
            ),
            (
                "html=502@/x/y:skip=2",
                Fault::html(502).on_path("/x/y").skip(2),
            ),
            ("rate-limited=7", Fault::rate_limited(Some(7))),
            ("large-error=10", Fault::large_error(10)),
            ("truncate:before", Fault::truncate()),
            (
                "null=retdata.records.0",
                Fault::null("retdata.records.0").unwrap(),
            ),
            ("stall:rate=0.25:seed=7", Fault::stall().rate(0.25, 7)),
            (
                "stall:seed=7:times=1:rate=0.25",
                Fault::stall().rate(0.25, 7).times(1),
            ),
        ] {
            let parsed: Fault = text.parse().unwrap();
            assert_eq!(format!("{parsed:?}"), format!("{fault:?}"), "{text}");
        }
    }

    #[test]
    fn every_listed_kind_is_parsed() {
        for name in Fault::KINDS {
            let mut texts = ["", "=1", "=1ms", "=500"]
                .map(|it| format!("{name}{it}"))
                .into_iter();
            assert!(texts.any(|text| text.parse::<Fault>().is_ok()), "{name}");
        }
    }

    #[test]
    fn error_names_the_invalid_part() {
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
            ("null=retdata.nothing", "`retdata.nothing`"),
            ("null=retdata.orderStatus@getTrade", "`retdata.orderStatus`"),
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.starts_with(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_does_not_panic(
            text in "(reset|latency|date-skew|null|status)?(=[-0-9a-z.]{0,22})?(@[a-zA-Z/]{0,9})?(:[a-z-]{0,9}(=[-0-9.e]{0,9})?){0,3}"
        ) {
            let _ = text.parse::<Fault>();
        }
    }
}
