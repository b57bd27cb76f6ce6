//! Divides an operation page into its sections.

use super::authorization;
use super::curl;
use super::curl::Curl;
use super::examples::ExampleEnds;
use super::field_list::{ListRange, range};
use super::labels::{
    BodyHead, Marker, is_control, is_nothing, is_schema_label, marker, required_line,
};
use super::lines::Lines;
use super::response_labels::media_line;
use super::table::{Table, table};
use crate::LineUse;
use crate::diagnostic::{Diagnostic, quoted};
use crate::json::Budget;
use crate::page::{BodyExample, ParameterLocation, SecurityScheme};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SectionState {
    Text,
    Request,
    Params(ParameterLocation),
    Authorization,
    RequestBody,
    Samples,
    Responses,
    ResponseHeaders,
    /// The example of a response whose section follows.
    ResponseExample,
}

/// Reads the sections in a range of lines.
pub(crate) fn sections(
    lines: &Lines,
    from: usize,
    end: usize,
    file: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Sections {
    let last_responses = (from..end)
        .rev()
        .find(|&at| matches!(marker(lines.at(at), true), Some(Marker::Responses)));
    let mut reader = SectionReader {
        lines,
        end,
        file,
        diagnostics,
        ends: ExampleEnds::new(lines, from, end),
        from,
        budget: Budget::default(),
        state: SectionState::Text,
        announced: false,
        last_responses,
        tabs: Vec::new(),
        is_described: false,
        early_examples: Vec::new(),
        unread: None,
        line_use: LineUse::Used("text".into()),
        found: Sections {
            has_headings: (from..end).any(|at| marker(lines.at(at), true).is_some()),
            ..Sections::default()
        },
    };
    let mut at = from;
    while at < end {
        let next = reader.step(at);
        let line_use = std::mem::replace(&mut reader.line_use, LineUse::Used("text".into()));
        lines.mark(at..next.min(end), line_use);
        at = next;
    }
    reader.found
}

pub(super) struct SectionReader<'a, 'm> {
    pub(super) lines: &'a Lines<'a>,
    pub(super) from: usize,
    pub(super) end: usize,
    pub(super) file: &'a str,
    pub(super) diagnostics: &'m mut Vec<Diagnostic>,
    pub(super) ends: ExampleEnds,
    pub(super) budget: Budget,
    pub(super) state: SectionState,
    /// A label of an example precedes. An example may have no label, and a labelled one may not be
    /// JSON.
    pub(super) announced: bool,
    /// The line index of the last `Responses` heading.
    pub(super) last_responses: Option<usize>,
    /// The responses whose status lines directly precede: the tabs of the content below.
    pub(super) tabs: Vec<usize>,
    /// Whether the label of the description was read.
    pub(super) is_described: bool,
    /// Examples of the first response that precede its section.
    pub(super) early_examples: Vec<BodyExample>,
    /// The last line that was not recognised.
    pub(super) unread: Option<usize>,
    /// The use of the lines of this step.
    pub(super) line_use: LineUse,
    pub(super) found: Sections,
}

impl SectionReader<'_, '_> {
    pub(super) fn used(&mut self, what: &'static str) {
        self.line_use = LineUse::Used(what.into());
    }

    pub(super) fn unused(&mut self, reason: &'static str) {
        self.line_use = LineUse::Unused(reason.into());
    }

    /// Reads the element at a line; returns the index after it.
    fn step(&mut self, at: usize) -> usize {
        let line = self.lines.at(at);
        if line.is_empty() {
            if self.state == SectionState::Text {
                self.found.text.push(String::new());
            }
            return at + 1;
        }
        if let Some(next) = self.list(at) {
            return next;
        }
        let strict = matches!(self.state, SectionState::Text | SectionState::Samples);
        if let Some(marker) = marker(line, strict) {
            self.enter(marker, at);
            self.used("heading");
            return at + 1;
        }
        if strict || self.state == SectionState::Request {
            let found = authorization::block(self.lines, at, self.end);
            if let Some((scheme, next)) = found.filter(|_| self.state != SectionState::Samples) {
                self.found.security.extend(scheme);
                self.used("authorization");
                return next;
            }
        }
        match self.state {
            SectionState::Text => self.text(at),
            SectionState::Samples => self.samples(at),
            SectionState::Request | SectionState::Params(_) => self.request(at),
            SectionState::Authorization => {
                let (scheme, next) = authorization::section(self.lines, at, self.end);
                self.found.security.extend(scheme);
                self.state = SectionState::Request;
                self.used("authorization");
                next
            }
            SectionState::RequestBody => self.body(at),
            SectionState::Responses | SectionState::ResponseHeaders => self.response(at),
            SectionState::ResponseExample => {
                if self.is_example(at) {
                    let (examples, next) = self.example(at, None);
                    self.early_examples.extend(examples);
                    return next;
                }
                self.unread(at)
            }
        }
    }

    /// Returns whether the section of the responses follows a line.
    fn is_above_responses(&self, at: usize) -> bool {
        self.last_responses.is_some_and(|responses| responses > at)
    }

    /// Reads the site's own list of fields at a line.
    fn list(&mut self, at: usize) -> Option<usize> {
        let in_list = matches!(
            self.state,
            SectionState::Params(_)
                | SectionState::RequestBody
                | SectionState::Responses
                | SectionState::ResponseHeaders
        );
        if !in_list || self.announced {
            return None;
        }
        let range = range(self.lines, at, self.end)?;
        let rows = RowGroup::List(range);
        self.used("list of fields");
        match self.state {
            SectionState::Params(place) => self.found.params.push((place, rows)),
            SectionState::RequestBody => {
                let number = self.lines.number(at);
                self.body_at(number).rows.push(rows);
            }
            SectionState::ResponseHeaders => self.last_response(at).headers.push(rows),
            _ => self.last_response(at).rows.push(rows),
        }
        Some(range.end)
    }

    fn enter(&mut self, marker: Marker, at: usize) {
        let in_response = matches!(
            self.state,
            SectionState::Responses | SectionState::ResponseHeaders
        );
        self.announced = false;
        self.state = match marker {
            Marker::Params(ParameterLocation::Header) if in_response => {
                SectionState::ResponseHeaders
            }
            Marker::Request => SectionState::Request,
            Marker::Params(place) => SectionState::Params(place),
            Marker::Authorization => SectionState::Authorization,
            Marker::RequestBody(head) => {
                let line = self.lines.number(at);
                let body = self.body_at(line);
                body.line = line;
                body.head = head;
                body.has_heading = true;
                SectionState::RequestBody
            }
            Marker::Samples => SectionState::Samples,
            Marker::RequestExample => {
                self.announced = true;
                SectionState::Samples
            }
            Marker::ResponseExample if self.is_above_responses(at) => SectionState::ResponseExample,
            Marker::Responses | Marker::ResponseExample => SectionState::Responses,
        };
    }

    pub(super) fn body_at(&mut self, line: u32) -> &mut BodySection {
        self.found.body.get_or_insert_with(|| BodySection {
            line,
            head: BodyHead::default(),
            has_heading: false,
            rows: Vec::new(),
            examples: Vec::new(),
        })
    }

    pub(super) fn curl(&mut self, at: usize) -> usize {
        self.state = SectionState::Samples;
        self.announced = false;
        self.used("code sample");
        if self.found.curl.is_some() {
            self.unused("further code sample");
            return at + 1;
        }
        let limit = self.ends.heading[at - self.from + 1];
        let curl = curl::read(self.lines.slice(at, limit), self.lines.number(at));
        if curl.cut {
            self.warn(curl.line, "the curl sample ends inside a quoted string");
        }
        let next = (at + curl.lines).clamp(at + 1, limit.max(at + 1));
        self.found.curl = Some(curl);
        // An extractor may drop the heading between the sample and the response.
        let below = self.lines.next_filled(next, self.end).unwrap_or(self.end);
        let json = self.lines.at(below).starts_with(['{', '[']);
        if json && self.last_responses.is_none_or(|responses| responses < at) {
            self.state = SectionState::Responses;
        }
        next
    }

    fn request(&mut self, at: usize) -> usize {
        let line = self.lines.at(at);
        if curl::starts(line) {
            return self.curl(at);
        }
        if let Some((table, next)) = table(self.lines, at, self.end) {
            self.used("table");
            if let SectionState::Params(place) = self.state {
                self.found.params.push((place, RowGroup::Table(table)));
            } else {
                let above = self.found.text.len();
                self.found.text_tables.push((table, above));
            }
            return next;
        }
        if self.is_example(at) {
            let number = self.lines.number(at);
            let (examples, next) = self.example(at, None);
            self.body_at(number).examples.extend(examples);
            return next;
        }
        self.unread(at)
    }

    fn body(&mut self, at: usize) -> usize {
        let number = self.lines.number(at);
        let line = self.lines.at(at);
        if curl::starts(line) {
            return self.curl(at);
        }
        if let Some(media) = media_line(line) {
            let head = &mut self.body_at(number).head;
            head.media_type.get_or_insert(media);
            self.used("media type");
            return at + 1;
        }
        if let Some(required) = required_line(line) {
            let head = &mut self.body_at(number).head;
            head.required.get_or_insert(required);
            self.used("whether the body is required");
            return at + 1;
        }
        if let Some((table, next)) = table(self.lines, at, self.end) {
            self.body_at(number).rows.push(RowGroup::Table(table));
            self.used("table");
            return next;
        }
        if self.is_example(at) {
            let media = self.body_at(number).head.media_type.clone();
            let (examples, next) = self.example(at, media.as_deref());
            self.body_at(number).examples.extend(examples);
            return next;
        }
        self.unread(at)
    }

    pub(super) fn warn(&mut self, line: u32, text: impl Into<String>) {
        let warning = Diagnostic::warning(self.file, line, text);
        self.diagnostics.push(warning);
    }

    /// Skips a line that is not recognised. The first of several such lines is reported as a
    /// warning.
    pub(super) fn unread(&mut self, at: usize) -> usize {
        let line = self.lines.at(at);
        if is_nothing(line) || is_control(line) || is_schema_label(line) {
            self.unused("label of the site");
            return at + 1;
        }
        self.unused("not understood");
        let above = self.unread.replace(at);
        let continued = above
            .is_some_and(|above| (above + 1..at).all(|between| self.lines.at(between).is_empty()));
        if continued {
            return at + 1;
        }
        let number = self.lines.number(at);
        if line.matches(['|', '\t']).count() >= 2 {
            self.diagnostics.push(
                Diagnostic::warning(
                    self.file,
                    number,
                    "the header of this table is not recognised; the table is ignored",
                )
                .with_help("name its columns `Field | Type | Required | Max Length | Description`"),
            );
        } else {
            let text = format!("{} is not understood and is ignored", quoted(line));
            self.warn(number, text);
        }
        at + 1
    }
}

/// The sections of a page. Tables and lists are found but not parsed yet: names in code samples and
/// examples help to parse them.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    /// Lines of the free text.
    pub(crate) text: Vec<String>,
    /// Tables in the free text, each with the number of text lines above it.
    pub(crate) text_tables: Vec<(Table, usize)>,
    pub(crate) params: Vec<(ParameterLocation, RowGroup)>,
    pub(crate) body: Option<BodySection>,
    pub(crate) curl: Option<Curl>,
    pub(crate) responses: Vec<ResponseSection>,
    pub(crate) security: Vec<SecurityScheme>,
    /// Whether the page has a heading of a section.
    pub(crate) has_headings: bool,
    /// Index of the response that the lines belong to.
    pub(super) current: usize,
}

/// The fields of one section: a table, or the site's own list.
#[derive(Debug)]
pub(crate) enum RowGroup {
    Table(Table),
    List(ListRange),
}

/// The body section.
#[derive(Debug)]
pub(crate) struct BodySection {
    pub(crate) line: u32,
    /// Details of the heading.
    pub(crate) head: BodyHead,
    /// Whether the section has a heading; an example may follow `Request` directly.
    pub(crate) has_heading: bool,
    pub(crate) rows: Vec<RowGroup>,
    pub(crate) examples: Vec<BodyExample>,
}

#[derive(Debug)]
pub(crate) struct ResponseSection {
    pub(crate) line: u32,
    pub(crate) status: String,
    pub(crate) name: String,
    pub(crate) media_type: Option<String>,
    pub(crate) rows: Vec<RowGroup>,
    pub(crate) headers: Vec<RowGroup>,
    pub(crate) examples: Vec<BodyExample>,
}
