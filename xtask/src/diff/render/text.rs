//! For a terminal.

use std::fmt::Write as _;

use super::{Heading, NAMED, VERDICTS, counts, direction, groups, place};
use crate::diff::{Reached, Report};

/// The report in lines, grouped by verdict and by operation.
pub fn text(report: &Report, heading: &Heading) -> String {
    let mut text = format!("{} → {}: {}\n", heading.old, heading.new, counts(report));
    for verdict in VERDICTS {
        let groups = groups(report, verdict);
        if groups.is_empty() {
            continue;
        }
        let _ = write!(text, "\n{verdict}\n");
        for (operations, changes) in groups {
            let _ = writeln!(text, "  {}", operations_line(operations, heading));
            for change in changes {
                let _ = writeln!(
                    text,
                    "    {}{}: {}",
                    place(change),
                    direction(change),
                    change.what
                );
                let breaks = change.breaks_words();
                if !breaks.is_empty() {
                    let _ = writeln!(text, "      {}: {}", breaks.join(", "), change.means);
                } else if change.verdict != crate::diff::Verdict::Docs {
                    let _ = writeln!(text, "      {}", change.means);
                }
            }
        }
    }
    text
}

fn operations_line(operations: &[Reached], heading: &Heading) -> String {
    if operations.is_empty() {
        return "the whole document".to_owned();
    }
    let mut named: Vec<String> = operations
        .iter()
        .take(NAMED)
        .map(|reached| {
            let mut line = reached.call.clone();
            let files = heading.files(reached);
            if !files.is_empty() {
                let _ = write!(line, " [{}]", files.join(", "));
            }
            line
        })
        .collect();
    if operations.len() > NAMED {
        named.push(format!("{} more", operations.len() - NAMED));
    }
    named.join(", ")
}
