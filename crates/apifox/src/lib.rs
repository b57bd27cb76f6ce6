//! Reads the pages of an Apifox documentation site and assembles an OpenAPI document from them.
//!
//! ```
//! let text = "\
//! 1. Orders
//! Harbour Books
//!
//! Get Order
//!
//! GET
//! /orders/{id}
//!
//! Responses
//!
//! 200Success
//! application/json
//!
//! Example
//! {\"id\": 7, \"price\": \"12.50\", \"ordered\": \"2026-01-02\"}
//! ";
//! let source = apifox::PageSource {
//!     name: "docs/get-order.txt",
//!     key: "get-order",
//!     role: apifox::PageRole::Auto,
//!     text: text.as_bytes(),
//! };
//! let parsed = apifox::parse_page(&source);
//! assert!(parsed.diagnostics.is_empty());
//!
//! let info = apifox::DocumentInfo {
//!     title: "Harbour Books".to_owned(),
//!     version: "1.0.0".to_owned(),
//!     description: None,
//! };
//! let pages: Vec<_> = parsed.page.into_iter().collect();
//! let document = apifox::assemble(&pages, &info).document;
//! let price = &document["components"]["schemas"]["GetOrderResponse"]["properties"]["price"];
//! assert_eq!(price["format"], "decimal");
//! ```
//!
//! # Page formats
//!
//! A page has one of three [formats](PageFormat), which is detected by the start of its text. An OpenAPI export of a
//! whole project is a file of many pages: see [`parse_pages`].
//!
//! | Format | Starts with | What is read | What is not read |
//! |---|---|---|---|
//! | published: the JSON from which the site renders its pages | `{` | everything that describes the operation; the folder path only from an added field `x-apifox-folder` (`a/b/c`) | servers, callbacks, mock settings |
//! | Markdown: a title, and a YAML block below `## OpenAPI Specification` | `# ` | everything that describes the operation, with `style`, `explode` and callbacks | links, external documentation, the date |
//! | rendered: the text that a browser shows | any other text | what its layout shows, see below | what its layout does not show |
//! | export: OpenAPI 3.0 or 3.1, JSON or YAML | a field `openapi` | each operation and webhook, with the components that it refers to; servers of the operation, else of its path | links, references of a whole path; Swagger 2.0 is an error |
//!
//! References of a published page lead to `definitions` on the page, or by number to the project's schema list: see
//! [`SchemaList`].
//!
//! | Layout of a rendered page | Shows | What is read | What is not read |
//! |---|---|---|---|
//! | current, with lists of fields | `🟢200Success` | the type, flag, description, examples, default, enumerated values, limits, pattern and format of each nested field; authentication | alternatives (`One of:`): any value is accepted; the fields of a folded object, unless the example shows them |
//! | current, with samples above the parameters | `Request Example` twice on a line | the same | the same |
//! | 2022 to 2024 | `Success(200)`, `HTTP Code: 200` | the same; an age (`8 months ago`) is reported instead of the date | the same |
//! | compact view | headings without lists | examples, and names and values in the code sample | types and flags that no line shows |
//! | text of an extractor | joined lines (`}Request Code Samples`) or divided ones (`HTTP Code`, `: 200`) | method, path, examples, code sample, lists whose cells are on a line each | lists whose cells are joined and have no flag |
//!
//! The labels of the site are known in English, Simplified Chinese, Traditional Chinese and Japanese. A page in another
//! language with a method, a code sample or headings that cannot be read is an error. [`explain`] returns the use of each
//! line of a page.
//!
//! The formats of one page result in the same operation, except for the parts that a format cannot express.
//!
//! # Assumptions
//!
//! | The page | Diagnostic | Result |
//! |---|---|---|
//! | has no title | `the page has no title` | no `summary` |
//! | shows a response without a status | `the response has no status line; status 200 is assumed` | a response 200 |
//! | shows a body without a media type or an example | `the media type of the body is unknown; application/json is assumed` | a JSON body |
//! | shows fields after an object, without an example, numbers of fields or indentation | `the page does not show which object contains` … | fields of that object |
//! | shows the path only in a code sample, with digits | … `in the path may be a value` | a path without parameters |
//! | shows a stream of events as an example | `the example is a stream of events, not JSON; it is left out` | no schema from this example |
//! | has a heading or a method of an operation, but no operation | `the page describes no operation that can be read, although` … (an error) | a guide |
//! | has a line in a section that is no known element | … `is not understood and is ignored` | the line is left out |
//! | has a reference without a target | `the reference` … `leads to no component of the document; it is left out` | the element is left out |
//!
//! # Schemas of a page
//!
//! A schema on a page takes precedence. A schema is inferred only if the page has none, or specifies only the type object.
//! Schemas are converted to OpenAPI 3.0:
//!
//! - Lists of types, `const`, `examples` and other keywords of OpenAPI 3.1 are rewritten.
//! - `x-apifox-orders` orders the properties, and `x-apifox-refs` merges property sets.
//! - A title replaces a missing description.
//! - Strings become numbers and booleans if the type requires it.
//! - Mock hints and placeholders (`{{token}}`) are removed.
//! - Enumerated values lose surrounding whitespace and the descriptions after them.
//!
//! Any other loss is reported. A missing schema accepts any value; an object that lacks a property set is not closed; a
//! list with an unreadable enumerated value does not restrict the value. An example that does not match the schema of
//! its page is left out with a warning. Authentication headers become security schemes.
//!
//! Component names are made legal when the document is written (`Page«Order»` becomes `PageOfOrder`). The same component
//! on several pages must be equal: a conflict is an error that names both pages.
//!
//! # Inference
//!
//! The schemas of a rendered page are inferred from its examples (types, and the formats `decimal`, `date`, `date-time`,
//! `date-time-local`, `uuid`, `email`, `uri`) and from its tables (required fields, maximum lengths, fixed values,
//! descriptions). An example never makes a field required. Several examples are merged; two places that contradict each
//! other are an error that names both. Objects become components that are named after the title of the page and the
//! fields that lead to them. Several responses with one status are merged if they have no schemas and do not conflict;
//! otherwise they become a `oneOf`.
//!
//! Numbers keep their digits.
//!
//! # Limits
//!
//! A page may have 16 MiB, examples with 200,000 values on 100 levels, a YAML block of the same size after its aliases
//! are expanded, and schemas of 40 levels. An export and a schema list may have 2,000,000 values. Beyond that there is a diagnostic, never a panic. The time is linear in the
//! size of a page and in the number of pages.
//!
//! # Extensions in the document
//!
//! Fields that start with `x-apifox-` record the origin: `x-apifox-at` (file and line), `x-apifox-pages` (keys),
//! `x-apifox-modified`, `x-apifox-status`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod assemble;
mod diagnostic;
mod explain;
mod export;
mod infer;
mod json;
mod markdown;
mod names;
mod page;
mod published;
mod rendered;
mod schema_import;
mod type_names;
pub mod yaml;

pub use assemble::{AssembledDocument, DocumentInfo, assemble};
pub use diagnostic::{Diagnostic, Severity};
pub use explain::{ExplainedLine, LineUse, explain};
pub use json::{JsonField, JsonNode, JsonValue};
pub use page::{
    ApiOperation, ApiParameter, ApiResponse, BodyContent, BodyExample, CaptureNote, FieldDetails,
    FieldSpec, HttpMethod, NamedSchema, Page, PageFormat, PageKind, ParameterLocation, RequestBody,
    SampleAuthorization, SampleValue, SchemaSource, SecurityScheme,
};
pub use published::SchemaList;
pub use schema_import::percent_decoded;

/// Largest page that is parsed, in bytes: 16 MiB.
pub const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;

/// Largest number of diagnostics that one page returns.
const MAX_DIAGNOSTICS: usize = 200;

/// A saved page.
#[derive(Debug, Clone, Copy)]
pub struct PageSource<'a> {
    /// The path of its file, as diagnostics print it.
    pub name: &'a str,
    /// A stable identifier: the id of the page, or the stem of its file name.
    pub key: &'a str,
    /// Whether the page describes a webhook.
    pub role: PageRole,
    /// The bytes of the file.
    pub text: &'a [u8],
}

/// The direction of the call that a page describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PageRole {
    /// The reader of the page calls the API, if the page describes an operation at all.
    #[default]
    Auto,
    /// The API calls the reader of the page: a webhook.
    Webhook,
}

/// The result of parsing a page.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedPage {
    /// The page. If it is absent, the diagnostics contain an error.
    pub page: Option<Page>,
    /// Errors and warnings, ordered by line.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses a page.
///
/// Returns a diagnostic of severity error and no page if the text is larger than [`MAX_PAGE_BYTES`], is not UTF-8, has no
/// title, or describes an operation without a method or path.
pub fn parse_page(source: &PageSource) -> ParsedPage {
    parse_page_with(source, &SchemaList::default())
}

/// Parses a page whose references may lead to the project's schema list, if it is a published page.
///
/// A reference without a target is reported as a warning, and its schema accepts any value.
pub fn parse_page_with(source: &PageSource, schemas: &SchemaList) -> ParsedPage {
    let mut diagnostics = Vec::new();
    let size = source.text.len();
    if size > MAX_PAGE_BYTES {
        let message = Diagnostic::error(
            source.name,
            None,
            format!("the page has {size} bytes; the limit is {MAX_PAGE_BYTES} (16 MiB)"),
        );
        diagnostics.push(message.with_help("save only the text of the page"));
        return ParsedPage {
            page: None,
            diagnostics,
        };
    }
    if export::is_export(source.text) {
        let message = Diagnostic::error(
            source.name,
            None,
            "the file is an OpenAPI export, which describes many pages",
        );
        diagnostics.push(
            message.with_help("import it with `cargo xtask docs import`, or add single pages"),
        );
        return ParsedPage {
            page: None,
            diagnostics,
        };
    }
    let page = match PageFormat::detect(source.text) {
        PageFormat::Rendered => rendered::read(source, &mut diagnostics),
        PageFormat::Markdown => markdown::read(source, &mut diagnostics),
        PageFormat::Published => published::read(source, schemas, &mut diagnostics),
    };
    diagnostics.sort_by_key(|message| message.line);
    shorten(source.name, &mut diagnostics);
    ParsedPage { page, diagnostics }
}

/// The result of parsing a file that may contain several pages.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedPages {
    /// The pages. If the list is empty, the diagnostics contain an error.
    pub pages: Vec<Page>,
    /// Errors and warnings, ordered by line.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses a page, or an OpenAPI export of a project, whose operations become a page each.
pub fn parse_pages(source: &PageSource, schemas: &SchemaList) -> ParsedPages {
    if source.text.len() > MAX_PAGE_BYTES || !export::is_export(source.text) {
        let parsed = parse_page_with(source, schemas);
        return ParsedPages {
            pages: parsed.page.into_iter().collect(),
            diagnostics: parsed.diagnostics,
        };
    }
    let mut diagnostics = Vec::new();
    let pages = export::read(source, &mut diagnostics);
    diagnostics.sort_by_key(|message| message.line);
    shorten(source.name, &mut diagnostics);
    ParsedPages { pages, diagnostics }
}

/// Limits the diagnostics of one page. If an error is among those left out, the summary is an
/// error.
fn shorten(file: &str, diagnostics: &mut Vec<Diagnostic>) {
    if diagnostics.len() <= MAX_DIAGNOSTICS {
        return;
    }
    let more = diagnostics.len() - MAX_DIAGNOSTICS;
    let lost_error = diagnostics[MAX_DIAGNOSTICS..]
        .iter()
        .any(Diagnostic::is_error);
    diagnostics.truncate(MAX_DIAGNOSTICS);
    let text = format!("{more} more diagnostics of this page are left out");
    diagnostics.push(if lost_error {
        Diagnostic::error(file, None, text)
    } else {
        Diagnostic::warning(file, None, text)
    });
}
