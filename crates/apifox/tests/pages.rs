//! The parsed form of each fixture page.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

mod support;

use support::{outline, read, stems};

#[test]
fn every_fixture_page_has_its_snapshot() {
    let stems = stems();
    assert!(stems.len() >= 15, "{stems:?}");
    for stem in stems {
        insta::assert_snapshot!(stem.as_str(), outline(&read(&stem)));
    }
}
