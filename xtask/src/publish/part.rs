//! The part of a hand-written file that `regen` writes: what stands between two lines of marks.

use std::ops::Range;

const BEGIN: &str = "<!-- regen: begin -->";
const END: &str = "<!-- regen: end -->";

/// One mark without the other, or in the wrong order.
#[derive(Debug, PartialEq, Eq)]
pub struct Unpaired;

/// Where the part stands in the text, with its marks and the end of its last line; nothing where there are no marks.
///
/// # Errors
/// The marks do not pair.
pub fn find(text: &str) -> Result<Option<Range<usize>>, Unpaired> {
    match (line_start(text, BEGIN), line_start(text, END)) {
        (None, None) => Ok(None),
        (Some(begin), Some(end)) if begin < end => {
            let after = end + END.len();
            let rest = text.get(after..).unwrap_or_default();
            Ok(Some(begin..after + usize::from(rest.starts_with('\n'))))
        }
        _ => Err(Unpaired),
    }
}

/// The part with its marks.
pub fn of(body: &str) -> String {
    format!("{BEGIN}\n{body}\n{END}\n")
}

/// Where a line is this text.
pub fn line_start(text: &str, line: &str) -> Option<usize> {
    lines(text).find_map(|(at, it)| (it.trim_end() == line).then_some(at))
}

/// Where a line begins with this text.
pub fn line_starting(text: &str, start: &str) -> Option<usize> {
    lines(text).find_map(|(at, it)| it.starts_with(start).then_some(at))
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_stands_between_its_marks() {
        for (text, found) in [
            ("a\n", Ok(None)),
            (&of("x"), Ok(Some(0..of("x").len()))),
            (
                "a\n<!-- regen: begin -->\n<!-- regen: end -->",
                Ok(Some(2..43)),
            ),
            (
                "<!-- regen: end -->\n<!-- regen: begin -->\n",
                Err(Unpaired),
            ),
            ("<!-- regen: begin -->\n", Err(Unpaired)),
            ("say `<!-- regen: begin -->`\n", Ok(None)),
        ] {
            assert_eq!(find(text), found, "{text:?}");
        }
    }
}
