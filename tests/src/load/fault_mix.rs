//! The injected faults and their rates.

use stablelink_sandbox::{Fault, FaultId, FaultList, InvalidFault};

/// A fault in text form, and its relative weight.
type WeightedFault = (&'static str, f64);

/// Every fault kind of the sandbox, with lost responses both before and after the effect.
///
/// Stalls are rare because each takes a whole attempt timeout; rejected tokens because each forces a token refresh.
const CALL_FAULTS: [WeightedFault; 23] = [
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
    (TOKEN_REJECTED, 0.1),
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

/// The only fault without a text form.
const REDIRECT: WeightedFault = ("redirect:after", 0.5);

/// HTTP 401 for a valid token.
const TOKEN_REJECTED: &str = "unauthorized";

/// Faults of token requests with absolute rates, since there are few token requests.
const TOKEN_FAULTS: [WeightedFault; 3] = [
    ("reset@token:after", 0.1),
    ("status=503@token", 0.1),
    ("html=200@token", 0.05),
];

/// How often each fault was injected, in the order of the mix.
pub type FaultCounts = Vec<(&'static str, u64)>;

/// The faults that are active during a load test.
#[derive(Debug)]
pub(super) struct FaultMix(Vec<ActiveFault>);

#[derive(Debug)]
struct ActiveFault {
    text: &'static str,
    rate: f64,
    id: FaultId,
}

impl FaultMix {
    /// Adds the faults so that a total share (0 to 1) of the requests is affected.
    pub(super) fn add(faults: &FaultList, share: f64, seed: u64) -> Result<Self, InvalidFault> {
        let weights: f64 = CALL_FAULTS
            .iter()
            .chain([&REDIRECT])
            .map(|(_, weight)| weight)
            .sum();
        // Only one fault affects a request, so that the single rates must be slightly higher than their share.
        let unit = -(1.0 - share.clamp(0.0, 0.99)).ln() / weights;
        let mut faults_with_rates = Vec::new();
        for (text, weight) in CALL_FAULTS {
            let fault: Fault = text.parse()?;
            faults_with_rates.push((text, fault.on_calls(), weight * unit));
        }
        let redirect = Fault::redirect(307, "https://elsewhere.example/").after_effect();
        faults_with_rates.push((REDIRECT.0, redirect.on_calls(), REDIRECT.1 * unit));
        for (text, rate) in TOKEN_FAULTS {
            faults_with_rates.push((text, text.parse()?, if share > 0.0 { rate } else { 0.0 }));
        }
        let added = faults_with_rates.into_iter().zip(seed..);
        let added = added.map(|((text, fault, rate), seed)| ActiveFault {
            text,
            rate,
            id: faults.add(fault.rate(rate, seed)),
        });
        Ok(Self(added.collect()))
    }

    pub(super) fn counts(&self, faults: &FaultList) -> FaultCounts {
        let added = self.0.iter();
        let struck = |one: &ActiveFault| (one.text, faults.injections(one.id));
        added.map(struck).collect()
    }

    /// Returns the faults that were never injected although at least 20 injections were expected.
    pub(super) fn never_injected(&self, faults: &FaultList, calls: u64) -> Vec<&'static str> {
        const EXPECTED: f64 = 20.0;
        let calls = calls as f64;
        let of_calls = self.0.iter().filter(|one| !one.text.contains("@token"));
        let idle =
            of_calls.filter(|one| one.rate * calls > EXPECTED && faults.injections(one.id) == 0);
        idle.map(|one| one.text).collect()
    }
}

/// Returns how many additional tokens these faults may have caused: valid tokens rejected, or token responses lost.
pub(super) fn additional_tokens(injected: &FaultCounts) -> u64 {
    let costs = |text: &str| text == TOKEN_REJECTED || text.contains("@token");
    let costly = injected.iter().filter(|(text, _)| costs(text));
    costly.map(|(_, count)| count).sum()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn mix_contains_every_fault_kind() {
        let name = |(text, _): &WeightedFault| text.split(['=', ':', '@']).next();
        let mixed: BTreeSet<&str> = CALL_FAULTS.iter().filter_map(name).collect();
        assert_eq!(mixed, Fault::KINDS.into_iter().collect());
        let faults = FaultList::default();
        let mix = FaultMix::add(&faults, 0.2, 1).unwrap();
        assert_eq!(
            mix.counts(&faults).len(),
            CALL_FAULTS.len() + 1 + TOKEN_FAULTS.len()
        );
        assert_eq!(mix.never_injected(&faults, 100), [""; 0], "too few calls");
        assert_eq!(
            mix.never_injected(&faults, 1_000_000).len(),
            CALL_FAULTS.len() + 1
        );
    }

    #[test]
    fn additional_tokens_counts_token_faults_only() {
        let injected = vec![("unauthorized", 2), ("reset", 5), ("reset@token:after", 3)];
        assert_eq!(additional_tokens(&injected), 5);
    }
}
