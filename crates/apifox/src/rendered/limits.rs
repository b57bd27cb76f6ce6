use super::lines::Lines;
use super::marker::{example_line, marker, status_line};

/// For each line, the index of the next line on which an example must have ended.
pub(super) struct Limits {
    /// The next heading.
    pub(super) heading: Vec<usize>,
    /// The next heading, status line or example label.
    pub(super) any: Vec<usize>,
}

impl Limits {
    pub(super) fn new(lines: &Lines, from: usize, end: usize) -> Self {
        let count = end.saturating_sub(from);
        let mut limits = Self {
            heading: vec![end; count + 1],
            any: vec![end; count + 1],
        };
        for at in (from..end).rev() {
            let line = lines.at(at);
            let heading = marker(line, true).is_some();
            let any = heading || status_line(line).is_some() || example_line(line).is_some();
            let below = at - from + 1;
            limits.heading[below - 1] = if heading { at } else { limits.heading[below] };
            limits.any[below - 1] = if any { at } else { limits.any[below] };
        }
        limits
    }
}
