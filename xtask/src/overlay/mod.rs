//! Curation: OpenAPI Overlay 1.0.0 documents, applied strictly to an OpenAPI document.
//!
//! An overlay is YAML with `overlay: 1.0.0`, `info: {title, version}` and `actions`. Each action has a
//! `target` (JSONPath), a `description` (the reason, required here) and either `update` or
//! `remove: true`; `x-stands-in-for` names a page that will make it needless. An action that matches
//! nothing or changes nothing is stale, and so is one that would replace an object or an array by
//! another kind of value. `x-schema-name` in an update renames a component after the file's actions;
//! components that say the same may get one name, and become one.

mod apply;
mod document;
mod merge;
mod problem;
mod rename;
mod scalar;
mod target;
mod yaml;

pub use apply::{AppliedAction, Context, Stale, StaleAction, Trace, apply, apply_lenient};
pub use document::{Action, Change, Overlay, read};
pub use problem::{OverlayError, Problem};
pub use target::Target;

use std::path::Path;

const OVERLAYS: &str = "spec/overlays";
const PROVISIONAL: &str = "spec/overlays/provisional";

/// The overlays of the tree below `root`, and those that are provisional.
///
/// # Errors
/// As [`load`].
pub fn of_tree(root: &Path) -> Result<(Vec<Overlay>, Vec<Overlay>), OverlayError> {
    Ok((
        load_as(&root.join(OVERLAYS), OVERLAYS)?,
        load_as(&root.join(PROVISIONAL), PROVISIONAL)?,
    ))
}

/// Reads all `*.yaml` files of one folder, in name order. Messages and the trace name the files by
/// the path that was given.
///
/// # Errors
/// All problems of all files at once; a folder or file that cannot be read is a problem too.
pub fn load(dir: &Path) -> Result<Vec<Overlay>, OverlayError> {
    load_as(dir, &dir.display().to_string())
}

/// Like [`load`], with another name of the folder for messages and the trace: `spec/overlays` for example.
///
/// # Errors
/// As [`load`].
pub fn load_as(dir: &Path, shown: &str) -> Result<Vec<Overlay>, OverlayError> {
    let shown = shown.trim_end_matches('/');
    let unreadable = |file: String, error: &std::io::Error| Problem {
        file,
        line: None,
        text: format!("this cannot be read: {error}"),
        help: "see that it exists and may be read".to_owned(),
    };
    let mut names = Vec::new();
    let mut problems = Vec::new();
    match std::fs::read_dir(dir) {
        Ok(entries) => {
            for entry in entries {
                match entry {
                    Ok(entry) => names.push(entry.file_name().to_string_lossy().into_owned()),
                    Err(error) => problems.push(unreadable(shown.to_owned(), &error)),
                }
            }
        }
        Err(error) => problems.push(unreadable(shown.to_owned(), &error)),
    }
    names.retain(|name| name.ends_with(".yaml"));
    names.sort_unstable();
    let mut overlays = Vec::new();
    for name in names {
        let file = format!("{shown}/{name}");
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
    fn a_folder_is_read_in_name_order_and_all_problems_are_listed() {
        let dir = tempfile::tempdir().unwrap();
        let good = "overlay: 1.0.0\ninfo: {title: t, version: \"1\"}\nactions: [{target: $, description: d, update: {a: 1}}]\n";
        for (name, text) in [("20-b.yaml", good), ("10-a.yaml", good), ("notes.md", "x")] {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let files: Vec<String> = load_as(dir.path(), "spec/overlays/")
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
        let error = load_as(dir.path(), "o").unwrap_err();
        let places: Vec<_> = error
            .problems
            .iter()
            .map(|problem| (problem.file.as_str(), problem.line.is_some()))
            .collect();
        assert_eq!(places, [("o/10-a.yaml", true), ("o/30-c.yaml", false)]);
        assert!(load(&dir.path().join("none")).is_err());
    }
}
