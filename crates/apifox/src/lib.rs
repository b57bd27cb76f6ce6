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
//! # Forms
//!
//! A page comes in one of three [forms](Form), told by how its text begins:
//!
//! - *published*: the JSON that the site's own pages are drawn from, as the site answers it. Its references lead to
//!   `definitions` that it brings, or to the project's list of schemas by number: see [`SchemaList`] and
//!   [`parse_page_with`]. The folder path, which the site's navigation has and not the page, may be added as a member
//!   `x-apifox-folder` (`a/b/c`).
//! - *Markdown*: `# title`, and for an API page the heading `## OpenAPI Specification` and a block of YAML.
//! - *rendered*: the text that a browser shows.
//!
//! The three forms of one page give the same operation, as far as each can say it: a published page names no
//! server, a twin has no date, and only the two forms with schemas tell enumerated values, limits, deprecation and
//! security schemes.
//!
//! # Schemas of a page
//!
//! What a page brings counts; inference fills in where it brings nothing, or an object of which it tells nothing.
//! Schemas become those of OpenAPI 3.0: lists of types, `const`, `examples` and other words of 3.1 are rewritten,
//! `x-apifox-orders` orders the properties and `x-apifox-refs` merges property sets in, a title stands in for a
//! missing description, texts become numbers and booleans where the type asks for them, mock hints and places for
//! values (`{{token}}`) go, enumerated values lose blanks and the prose behind them. What is lost otherwise is said.
//! A missing schema is said, and anything may stand there: an object that lacks a property set is not closed, and values of
//! which one cannot be read are not taken as the only ones. An example that does not fit the schema of its page is
//! left out with a warning. Headers that prove who is calling become security schemes.
//!
//! Names become legal (`Page«Order»` is `PageOfOrder`) when the document is written. The same component on several
//! pages must be the same: a contradiction is an error that names both.
//!
//! # What is inferred
//!
//! A rendered page has no schemas. They are inferred from its examples (types, and the formats `decimal`,
//! `date`, `date-time`, `date-time-local`, `uuid`, `email`, `uri`) and from its tables (required fields,
//! longest values, fixed values, descriptions). No example makes a field required. Several examples are
//! merged; two places that contradict each other are an error that names both. Objects become components
//! of their own, named after the title of the page and the members that lead to them.
//! Several answers of one status on a page are one where none has a schema and they agree, as several examples are; the
//! rest become a `oneOf`.
//!
//! Numbers keep their digits.
//!
//! # Limits
//!
//! A page may have 16 MiB, its examples 200,000 values on 100 levels, a YAML block as many with its aliases
//! resolved, and schemas 40 levels. Beyond that there is a message, never a panic; the time is linear in the size
//! of the page, and in the number of pages.
//!
//! # Markers
//!
//! Members whose names begin with `x-apifox-` say where something comes from: `x-apifox-at` (file and
//! line), `x-apifox-pages` (keys), `x-apifox-modified`, `x-apifox-status`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod assemble;
mod form;
mod given;
mod infer;
mod json;
mod markdown;
mod message;
mod names;
mod page;
mod published;
mod rendered;
mod types;
pub mod yaml;

pub use assemble::{AssembledDocument, DocumentInfo, assemble};
pub use form::PageFormat;
pub use json::{JsonField, JsonNode, JsonValue};
pub use message::{Diagnostic, Severity};
pub use page::{
    ApiOperation, ApiParameter, ApiResponse, BodyContent, BodyExample, CaptureNote, FieldSpec,
    HttpMethod, NamedSchema, Page, PageKind, ParameterLocation, RequestBody, SampleAuthorization,
    SampleValue, SchemaSource, SecurityScheme,
};
pub use published::SchemaList;

/// Largest page that is read, in bytes: 16 MiB.
pub const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;

/// Most messages that one page gives.
const MAX_DIAGNOSTICS: usize = 200;

/// A page as it was saved.
#[derive(Debug, Clone, Copy)]
pub struct PageSource<'a> {
    /// What messages call it: the path of its file.
    pub name: &'a str,
    /// Its stable identity: the id of the page, or the stem of the file.
    pub key: &'a str,
    /// What kind of operation it describes.
    pub role: PageRole,
    /// Its content.
    pub text: &'a [u8],
}

/// Which way a call of a page goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PageRole {
    /// The reader of the page calls the API, if the page describes a call at all.
    #[default]
    Auto,
    /// The API calls the reader of the page: a webhook.
    Webhook,
}

/// What came of reading a page.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedPage {
    /// The page; without it there is an error among the messages.
    pub page: Option<Page>,
    /// What there is to say, in the order of the lines.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a page.
///
/// A page that is larger than [`MAX_PAGE_BYTES`], is no UTF-8 text, has no title, or describes a call whose
/// method or path it does not tell, gives no page but an error.
pub fn parse_page(source: &PageSource) -> ParsedPage {
    parse_page_with(source, &SchemaList::default())
}

/// Reads a page whose references lead to the project's list of schemas, if it is a published one.
///
/// A reference that leads nowhere is said, and anything may stand there.
pub fn parse_page_with(source: &PageSource, schemas: &SchemaList) -> ParsedPage {
    let mut diagnostics = Vec::new();
    let size = source.text.len();
    if size > MAX_PAGE_BYTES {
        let message = Diagnostic::error(
            source.name,
            None,
            format!("the page has {size} bytes, the limit is {MAX_PAGE_BYTES} (16 MiB)"),
        );
        diagnostics.push(message.with_help("save the text of the page alone"));
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

/// Keeps a page that is wrong throughout from filling the screen. Errors stay before warnings do.
fn shorten(file: &str, diagnostics: &mut Vec<Diagnostic>) {
    if diagnostics.len() <= MAX_DIAGNOSTICS {
        return;
    }
    let more = diagnostics.len() - MAX_DIAGNOSTICS;
    let lost_error = diagnostics[MAX_DIAGNOSTICS..]
        .iter()
        .any(Diagnostic::is_error);
    diagnostics.truncate(MAX_DIAGNOSTICS);
    let text = format!("{more} more messages on this page are left out");
    diagnostics.push(if lost_error {
        Diagnostic::error(file, None, text)
    } else {
        Diagnostic::warning(file, None, text)
    });
}
