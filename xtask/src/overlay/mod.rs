//! Applies OpenAPI Overlay 1.0.0 documents to an OpenAPI document.
//!
//! An overlay is YAML with `overlay: 1.0.0`, `info: {title, version}` and `actions`. Each action has a
//! `target` (JSONPath), a `description` (the reason, required here) and either `update` or
//! `remove: true`. An action is stale if it matches nothing, changes nothing, or would replace an object
//! or array by another kind of value. `x-schema-name` in an update renames a component after the actions
//! of the file; equal components may get the same name and are merged.
//!
//! Two fields of an action name a page, by its ID or as `<folder> / <title>`. `x-operation` binds the
//! action to the operation of the page, whatever its path is. `x-stands-in-for` makes the action a
//! stand-in, which has no effect once the page is captured.
//!
//! Read `document` (the file format), then `apply`, which uses `target`, `pages`, `merge` and `rename`.
//! `rename` uses `record_join`.

mod apply;
mod document;
mod merge;
mod pages;
mod record_join;
mod rename;
mod target;

pub use apply::{
    AppliedAction, OverlayOutcome, OverlayTrace, StaleAction, StaleActions, SupersededStandIn,
    apply, apply_lenient, unknown_operations,
};
pub use document::{Overlay, OverlayAction, OverlayChange, OverlayError, OverlayProblem, read};
pub use pages::recognize_retitled_pages;
pub(crate) use pages::{TITLES, operation_of_page, without_pages};
pub use target::Target;

use std::path::Path;

const OVERLAYS: &str = "spec/overlays";
const PROVISIONAL: &str = "spec/overlays/provisional";

/// Reads the overlays of the repository and the provisional ones.
///
/// # Errors
/// Fails like [`load`].
pub fn load_all(root: &Path) -> Result<(Vec<Overlay>, Vec<Overlay>), OverlayError> {
    Ok((
        load(&root.join(OVERLAYS), OVERLAYS)?,
        load(&root.join(PROVISIONAL), PROVISIONAL)?,
    ))
}

/// Reads all `*.yaml` files of a folder, in name order. `name` is the name of the folder in messages
/// and in the trace.
///
/// # Errors
/// Returns all problems of all files. A folder or file that cannot be read is also a problem.
pub fn load(dir: &Path, name: &str) -> Result<Vec<Overlay>, OverlayError> {
    let folder = name.trim_end_matches('/');
    let unreadable = |file: String, error: &std::io::Error| OverlayProblem {
        file,
        line: None,
        text: format!("cannot be read: {error}"),
        help: "check that it exists and is readable".to_owned(),
    };
    let mut names = Vec::new();
    let mut problems = Vec::new();
    match std::fs::read_dir(dir) {
        Ok(entries) => {
            for entry in entries {
                match entry {
                    Ok(entry) => names.push(entry.file_name().to_string_lossy().into_owned()),
                    Err(error) => problems.push(unreadable(folder.to_owned(), &error)),
                }
            }
        }
        Err(error) => problems.push(unreadable(folder.to_owned(), &error)),
    }
    names.retain(|name| name.ends_with(".yaml"));
    names.sort_unstable();
    let mut overlays = Vec::new();
    for name in names {
        let file = format!("{folder}/{name}");
        match std::fs::read(dir.join(&name)) {
            Ok(bytes) => match read(&file, &bytes) {
                Ok(overlay) => overlays.push(overlay),
                Err(mut found) => problems.append(&mut found),
            },
            Err(error) => problems.push(unreadable(file, &error)),
        }
    }
    if problems.is_empty() {
        Ok(overlays)
    } else {
        Err(OverlayError { problems })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_is_read_in_name_order_with_all_problems() {
        let dir = tempfile::tempdir().unwrap();
        let good = "overlay: 1.0.0\ninfo: {title: t, version: \"1\"}\nactions: [{target: $, description: d, update: {a: 1}}]\n";
        for (name, text) in [("20-b.yaml", good), ("10-a.yaml", good), ("notes.md", "x")] {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let files: Vec<String> = load(dir.path(), "spec/overlays/")
            .unwrap()
            .into_iter()
            .map(|overlay| overlay.file)
            .collect();
        assert_eq!(
            files,
            ["spec/overlays/10-a.yaml", "spec/overlays/20-b.yaml"]
        );

        std::fs::write(dir.path().join("10-a.yaml"), "overlay: [").unwrap();
        std::fs::write(dir.path().join("30-c.yaml"), "").unwrap();
        let error = load(dir.path(), "o").unwrap_err();
        let places: Vec<_> = error
            .problems
            .iter()
            .map(|problem| (problem.file.as_str(), problem.line.is_some()))
            .collect();
        assert_eq!(places, [("o/10-a.yaml", true), ("o/30-c.yaml", false)]);
        assert!(load(&dir.path().join("none"), "none").is_err());
    }
}
