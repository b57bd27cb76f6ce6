//! A page of a site: as its list names it, and as it was fetched.

use std::collections::BTreeSet;

use super::super::lock::Kind;

/// A page as the list of a site names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its id: digits and `e0`, `m0` or `f0`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Titles of the folders above it, outermost first.
    pub folder: Vec<String>,
    /// Where people read it.
    pub address: String,
    /// Where it is fetched.
    pub source: String,
}

/// The pages that a site lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Listing {
    /// In the order of the list, each id once.
    pub pages: Vec<Listed>,
    /// What the list has besides pages, with a count: kinds of nodes, or links that are no pages.
    pub others: Vec<(String, usize)>,
}

/// A page that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// As it was listed.
    pub listed: Listed,
    /// Its title as the page has it, else as it was listed.
    pub title: String,
    /// API page or guide.
    pub kind: Kind,
    /// Method (capital letters) and path of an API page, as far as it tells them.
    pub call: Option<(String, String)>,
    /// Titles of the folders above it, where its text tells them.
    pub folder: Vec<String>,
    /// `yyyy-MM-dd HH:mm:ss`, where it tells when it was changed.
    pub modified: Option<String>,
    /// What is stored.
    pub content: Vec<u8>,
    /// Names of members that are not stored, for they change without the page.
    pub left_out: BTreeSet<&'static str>,
}
