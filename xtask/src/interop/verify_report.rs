//! Compares the report of a program, one JSON object per line, with the checks that it must contain.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::expectations::{ExpectedCheck, Part};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReportLine {
    part: String,
    name: String,
    passed: bool,
    #[serde(default)]
    detail: Option<String>,
}

/// The number of checks of a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: usize,
    pub(super) total: usize,
}

/// The verified report of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct VerifiedReport {
    pub(super) tallies: BTreeMap<Part, Tally>,
    pub(super) problems: Vec<String>,
}

/// Verifies `output`, the standard output of a program, and its exit status. A check that is missing, repeated, unknown or out
/// of order is a problem, like a failed check.
pub(super) fn verify(expected: &[ExpectedCheck], output: &str, success: bool) -> VerifiedReport {
    let mut report = VerifiedReport::default();
    let mut seen: Vec<usize> = Vec::new();
    let mut reported_failure = false;
    for (number, text) in (1..).zip(output.lines()) {
        let line: ReportLine = match serde_json::from_str(text) {
            Ok(line) => line,
            Err(error) => {
                report
                    .problems
                    .push(format!("line {number} is not a result: {error}: {text}"));
                continue;
            }
        };
        let check = format!("{} {}", line.part, line.name);
        let position = expected
            .iter()
            .position(|(part, name)| part.name() == line.part && *name == line.name);
        let Some(position) = position else {
            report.problems.push(format!("{check}: unknown check"));
            continue;
        };
        if seen.contains(&position) {
            report.problems.push(format!("{check}: reported twice"));
            continue;
        }
        // Checks of amounts may be reported between the steps of the flow.
        let part = expected[position].0;
        let last = seen.iter().rev().find(|other| expected[**other].0 == part);
        if part == Part::Flow && last.is_some_and(|last| *last > position) {
            report.problems.push(format!("{check}: out of order"));
        }
        seen.push(position);
        if line.passed {
            report.tallies.entry(part).or_default().passed += 1;
        } else {
            reported_failure = true;
            let detail = line.detail.as_deref().unwrap_or("no reason given");
            report.problems.push(format!("{check}: {detail}"));
        }
    }
    for (position, (part, name)) in expected.iter().enumerate() {
        report.tallies.entry(*part).or_default().total += 1;
        if !seen.contains(&position) {
            report
                .problems
                .push(format!("{} {name}: not reported", part.name()));
        }
    }
    if success == reported_failure {
        report.problems.push(
            match success {
                true => "the exit code is 0 although a check failed",
                false => "the exit code is not 0 although no check failed",
            }
            .to_owned(),
        );
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Vec<ExpectedCheck> {
        [
            (Part::Flow, "token"),
            (Part::Flow, "refresh"),
            (Part::Money, "string 0.1"),
        ]
        .map(|(part, name)| (part, name.to_owned()))
        .to_vec()
    }

    fn line(part: &str, name: &str, passed: bool) -> String {
        format!("{{\"part\": \"{part}\", \"name\": \"{name}\", \"passed\": {passed}}}\n")
    }

    #[test]
    fn verify_all_checks_once_and_in_order_passes() {
        let output = [
            line("flow", "token", true),
            line("money", "string 0.1", true),
            line("flow", "refresh", true),
        ]
        .concat();
        let report = verify(&expected(), &output, true);
        assert_eq!(report.problems, [""; 0]);
        let tallies: Vec<_> = report.tallies.into_iter().collect();
        let whole = |total| Tally {
            passed: total,
            total,
        };
        assert_eq!(tallies, [(Part::Flow, whole(2)), (Part::Money, whole(1))]);
    }

    #[test]
    fn verify_every_deviation_is_a_problem() {
        let passed = |name| line("flow", name, true);
        let money = line("money", "string 0.1", true);
        let cases = [
            ("nothing", String::new(), true),
            ("missing", [passed("token"), money.clone()].concat(), true),
            (
                "repeated, with another result",
                [passed("token"), passed("refresh"), money.clone(), line("flow", "token", false)].concat(),
                true,
            ),
            (
                "out of order",
                [passed("refresh"), passed("token"), money.clone()].concat(),
                true,
            ),
            (
                "unknown",
                [passed("token"), passed("refresh"), money.clone(), line("money", "token", true)].concat(),
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
                "failed, with exit code 0",
                [line("flow", "token", false), passed("refresh"), money.clone()].concat(),
                true,
            ),
            (
                "passed, with exit code 1",
                [passed("token"), passed("refresh"), money.clone()].concat(),
                false,
            ),
            (
                "other output",
                ["starting\n", &passed("token"), &passed("refresh"), &money, "{\"part\": \"flow\"}\n"].concat(),
                true,
            ),
        ];
        let mut text = String::new();
        for (name, output, success) in cases {
            let report = verify(&expected(), &output, success);
            assert!(!report.problems.is_empty(), "{name}");
            text.push_str(&format!("{name}\n"));
            for problem in report.problems {
                text.push_str(&format!("  {problem}\n"));
            }
        }
        insta::assert_snapshot!(text);
    }
}
