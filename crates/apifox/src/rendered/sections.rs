//! Divides an operation page into its sections.

use super::curl;
use super::curl::Curl;
use super::examples::{self, Limits};
use super::lines::Lines;
use super::markers::{
    BodyHead, Marker, example_line, marker, media_line, required_line, status_line,
};
use super::table::{Table, field, table};
use crate::diagnostic::Diagnostic;
use crate::json::Budget;
use crate::page::{BodyExample, FieldSpec, ParameterLocation};

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    Request,
    Params(ParameterLocation),
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
    let mut reader = Reader {
        lines,
        end,
        file,
        diagnostics,
        limits: Limits::new(lines, from, end),
        from,
        budget: Budget::default(),
        state: State::Text,
        // An example may have no label, and a labelled one may not be JSON.
        announced: false,
        found: Sections::default(),
    };
    let mut at = from;
    while at < end {
        at = reader.step(at);
    }
    reader.found
}

struct Reader<'a, 'm> {
    lines: &'a Lines<'a>,
    from: usize,
    end: usize,
    file: &'a str,
    diagnostics: &'m mut Vec<Diagnostic>,
    limits: Limits,
    budget: Budget,
    state: State,
    announced: bool,
    found: Sections,
}

impl Reader<'_, '_> {
    /// Reads the element at a line; returns the index after it.
    fn step(&mut self, at: usize) -> usize {
        let line = self.lines.at(at);
        let strict = matches!(self.state, State::Text | State::Samples);
        if let Some(marker) = marker(line, strict) {
            self.enter(marker, at);
            return at + 1;
        }
        if line.is_empty() {
            if self.state == State::Text {
                self.found.text.push(String::new());
            }
            return at + 1;
        }
        match self.state {
            State::Text => self.text(at),
            State::Samples => self.samples(at),
            State::Request => self.request(at),
            State::Params(place) => match self.rows(at) {
                Some((rows, next)) => {
                    self.found
                        .params
                        .extend(rows.into_iter().map(|row| (place, row)));
                    next
                }
                None => self.request(at),
            },
            State::RequestBody => self.body(at),
            State::Responses | State::ResponseHeaders => self.response(at),
        }
    }

    fn enter(&mut self, marker: Marker, at: usize) {
        let in_response = matches!(self.state, State::Responses | State::ResponseHeaders);
        self.announced = false;
        self.state = match marker {
            Marker::Params(ParameterLocation::Header) if in_response => State::ResponseHeaders,
            Marker::Request => State::Request,
            Marker::Params(place) => State::Params(place),
            Marker::RequestBody(head) => {
                let line = self.lines.number(at);
                let body = self.body_at(line);
                body.line = line;
                body.head = head;
                State::RequestBody
            }
            Marker::Samples => State::Samples,
            Marker::RequestExample => {
                self.announced = true;
                State::Samples
            }
            Marker::Responses => State::Responses,
        };
    }

    fn body_at(&mut self, line: u32) -> &mut BodySection {
        self.found.body.get_or_insert_with(|| BodySection {
            line,
            head: BodyHead::default(),
            rows: Vec::new(),
            examples: Vec::new(),
        })
    }

    fn text(&mut self, at: usize) -> usize {
        if let Some((table, next)) = table(self.lines, at, self.end) {
            let above = self.found.text.len();
            self.found.text_tables.push((table, above));
            return next;
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
        at + 1
    }

    fn curl(&mut self, at: usize) -> usize {
        self.state = State::Samples;
        if self.found.curl.is_none() {
            let limit = self.limits.heading[at - self.from];
            let curl = curl::read(self.lines.slice(at, limit), self.lines.number(at));
            if curl.cut {
                self.diagnostics.push(Diagnostic::warning(
                    self.file,
                    curl.line,
                    "the curl sample ends inside a quoted string",
                ));
            }
            self.found.curl = Some(curl);
            return limit;
        }
        at + 1
    }

    fn request(&mut self, at: usize) -> usize {
        let line = self.lines.at(at);
        if curl::starts(line) {
            return self.curl(at);
        }
        if let Some((table, next)) = table(self.lines, at, self.end) {
            let above = self.found.text.len();
            self.found.text_tables.push((table, above));
            return next;
        }
        if self.is_example(line) {
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
            return at + 1;
        }
        if let Some(required) = required_line(line) {
            let head = &mut self.body_at(number).head;
            head.required.get_or_insert(required);
            return at + 1;
        }
        if let Some((rows, next)) = self.rows(at) {
            self.body_at(number).rows.extend(rows);
            return next;
        }
        if self.is_example(line) {
            let media = self.body_at(number).head.media_type.clone();
            let (examples, next) = self.example(at, media.as_deref());
            self.body_at(number).examples.extend(examples);
            return next;
        }
        self.unread(at)
    }

    fn response(&mut self, at: usize) -> usize {
        let line = self.lines.at(at);
        if let Some((status, name)) = status_line(line) {
            self.state = State::Responses;
            self.announced = false;
            self.begin_response(at, status, name);
            return at + 1;
        }
        if let Some(media) = media_line(line) {
            let response = self.last_response(at);
            response.media_type.get_or_insert(media);
            self.state = State::Responses;
            return at + 1;
        }
        if let Some((rows, next)) = self.rows(at) {
            let headers = self.state == State::ResponseHeaders;
            let response = self.last_response(at);
            let target = if headers {
                &mut response.headers
            } else {
                &mut response.rows
            };
            target.extend(rows);
            return next;
        }
        if self.is_example(line) {
            let media = self.last_response(at).media_type.clone();
            let (examples, next) = self.example(at, media.as_deref());
            self.last_response(at).examples.extend(examples);
            return next;
        }
        self.unread(at)
    }

    fn begin_response(&mut self, at: usize, status: String, name: String) {
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

    /// Returns the response that a line belongs to. A response without a status line is treated as
    /// 200.
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
        let last = self.found.responses.len() - 1;
        &mut self.found.responses[last]
    }

    fn rows(&mut self, at: usize) -> Option<(Vec<RowGroup>, usize)> {
        if let Some((table, next)) = table(self.lines, at, self.end) {
            return Some((vec![RowGroup::Table(table)], next));
        }
        let (field, next) = field(self.lines, at, self.end)?;
        Some((vec![RowGroup::FieldSpec(field)], next))
    }

    /// Returns whether an example starts at a line, with or without a label.
    fn is_example(&self, line: &str) -> bool {
        self.announced || line.starts_with(['{', '[']) || example_line(line).is_some()
    }

    /// Reads the example, or the label of an example, at a line.
    fn example(&mut self, at: usize, media_type: Option<&str>) -> (Vec<BodyExample>, usize) {
        let line = self.lines.at(at);
        if let Some(rest) = example_line(line) {
            self.announced = true;
            if rest.is_empty() {
                return (Vec::new(), at + 1);
            }
            return self.json(at, rest);
        }
        let announced = std::mem::take(&mut self.announced);
        let braced = line.starts_with(['{', '[']);
        let scalar = line.starts_with(['"', '-'])
            || line.starts_with(|c: char| c.is_ascii_digit())
            || matches!(line, "true" | "false" | "null");
        if announced && !braced && !scalar {
            // The tab of the example below.
            let next = self.lines.next_filled(at + 1, self.end);
            if next.is_some_and(|next| self.lines.at(next).starts_with(['{', '['])) {
                return (Vec::new(), at + 1);
            }
        }
        if braced || (is_json(media_type) && (scalar || media_type.is_some())) {
            return self.json(at, line);
        }
        let limit = self.limits.any[at - self.from].max(at + 1);
        let text = self.lines.slice(at, limit);
        (vec![examples::text(text, self.lines.number(at))], limit)
    }

    /// Reads the JSON at a line. It begins with `start`, which may follow other words on the line.
    fn json(&mut self, at: usize, start: &str) -> (Vec<BodyExample>, usize) {
        self.announced = false;
        let offset = at - self.from;
        let wide = self.limits.heading[offset].max(at + 1);
        let narrow = self.limits.any[offset + 1].max(at + 1);
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
        let mut said = Vec::new();
        let (examples, end) = examples::json(
            &slice[skip..],
            self.lines.number(at),
            column,
            self.file,
            &mut self.budget,
            &mut said,
        )?;
        let cut = examples.iter().any(|example| example.cut);
        let narrower = self.limits.any[at - self.from + 1].max(at + 1) < limit;
        // The caller retries with the narrower range.
        if !(cut && narrower) {
            self.diagnostics.append(&mut said);
        }
        let breaks = slice[..skip + end].bytes().filter(|&b| b == b'\n').count();
        Ok((examples, (at + breaks + 1).min(limit)))
    }

    /// Skips a line that is not recognised, with a warning for the first line of a table.
    fn unread(&mut self, at: usize) -> usize {
        let line = self.lines.at(at);
        let cells = line.matches(['|', '\t']).count();
        if cells >= 2 {
            let above = at.checked_sub(1).map_or("", |above| self.lines.at(above));
            if above.matches(['|', '\t']).count() < 2 {
                self.diagnostics.push(
                    Diagnostic::warning(
                        self.file,
                        self.lines.number(at),
                        "the header of this table is not recognised; the table is ignored",
                    )
                    .with_help(
                        "name its columns `Field | Type | Required | Max Length | Description`",
                    ),
                );
            }
        }
        at + 1
    }
}

/// The sections of a page. Tables are found but not parsed yet: names in code samples help to parse
/// them.
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
}

/// The fields of one section: a table, or a field in the site's own list format.
#[derive(Debug)]
pub(crate) enum RowGroup {
    Table(Table),
    FieldSpec(FieldSpec),
}

/// The body section.
#[derive(Debug)]
pub(crate) struct BodySection {
    pub(crate) line: u32,
    /// Details of the heading, which is absent if an example follows `Request` directly.
    pub(crate) head: BodyHead,
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
