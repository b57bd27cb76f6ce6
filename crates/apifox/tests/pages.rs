//! Snapshots of the parsed fixture pages.

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
fn fixture_pages_parse_to_their_snapshots() {
    let stems = stems();
    assert!(stems.len() >= 15, "{stems:?}");
    for stem in stems {
        insta::assert_snapshot!(stem.as_str(), outline(&read(&stem)));
    }
}
