//! Request body and responses of a rendered page.

use super::curl::{Curl, Data};
use super::examples;
use super::fields::{asked_media_type, describe};
use super::response_labels::media_type;
use super::section_examples::is_json;
use super::sections::Sections;
use super::url::pairs;
use crate::diagnostic::Diagnostic;
use crate::infer::text_value;
use crate::json::{Budget, JsonField, JsonNode, JsonValue};
use crate::page::{
    ApiResponse, BodyContent, BodyExample, FieldSpec, HttpMethod, RequestBody, SchemaSource,
};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const PARTS: &str = "multipart/form-data";
const TEXT: &str = "text/plain";

/// Builds the request body from its section and the curl sample.
pub(crate) fn body(
    found: &Sections,
    method: HttpMethod,
    mut fields: Vec<FieldSpec>,
    file: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<RequestBody> {
    let curl = found.curl.as_ref();
    let sends = curl.is_some_and(Curl::sends_body);
    let section = found.body.as_ref();
    let mut examples = section
        .map(|body| body.examples.clone())
        .unwrap_or_default();
    let has_content = !fields.iter().all(|field| field.name.is_empty()) || !examples.is_empty();
    // The site also shows a body section for operations without a body, so a heading without
    // content counts only if the method can have a body.
    let shows_body = match section {
        Some(section) => has_content || (section.has_heading && method.has_body()),
        None => has_content,
    };
    // Without headings, an example above the code sample is only a body if the sample sends one.
    let is_known = found.has_headings || method.has_body();
    let has_body = sends || (shows_body && is_known);
    if !has_body {
        if let Some(section) = section.filter(|_| has_content) {
            diagnostics.push(Diagnostic::warning(
                file,
                section.line,
                format!(
                    "the example above the code sample is left out: a request with {} usually has no body",
                    method.name().to_uppercase()
                ),
            ));
        }
        return None;
    }
    let line = section.map(|body| body.line);
    let line = line
        .or_else(|| curl.filter(|_| sends).map(|curl| curl.line))
        .or_else(|| fields.first().map(|field| field.line))
        .unwrap_or(1);
    let shown = section.and_then(|body| body.head.media_type.clone());
    let sent = curl.filter(|_| sends).and_then(sent_media_type);
    if let (Some(shown), Some((sent, sent_line))) = (&shown, &sent)
        && shown != sent
    {
        diagnostics.push(Diagnostic::warning(
            file,
            *sent_line,
            format!("the curl sample sends `{sent}`, but the page (line {line}) says `{shown}`; the page is used"),
        ));
    }
    let media_type = shown.or(sent.map(|(media, _)| media)).unwrap_or_else(|| {
        if examples.is_empty() {
            diagnostics.push(
                Diagnostic::warning(
                    file,
                    line,
                    "the media type of the body is unknown; application/json is assumed",
                )
                .with_help("add it to the heading, for example `Body Params application/json`"),
            );
        }
        JSON.to_owned()
    });
    if let Some(curl) = curl.filter(|_| sends) {
        for part in curl.parts.iter().filter(|part| part.value.is_none()) {
            fields.push(FieldSpec {
                name: part.name.clone(),
                line: part.line,
                type_name: Some("file".to_owned()),
                ..FieldSpec::default()
            });
        }
        if examples.is_empty() {
            examples = sampled(curl, &media_type, file, diagnostics);
        }
    }
    Some(RequestBody {
        line,
        required: section.and_then(|body| body.head.required),
        contents: vec![BodyContent {
            line,
            media_type,
            schema: SchemaSource::Inferred,
            fields,
            examples,
        }],
    })
}

/// Returns the media type of the body in the curl sample, and its line.
fn sent_media_type(curl: &Curl) -> Option<(String, u32)> {
    if !curl.parts.is_empty() {
        return Some((PARTS.to_owned(), curl.parts[0].line));
    }
    let data = curl.data.as_ref()?;
    if let Some(header) = curl.header("Content-Type") {
        return media_type(&header.value).map(|media| (media, header.line));
    }
    let text = data.text.trim_start();
    let media = if text.starts_with(['{', '[']) {
        JSON
    } else {
        FORM
    };
    Some((media.to_owned(), data.line))
}

/// Converts the body of the curl sample to an example.
fn sampled(
    curl: &Curl,
    media: &str,
    file: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<BodyExample> {
    if !curl.parts.is_empty() {
        let values = curl.parts.iter().filter_map(|part| {
            let value = part.value.clone()?;
            Some((part.name.clone(), value, part.line))
        });
        return form(values.collect(), curl.cut);
    }
    let Some(Data { text, line, column }) = &curl.data else {
        return Vec::new();
    };
    if media == FORM {
        let values = pairs(text, true)
            .into_iter()
            .map(|(name, value)| (name, value, *line));
        return form(values.collect(), curl.cut);
    }
    if text.trim().is_empty() {
        return Vec::new();
    }
    if !is_json(Some(media)) {
        return vec![BodyExample {
            cut: curl.cut,
            ..examples::text(text, *line)
        }];
    }
    match examples::json(
        text,
        *line,
        *column,
        file,
        &mut Budget::default(),
        diagnostics,
    ) {
        Ok((examples, _)) => examples,
        Err(message) => {
            diagnostics.push(message);
            Vec::new()
        }
    }
}

/// Converts form fields to an object.
fn form(values: Vec<(String, String, u32)>, cut: bool) -> Vec<BodyExample> {
    let Some(&(_, _, line)) = values.first() else {
        return Vec::new();
    };
    let members = values
        .into_iter()
        .map(|(name, value, line)| JsonField {
            name,
            line,
            value: JsonNode {
                line,
                value: text_value(&value),
            },
        })
        .collect();
    vec![BodyExample {
        line,
        name: None,
        value: JsonNode {
            line,
            value: JsonValue::Object(members),
        },
        cut,
    }]
}

/// Warns about a row that requires another media type than the request has.
pub(crate) fn compare(
    rows: &[FieldSpec],
    body: Option<&RequestBody>,
    file: &str,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for row in rows {
        let Some(asked) = asked_media_type(row) else {
            continue;
        };
        let sent = body.and_then(|body| body.contents.first());
        let contradiction = match sent {
            None => "but the page has no request body".to_owned(),
            Some(content) if content.media_type != asked => {
                format!(
                    "but the request body is `{}` (line {})",
                    content.media_type, content.line
                )
            }
            Some(_) => continue,
        };
        diagnostics.push(Diagnostic::warning(
            file,
            row.line,
            format!("{}, {contradiction}", describe(row, &asked)),
        ));
    }
}

/// Builds the responses, one per status.
pub(crate) fn responses(
    found: &mut Sections,
    rows: Vec<(Vec<FieldSpec>, Vec<FieldSpec>)>,
) -> Vec<ApiResponse> {
    let mut responses: Vec<ApiResponse> = Vec::new();
    for (raw, (fields, headers)) in std::mem::take(&mut found.responses).into_iter().zip(rows) {
        let media_type = raw.media_type.unwrap_or_else(|| {
            let text = raw
                .examples
                .iter()
                .all(|example| matches!(example.value.value, JsonValue::String(_)));
            if text && !raw.examples.is_empty() {
                TEXT
            } else {
                JSON
            }
            .to_owned()
        });
        let content = BodyContent {
            line: raw.line,
            media_type,
            schema: SchemaSource::Inferred,
            fields,
            examples: raw.examples,
        };
        let known = responses
            .iter_mut()
            .find(|response| response.status == raw.status);
        let Some(response) = known else {
            responses.push(ApiResponse {
                line: raw.line,
                status: raw.status,
                name: raw.name,
                label: None,
                contents: vec![content],
                headers,
            });
            continue;
        };
        response.headers.extend(headers);
        let same = response
            .contents
            .iter_mut()
            .find(|known| known.media_type == content.media_type);
        match same {
            Some(known) => {
                known.fields.extend(content.fields);
                known.examples.extend(content.examples);
            }
            None => response.contents.push(content),
        }
    }
    responses
}
