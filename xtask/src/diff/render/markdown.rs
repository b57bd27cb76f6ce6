//! For a pull request and for the changelog.

use std::fmt::Write as _;

use super::{Heading, NAMED, VERDICTS, counts, direction, groups, place};
use crate::diff::{Reached, Report, Verdict};

/// The report with a heading.
pub fn markdown(report: &Report, heading: &Heading) -> String {
    format!(
        "## API changes: {}\n\n{} → {}\n{}",
        counts(report),
        code(&heading.old),
        code(&heading.new),
        section(report, heading, "###")
    )
}

/// The changes alone, with headings of this level.
pub fn section(report: &Report, heading: &Heading, level: &str) -> String {
    let mut text = String::new();
    for verdict in VERDICTS {
        let groups = groups(report, verdict);
        if groups.is_empty() {
            continue;
        }
        let title = match verdict {
            Verdict::Breaking => "Breaking",
            Verdict::Compatible => "Compatible",
            Verdict::Docs => "Docs only",
        };
        let _ = write!(text, "\n{level} {title}\n\n");
        for (operations, changes) in groups {
            let _ = writeln!(text, "- {}", operations_line(operations, heading));
            for change in changes {
                let _ = write!(
                    text,
                    "  - {}{}: {}",
                    code(place(change)),
                    direction(change),
                    escape(&change.what)
                );
                let breaks = change.breaks_words();
                if verdict != Verdict::Docs {
                    let _ = write!(text, ". {}", sentence(&change.means));
                }
                if !breaks.is_empty() {
                    let _ = write!(text, " ({})", breaks.join(", "));
                }
                text.push('\n');
            }
        }
    }
    text
}

fn operations_line(operations: &[Reached], heading: &Heading) -> String {
    if operations.is_empty() {
        return "The whole document".to_owned();
    }
    let mut named: Vec<String> = operations
        .iter()
        .take(NAMED)
        .map(|reached| {
            let mut line = code(&reached.call);
            for file in heading.files(reached) {
                let _ = write!(line, " ({})", escape(file));
            }
            line
        })
        .collect();
    if operations.len() > NAMED {
        named.push(format!("{} more", operations.len() - NAMED));
    }
    named.join(", ")
}

/// Begins with a capital where it begins with a word.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// Text of a page must not become markup.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if "\\`*_[]<>#|@~!".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// A code span; longer quotes where the text has some.
fn code(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for letter in text.chars() {
        run = if letter == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let quotes = "`".repeat(longest + 1);
    let blank = if longest > 0 { " " } else { "" };
    format!("{quotes}{blank}{text}{blank}{quotes}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_page_stays_text() {
        assert_eq!(escape("<img> [a](b) @you"), "\\<img\\> \\[a\\](b) \\@you");
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a``b"), "``` a``b ```");
    }
}
