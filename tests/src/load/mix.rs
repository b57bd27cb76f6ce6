//! Which faults strike, and how often.

use std::time::Duration;

use stablelink_sandbox::{Fault, FaultId, Faults};

/// A fault and its weight among the others.
type Part = (&'static str, f64, fn() -> Fault);

/// Every kind that the sandbox has, those that lose an answer before the effect and after it.
///
/// Stalls cost each an attempt's whole time, and a refused token one renewal for all who share it: they are rare.
const CALLS: [Part; 24] = [
    ("reset before the effect", 2.0, || Fault::reset()),
    ("reset after the effect", 2.0, || {
        Fault::reset().after_effect()
    }),
    ("answer cut off", 1.0, || Fault::truncate()),
    ("silence before the effect", 0.05, || Fault::stall()),
    ("silence after the effect", 0.05, || {
        Fault::stall().after_effect()
    }),
    ("silence within the answer", 0.05, || {
        Fault::stall_within_body()
    }),
    ("500 before the effect", 1.0, || Fault::status(500)),
    ("503 after the effect", 1.0, || {
        Fault::status(503).after_effect()
    }),
    ("408", 0.5, || Fault::status(408)),
    ("429", 1.0, || Fault::rate_limited(None)),
    ("429 with a wait of none", 0.5, || {
        Fault::rate_limited(Some(0))
    }),
    ("401 although the token lives", 0.1, || {
        Fault::unauthorized()
    }),
    ("page, 200, after the effect", 1.0, || {
        Fault::html(200).after_effect()
    }),
    ("page, 502", 1.0, || Fault::html(502)),
    ("malformed JSON, after the effect", 1.0, || {
        Fault::malformed_json().after_effect()
    }),
    ("no envelope", 0.5, || Fault::wrong_json()),
    ("long error, after the effect", 0.2, || {
        Fault::big_error(100_000).after_effect()
    }),
    ("redirect, after the effect", 0.5, || {
        Fault::redirect(307, "https://elsewhere.example/").after_effect()
    }),
    ("refused as if repeated", 0.5, || Fault::duplicate()),
    ("latency", 2.0, || Fault::latency(Duration::from_millis(5))),
    ("Date ten minutes off", 0.5, || Fault::date_skew(600_000)),
    ("no retdata", 0.5, || Fault::null("retdata")),
    ("status of another type", 0.5, || {
        Fault::wrong_type("retdata.status")
    }),
    ("status never seen", 0.5, || {
        Fault::unknown_value("retdata.status")
    }),
];

/// Those of token requests, each with its own rate: there are few of these requests.
const TOKEN: [Part; 3] = [
    ("token lost", 0.1, || Fault::reset().after_effect()),
    ("token request answered 503", 0.1, || Fault::status(503)),
    ("page in place of a token", 0.05, || Fault::html(200)),
];

/// How often each fault struck, in the order of the mix.
pub type Strikes = Vec<(&'static str, u64)>;

/// The faults of a load.
#[derive(Debug)]
pub(super) struct Mix {
    added: Vec<(&'static str, FaultId)>,
    of_tokens: usize,
}

impl Mix {
    /// Adds them so that this share of the requests, from 0 to 1, is struck.
    pub(super) fn add(faults: &Faults, share: f64, seed: u64) -> Self {
        let weights: f64 = CALLS.iter().map(|(_, weight, _)| weight).sum();
        // The first that strikes spares the request the others, so that the single rates are a little higher.
        let unit = -(1.0 - share.clamp(0.0, 0.99)).ln() / weights;
        let calls = CALLS
            .iter()
            .map(|(name, weight, make)| (*name, weight * unit, make().on_calls()));
        let tokens = TOKEN
            .iter()
            .filter(|_| share > 0.0)
            .map(|(name, rate, make)| (*name, *rate, make().on_token()));
        let added = calls.chain(tokens).zip(seed..);
        Self {
            added: added
                .map(|((name, rate, fault), seed)| (name, faults.add(fault.rate(rate, seed))))
                .collect(),
            of_tokens: CALLS.len(),
        }
    }

    pub(super) fn strikes(&self, faults: &Faults) -> Strikes {
        let added = self.added.iter();
        added
            .map(|(name, id)| (*name, faults.strikes(*id)))
            .collect()
    }

    /// How many tokens the faults may have cost: refused although they live, or lost on their way.
    pub(super) fn tokens_cost(&self, faults: &Faults) -> u64 {
        let of = |(at, (name, id)): (usize, &(&str, FaultId))| {
            let costs = at >= self.of_tokens || name.starts_with("401");
            if costs { faults.strikes(*id) } else { 0 }
        };
        self.added.iter().enumerate().map(of).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kinds are called in the text of a fault; each has to be in the mix.
    #[test]
    fn every_kind_is_in_it() {
        let made: Vec<String> = CALLS
            .iter()
            .map(|(_, _, make)| format!("{:?}", make()))
            .collect();
        for text in [
            "reset",
            "reset:after",
            "stall",
            "stall:after",
            "stall-within-body",
            "truncate",
            "latency=5ms",
            "date-skew=600s",
            "status=500",
            "html=502",
            "unauthorized",
            "rate-limited",
            "malformed-json:after",
            "wrong-json",
            "big-error=100000:after",
            "duplicate",
            "null=retdata",
            "wrong-type=retdata.status",
            "unknown-value=retdata.status",
        ] {
            let fault = text.parse::<Fault>().unwrap();
            assert!(made.contains(&format!("{fault:?}")), "{text}");
        }
    }
}
