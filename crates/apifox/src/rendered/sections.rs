//! Divides an operation page into its sections.

use super::authorization;
use super::curl;
use super::curl::Curl;
use super::examples::{self, ExampleEnds};
use super::field_list::{ListRange, range};
use super::labels::{
    BodyHead, Marker, code_line, example_line, example_word, is_control, is_description_label,
    is_nothing, is_schema_label, marker, media_line, page_data, required_line, status_line,
    status_tab,
};
use super::lines::Lines;
use super::table::{Table, table};
use crate::LineUse;
use crate::diagnostic::{Diagnostic, quoted};
use crate::json::Budget;
use crate::page::{BodyExample, ParameterLocation, SecurityScheme};

#[derive(Clone, Copy, PartialEq, Eq)]
enum SectionState {
    Text,
    Request,
    Params(ParameterLocation),
    Authorization,
    RequestBody,
    Samples,
    Responses,
    ResponseHeaders,
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

struct SectionReader<'a, 'm> {
    lines: &'a Lines<'a>,
    from: usize,
    end: usize,
    file: &'a str,
    diagnostics: &'m mut Vec<Diagnostic>,
    ends: ExampleEnds,
    budget: Budget,
    state: SectionState,
    /// A label of an example precedes. An example may have no label, and a labelled one may not be
    /// JSON.
    announced: bool,
    /// The last heading of the responses.
    last_responses: Option<usize>,
    /// The responses whose status lines directly precede: the tabs of the content below.
    tabs: Vec<usize>,
    /// The last line that was not recognised.
    unread: Option<usize>,
    /// What the lines of this step became.
    line_use: LineUse,
    found: Sections,
}

impl SectionReader<'_, '_> {
    fn used(&mut self, what: &'static str) {
        self.line_use = LineUse::Used(what.into());
    }

    fn unused(&mut self, reason: &'static str) {
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
        }
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
            Marker::Responses | Marker::ResponseExample => SectionState::Responses,
        };
    }

    fn body_at(&mut self, line: u32) -> &mut BodySection {
        self.found.body.get_or_insert_with(|| BodySection {
            line,
            head: BodyHead::default(),
            has_heading: false,
            rows: Vec::new(),
            examples: Vec::new(),
        })
    }

    fn text(&mut self, at: usize) -> usize {
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
        if is_description_label(line) && self.found.text_tables.is_empty() {
            let custom = custom_fields(&self.found.text);
            if custom {
                self.found.text.clear();
                self.lines.mark_unused(self.from..at, CUSTOM_FIELD);
                self.unused("heading of the description");
                return at + 1;
            }
        }
        if let Some(count) = page_data(line, || self.lines.below(at)) {
            let next = self.lines.next_filled(at + 1, self.end);
            self.unused(CUSTOM_FIELD);
            return if count == 1 {
                at + 1
            } else {
                next.map_or(self.end, |next| next + 1)
            };
        }
        self.found.text.push(self.lines.indented(at));
        at + 1
    }

    fn samples(&mut self, at: usize) -> usize {
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

    fn curl(&mut self, at: usize) -> usize {
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

    fn response(&mut self, at: usize) -> usize {
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
    fn name_below(&self, at: usize) -> Option<usize> {
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

    fn begin_response(&mut self, at: usize, status: String, name: String) {
        self.tabs.push(self.found.responses.len());
        self.found.responses.push(ResponseSection {
            line: self.lines.number(at),
            status,
            name,
            media_type: None,
            rows: Vec::new(),
            headers: Vec::new(),
            examples: Vec::new(),
        });
    }

    /// Selects the tab whose status a line repeats.
    fn select(&mut self, at: usize, code: String) {
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
    fn last_response(&mut self, at: usize) -> &mut ResponseSection {
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

    /// Returns whether an example starts at a line, with or without a label.
    fn is_example(&self, at: usize) -> bool {
        let line = self.lines.at(at);
        self.announced || line.starts_with(['{', '[']) || self.example_label(at).is_some()
    }

    /// Parses the label of an example, which may contain its name: `示例成功示例`. Returns the text
    /// after it.
    fn example_label(&self, at: usize) -> Option<&str> {
        let line = self.lines.at(at);
        if let Some(rest) = example_line(line) {
            return Some(rest);
        }
        let below = self.lines.next_filled(at + 1, self.end)?;
        let above_value = self.lines.at(below).starts_with(['{', '[', '<']);
        (above_value && line.len() <= 120 && example_word(line).is_some()).then_some("")
    }

    /// Reads the example, or the label of an example, at a line.
    fn example(&mut self, at: usize, media_type: Option<&str>) -> (Vec<BodyExample>, usize) {
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
        let braced = line.starts_with(['{', '[']);
        let scalar = line.starts_with(['"', '-'])
            || line.starts_with(|c: char| c.is_ascii_digit())
            || matches!(line, "true" | "false" | "null");
        if announced && is_nothing(line) {
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

    /// Reads the JSON at a line. It begins with `start`, which may follow other words on the line.
    fn json(&mut self, at: usize, start: &str) -> (Vec<BodyExample>, usize) {
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

    fn read_json(
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

    fn warn(&mut self, line: u32, text: impl Into<String>) {
        let warning = Diagnostic::warning(self.file, line, text);
        self.diagnostics.push(warning);
    }

    /// Skips a line that is not recognised. The first of several such lines is reported as a
    /// warning.
    fn unread(&mut self, at: usize) -> usize {
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

/// The reason why a line with data about the page is not part of the result.
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
    current: usize,
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

/// Returns whether examples of a media type are JSON. Without a media type they are assumed to be
/// JSON.
pub(crate) fn is_json(media_type: Option<&str>) -> bool {
    media_type.is_none_or(|media| {
        media == "application/json" || media.ends_with("+json") || media == "*/*"
    })
}
