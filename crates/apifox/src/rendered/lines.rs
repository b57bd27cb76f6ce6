//! A capture as numbered lines, without artefacts of saving it.

use super::seams::{self, Seams};
use crate::diagnostic::Diagnostic;
use crate::page::CaptureNote;
use crate::{ExplainedLine, LineUse};
use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;

/// A line, in the saved form and in the form that is compared.
#[derive(Debug)]
struct Line<'a> {
    /// The line number, counted from 1.
    number: u32,
    /// Byte offset of the line in the text.
    start: usize,
    /// The line without its line break.
    raw: &'a str,
    /// The line with plain spaces, trimmed.
    text: Cow<'a, str>,
    /// Whether the line begins inside a line of the capture.
    joined: bool,
}

/// All lines of a capture.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    text: &'a str,
    lines: Vec<Line<'a>>,
    /// The use of each line; `None` if it is not known yet.
    uses: RefCell<Vec<Option<LineUse>>>,
}

#[cfg(test)]
thread_local! {
    /// Number of lines that were read or moved. Tests compare the numbers for pages of different sizes.
    pub(super) static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Decodes a capture: removes the byte order mark and converts line breaks to `\n`.
///
/// If the file ends inside a character, that character is dropped with a warning; any other invalid
/// byte is an error.
pub(crate) fn decode<'a>(
    name: &str,
    bytes: &'a [u8],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Cow<'a, str>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let (good, _) = bytes.split_at(error.valid_up_to());
            let good = std::str::from_utf8(good).unwrap_or_default();
            let line = line_count(good);
            if error.error_len().is_some() {
                diagnostics.push(
                    Diagnostic::error(name, line, "the file is not UTF-8 text")
                        .with_help("save the page as UTF-8 text and add it again"),
                );
                return None;
            }
            diagnostics.push(Diagnostic::warning(
                name,
                line,
                "the file ends inside a character, which is dropped",
            ));
            good
        }
    };
    Some(if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    })
}

fn line_count(text: &str) -> u32 {
    let breaks = text.bytes().filter(|&byte| byte == b'\n').count();
    u32::try_from(breaks).unwrap_or(u32::MAX).saturating_add(1)
}

/// Removes the capture notes from the text. Their lines stay as empty lines, so that line numbers
/// do not change.
pub(crate) fn take_notes(text: &str) -> (Cow<'_, str>, Vec<CaptureNote>) {
    if !text.contains("[capture:") {
        return (Cow::Borrowed(text), Vec::new());
    }
    let mut rest = String::with_capacity(text.len());
    let mut notes = Vec::new();
    let mut number = 0_u32;
    for line in text.split_inclusive('\n') {
        number = number.saturating_add(1);
        if let Some(note) = note(&normal(line)) {
            notes.push(CaptureNote {
                line: number,
                text: note.to_owned(),
            });
            if line.ends_with('\n') {
                rest.push('\n');
            }
        } else {
            rest.push_str(line);
        }
    }
    (Cow::Owned(rest), notes)
}

/// Splits decoded text into lines. A line is also divided at each seam, where an extractor joined
/// two elements of the page; its parts keep its number.
pub(crate) fn split(text: &str) -> Lines<'_> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut number = 0_u32;
    let mut seams = Seams::default();
    let mut raws = text.split('\n').peekable();
    while let Some(raw) = raws.next() {
        number = number.saturating_add(1);
        let mut rest = raw;
        let mut joined = false;
        let is_dense = seams::is_dense(raw);
        while let Some(seam) = seams.next(rest, raws.peek().copied(), is_dense) {
            let (part, behind) = rest.split_at(seam);
            lines.push(Line {
                number,
                start,
                raw: part,
                text: normal(part),
                joined,
            });
            joined = true;
            start += part.len();
            rest = behind;
        }
        lines.push(Line {
            number,
            start,
            raw: rest,
            text: normal(rest),
            joined,
        });
        start += rest.len() + 1;
    }
    Lines {
        text,
        lines,
        uses: RefCell::default(),
    }
}

fn note(line: &str) -> Option<&str> {
    Some(line.strip_prefix("[capture:")?.strip_suffix(']')?.trim())
}

/// Trims a line, replaces unusual spaces by plain ones, and drops zero-width characters.
fn normal(raw: &str) -> Cow<'_, str> {
    if raw.is_ascii() {
        return Cow::Borrowed(raw.trim());
    }
    let odd = |c: char| c != '\t' && (is_wide_blank(c) || is_nothing(c));
    if !raw.contains(odd) {
        return Cow::Borrowed(raw.trim());
    }
    let clean: String = raw
        .chars()
        .filter(|&c| !is_nothing(c))
        .map(|c| if is_wide_blank(c) { ' ' } else { c })
        .collect();
    Cow::Owned(clean.trim().to_owned())
}

fn is_wide_blank(c: char) -> bool {
    !c.is_ascii() && c.is_whitespace()
}

fn is_nothing(c: char) -> bool {
    matches!(
        c,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{feff}'
    )
}

impl<'a> Lines<'a> {
    /// Splits the line at `index` after `end` bytes. The rest becomes the next line and keeps the
    /// line number.
    pub(crate) fn divide(&mut self, index: usize, end: usize) {
        let Some(line) = self.lines.get_mut(index) else {
            return;
        };
        let rest = line.text.get(end..).unwrap_or_default().trim().to_owned();
        let front = line
            .text
            .get(..end)
            .unwrap_or_default()
            .trim_end()
            .to_owned();
        let inserted = Line {
            number: line.number,
            start: line.start + line.raw.len(),
            raw: "",
            text: Cow::Owned(rest),
            joined: true,
        };
        line.text = Cow::Owned(front);
        #[cfg(test)]
        STEPS.set(STEPS.get() + self.lines.len() - index);
        self.lines.insert(index + 1, inserted);
    }

    /// Replaces the compared text of the line at an index.
    pub(crate) fn replace(&mut self, index: usize, text: String) {
        if let Some(line) = self.lines.get_mut(index) {
            line.text = Cow::Owned(text);
        }
    }

    /// Replaces the line at an index by an empty one.
    pub(crate) fn clear(&mut self, index: usize) {
        if let Some(line) = self.lines.get_mut(index) {
            line.text = Cow::Borrowed("");
        }
    }

    /// Records the use of some lines.
    pub(crate) fn mark(&self, range: Range<usize>, line_use: LineUse) {
        let mut uses = self.uses.borrow_mut();
        uses.resize(self.lines.len(), None);
        let end = range.end.min(uses.len());
        for slot in uses.iter_mut().take(end).skip(range.start) {
            *slot = Some(line_use.clone());
        }
    }

    /// Records that some lines describe an element of the result.
    pub(crate) fn mark_used(&self, range: Range<usize>, what: impl Into<Cow<'static, str>>) {
        self.mark(range, LineUse::Used(what.into()));
    }

    /// Records that some lines are not part of the result.
    pub(crate) fn mark_unused(&self, range: Range<usize>, reason: impl Into<Cow<'static, str>>) {
        self.mark(range, LineUse::Unused(reason.into()));
    }

    /// Returns the use of each line.
    pub(crate) fn explained(&self) -> Vec<ExplainedLine> {
        let mut uses = self.uses.take();
        uses.resize(self.lines.len(), None);
        let explained = |(line, line_use): (&Line, Option<LineUse>)| ExplainedLine {
            number: line.number,
            text: line.text.clone().into_owned(),
            line_use: match line_use {
                _ if line.text.is_empty() => LineUse::Empty,
                Some(line_use) => line_use,
                None => LineUse::Unused("the importer does not read it".into()),
            },
        };
        self.lines.iter().zip(uses).map(explained).collect()
    }

    /// Returns whether the line at an index begins inside a line of the capture.
    pub(crate) fn is_joined(&self, index: usize) -> bool {
        self.lines.get(index).is_some_and(|line| line.joined)
    }

    /// Returns the index of the first line that starts after a number of bytes of the text from the
    /// line at `index` on.
    pub(crate) fn after(&self, index: usize, bytes: usize) -> usize {
        let end = self
            .lines
            .get(index)
            .map_or(self.text.len(), |line| line.start)
            + bytes;
        index
            + 1
            + self.lines[(index + 1).min(self.lines.len())..]
                .partition_point(|line| line.start < end)
    }

    /// Returns the first filled line after an index, or an empty line at the end.
    pub(crate) fn below(&self, index: usize) -> &str {
        let below = self.next_filled(index + 1, self.len());
        below.map_or("", |at| self.at(at))
    }

    /// Returns the indentation of the line at an index, in characters.
    pub(crate) fn indent(&self, index: usize) -> usize {
        let raw = self.lines.get(index).map_or("", |line| line.raw);
        raw.chars().take_while(|c| c.is_whitespace()).count()
    }

    /// Returns the number of lines.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Returns the line at an index, or an empty line after the end.
    pub(crate) fn at(&self, index: usize) -> &str {
        #[cfg(test)]
        STEPS.set(STEPS.get() + 1);
        self.lines.get(index).map_or("", |line| &line.text)
    }

    /// Returns the line at an index with its indentation as plain spaces.
    pub(crate) fn indented(&self, index: usize) -> String {
        const DEEPEST: usize = 40;
        let raw = self.lines.get(index).map_or("", |line| line.raw);
        let blanks = if raw.is_empty() {
            0
        } else {
            self.indent(index)
        };
        format!("{}{}", " ".repeat(blanks.min(DEEPEST)), self.at(index))
    }

    /// Returns the number of the line at an index, or of the last line.
    pub(crate) fn number(&self, index: usize) -> u32 {
        self.lines
            .get(index)
            .or(self.lines.last())
            .map_or(1, |line| line.number)
    }

    /// Returns the first line in `index..end` that is not empty.
    pub(crate) fn next_filled(&self, index: usize, end: usize) -> Option<usize> {
        (index..end.min(self.lines.len())).find(|&index| !self.at(index).is_empty())
    }

    /// Returns the lines of a range in the saved form, with their line breaks.
    pub(crate) fn slice(&self, from: usize, to: usize) -> &'a str {
        let start = |index: usize| {
            self.lines
                .get(index)
                .map_or(self.text.len(), |line| line.start.min(self.text.len()))
        };
        &self.text[start(from)..start(to.max(from))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_normalises_spaces_marks_and_line_breaks() {
        let mut diagnostics = Vec::new();
        let bytes = "\u{feff}a\u{a0}b \r\n\u{200b}c\rd\u{2003}\u{2003}".as_bytes();
        let text = decode("a.txt", bytes, &mut diagnostics).unwrap();
        let lines = split(&text);
        let seen: Vec<_> = (0..lines.len()).map(|index| lines.at(index)).collect();
        assert_eq!(seen, ["a b", "c", "d"]);
        assert_eq!(diagnostics, []);
    }

    #[test]
    fn truncated_and_invalid_encodings_are_distinguished() {
        for (bytes, read, message) in [
            (
                &b"one\ntwo \xf0\x9f\x9f"[..],
                Some("one\ntwo "),
                "a.txt:2: warning: the file ends inside a character, which is dropped",
            ),
            (
                &b"one\n\xff\xfe two"[..],
                None,
                "a.txt:2: error: the file is not UTF-8 text\n  help: save the page as UTF-8 text and add it again",
            ),
        ] {
            let mut diagnostics = Vec::new();
            let text = decode("a.txt", bytes, &mut diagnostics);
            assert_eq!(text.as_deref(), read);
            assert_eq!(diagnostics[0].to_string(), message);
        }
    }

    #[test]
    fn capture_notes_are_not_page_text() {
        let (text, notes) = take_notes("{\n [capture: cut here; more follows]\n}\n[capture: x]");
        assert_eq!(text, "{\n\n}\n");
        assert!(notes[0].is_truncated());
        assert_eq!((notes[0].line, notes[1].line), (2, 4));
        let lines = split(&text);
        assert_eq!(lines.slice(0, 3), "{\n\n}\n");
        assert_eq!(lines.slice(2, 3), "}\n");
        assert_eq!(lines.slice(3, 9), "");
    }

    #[test]
    fn indentation_becomes_plain_spaces() {
        let lines = split("\u{a0}\u{a0}- a\u{a0}b");
        assert_eq!(lines.indented(0), "  - a b");
    }
}
