//! Assigns the rows of each table to a parameter, a body or a response.

use super::curl::Curl;
use super::field_list::{self, ListRange};
use super::lines::Lines;
use super::nesting::{self, ExampleNames};
use super::response_labels::media_type;
use super::sampled_parameters::{SampledParameters, is_ignored, is_standard};
use super::sections::{RowGroup, Sections};
use super::table::{SampleTexts, Table, row};
use crate::diagnostic::{Diagnostic, quoted};
use crate::json::{JsonNode, JsonValue};
use crate::page::{BodyExample, FieldSpec, HttpMethod, ParameterLocation};
use std::collections::{HashMap, HashSet};

/// A value longer than this is not a fixed value.
const LONGEST_VALUE: usize = 100;

/// The rows of all tables, by the element that they describe.
pub(crate) struct AssignedRows<'a> {
    file: &'a str,
    lines: &'a Lines<'a>,
    /// Names in code samples and examples.
    known: SampleTexts,
    places: HashMap<String, ParameterLocation>,
    body_names: HashSet<String>,
    response_names: HashSet<String>,
    has_body: bool,
    pub(crate) parameters: Vec<(ParameterLocation, FieldSpec)>,
    pub(crate) body: Vec<FieldSpec>,
    /// Fields and headers of each response.
    pub(crate) responses: Vec<(Vec<FieldSpec>, Vec<FieldSpec>)>,
    /// Rows about the media type of the request.
    pub(crate) content_types: Vec<FieldSpec>,
    /// Rows about the header `Authorization`.
    pub(crate) authorization: Vec<FieldSpec>,
}

impl<'a> AssignedRows<'a> {
    pub(crate) fn new(
        file: &'a str,
        lines: &'a Lines<'a>,
        method: HttpMethod,
        found: &Sections,
        parameters: &SampledParameters,
    ) -> Self {
        let mut known = SampleTexts::new();
        let mut places = HashMap::new();
        for place in [
            ParameterLocation::Header,
            ParameterLocation::Query,
            ParameterLocation::Path,
        ] {
            for parameter in parameters.names(place) {
                let values = known.entry(parameter.field.name.clone()).or_default();
                values.extend(parameter.samples.iter().map(|sample| sample.text.clone()));
                places.insert(parameter.field.name.clone(), place);
            }
        }
        let mut body_names = HashSet::new();
        for example in found.body.iter().flat_map(|body| &body.examples) {
            collect(&example.value, &mut body_names, &mut known);
        }
        if let Some(curl) = &found.curl {
            for part in &curl.parts {
                body_names.insert(part.name.clone());
                known
                    .entry(part.name.clone())
                    .or_default()
                    .extend(part.value.clone());
            }
        }
        let mut response_names = HashSet::new();
        for example in found
            .responses
            .iter()
            .flat_map(|response| &response.examples)
        {
            collect(&example.value, &mut response_names, &mut known);
        }
        let sends = found
            .curl
            .as_ref()
            .is_some_and(super::curl::Curl::sends_body);
        let queried = places
            .values()
            .any(|place| *place == ParameterLocation::Query);
        Self {
            file,
            lines,
            known,
            places,
            has_body: found.body.is_some() || sends || (method.has_body() && !queried),
            body_names,
            response_names,
            parameters: Vec::new(),
            body: Vec::new(),
            responses: found
                .responses
                .iter()
                .map(|_| (Vec::new(), Vec::new()))
                .collect(),
            content_types: Vec::new(),
            authorization: Vec::new(),
        }
    }

    /// Reads the tables in the free text. A table that does not describe fields is put back into
    /// the text.
    pub(crate) fn text_tables(
        &mut self,
        text: Vec<String>,
        tables: Vec<(Table, usize)>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<String> {
        let mut back = Vec::new();
        for (table, above) in tables {
            let mut said = Vec::new();
            let fields = self.fields(&table, &mut said);
            let requested = fields.iter().any(|field| self.is_requested(&field.name));
            let answered = fields
                .iter()
                .any(|field| known_in(&self.response_names, &field.name));
            // The table has an ambiguous header and no name that a sample shows.
            if !table.header.certain && !requested && !answered {
                back.push((above, table.text));
                continue;
            }
            diagnostics.append(&mut said);
            let of_response = answered && !requested;
            for field in fields {
                self.attribute(field, of_response);
            }
        }
        let mut whole = Vec::new();
        let mut lines = text.into_iter();
        let mut passed = 0;
        for (above, table) in back {
            whole.extend(lines.by_ref().take(above - passed));
            whole.extend(table);
            passed = above;
        }
        whole.extend(lines);
        whole
    }

    /// Reads the tables and lists of the sections.
    pub(crate) fn section_tables(
        &mut self,
        found: &mut Sections,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        for (place, rows) in std::mem::take(&mut found.params) {
            let what = format!("{} parameter", place.name());
            let fields = self.section_fields(rows, &ExampleNames::default(), &what, diagnostics);
            for field in self.flat(fields, diagnostics) {
                let place = match self.places.get(&field.name) {
                    Some(ParameterLocation::Path) => ParameterLocation::Path,
                    _ => place,
                };
                if field.name.eq_ignore_ascii_case("content-type") {
                    self.content_types.push(field);
                } else if place == ParameterLocation::Path
                    && self.places.get(&field.name) != Some(&place)
                {
                    diagnostics.push(
                        Diagnostic::warning(
                            self.file,
                            field.line,
                            format!(
                                "the path has no parameter {}; the row is ignored",
                                quoted(&field.name)
                            ),
                        )
                        .with_help(
                            "write the path as `/orders/{id}`, each path parameter in braces",
                        ),
                    );
                } else if place != ParameterLocation::Header || !is_ignored(&field.name) {
                    self.parameters.push((place, field));
                } else if field.name.eq_ignore_ascii_case("authorization") {
                    self.authorization.push(field);
                }
            }
        }
        let mut shown = names(found.body.iter().flat_map(|body| &body.examples));
        if let Some(sent) = found.curl.as_ref().and_then(Curl::json) {
            shown.add(&sent);
        }
        for rows in found
            .body
            .iter_mut()
            .flat_map(|body| std::mem::take(&mut body.rows))
        {
            for field in self.section_fields(rows, &shown, "body field", diagnostics) {
                if is_content_type(&field.name, &self.body_names) {
                    self.content_types.push(field);
                } else {
                    self.body.push(field);
                }
            }
        }
        for (at, response) in found.responses.iter_mut().enumerate() {
            let shown = names(&response.examples);
            for rows in std::mem::take(&mut response.rows) {
                let what = format!("field of response {}", response.status);
                let fields = self.section_fields(rows, &shown, &what, diagnostics);
                self.responses[at].0.extend(fields);
            }
            for rows in std::mem::take(&mut response.headers) {
                let what = format!("header of response {}", response.status);
                let fields =
                    self.section_fields(rows, &ExampleNames::default(), &what, diagnostics);
                let fields = self.flat(fields, diagnostics).into_iter();
                let fields = fields.filter(|field| !is_standard(&field.name));
                self.responses[at].1.extend(fields);
            }
        }
    }

    fn section_fields(
        &self,
        rows: RowGroup,
        shown: &ExampleNames,
        what: &str,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<FieldSpec> {
        let ListRange { start, end } = match rows {
            RowGroup::Table(table) => return self.fields(&table, diagnostics),
            RowGroup::List(range) => range,
        };
        let names = shown.all();
        let (mut fields, _) = field_list::read(self.lines, start, end, &names);
        let starts = fields.iter().skip(1).map(|field| field.start);
        for (field, next) in fields.iter().zip(starts.chain([end])) {
            let what = format!("{what} {}", quoted(&field.spec.name));
            self.lines.mark_used(field.start..next, what);
        }
        let assumed = nesting::place(&mut fields, shown);
        if let Some(&first) = assumed.first() {
            let field = &fields[first].spec;
            let holder = field.parents.as_ref().and_then(|parents| parents.last());
            let more = match assumed.len() - 1 {
                0 => String::new(),
                1 => " (as is one other field)".to_owned(),
                more => format!(" (as are {more} other fields)"),
            };
            diagnostics.push(
                Diagnostic::warning(
                    self.file,
                    field.line,
                    format!(
                        "the page does not show which object contains {}; it is placed in {}{more}",
                        quoted(&field.name),
                        quoted(holder.map_or("", String::as_str))
                    ),
                )
                .with_help("indent the fields of an object below it, or add an example"),
            );
        }
        fields.into_iter().map(|field| field.spec).collect()
    }

    /// Returns the fields of a list that are not nested: a parameter has no fields.
    fn flat(&self, fields: Vec<FieldSpec>, diagnostics: &mut Vec<Diagnostic>) -> Vec<FieldSpec> {
        let (flat, nested): (Vec<_>, Vec<_>) = fields
            .into_iter()
            .filter(|field| !field.name.is_empty())
            .partition(|field| field.parents.as_ref().is_none_or(Vec::is_empty));
        for field in nested {
            diagnostics.push(Diagnostic::warning(
                self.file,
                field.line,
                format!(
                    "{} is ignored: it is a field inside a parameter",
                    quoted(&field.name)
                ),
            ));
        }
        flat
    }

    fn fields(&self, table: &Table, diagnostics: &mut Vec<Diagnostic>) -> Vec<FieldSpec> {
        let mut fields = Vec::new();
        for (line, text) in &table.rows {
            match row(text, *line, &table.header, &self.known) {
                Ok(row) => {
                    for doubt in row.doubts {
                        diagnostics.push(Diagnostic::warning(self.file, *line, doubt));
                    }
                    fields.push(row.field);
                }
                Err(reason) => diagnostics.push(
                    Diagnostic::warning(
                        self.file,
                        *line,
                        format!("this row of the table is ignored: {reason}"),
                    )
                    .with_help("separate the cells with `|`, in the header too"),
                ),
            }
        }
        fields
    }

    fn is_requested(&self, name: &str) -> bool {
        self.places.contains_key(name) || known_in(&self.body_names, name)
    }

    /// Assigns a row of the free text by its name, or else like its neighbours.
    fn attribute(&mut self, field: FieldSpec, of_response: bool) {
        let name = &field.name;
        if let Some(&place) = self.places.get(name) {
            self.parameters.push((place, field));
        } else if is_content_type(name, &self.body_names) {
            self.content_types.push(field);
        } else if is_standard(name) && !known_in(&self.body_names, name) {
            // OpenAPI describes it elsewhere, or not at all.
        } else if of_response {
            if let Some((fields, _)) = self.responses.first_mut() {
                fields.push(field);
            }
        } else if self.has_body {
            self.body.push(field);
        } else {
            self.parameters.push((ParameterLocation::Query, field));
        }
    }
}

fn is_content_type(name: &str, members: &HashSet<String>) -> bool {
    name.eq_ignore_ascii_case("content-type") && !members.contains(name)
}

/// Returns whether a name, or the outermost part of a nested name, is in a set.
fn known_in(names: &HashSet<String>, name: &str) -> bool {
    let outer = name.split(['.', '[']).next().unwrap_or(name);
    names.contains(name) || names.contains(outer)
}

/// Collects the names of all fields at any depth, with their short values.
fn collect(node: &JsonNode, names: &mut HashSet<String>, known: &mut SampleTexts) {
    match &node.value {
        JsonValue::Array(items) => items.iter().for_each(|item| collect(item, names, known)),
        JsonValue::Object(members) => {
            for member in members {
                names.insert(member.name.clone());
                let values = known.entry(member.name.clone()).or_default();
                if let JsonValue::String(text) | JsonValue::Number(text) = &member.value.value
                    && text.len() <= LONGEST_VALUE
                    && values.len() < 8
                {
                    values.push(text.clone());
                }
                collect(&member.value, names, known);
            }
        }
        _ => {}
    }
}

/// Returns the media type that a row requires.
pub(crate) fn asked_media_type(field: &FieldSpec) -> Option<String> {
    let words = field.fixed.iter().chain(&field.description);
    words
        .flat_map(|text| {
            text.split(|c: char| {
                c.is_whitespace() || matches!(c, ',' | ';' | '"' | '`' | '(' | ')')
            })
        })
        .filter_map(|word| media_type(word.trim_end_matches('.')))
        .find(|media| media.contains('/'))
}

/// Describes a row that requires a media type, for a diagnostic.
pub(crate) fn describe(field: &FieldSpec, media: &str) -> String {
    format!("the row {} requires {}", quoted(&field.name), quoted(media))
}

/// Returns the names in some examples.
fn names<'e>(examples: impl IntoIterator<Item = &'e BodyExample>) -> ExampleNames {
    let mut names = ExampleNames::default();
    for example in examples {
        names.add(&example.value);
    }
    names
}
