//! What a page says, whatever form it came in.

use serde_json::Value;

use crate::PageRole;
use crate::json::JsonNode;

/// A page: an API page or a guide.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Stable identity, as [`crate::PageSource::key`] gave it.
    pub key: String,
    /// The file, as [`crate::PageSource::name`] gave it; for messages.
    pub name: String,
    /// The title.
    pub title: String,
    /// Titles of the folders that the page stands in, outermost first.
    pub folder: Vec<String>,
    /// State of the page as its author set it (`Developing`, `Released`), as printed.
    pub status: Option<String>,
    /// Whether the page calls the API, or is called by it.
    pub role: PageRole,
    /// Guide or operation.
    pub kind: PageKind,
    /// The free text. Tables that were read as parameters or fields are not in it.
    pub text: String,
    /// What the person who saved the page noted in `[capture: …]` lines.
    pub notes: Vec<CaptureNote>,
    /// When the page was last changed, `yyyy-MM-dd HH:mm:ss`, zone unknown.
    pub modified: Option<String>,
    /// Schemas that the page itself brings; references between them are `#/components/schemas/<name>`.
    pub schemas: Vec<NamedSchema>,
}

/// What a page is.
#[derive(Debug, Clone, PartialEq)]
pub enum PageKind {
    /// Text for people.
    Guide,
    /// One operation of the API.
    Operation(ApiOperation),
}

/// A remark of the person who saved the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureNote {
    /// Its line.
    pub line: u32,
    /// What stands behind `capture:`.
    pub text: String,
}

impl CaptureNote {
    /// Whether the page is known only up to here.
    pub fn is_truncated(&self) -> bool {
        self.text.starts_with("cut")
    }
}

/// A schema that a page brings under a name.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedSchema {
    /// Its name, as the vendor wrote it; the document has a legal one in its place.
    pub name: String,
    /// The file that it stands in, where that is not the one of the page.
    pub file: Option<String>,
    /// Where it stands.
    pub line: u32,
    /// The schema, an OpenAPI 3.0 schema object.
    pub schema: Value,
}

/// An operation: a call with its parameters, body and responses.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiOperation {
    /// The line of the method, or of the sample that tells it.
    pub line: u32,
    /// The HTTP method.
    pub method: HttpMethod,
    /// The path with `{name}` in place of values. Empty on a receiver page that shows none.
    pub path: String,
    /// Address in front of the path (`https://host`), where a sample shows it.
    pub server: Option<String>,
    /// Parameters, each place and name once.
    pub parameters: Vec<ApiParameter>,
    /// What is sent.
    pub body: Option<RequestBody>,
    /// What comes back; one entry a status.
    pub responses: Vec<ApiResponse>,
    /// How the sample proves who is calling.
    pub auth: Option<SampleAuthorization>,
    /// How the page says that a caller proves who it is: any one of these sets.
    pub security: Vec<Vec<SecurityScheme>>,
    /// Whether the page advises against the call.
    pub deprecated: bool,
}

/// One way to prove who is calling.
#[derive(Debug, Clone, PartialEq)]
pub struct SecurityScheme {
    /// What the page calls it, or what it is called after its header.
    pub name: String,
    /// A security scheme object of OpenAPI 3.0.
    pub scheme: Value,
    /// Where it was seen.
    pub line: u32,
}

/// An HTTP method that OpenAPI 3.0 can describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
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
    /// Reads a name in any case.
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

    /// The name in lower case, as an OpenAPI path item has it.
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

    /// Whether a call of this kind usually has a body.
    pub(crate) fn has_body(self) -> bool {
        matches!(self, Self::Put | Self::Post | Self::Patch)
    }
}

/// How a call proves who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleAuthorization {
    /// The scheme of the `Authorization` header in lower case (`bearer`, `basic`).
    pub scheme: String,
    /// Where it was seen.
    pub line: u32,
}

/// Where a parameter stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ParameterLocation {
    Path,
    Query,
    Header,
    Cookie,
}

impl ParameterLocation {
    /// The word that OpenAPI has for it.
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
    /// Where it stands in a request.
    pub place: ParameterLocation,
    /// Its name and what is said of it.
    pub field: FieldSpec,
    /// Values seen in samples, decoded.
    pub samples: Vec<SampleValue>,
    /// Where its schema comes from.
    pub schema: SchemaSource,
}

/// A value of a parameter in a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleValue {
    /// Its line.
    pub line: u32,
    /// The decoded text.
    pub text: String,
}

/// What a table (or a form, or a list) says of one field.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FieldSpec {
    /// The name; a nested field may be written `outer.inner`.
    pub name: String,
    /// The row, or the line of the sample where only that shows the field.
    pub line: u32,
    /// The type in the words of the page.
    pub type_name: Option<String>,
    /// Whether the page calls it required; absent if the page does not say.
    pub required: Option<bool>,
    /// Longest value, in characters.
    pub max_length: Option<u64>,
    /// The only value it takes.
    pub fixed: Option<String>,
    /// What it means.
    pub description: Option<String>,
}

/// What is sent with a request.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestBody {
    /// Its line.
    pub line: u32,
    /// Whether the page calls the body required; absent if the page does not say.
    pub required: Option<bool>,
    /// One entry a media type.
    pub contents: Vec<BodyContent>,
}

/// A response of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiResponse {
    /// Its line.
    pub line: u32,
    /// `200`, `4XX` or `default`.
    pub status: String,
    /// The name beside the status (`Success`), as printed.
    pub name: String,
    /// What tells it from another response of the same status (`Error` in `x-200:Error`).
    pub label: Option<String>,
    /// One entry a media type.
    pub contents: Vec<BodyContent>,
    /// Headers of the response.
    pub headers: Vec<FieldSpec>,
}

/// A body in one media type.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyContent {
    /// Its line.
    pub line: u32,
    /// The media type, without parameters.
    pub media_type: String,
    /// Where the schema comes from.
    pub schema: SchemaSource,
    /// Rows of tables, and fields of a form.
    pub fields: Vec<FieldSpec>,
    /// Examples in the order of the page.
    pub examples: Vec<BodyExample>,
}

/// Where a schema comes from.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum SchemaSource {
    /// The page has none: it is inferred from examples and fields.
    #[default]
    Inferred,
    /// The page has it: an OpenAPI 3.0 schema object, which may refer to [`Page::schemas`].
    Documented(Value),
}

/// An example of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyExample {
    /// Its line.
    pub line: u32,
    /// The name that the page gives it.
    pub name: Option<String>,
    /// What it shows; text that is no JSON is a string.
    pub value: JsonNode,
    /// Whether its end is missing.
    pub cut: bool,
}
