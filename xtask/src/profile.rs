//! What one generator alone needs otherwise: overlays of `spec/profiles`, one file a generator, applied to the finished
//! documents. They change how something is said, never what it means.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    overlay::{self, Overlay, OverlayContext, OverlayError, StaleActions},
    publish::format,
};

const FOLDER: &str = "spec/profiles";

/// The document as pages describe it, below the root.
pub const PUBLISHED: &str = "spec/openapi.json";
/// And with what they only name.
pub const SUPERSET: &str = "spec/openapi.provisional.json";

/// A document cannot be written for a generator.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// There is no such profile.
    #[error("{FOLDER}/{name}.yaml: not there; the profiles are: {}", there.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        there: Vec<String>,
    },
    /// The profile is malformed.
    #[error(transparent)]
    Overlay(#[from] OverlayError),
    /// Actions of the profile do nothing any more.
    #[error(transparent)]
    Stale(#[from] StaleActions),
    /// A document cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A document is no JSON.
    #[error("{0}: is not JSON: {1}; run `cargo xtask regen`")]
    NotJson(&'static str, serde_json::Error),
}

/// The profile of the generator `name`.
///
/// # Errors
/// There is none, or it is malformed.
pub fn load(root: &Path, name: &str) -> Result<Overlay, ProfileError> {
    let there = names(root)?;
    if !there.iter().any(|profile| profile == name) {
        return Err(ProfileError::Unknown {
            name: name.to_owned(),
            there,
        });
    }
    let file = format!("{FOLDER}/{name}.yaml");
    let bytes = fs::read(root.join(&file)).map_err(|source| unusable(&file, source))?;
    Ok(overlay::read(&file, &bytes).map_err(|problems| OverlayError { problems })?)
}

/// The generators that have a profile, in the order of their names.
///
/// # Errors
/// The folder cannot be read.
pub fn names(root: &Path) -> Result<Vec<String>, ProfileError> {
    let mut names = Vec::new();
    let entries = fs::read_dir(root.join(FOLDER)).map_err(|source| unusable(FOLDER, source))?;
    for entry in entries {
        let file = entry
            .map_err(|source| unusable(FOLDER, source))?
            .file_name();
        if let Some(name) = file.to_string_lossy().strip_suffix(".yaml") {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn unusable(path: &str, source: io::Error) -> ProfileError {
    ProfileError::File {
        path: path.into(),
        source,
    }
}

/// Applies a profile to the superset: an action that does nothing there is stale.
///
/// # Errors
/// When any action is stale; the document is then as it was.
pub fn apply_to_superset(document: &mut Value, profile: &Overlay) -> Result<(), StaleActions> {
    let profile = std::slice::from_ref(profile);
    overlay::apply(document, profile, &OverlayContext::default()).map(|_| ())
}

/// Applies a profile to the published document, which lacks some of what a profile is made for.
pub fn apply_to_published(document: &mut Value, profile: &Overlay) {
    let profile = std::slice::from_ref(profile);
    overlay::apply_lenient(document, profile, &OverlayContext::default());
}

/// The document of the tree for the generator `name`, as JSON: order and digits are those of the published one.
///
/// # Errors
/// See [`ProfileError`].
pub fn document(root: &Path, name: &str, provisional: bool) -> Result<String, ProfileError> {
    let profile = load(root, name)?;
    let mut superset = read(root, SUPERSET)?;
    // Always, so that a stale action is found whichever of the documents is asked for.
    apply_to_superset(&mut superset, &profile)?;
    if provisional {
        return Ok(format::to_json(&superset));
    }
    let mut published = read(root, PUBLISHED)?;
    apply_to_published(&mut published, &profile);
    Ok(format::to_json(&published))
}

/// [`document`] into a file, whose folder is made.
///
/// # Errors
/// See [`ProfileError`].
pub fn write(root: &Path, name: &str, provisional: bool, to: &Path) -> Result<(), ProfileError> {
    let text = document(root, name, provisional)?;
    let folder = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(to, text))
        .map_err(|source| ProfileError::File {
            path: to.to_path_buf(),
            source,
        })
}

fn read(root: &Path, file: &'static str) -> Result<Value, ProfileError> {
    let text = fs::read_to_string(root.join(file)).map_err(|source| unusable(file, source))?;
    serde_json::from_str(&text).map_err(|error| ProfileError::NotJson(file, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"z": 1.50, "a": {"digits": 12345678901234567890.120}, "gone": 1}"#;

    fn tree(actions: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let put = |file: &str, text: &str| {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put(PUBLISHED, DOCUMENT);
        put(
            SUPERSET,
            &DOCUMENT.replace("\"gone\"", "\"more\": 2, \"gone\""),
        );
        let head = "overlay: 1.0.0\ninfo: {title: t, version: \"1\"}\nactions:\n";
        put("spec/profiles/one.yaml", &format!("{head}{actions}"));
        put(
            "spec/profiles/other.yaml",
            &format!("{head}- {{target: $.a, description: d, remove: true}}"),
        );
        root
    }

    #[test]
    fn one_profile_alone_is_applied_and_digits_and_order_stay() {
        let root = tree(
            "- {target: $.gone, description: d, remove: true}\n\
             - {target: $.more, description: d, update: 3}\n",
        );
        let squeezed = |provisional| {
            let text = document(root.path(), "one", provisional).unwrap();
            text.split_whitespace().collect::<String>()
        };
        let digits = "\"a\":{\"digits\":12345678901234567890.120}";
        assert_eq!(squeezed(false), format!("{{\"z\":1.50,{digits}}}"));
        assert_eq!(
            squeezed(true),
            format!("{{\"z\":1.50,{digits},\"more\":3}}")
        );
    }

    #[test]
    fn a_name_that_is_none_and_an_action_that_does_nothing_are_named() {
        let root = tree("- {target: $.never, description: d, remove: true}");
        for (name, wanted) in [
            (
                "none",
                "spec/profiles/none.yaml: not there; the profiles are: one, other",
            ),
            (
                "one",
                "spec/profiles/one.yaml:4: error: action 1, target `$.never`",
            ),
        ] {
            let error = document(root.path(), name, false).unwrap_err().to_string();
            assert!(error.starts_with(wanted), "{error}");
        }
    }
}
