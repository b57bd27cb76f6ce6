//! `cargo xtask docs prune`: deletes the stand-ins whose pages are captured.

use std::{collections::BTreeMap, fs, io, path::Path};

use crate::{
    output_files::{OutputError, OutputFiles},
    overlay::{self, OverlayError, SupersededStandIn},
    regen::{self, RegenError},
};

/// The reason why nothing was deleted.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// The stand-ins cannot be compared with the captures.
    #[error(transparent)]
    Regen(#[from] Box<RegenError>),
    /// An overlay would be malformed without its stand-ins.
    #[error(transparent)]
    Overlay(#[from] OverlayError),
    /// An overlay cannot be read.
    #[error("{file}: cannot be read: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// The cause.
        source: io::Error,
    },
    /// The overlays cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// No captured page supersedes a stand-in for this page.
    #[error(
        "no superseded stand-in has the page {0:?}\n  help: `cargo xtask regen` lists them, such as \"Trade / Get Trade List\""
    )]
    UnknownPage(String),
}

/// Deletes the superseded stand-ins of `pages` from the overlays, or all of them if `pages` is empty, and the overlays that are
/// empty without them. Returns the stand-ins.
///
/// # Errors
/// Fails if `regen` fails, if a page has no superseded stand-in, or if a file cannot be read or written; nothing is changed then.
pub fn prune(root: &Path, pages: &[String]) -> Result<Vec<SupersededStandIn>, PruneError> {
    let mut superseded = regen::build(root).map_err(Box::new)?.superseded;
    let is_superseded = |page: &&String| superseded.iter().any(|it| it.page == **page);
    if let Some(unknown) = pages.iter().find(|page| !is_superseded(page)) {
        return Err(PruneError::UnknownPage(unknown.clone()));
    }
    superseded.retain(|it| pages.is_empty() || pages.contains(&it.page));
    let mut lines: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for stand_in in &superseded {
        let of_file = lines.entry(&stand_in.file).or_default();
        of_file.extend(&stand_in.lines);
    }
    let mut outputs = OutputFiles::default();
    for (file, lines) in lines {
        let text =
            fs::read_to_string(root.join(file)).map_err(|source| PruneError::Unreadable {
                file: file.to_owned(),
                source,
            })?;
        let overlay = read(file, &text)?;
        let starts: Vec<u32> = overlay.actions.iter().map(|action| action.line).collect();
        if starts.iter().all(|start| lines.contains(start)) {
            outputs.remove(file);
            continue;
        }
        let rest = without(&text, &starts, &lines);
        read(file, &rest)?;
        outputs.add(file, rest);
    }
    outputs.write(root)?;
    Ok(superseded)
}

fn read(file: &str, text: &str) -> Result<overlay::Overlay, OverlayError> {
    overlay::read(file, text.as_bytes()).map_err(|problems| OverlayError { problems })
}

/// Returns the text without the actions that start at these lines. The comments and empty lines directly above an action
/// belong to it.
fn without(text: &str, starts: &[u32], removed: &[u32]) -> String {
    let mut rest = String::new();
    // The comments and empty lines since the last other line.
    let mut above = String::new();
    let mut is_removed = false;
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            above.push_str(line);
            continue;
        }
        let above = std::mem::take(&mut above);
        if starts.contains(&number) {
            is_removed = removed.contains(&number);
        }
        if !is_removed {
            rest.push_str(&above);
            rest.push_str(line);
        }
    }
    // Comments at the end of the file are about none of the actions.
    rest + &above
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comment_above_an_action_is_removed_or_kept_with_the_action() {
        let text = "actions:\n  # on a\n  - a\n    1\n\n  # on b\n  - b\n    2\n# end\n";
        for (removed, expected) in [
            (vec![3], "actions:\n\n  # on b\n  - b\n    2\n# end\n"),
            (vec![7], "actions:\n  # on a\n  - a\n    1\n# end\n"),
        ] {
            assert_eq!(without(text, &[3, 7], &removed), expected, "{removed:?}");
        }
    }

    #[test]
    fn removed_actions_leave_the_others_unchanged() {
        let text = "head\nactions:\n  - a\n    1\n  - b\n    2\n  - c\n";
        for (removed, expected) in [
            (vec![3], "head\nactions:\n  - b\n    2\n  - c\n"),
            (vec![5, 7], "head\nactions:\n  - a\n    1\n"),
            (vec![], text),
        ] {
            assert_eq!(without(text, &[3, 5, 7], &removed), expected, "{removed:?}");
        }
    }
}
