//! The free text of a page, and the lines between its code samples.

use super::curl;
use super::labels::{is_control, is_description_label, page_data};
use super::sections::SectionReader;
use super::table::table;

impl SectionReader<'_, '_> {
    /// Reads a line of the free text.
    pub(super) fn text(&mut self, at: usize) -> usize {
        let line = self.lines.at(at);
        if let Some((table, next)) = table(self.lines, at, self.end) {
            let above = self.found.text.len();
            self.found.text_tables.push((table, above));
            self.used("table");
            return next;
        }
        if curl::starts(line) && !self.found.has_headings {
            return self.curl(at);
        }
        if !self.found.has_headings && line.starts_with(['{', '[']) {
            let number = self.lines.number(at);
            let (examples, next) = self.json(at, line);
            self.body_at(number).examples.extend(examples);
            return next;
        }
        // Only the first label is checked: each check reads all text above it.
        if is_description_label(line)
            && !std::mem::replace(&mut self.is_described, true)
            && self.found.text_tables.is_empty()
        {
            let custom = custom_fields(&self.found.text);
            if custom {
                self.found.text.clear();
                self.lines.mark_unused(self.from..at, CUSTOM_FIELD);
                self.unused("heading of the description");
                return at + 1;
            }
            self.drop_page_data(at);
        }
        let is_above_text =
            || !self.is_described && self.found.text.iter().all(|line| line.is_empty());
        if let Some(count) = page_data(line, || self.lines.below(at), is_above_text) {
            let next = self.lines.next_filled(at + 1, self.end);
            self.unused(CUSTOM_FIELD);
            return if count == 1 {
                at + 1
            } else {
                next.map_or(self.end, |next| next + 1)
            };
        }
        // The buttons of the site are above the description.
        if is_control(line) && self.found.text.iter().all(String::is_empty) {
            self.unused("label of the site");
            return at + 1;
        }
        self.found.text.push(self.lines.indented(at));
        at + 1
    }

    /// Removes the data about the page from the text above the heading of the description.
    fn drop_page_data(&mut self, heading: usize) {
        let is_data = |line: &str| {
            !line.trim().ends_with([':', '：']) && page_data(line.trim(), || "", || true).is_some()
        };
        self.found.text.retain(|line| !is_data(line));
        for at in self.from..heading {
            if is_data(self.lines.at(at)) {
                self.lines.mark_unused(at..at + 1, CUSTOM_FIELD);
            }
        }
    }

    /// Reads a line between the code samples.
    pub(super) fn samples(&mut self, at: usize) -> usize {
        let line = self.lines.at(at);
        if curl::starts(line) {
            return self.curl(at);
        }
        if std::mem::take(&mut self.announced) && line.starts_with(['{', '[']) {
            let number = self.lines.number(at);
            let (examples, next) = self.json(at, line);
            self.body_at(number).examples.extend(examples);
            return next;
        }
        self.unused("code sample in another language");
        at + 1
    }
}

/// The reason that is reported for unused lines with metadata of the page.
const CUSTOM_FIELD: &str = "data about the page, not part of its description";

/// Returns whether lines only contain custom fields of the page: a name with a colon on one line, and
/// its value on the next line.
fn custom_fields(text: &[String]) -> bool {
    let filled: Vec<&str> = text
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.is_empty())
        .collect();
    let is_name = |line: &str| {
        line.len() <= 60 && line.ends_with([':', '：']) && !line.contains(char::is_whitespace)
    };
    filled
        .chunks(2)
        .all(|pair| matches!(pair, [name, value] if is_name(name) && value.chars().count() <= 60))
}
