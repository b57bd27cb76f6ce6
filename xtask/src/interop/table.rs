//! The Markdown table with one row per language, in the form in which `spec/README.md` contains it.

use std::time::Duration;

use super::expectations::Part;
use super::verify_report::Tally;

/// The result of one language. `None` means that the run ended before.
#[derive(Default)]
pub(super) struct LanguageRow {
    pub(super) language: &'static str,
    pub(super) generator: String,
    pub(super) warnings: Option<usize>,
    /// The number of operations of the published and of the provisional document.
    pub(super) operations: Option<[usize; 2]>,
    pub(super) tallies: [Option<Tally>; Part::ALL.len()],
    /// The duration without installations.
    pub(super) duration: Option<Duration>,
    /// The missing part of the toolchain.
    pub(super) missing: Option<String>,
}

const HEAD: [&str; 9] = [
    "Language",
    "Generator",
    "Warnings",
    "Operations",
    "Vectors",
    "Responses",
    "Flow",
    "Money",
    "Seconds",
];

pub(super) fn table(rows: &[LanguageRow]) -> String {
    let line = |cells: [String; HEAD.len()]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(HEAD.map(str::to_owned));
    text.push_str(&format!("|{}\n", "---|".repeat(HEAD.len())));
    text.extend(rows.iter().map(|row| line(cells(row))));
    text
}

fn cells(row: &LanguageRow) -> [String; HEAD.len()] {
    let or_dash = |cell: Option<String>| cell.unwrap_or_else(|| "–".to_owned());
    let tally = |part: Part| {
        let tally = row.tallies[part as usize];
        or_dash(tally.map(|tally| format!("{} of {}", tally.passed, tally.total)))
    };
    let generator = match &row.missing {
        None => row.generator.clone(),
        Some(missing) => format!("{}: not run, {missing} is missing", row.generator),
    };
    let operations = row.operations;
    [
        row.language.to_owned(),
        generator,
        or_dash(row.warnings.map(|count| count.to_string())),
        or_dash(operations.map(|[published, all]| format!("{published} and {all}"))),
        tally(Part::Vectors),
        tally(Part::Responses),
        tally(Part::Flow),
        tally(Part::Money),
        or_dash(
            row.duration
                .map(|time| format!("{:.0}", time.as_secs_f64())),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_shows_a_dash_for_unknown_values() {
        let whole = |total| {
            Some(Tally {
                passed: total,
                total,
            })
        };
        let partial = Some(Tally {
            passed: 3,
            total: 4,
        });
        let rows = [
            LanguageRow {
                language: "Go",
                generator: "oapi-codegen 2.0.0".to_owned(),
                warnings: Some(0),
                operations: Some([11, 39]),
                tallies: [whole(127), whole(300), whole(12), partial],
                duration: Some(Duration::from_millis(12_600)),
                missing: None,
            },
            LanguageRow {
                language: "Java",
                generator: "openapi-generator 7.0.0".to_owned(),
                missing: Some("mvn".to_owned()),
                ..LanguageRow::default()
            },
            LanguageRow {
                language: "Python",
                generator: "openapi-python-client 0.1.0".to_owned(),
                warnings: Some(2),
                ..LanguageRow::default()
            },
        ];
        insta::assert_snapshot!(table(&rows));
    }
}
