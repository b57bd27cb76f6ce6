use super::curl::Curl;
use super::marker::BodyHead;
use super::table::Table;
use crate::page::{BodyExample, FieldSpec, ParameterLocation};

/// The sections of a page. Tables are found but not parsed yet: names in code samples help to parse
/// them.
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

/// The fields of one section: a table, or a field in the site's own list format.
#[derive(Debug)]
pub(crate) enum Rows {
    Table(Table),
    FieldSpec(FieldSpec),
}

/// The body section.
#[derive(Debug)]
pub(crate) struct RawBody {
    pub(crate) line: u32,
    /// Details of the heading, which is absent if an example follows `Request` directly.
    pub(crate) head: BodyHead,
    pub(crate) rows: Vec<Rows>,
    pub(crate) examples: Vec<BodyExample>,
}

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

/// Returns whether examples of a media type are JSON. Without a media type they are assumed to be
/// JSON.
pub(crate) fn is_json(media_type: Option<&str>) -> bool {
    media_type.is_none_or(|media| {
        media == "application/json" || media.ends_with("+json") || media == "*/*"
    })
}
