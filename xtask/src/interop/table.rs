//! The table at the end.

use std::time::Duration;

use super::expected::Part;
use super::judge::Tally;
use super::markdown;

/// What came of one language.
#[derive(Default)]
pub(super) struct Row {
    pub(super) language: &'static str,
    pub(super) generator: String,
    pub(super) warnings: Option<usize>,
    /// Of the published document, and of the one with what pages only name.
    pub(super) operations: Option<[usize; 2]>,
    pub(super) tallies: [Option<Tally>; Part::ALL.len()],
    /// Without what installations took.
    pub(super) time: Option<Duration>,
    /// Why it was not tried.
    pub(super) missing: Option<String>,
}

const HEAD: [&str; 8] = [
    "Language",
    "Generator",
    "Warnings",
    "Operations",
    "Vectors",
    "Flow",
    "Money",
    "Seconds",
];

pub(super) fn table(rows: &[Row]) -> String {
    let rows: Vec<_> = rows.iter().map(cells_of).collect();
    markdown::table(HEAD, &rows)
}

fn cells_of(row: &Row) -> [String; HEAD.len()] {
    let or_dash = |cell: Option<String>| cell.unwrap_or_else(|| "–".to_owned());
    let tally = |part: Part| {
        let tally = row.tallies[part as usize];
        or_dash(tally.map(|tally| format!("{} of {}", tally.passed, tally.of)))
    };
    let generator = match &row.missing {
        None => row.generator.clone(),
        Some(missing) => format!("{}: not tried, {missing} is missing", row.generator),
    };
    [
        row.language.to_owned(),
        generator,
        or_dash(row.warnings.map(|count| count.to_string())),
        or_dash(
            row.operations
                .map(|[published, all]| format!("{published} and {all}")),
        ),
        tally(Part::Vectors),
        tally(Part::Flow),
        tally(Part::Money),
        or_dash(row.time.map(|time| format!("{:.0}", time.as_secs_f64()))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_shows_what_is_known_of_it() {
        let whole = |of| Some(Tally { passed: of, of });
        let rows = [
            Row {
                language: "Go",
                generator: "oapi-codegen 2.0.0".to_owned(),
                warnings: Some(0),
                operations: Some([11, 39]),
                tallies: [whole(127), whole(12), Some(Tally { passed: 3, of: 4 })],
                time: Some(Duration::from_millis(12_600)),
                missing: None,
            },
            Row {
                language: "Java",
                generator: "openapi-generator 7.0.0".to_owned(),
                missing: Some("mvn".to_owned()),
                ..Row::default()
            },
            Row {
                language: "Python",
                generator: "openapi-python-client 0.1.0".to_owned(),
                warnings: Some(2),
                ..Row::default()
            },
        ];
        insta::assert_snapshot!(table(&rows));
    }
}
