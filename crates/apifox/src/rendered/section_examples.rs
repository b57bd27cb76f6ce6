//! The examples in the sections of a page.

use super::examples;
use super::labels::{example_line, example_word, is_nothing};
use super::response_labels::{media_line, status_line};
use super::sections::SectionReader;
use crate::diagnostic::Diagnostic;
use crate::page::BodyExample;

impl SectionReader<'_, '_> {
    /// Returns whether an example starts at a line, with or without a label.
    pub(super) fn is_example(&self, at: usize) -> bool {
        let line = self.lines.at(at);
        self.announced
            || line.starts_with(['{', '['])
            || is_event(line)
            || self.example_label(at).is_some()
    }

    /// Parses the label of an example, which may contain its name: `示例成功示例`. Returns the text
    /// after it.
    pub(super) fn example_label(&self, at: usize) -> Option<&str> {
        let line = self.lines.at(at);
        if let Some(rest) = example_line(line) {
            return Some(rest);
        }
        let below = self.lines.next_filled(at + 1, self.end)?;
        let above_value = self.lines.at(below).starts_with(['{', '[', '<']);
        (above_value && line.len() <= 120 && example_word(line).is_some()).then_some("")
    }

    /// Reads the example, or the label of an example, at a line.
    pub(super) fn example(
        &mut self,
        at: usize,
        media_type: Option<&str>,
    ) -> (Vec<BodyExample>, usize) {
        let line = self.lines.at(at);
        self.used("example");
        if let Some(rest) = self.example_label(at) {
            if rest.is_empty() {
                self.announced = true;
                return (Vec::new(), at + 1);
            }
            let rest = rest.to_owned();
            return self.json(at, &rest);
        }
        let announced = std::mem::take(&mut self.announced);
        if is_event(line) {
            return (Vec::new(), self.events(at));
        }
        let braced = line.starts_with(['{', '[']);
        let scalar = line.starts_with(['"', '-'])
            || line.starts_with(|c: char| c.is_ascii_digit())
            || matches!(line, "true" | "false" | "null");
        // `null` is no example of a body that has fields.
        if announced && (is_nothing(line) || line == "null") {
            return (Vec::new(), at + 1);
        }
        if announced && !braced && !scalar {
            // The tabs of the examples; the first one is shown.
            let filled = (at + 1..self.end).filter(|&at| !self.lines.at(at).is_empty());
            let value = filled
                .take(4)
                .find(|&at| self.lines.at(at).starts_with(['{', '[']));
            let is_tab = |at| {
                let line = self.lines.at(at);
                let separates = status_line(line).is_some()
                    || media_line(line).is_some()
                    || example_line(line).is_some();
                line.chars().count() <= 60 && !separates
            };
            let tabs = value.is_some_and(|value| (at..value).all(is_tab));
            if let Some(value) = value.filter(|_| tabs) {
                return (Vec::new(), value);
            }
        }
        if braced || (is_json(media_type) && (scalar || media_type.is_some())) {
            return self.json(at, line);
        }
        let limit = self.ends.any[at - self.from].max(at + 1);
        let text = self.lines.slice(at, limit);
        (vec![examples::text(text, self.lines.number(at))], limit)
    }

    /// Skips an example that is a stream of events; returns the index after it.
    pub(super) fn events(&mut self, at: usize) -> usize {
        let number = self.lines.number(at);
        self.warn(
            number,
            "the example is a stream of events, not JSON; it is left out",
        );
        self.unused("stream of events");
        self.ends.any[at - self.from].max(at + 1)
    }

    /// Reads the JSON at a line. It begins with `start`, which may follow other words on the line.
    pub(super) fn json(&mut self, at: usize, start: &str) -> (Vec<BodyExample>, usize) {
        self.announced = false;
        self.used("example");
        let offset = at - self.from;
        let wide = self.ends.heading[offset + 1].max(at + 1);
        let narrow = self.ends.any[offset + 1].max(at + 1);
        let first = self.read_json(at, start, wide);
        let (result, limit) = match first {
            // A number alone on a line looks like a status line; the example may be complete
            // only with it.
            Ok((ref examples, _)) if narrow == wide || examples.iter().all(|e| !e.cut) => {
                (first, wide)
            }
            Err(_) if narrow == wide => (first, wide),
            _ => (self.read_json(at, start, narrow), narrow),
        };
        match result {
            Ok((examples, next)) => (examples, next),
            Err(message) => {
                self.diagnostics.push(message);
                self.unused("the example cannot be read");
                (Vec::new(), limit)
            }
        }
    }

    pub(super) fn read_json(
        &mut self,
        at: usize,
        start: &str,
        limit: usize,
    ) -> Result<(Vec<BodyExample>, usize), Diagnostic> {
        let slice = self.lines.slice(at, limit);
        let first = start.chars().next().unwrap_or('{');
        let skip = if first == '{' || first == '[' || first == '"' {
            slice.find(first).unwrap_or_default()
        } else {
            slice.find(|c: char| !c.is_whitespace()).unwrap_or_default()
        };
        let column = u32::try_from(slice[..skip].chars().count() + 1).unwrap_or(u32::MAX);
        let mut messages = Vec::new();
        let (examples, end) = examples::json(
            &slice[skip..],
            self.lines.number(at),
            column,
            self.file,
            &mut self.budget,
            &mut messages,
        )?;
        let cut = examples.iter().any(|example| example.cut);
        let narrower = self.ends.any[at - self.from + 1].max(at + 1) < limit;
        // The caller retries with the narrower range.
        if !(cut && narrower) {
            self.diagnostics.append(&mut messages);
        }
        let next = self.lines.after(at, skip + end);
        Ok((examples, next.min(limit)))
    }
}

/// Returns whether a line begins an event of a stream: `data: {`.
fn is_event(line: &str) -> bool {
    let value = line.strip_prefix("data:").map(str::trim_start);
    value.is_some_and(|value| value.starts_with(['{', '"']) || value == "[DONE]")
}

/// Returns whether examples of a media type are JSON. Without a media type they are assumed to be
/// JSON.
pub(crate) fn is_json(media_type: Option<&str>) -> bool {
    media_type.is_none_or(|media| {
        media == "application/json" || media.ends_with("+json") || media == "*/*"
    })
}
