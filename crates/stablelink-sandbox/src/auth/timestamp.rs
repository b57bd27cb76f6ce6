//! The header `TIMESTAMP`.

use crate::refusal::Refusal;

/// Reads milliseconds since the epoch and holds them to `now`, in both directions. Exactly the
/// tolerance is accepted; nothing is with one below zero.
pub(crate) fn check(text: &str, now: i64, tolerance: i64) -> Result<(), Refusal> {
    let then = parse(text).ok_or_else(Refusal::timestamp_format)?;
    let now = u64::try_from(now).unwrap_or_default();
    if i64::try_from(then.abs_diff(now)).is_ok_and(|off| off <= tolerance) {
        Ok(())
    } else {
        Err(Refusal::timestamp_age())
    }
}

/// Decimal digits without a leading zero; a sign, blanks and a point have no place.
fn parse(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| canonical)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn no_time_is_near_enough_for_a_tolerance_below_zero() {
        for (text, now, tolerance, passes) in [
            ("5", 5, 0, true),
            ("5", 5, -1, false),
            ("5", 5, i64::MIN, false),
            ("0", i64::MAX, i64::MAX, true),
            ("18446744073709551615", 0, i64::MAX, false),
            ("0", -5, 0, true),
        ] {
            let passed = check(text, now, tolerance).is_ok();
            assert_eq!(passed, passes, "{text} {now} {tolerance}");
        }
    }

    #[test]
    fn agrees_with_the_vectors() {
        let vectors = include_str!("../../../../spec/vectors/signatures.json");
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        for case in vectors["timestamps"].as_array().unwrap() {
            let text = case["text"].as_str().unwrap();
            assert_eq!(
                parse(text).is_some(),
                case["valid"].as_bool().unwrap(),
                "{text}"
            );
        }
        let freshness = &vectors["freshness"];
        let tolerance = freshness["tolerance_ms"].as_i64().unwrap();
        for case in freshness["cases"].as_array().unwrap() {
            let now = case["now"].as_str().unwrap().parse().unwrap();
            let fresh = check(case["timestamp"].as_str().unwrap(), now, tolerance).is_ok();
            assert_eq!(fresh, case["result"] == "fresh", "{case}");
        }
    }
}
