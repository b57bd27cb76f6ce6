//! Which faults strike, and how often.

use stablelink_sandbox::{Fault, FaultId, Faults, InvalidFault};

/// A fault, as text, and its weight among the others.
type Part = (&'static str, f64);

/// Every kind that the sandbox has, those that lose an answer before the effect and after it.
///
/// Stalls cost each an attempt's whole time, and a refused token one renewal for all who share it: they are rare.
const CALLS: [Part; 23] = [
    ("reset", 2.0),
    ("reset:after", 2.0),
    ("truncate", 1.0),
    ("stall", 0.05),
    ("stall:after", 0.05),
    ("stall-within-body", 0.05),
    ("status=500", 1.0),
    ("status=503:after", 1.0),
    ("status=408", 0.5),
    ("rate-limited", 1.0),
    ("rate-limited=0", 0.5),
    (TOKEN_REFUSED, 0.1),
    ("html=200:after", 1.0),
    ("html=502", 1.0),
    ("malformed-json:after", 1.0),
    ("unexpected-json", 0.5),
    ("large-error=100000:after", 0.2),
    ("duplicate", 0.5),
    ("latency=5ms", 2.0),
    ("date-skew=600s", 0.5),
    ("null=retdata", 0.5),
    ("wrong-type=retdata.status", 0.5),
    ("unknown-value=retdata.status", 0.5),
];

/// The one that has no text.
const REDIRECT: Part = ("redirect:after", 0.5);

/// HTTP 401, although the token lives.
const TOKEN_REFUSED: &str = "unauthorized";

/// Those of token requests, each with its own rate: there are few of these requests.
const TOKEN: [Part; 3] = [
    ("reset@token:after", 0.1),
    ("status=503@token", 0.1),
    ("html=200@token", 0.05),
];

/// How often each fault struck, in the order of the mix.
pub type Strikes = Vec<(&'static str, u64)>;

/// The faults of a load.
#[derive(Debug)]
pub(super) struct Mix(Vec<Added>);

#[derive(Debug)]
struct Added {
    text: &'static str,
    rate: f64,
    id: FaultId,
}

impl Mix {
    /// Adds them so that this share of the requests, from 0 to 1, is struck.
    pub(super) fn add(faults: &Faults, share: f64, seed: u64) -> Result<Self, InvalidFault> {
        let weights: f64 = CALLS
            .iter()
            .chain([&REDIRECT])
            .map(|(_, weight)| weight)
            .sum();
        // The first that strikes spares the request the others, so that the single rates are a little higher.
        let unit = -(1.0 - share.clamp(0.0, 0.99)).ln() / weights;
        let mut made = Vec::new();
        for (text, weight) in CALLS {
            let fault: Fault = text.parse()?;
            made.push((text, fault.on_calls(), weight * unit));
        }
        let redirect = Fault::redirect(307, "https://elsewhere.example/").after_effect();
        made.push((REDIRECT.0, redirect.on_calls(), REDIRECT.1 * unit));
        for (text, rate) in TOKEN {
            made.push((text, text.parse()?, if share > 0.0 { rate } else { 0.0 }));
        }
        let added = made.into_iter().zip(seed..);
        let added = added.map(|((text, fault, rate), seed)| Added {
            text,
            rate,
            id: faults.add(fault.rate(rate, seed)),
        });
        Ok(Self(added.collect()))
    }

    pub(super) fn strikes(&self, faults: &Faults) -> Strikes {
        let added = self.0.iter();
        let struck = |one: &Added| (one.text, faults.injections(one.id));
        added.map(struck).collect()
    }

    /// Those that never struck although there were so many calls that chance does not explain it.
    pub(super) fn idle(&self, faults: &Faults, calls: u64) -> Vec<&'static str> {
        const EXPECTED: f64 = 20.0;
        let calls = calls as f64;
        let of_calls = self.0.iter().filter(|one| !one.text.contains("@token"));
        let idle =
            of_calls.filter(|one| one.rate * calls > EXPECTED && faults.injections(one.id) == 0);
        idle.map(|one| one.text).collect()
    }
}

/// How many tokens these strikes may have cost: refused although they live, or lost on their way.
pub(super) fn tokens_cost(strikes: &Strikes) -> u64 {
    let costs = |text: &str| text == TOKEN_REFUSED || text.contains("@token");
    let costly = strikes.iter().filter(|(text, _)| costs(text));
    costly.map(|(_, count)| count).sum()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_is_in_it() {
        let name = |(text, _): &Part| text.split(['=', ':', '@']).next();
        let mixed: BTreeSet<&str> = CALLS.iter().filter_map(name).collect();
        assert_eq!(mixed, Fault::KINDS.into_iter().collect());
        let faults = Faults::default();
        let mix = Mix::add(&faults, 0.2, 1).unwrap();
        assert_eq!(mix.strikes(&faults).len(), CALLS.len() + 1 + TOKEN.len());
        assert_eq!(mix.idle(&faults, 100), [""; 0], "too few calls to tell");
        assert_eq!(mix.idle(&faults, 1_000_000).len(), CALLS.len() + 1);
    }

    #[test]
    fn tokens_are_lost_by_some_of_them() {
        let strikes = vec![("unauthorized", 2), ("reset", 5), ("reset@token:after", 3)];
        assert_eq!(tokens_cost(&strikes), 5);
    }
}
