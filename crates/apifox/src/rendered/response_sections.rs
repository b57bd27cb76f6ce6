//! The responses of a page: their status lines, and which response a line belongs to.

use super::curl;
use super::labels::{is_control, is_nothing, is_schema_label, marker};
use super::response_labels::{code_line, media_line, status_line, status_tab};
use super::sections::{ResponseSection, RowGroup, SectionReader, SectionState};
use super::table::table;
use crate::diagnostic::Diagnostic;

impl SectionReader<'_, '_> {
    pub(super) fn response(&mut self, at: usize) -> usize {
        let line = self.lines.at(at);
        if let Some(code) = code_line(line) {
            self.select(at, code);
            self.used("status of the shown response");
            return at + 1;
        }
        if let Some((status, name)) = status_line(line).or_else(|| status_tab(line)) {
            self.state = SectionState::Responses;
            self.announced = false;
            self.used("response");
            let below = self.name_below(at).filter(|_| name.is_empty());
            let (name, next) = match below {
                Some(below) => (self.lines.at(below).to_owned(), below + 1),
                None => (name, at + 1),
            };
            self.begin_response(at, status, name);
            return next;
        }
        if let Some(media) = media_line(line) {
            let response = self.last_response(at);
            response.media_type.get_or_insert(media);
            self.state = SectionState::Responses;
            self.used("media type");
            return at + 1;
        }
        if let Some((table, next)) = table(self.lines, at, self.end) {
            self.used("table");
            let headers = self.state == SectionState::ResponseHeaders;
            let response = self.last_response(at);
            let target = if headers {
                &mut response.headers
            } else {
                &mut response.rows
            };
            target.push(RowGroup::Table(table));
            return next;
        }
        if self.is_example(at) {
            let media = self.last_response(at).media_type.clone();
            let (examples, next) = self.example(at, media.as_deref());
            self.last_response(at).examples.extend(examples);
            return next;
        }
        if curl::starts(line) {
            return self.curl(at);
        }
        // The tab that is shown has no body.
        if is_nothing(line) && !self.tabs.is_empty() {
            self.last_response(at);
            self.used("a response without a body");
            return at + 1;
        }
        self.unread(at)
    }

    /// Returns the line with the name of the response whose status is on the line above. The media type,
    /// another response or the end of the page follows.
    pub(super) fn name_below(&self, at: usize) -> Option<usize> {
        let ends = |line: &str| {
            media_line(line).is_some()
                || code_line(line).is_some()
                || status_line(line).is_some()
                || marker(line, false).is_some()
        };
        let below = self.lines.next_filled(at + 1, self.end)?;
        let line = self.lines.at(below);
        let is_label = ends(line)
            || is_nothing(line)
            || is_control(line)
            || is_schema_label(line)
            || status_tab(line).is_some()
            || self.example_label(below).is_some()
            || line.starts_with(['{', '[']);
        let after = self.lines.next_filled(below + 1, self.end);
        let follows = after.is_none_or(|after| ends(self.lines.at(after)));
        (!is_label && follows && line.chars().count() <= 80).then_some(below)
    }

    pub(super) fn begin_response(&mut self, at: usize, status: String, name: String) {
        self.tabs.push(self.found.responses.len());
        self.found.responses.push(ResponseSection {
            line: self.lines.number(at),
            status,
            name,
            media_type: None,
            rows: Vec::new(),
            headers: Vec::new(),
            examples: std::mem::take(&mut self.early_examples),
        });
    }

    /// Selects the tab whose status a line repeats.
    pub(super) fn select(&mut self, at: usize, code: String) {
        let responses = &self.found.responses;
        let tabs = std::mem::take(&mut self.tabs);
        let shown = tabs.iter().find(|&&tab| responses[tab].status == code);
        match shown {
            Some(&tab) => self.found.current = tab,
            None => {
                self.begin_response(at, code, String::new());
                self.found.current = self.found.responses.len() - 1;
                self.tabs.clear();
            }
        }
    }

    /// Returns the response that a line belongs to: of several tabs, the first one, which a page
    /// opens. A response without a status line is treated as 200.
    pub(super) fn last_response(&mut self, at: usize) -> &mut ResponseSection {
        if self.found.responses.is_empty() {
            self.diagnostics.push(
                Diagnostic::warning(
                    self.file,
                    self.lines.number(at),
                    "the response has no status line; status 200 is assumed",
                )
                .with_help("add a line with the status above it, for example `200Success`"),
            );
            self.begin_response(at, "200".to_owned(), String::new());
        }
        let responses = &self.found.responses;
        let has_body =
            |tab: &&usize| !matches!(responses[**tab].status.as_str(), "204" | "205" | "304");
        let first = self.tabs.iter().find(has_body).or(self.tabs.last());
        if let Some(&tab) = first {
            self.found.current = tab;
            self.tabs.clear();
        }
        let current = self.found.current.min(self.found.responses.len() - 1);
        &mut self.found.responses[current]
    }
}
