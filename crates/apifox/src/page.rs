//! The parsed page: one model for all page formats.

use crate::PageRole;
use crate::json::JsonNode;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// A page: an operation of the API, or a guide.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Stable identifier, from [`crate::PageSource::key`].
    pub key: String,
    /// The file, from [`crate::PageSource::name`].
    pub name: String,
    /// The title; empty if a rendered page shows only its operation.
    pub title: String,
    /// Titles of the folders that contain the page, outermost first.
    pub folder: Vec<String>,
    /// The status that the author set, in the notation of the page (`Developing`, `Released`).
    pub status: Option<String>,
    /// Whether the page describes a webhook.
    pub role: PageRole,
    /// Guide or operation.
    pub kind: PageKind,
    /// The free text, without the tables that are read as parameters or fields.
    pub text: String,
    /// Notes in `[capture: …]` lines, written by the person who saved the page.
    pub notes: Vec<CaptureNote>,
    /// Time of the last change as `yyyy-MM-dd HH:mm:ss`; the time zone is unknown.
    pub modified: Option<String>,
    /// Schemas that the page contains. They refer to each other as `#/components/schemas/<name>`.
    pub schemas: Vec<NamedSchema>,
}

impl Page {
    /// Returns an OpenAPI example object with a value of this page.
    pub(crate) fn example(&self, value: Value) -> Value {
        let mut example = Map::new();
        if !self.title.is_empty() {
            example.insert("summary".to_owned(), Value::from(self.title.as_str()));
        }
        example.insert("value".to_owned(), value);
        Value::Object(example)
    }
}

/// The content of a page.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "most pages are operations, and a program holds few pages at a time"
)]
pub enum PageKind {
    /// Text for people.
    Guide,
    /// One operation of the API.
    Operation(ApiOperation),
}

/// A note of the person who saved the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureNote {
    /// Line on the page.
    pub line: u32,
    /// The text after `capture:`.
    pub text: String,
}

impl CaptureNote {
    /// Returns whether the note says that the page is truncated here.
    pub fn is_truncated(&self) -> bool {
        self.text.starts_with("cut")
    }
}

/// A schema that a page contains, with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedSchema {
    /// The vendor's name for the schema. The assembled document uses a legal name instead.
    pub name: String,
    /// The file that contains the schema, if it is not the file of the page.
    pub file: Option<String>,
    /// Line of the schema in that file.
    pub line: u32,
    /// An OpenAPI 3.0 schema object.
    pub schema: Value,
}

/// An operation with its parameters, body and responses.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiOperation {
    /// The line of the method, or of the code sample that shows the method.
    pub line: u32,
    /// The HTTP method.
    pub method: HttpMethod,
    /// The path template, `/orders/{id}`. Empty on a webhook page that shows no path.
    pub path: String,
    /// Base URL (`https://host`), if a code sample shows it.
    pub server: Option<String>,
    /// Parameters, each location and name once.
    pub parameters: Vec<ApiParameter>,
    /// The request body.
    pub body: Option<RequestBody>,
    /// Responses, one entry per status.
    pub responses: Vec<ApiResponse>,
    /// The `Authorization` header of the code sample.
    pub auth: Option<SampleAuthorization>,
    /// Alternative sets of security schemes; a caller satisfies one set.
    pub security: Vec<Vec<SecurityScheme>>,
    /// Whether the operation is deprecated.
    pub deprecated: bool,
    /// The `operationId` of the page.
    pub operation_id: Option<String>,
    /// Tags besides the folder of the page.
    pub tags: Vec<String>,
    /// An OpenAPI 3.0 callbacks object, or an empty object.
    pub callbacks: Map<String, Value>,
}

/// A security scheme that an operation uses.
#[derive(Debug, Clone, PartialEq)]
pub struct SecurityScheme {
    /// The page's name for the scheme, or a name that is derived from its header.
    pub name: String,
    /// An OpenAPI 3.0 security scheme object.
    pub scheme: Value,
    /// Line on the page.
    pub line: u32,
}

/// An HTTP method that OpenAPI 3.0 can describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the variants are method names")]
pub enum HttpMethod {
    Get,
    Put,
    Post,
    Delete,
    Options,
    Head,
    Patch,
    Trace,
}

impl HttpMethod {
    /// Parses a method name in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "get" => Self::Get,
            "put" => Self::Put,
            "post" => Self::Post,
            "delete" => Self::Delete,
            "options" => Self::Options,
            "head" => Self::Head,
            "patch" => Self::Patch,
            "trace" => Self::Trace,
            _ => return None,
        })
    }

    /// Returns the lower-case name, as used in an OpenAPI path item.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Put => "put",
            Self::Post => "post",
            Self::Delete => "delete",
            Self::Options => "options",
            Self::Head => "head",
            Self::Patch => "patch",
            Self::Trace => "trace",
        }
    }

    /// Returns whether requests with this method usually have a body.
    pub(crate) fn has_body(self) -> bool {
        matches!(self, Self::Put | Self::Post | Self::Patch)
    }
}

/// The `Authorization` header of a code sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleAuthorization {
    /// The authorization scheme in lower case (`bearer`, `basic`).
    pub scheme: String,
    /// Line on the page.
    pub line: u32,
}

/// The location in which a parameter is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the variants are the values of `in`")]
pub enum ParameterLocation {
    Path,
    Query,
    Header,
    Cookie,
}

impl ParameterLocation {
    /// Returns the value of `in` in OpenAPI.
    pub fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }
}

/// A parameter of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiParameter {
    /// The location in which the parameter is sent.
    pub place: ParameterLocation,
    /// The name and the documentation.
    pub field: FieldSpec,
    /// Decoded values in code samples.
    pub samples: Vec<SampleValue>,
    /// The schema.
    pub schema: SchemaSource,
    /// How an array or object is written, if the page states it: `form`, `pipeDelimited`.
    pub style: Option<String>,
    /// Whether each item of an array is a separate parameter, if the page states it.
    pub explode: Option<bool>,
}

/// A value of a parameter in a code sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleValue {
    /// Line on the page.
    pub line: u32,
    /// The decoded value.
    pub text: String,
}

/// The documentation of one field in a table row, a form field or a list entry.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FieldSpec {
    /// The name; a nested field may be written `outer.inner`.
    pub name: String,
    /// Line of the row, or of the code sample if only the sample shows the field.
    pub line: u32,
    /// The type as the page prints it.
    pub type_name: Option<String>,
    /// Whether the field is required; absent if the page does not state it.
    pub required: Option<bool>,
    /// Maximum length in characters.
    pub max_length: Option<u64>,
    /// The only allowed value.
    pub fixed: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The names of the objects that contain the field, outermost first; absent if the page does
    /// not show its position. A field without a name and with a position is the whole value.
    pub parents: Option<Vec<String>>,
    /// Further documentation.
    pub details: FieldDetails,
}

/// The documentation of a field in the site's own list of fields, except for its type.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FieldDetails {
    /// The allowed values, in the notation of the page.
    pub allowed: Vec<String>,
    /// The default value, in the notation of the page.
    pub default: Option<String>,
    /// An example, in the notation of the page.
    pub example: Option<String>,
    /// Further keywords of the schema: `format`, `minimum`, `pattern`, `readOnly` and so on.
    pub keywords: Map<String, Value>,
}

impl FieldDetails {
    /// Adds the documentation from another place. The first value of each detail is kept.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.allowed.extend_from_slice(&other.allowed);
        let mut known = HashSet::new();
        self.allowed.retain(|value| known.insert(value.clone()));
        self.default = self.default.take().or_else(|| other.default.clone());
        self.example = self.example.take().or_else(|| other.example.clone());
        for (word, value) in &other.keywords {
            self.keywords.entry(word).or_insert_with(|| value.clone());
        }
    }
}

/// The request body of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestBody {
    /// Line on the page.
    pub line: u32,
    /// Whether the body is required; absent if the page does not state it.
    pub required: Option<bool>,
    /// One entry per media type.
    pub contents: Vec<BodyContent>,
}

/// A response of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiResponse {
    /// Line on the page.
    pub line: u32,
    /// `200`, `4XX` or `default`.
    pub status: String,
    /// The name next to the status (`Success`), in the notation of the page.
    pub name: String,
    /// The label that distinguishes several responses with the same status (`Error` in
    /// `x-200:Error`).
    pub label: Option<String>,
    /// One entry per media type.
    pub contents: Vec<BodyContent>,
    /// The headers.
    pub headers: Vec<FieldSpec>,
}

/// A body in one media type.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyContent {
    /// Line on the page.
    pub line: u32,
    /// The media type without parameters.
    pub media_type: String,
    /// The schema.
    pub schema: SchemaSource,
    /// Table rows and form fields.
    pub fields: Vec<FieldSpec>,
    /// Examples in page order.
    pub examples: Vec<BodyExample>,
}

/// The source of a schema.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum SchemaSource {
    /// The page has no schema: it is inferred from examples and fields.
    #[default]
    Inferred,
    /// An OpenAPI 3.0 schema object of the page, which may refer to [`Page::schemas`].
    Documented(Value),
}

/// An example of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyExample {
    /// Line on the page.
    pub line: u32,
    /// The name on the page.
    pub name: Option<String>,
    /// The value; text that is not JSON is a string.
    pub value: JsonNode,
    /// Whether the end of the example is missing.
    pub cut: bool,
}

/// The format in which a page is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PageFormat {
    /// The text of a page as a browser shows it.
    Rendered,
    /// The Markdown version of a page: `# title`, and for an operation a YAML block.
    Markdown,
    /// The JSON from which the site renders its pages.
    Published,
}

impl PageFormat {
    /// Detects the format by the start of the text: a JSON object, a Markdown heading, or anything
    /// else.
    pub fn detect(text: &[u8]) -> Self {
        let text = text
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(text)
            .trim_ascii_start();
        if text.starts_with(b"{") && !has_curl_sample(text) {
            Self::Published
        } else if text.starts_with(b"# ") {
            Self::Markdown
        } else {
            Self::Rendered
        }
    }
}

/// Returns whether a text that starts with a brace has a curl sample at the start of a line, or
/// directly after a brace. JSON has no line breaks in its strings, so such a text is a rendered page
/// that starts with an example.
fn has_curl_sample(text: &[u8]) -> bool {
    text.windows(6)
        .any(|window| window.ends_with(b"curl ") && b"\n}]".contains(&window[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_is_detected_by_the_start_of_the_text() {
        for (text, form) in [
            ("{\"id\": 1}", PageFormat::Published),
            ("\u{feff}\n  {", PageFormat::Published),
            ("\n# Get Order\n", PageFormat::Markdown),
            ("{\"a\": 1}\ncurl 'https://a.example'", PageFormat::Rendered),
            (
                "{\n\"a\": 1\n}curl 'https://a.example'",
                PageFormat::Rendered,
            ),
            (
                "{\"text\": \"curl 'https://a.example'\"}",
                PageFormat::Published,
            ),
            ("#hashtag", PageFormat::Rendered),
            ("1. Orders\nHarbour Books\n", PageFormat::Rendered),
            ("", PageFormat::Rendered),
        ] {
            assert_eq!(PageFormat::detect(text.as_bytes()), form, "{text:?}");
        }
    }
}
