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
//! let source = apifox::Source {
//!     name: "docs/get-order.txt",
//!     key: "get-order",
//!     role: apifox::Role::Auto,
//!     text: text.as_bytes(),
//! };
//! let read = apifox::read(&source);
//! assert!(read.messages.is_empty());
//!
//! let info = apifox::Info {
//!     title: "Harbour Books".to_owned(),
//!     version: "1.0.0".to_owned(),
//!     description: None,
//! };
//! let pages: Vec<_> = read.page.into_iter().collect();
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
//!   [`read_with`]. The folder path, which the site's navigation has and not the page, may be added as a member
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

pub use assemble::{Assembly, Info, assemble};
pub use form::Form;
pub use json::{Json, Member, Node};
pub use message::{Message, Severity};
pub use page::{
    Auth, Body, Content, Example, Field, Kind, Method, NamedSchema, Note, Operation, Page,
    Parameter, Place, Response, Sample, Schema, Security,
};
pub use published::SchemaList;

/// Largest page that is read, in bytes: 16 MiB.
pub const LARGEST_PAGE: usize = 16 * 1024 * 1024;

/// Most messages that one page gives.
const MOST_MESSAGES: usize = 200;

/// A page as it was saved.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// What messages call it: the path of its file.
    pub name: &'a str,
    /// Its stable identity: the id of the page, or the stem of the file.
    pub key: &'a str,
    /// What kind of operation it describes.
    pub role: Role,
    /// Its content.
    pub text: &'a [u8],
}

/// Which way a call of a page goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// The reader of the page calls the API, if the page describes a call at all.
    #[default]
    Auto,
    /// The API calls the reader of the page: a webhook.
    Receiver,
}

/// What came of reading a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The page; without it there is an error among the messages.
    pub page: Option<Page>,
    /// What there is to say, in the order of the lines.
    pub messages: Vec<Message>,
}

/// Reads a page.
///
/// A page that is larger than [`LARGEST_PAGE`], is no UTF-8 text, has no title, or describes a call whose
/// method or path it does not tell, gives no page but an error.
pub fn read(source: &Source) -> Read {
    read_with(source, &SchemaList::default())
}

/// Reads a page whose references lead to the project's list of schemas, if it is a published one.
///
/// A reference that leads nowhere is said, and anything may stand there.
pub fn read_with(source: &Source, schemas: &SchemaList) -> Read {
    let mut messages = Vec::new();
    let size = source.text.len();
    if size > LARGEST_PAGE {
        let message = Message::error(
            source.name,
            None,
            format!("the page has {size} bytes, the limit is {LARGEST_PAGE} (16 MiB)"),
        );
        messages.push(message.with_help("save the text of the page alone"));
        return Read {
            page: None,
            messages,
        };
    }
    let page = match Form::of(source.text) {
        Form::Rendered => rendered::read(source, &mut messages),
        Form::Markdown => markdown::read(source, &mut messages),
        Form::Published => published::read(source, schemas, &mut messages),
    };
    messages.sort_by_key(|message| message.line);
    shorten(source.name, &mut messages);
    Read { page, messages }
}

/// Keeps a page that is wrong throughout from filling the screen. Errors stay before warnings do.
fn shorten(file: &str, messages: &mut Vec<Message>) {
    if messages.len() <= MOST_MESSAGES {
        return;
    }
    let more = messages.len() - MOST_MESSAGES;
    let lost_error = messages[MOST_MESSAGES..].iter().any(Message::is_error);
    messages.truncate(MOST_MESSAGES);
    let text = format!("{more} more messages on this page are left out");
    messages.push(if lost_error {
        Message::error(file, None, text)
    } else {
        Message::warning(file, None, text)
    });
}
