//! Holds the lines that a program wrote against the checks that it must report.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::expected::{Check, Part};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    part: String,
    name: String,
    passed: bool,
    #[serde(default)]
    detail: Option<String>,
}

/// How many checks of a part passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: usize,
    pub(super) of: usize,
}

/// What came of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) tallies: BTreeMap<Part, Tally>,
    pub(super) problems: Vec<String>,
}

/// Judges `output`, the standard output of a run that ended well or not. A check that is missing, doubled, unknown or out of
/// order fails as one that failed.
pub(super) fn judge(expected: &[Check], output: &str, ended_well: bool) -> Verdict {
    let mut verdict = Verdict::default();
    let mut seen: Vec<usize> = Vec::new();
    let mut reported_failure = false;
    for (number, text) in (1..).zip(output.lines()) {
        let line: Line = match serde_json::from_str(text) {
            Ok(line) => line,
            Err(error) => {
                verdict
                    .problems
                    .push(format!("line {number} is no result: {error}: {text}"));
                continue;
            }
        };
        let shown = format!("{} {}", line.part, line.name);
        let place = expected
            .iter()
            .position(|(part, name)| part.name() == line.part && *name == line.name);
        let Some(place) = place else {
            verdict
                .problems
                .push(format!("{shown}: nobody asked for this check"));
            continue;
        };
        if seen.contains(&place) {
            verdict.problems.push(format!("{shown}: reported twice"));
            continue;
        }
        // Money may be told between the steps of the flow.
        let part = expected[place].0;
        let last = seen.iter().rev().find(|other| expected[**other].0 == part);
        if part == Part::Flow && last.is_some_and(|last| *last > place) {
            verdict.problems.push(format!("{shown}: out of order"));
        }
        seen.push(place);
        if line.passed {
            verdict.tallies.entry(part).or_default().passed += 1;
        } else {
            reported_failure = true;
            let detail = line.detail.as_deref().unwrap_or("no reason given");
            verdict.problems.push(format!("{shown}: {detail}"));
        }
    }
    for (place, (part, name)) in expected.iter().enumerate() {
        verdict.tallies.entry(*part).or_default().of += 1;
        if !seen.contains(&place) {
            verdict
                .problems
                .push(format!("{} {name}: not reported", part.name()));
        }
    }
    if ended_well == reported_failure {
        verdict.problems.push(
            match ended_well {
                true => "ended with 0 although a check failed",
                false => "ended with a failure that no check tells",
            }
            .to_owned(),
        );
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Vec<Check> {
        [
            (Part::Flow, "token"),
            (Part::Flow, "refresh"),
            (Part::Money, "text 0.1"),
        ]
        .map(|(part, name)| (part, name.to_owned()))
        .to_vec()
    }

    fn line(part: &str, name: &str, passed: bool) -> String {
        format!("{{\"part\": \"{part}\", \"name\": \"{name}\", \"passed\": {passed}}}\n")
    }

    #[test]
    fn all_checks_once_and_in_order_are_a_pass() {
        let output = [
            line("flow", "token", true),
            line("money", "text 0.1", true),
            line("flow", "refresh", true),
        ]
        .concat();
        let verdict = judge(&expected(), &output, true);
        assert_eq!(verdict.problems, [""; 0]);
        let tallies: Vec<_> = verdict.tallies.into_iter().collect();
        let whole = |of| Tally { passed: of, of };
        assert_eq!(tallies, [(Part::Flow, whole(2)), (Part::Money, whole(1))]);
    }

    #[test]
    fn whatever_is_not_a_pass_is_named() {
        let good = |name| line("flow", name, true);
        let money = line("money", "text 0.1", true);
        let cases = [
            ("nothing", String::new(), true),
            ("missing", [good("token"), money.clone()].concat(), true),
            (
                "doubled, with another result",
                [good("token"), good("refresh"), money.clone(), line("flow", "token", false)].concat(),
                true,
            ),
            (
                "out of order",
                [good("refresh"), good("token"), money.clone()].concat(),
                true,
            ),
            (
                "unknown",
                [good("token"), good("refresh"), money.clone(), line("money", "token", true)].concat(),
                true,
            ),
            (
                "failed",
                [
                    "{\"part\": \"flow\", \"name\": \"token\", \"passed\": false, \"detail\": \"HTTP 500\"}\n".to_owned(),
                    line("flow", "refresh", false),
                    money.clone(),
                ]
                .concat(),
                false,
            ),
            (
                "failed, and said otherwise",
                [line("flow", "token", false), good("refresh"), money.clone()].concat(),
                true,
            ),
            (
                "died after the last check",
                [good("token"), good("refresh"), money.clone()].concat(),
                false,
            ),
            (
                "chatter",
                ["starting\n", &good("token"), &good("refresh"), &money, "{\"part\": \"flow\"}\n"].concat(),
                true,
            ),
        ];
        let mut text = String::new();
        for (name, output, ended_well) in cases {
            let verdict = judge(&expected(), &output, ended_well);
            assert!(!verdict.problems.is_empty(), "{name}");
            text.push_str(&format!("{name}\n"));
            for problem in verdict.problems {
                text.push_str(&format!("  {problem}\n"));
            }
        }
        insta::assert_snapshot!(text);
    }
}
