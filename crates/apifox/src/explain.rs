//! The use of each line of a page: the element that it describes, or the reason why it is left out.

use crate::json::{Budget, JsonNode, JsonValue};
use crate::rendered::lines::decode;
use crate::{MAX_PAGE_BYTES, PageFormat, PageSource, export, markdown, published, rendered};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// The use of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineUse {
    /// An empty line.
    Empty,
    /// The line is part of the result: the element that it describes.
    Used(Cow<'static, str>),
    /// The line is not part of the result: the reason.
    Unused(Cow<'static, str>),
}

/// A line of a page, or a part of a line that the importer divides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedLine {
    /// The line number, counted from 1.
    pub number: u32,
    /// The text.
    pub text: String,
    /// The use of the line.
    pub line_use: LineUse,
}

impl fmt::Display for ExplainedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 60;
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let mut text: String = self.text.chars().map(printable).take(LONGEST).collect();
        if self.text.chars().nth(LONGEST).is_some() {
            text.push('…');
        }
        match &self.line_use {
            LineUse::Empty => write!(f, "{:>5} |", self.number),
            LineUse::Used(what) => write!(f, "{:>5} | {text} → {what}", self.number),
            LineUse::Unused(reason) => write!(f, "{:>5} | {text} → unused: {reason}", self.number),
        }
    }
}

/// Returns the use of each line of a file. The list is empty if the file is too large or is not
/// text.
pub fn explain(source: &PageSource) -> Vec<ExplainedLine> {
    if source.text.len() > MAX_PAGE_BYTES {
        return Vec::new();
    }
    let mut diagnostics = Vec::new();
    let is_export = export::is_export(source.text);
    let format = PageFormat::detect(source.text);
    if format == PageFormat::Rendered && !is_export {
        return rendered::explain(source);
    }
    let Some(text) = decode(source.name, source.text, &mut diagnostics) else {
        return Vec::new();
    };
    if format == PageFormat::Markdown
        && !is_export
        && let Some(plain) = markdown::document_of(source, &text, &mut diagnostics)
            .is_none()
            .then(|| markdown::without_markup(&text))
            .flatten()
    {
        return rendered::explain(&PageSource {
            text: plain.as_bytes(),
            ..*source
        });
    }
    let root = match format {
        _ if is_export => export::document(source, &mut diagnostics),
        PageFormat::Published => {
            published::document(&text, source.name, &mut Budget::default(), &mut diagnostics)
        }
        _ => markdown::document_of(source, &text, &mut diagnostics),
    };
    let mut fields = BTreeMap::new();
    if let Some(root) = &root {
        collect(root, "", Place::Object, &mut fields);
    }
    let is_markdown = format == PageFormat::Markdown && !is_export;
    let first = fields.keys().next().copied();
    let mut current = LineUse::Unused("the document cannot be read".into());
    let mut ended = false;
    text.split('\n')
        .zip(1..)
        .map(|(text, number)| {
            let in_document = first.is_some_and(|first| number >= first) && !ended;
            // The code block of a Markdown page ends with a fence.
            ended |= is_markdown && in_document && text.starts_with("```");
            if let Some(found) = fields.remove(&number) {
                current = found;
            }
            let text = text.trim();
            let line_use = if text.is_empty() {
                LineUse::Empty
            } else if is_markdown && (!in_document || ended) {
                markdown_line(text)
            } else if is_markdown || root.is_none() || !text.chars().all(is_bracket) {
                current.clone()
            } else {
                LineUse::Used("bracket".into())
            };
            ExplainedLine {
                number,
                text: text.to_owned(),
                line_use,
            }
        })
        .collect()
}

fn is_bracket(c: char) -> bool {
    matches!(c, '{' | '}' | '[' | ']' | ',')
}

fn markdown_line(text: &str) -> LineUse {
    LineUse::Used(match text {
        text if text.starts_with("# ") => "title".into(),
        text if text.starts_with("```") => "fence of the code block".into(),
        _ => "text".into(),
    })
}

/// The names that an object may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Keywords of the format.
    Object,
    /// Names that the page chooses: of paths, properties, components.
    Named,
    /// Any JSON: an example.
    Example,
}

/// Keywords whose value is an object with names that the page chooses.
const NAMED: &[&str] = &[
    "paths",
    "webhooks",
    "responses",
    "content",
    "headers",
    "callbacks",
    "schemas",
    "properties",
    "patternProperties",
    "requestBodies",
    "securitySchemes",
    "definitions",
    "$defs",
    "x-apifox-refs",
    "x-apidog-refs",
    "x-apifox-overrides",
    "mapping",
    "scopes",
    "flows",
    "security",
];

/// Keywords whose value is any JSON.
const ANY_VALUE: &[&str] = &[
    "example",
    "examples",
    "default",
    "const",
    "enum",
    "value",
    "data",
    "sampleValue",
];

/// Other keywords that the importer reads.
const READ: &str = "openapi|components|servers|url|tags|summary|description|deprecated|operationId|parameters|requestBody|\
name|in|required|schema|style|explode|get|put|post|delete|options|head|patch|trace|$ref|\
type|format|title|items|nullable|allOf|oneOf|anyOf|not|additionalProperties|discriminator|propertyName|readOnly|writeOnly|\
minimum|maximum|exclusiveMinimum|exclusiveMaximum|multipleOf|minLength|maxLength|pattern|minItems|maxItems|uniqueItems|\
minProperties|maxProperties|contentEncoding|contentMediaType|scheme|bearerFormat|openIdConnectUrl|\
authorizationUrl|tokenUrl|refreshUrl|success|id|method|path|status|updatedAt|code|contentType|mediaType|jsonSchema|\
responseExamples|responseId|commonParameters|query|header|cookie|auth|securityScheme|key|keyName|addTo|markdown|enable|\
x-apifox-folder|x-apidog-folder|x-apifox-status|x-apidog-status|x-apifox-name|x-apidog-name|x-run-in-apifox|\
x-run-in-apidog|x-apifox-orders|x-apidog-orders|x-apifox-enum|x-apidog-enum|x-apifox|x-apidog|enumDescriptions|\
x-nullable|x-tmp-pending-properties";

/// Records for each line of a document the first field on it.
fn collect(node: &JsonNode, path: &str, place: Place, fields: &mut BTreeMap<u32, LineUse>) {
    match &node.value {
        JsonValue::Object(members) => {
            for member in members {
                let name = member.name.as_str();
                let inner = match place {
                    Place::Example => Place::Example,
                    Place::Named => Place::Object,
                    Place::Object if name == "data" && path.is_empty() => Place::Object,
                    Place::Object if ANY_VALUE.contains(&name) => Place::Example,
                    Place::Object if NAMED.contains(&name) => Place::Named,
                    Place::Object => Place::Object,
                };
                let own = if path.is_empty() {
                    name.to_owned()
                } else {
                    format!("{path}.{name}")
                };
                let is_read = place != Place::Object
                    || inner != Place::Object
                    || READ.split('|').any(|word| word == name);
                let line_use = if is_read {
                    LineUse::Used(Cow::Owned(own.clone()))
                } else {
                    LineUse::Unused(format!("the importer does not read {own}").into())
                };
                fields.entry(member.line).or_insert(line_use);
                if is_read {
                    collect(&member.value, &own, inner, fields);
                }
            }
        }
        JsonValue::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                let own = format!("{path}[{number}]");
                let line_use = LineUse::Used(Cow::Owned(own.clone()));
                fields.entry(item.line).or_insert(line_use);
                collect(item, &own, place, fields);
            }
        }
        _ => {}
    }
}
