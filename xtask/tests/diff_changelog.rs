//! What `regen` writes of the changes since the last release.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use xtask::{diff::changelog, output_files::FileState, regen};

/// The tree that `regen` reads, in a folder that goes with the value.
fn copy_of_tree() -> tempfile::TempDir {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let copy = tempfile::tempdir().unwrap();
    let mut open = vec![PathBuf::from("spec"), "crates/stablelink-api/src".into()];
    while let Some(folder) = open.pop() {
        fs::create_dir_all(copy.path().join(&folder)).unwrap();
        for entry in fs::read_dir(root.join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            if root.join(&path).is_dir() {
                open.push(path);
            } else {
                fs::copy(root.join(&path), copy.path().join(&path)).unwrap();
            }
        }
    }
    copy
}

#[test]
fn regen_tells_what_changed_since_the_last_release_and_a_second_run_changes_nothing() {
    let copy = copy_of_tree();
    let root = copy.path();
    let run = || {
        regen::build(root).unwrap().outputs.write(root).unwrap();
        fs::read_to_string(root.join(changelog::FILE)).unwrap()
    };
    // As if the docs had lost a field since: the last release has one more.
    let path = root.join(changelog::BASELINE);
    let mut baseline: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    baseline["components"]["schemas"]["ExchangeRate"]["properties"]["lost"] =
        json!({"type": "string"});
    fs::write(&path, baseline.to_string()).unwrap();

    let first = run();
    let line = "  - `ExchangeRate.lost` (received): field removed.";
    assert_eq!(first.matches(line).count(), 1, "{first}");
    assert!(
        first.contains(
            "- `POST /trade/exchange-rate` (spec/docs/421876920e0-get-exchange-rate.txt)"
        ),
        "{first}"
    );
    assert_eq!(run(), first);
    let built = regen::build(root).unwrap();
    let states = built.outputs.compare(root).unwrap();
    assert!(
        states
            .iter()
            .all(|(_, state)| *state == FileState::Unchanged)
    );

    // Taken back before the release, it leaves no line.
    baseline["components"]["schemas"]["ExchangeRate"]["properties"]
        .as_object_mut()
        .unwrap()
        .remove("lost");
    fs::write(&path, baseline.to_string()).unwrap();
    assert!(!run().contains("lost"));

    fs::write(&path, "{").unwrap();
    let error = regen::build(root).unwrap_err().to_string();
    assert!(error.contains("spec/baseline.json"), "{error}");
    // Before the first release there is none.
    fs::remove_file(&path).unwrap();
    assert!(run().contains("Nothing was released yet."));
}
