//! What stands on a page, section by section, before its tables are read.

use super::curl::Curl;
use super::marker::BodyHead;
use super::table::Table;
use crate::page::{BodyExample, FieldSpec, ParameterLocation};

/// What the sections of a page hold. Tables are found but not read: names that samples show help with that.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    /// Lines of the free text.
    pub(crate) text: Vec<String>,
    /// Tables in the free text, each with the number of text lines above it.
    pub(crate) text_tables: Vec<(Table, usize)>,
    pub(crate) params: Vec<(ParameterLocation, Rows)>,
    pub(crate) body: Option<RawBody>,
    pub(crate) curl: Option<Curl>,
    pub(crate) responses: Vec<RawResponse>,
}

/// Fields of one place: a table, or a field that the site lists.
#[derive(Debug)]
pub(crate) enum Rows {
    Table(Table),
    FieldSpec(FieldSpec),
}

/// The body section.
#[derive(Debug)]
pub(crate) struct RawBody {
    pub(crate) line: u32,
    /// Whether the page has the heading; an example alone may stand below `Request`.
    pub(crate) head: BodyHead,
    pub(crate) rows: Vec<Rows>,
    pub(crate) examples: Vec<BodyExample>,
}

/// One response.
#[derive(Debug)]
pub(crate) struct RawResponse {
    pub(crate) line: u32,
    pub(crate) status: String,
    pub(crate) name: String,
    pub(crate) media_type: Option<String>,
    pub(crate) rows: Vec<Rows>,
    pub(crate) headers: Vec<Rows>,
    pub(crate) examples: Vec<BodyExample>,
}

/// Whether examples of a media type are JSON. Without one they are until they prove not to be.
pub(crate) fn is_json(media_type: Option<&str>) -> bool {
    media_type.is_none_or(|media| {
        media == "application/json" || media.ends_with("+json") || media == "*/*"
    })
}
