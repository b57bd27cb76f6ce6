//! Profiles: overlays in `spec/profiles`, one for each generator, applied to the finished documents.
//!
//! A profile changes the notation of a document for one generator, never its meaning.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    overlay::{self, Overlay, OverlayError, OverlayOutcome, StaleActions},
    publish::format,
};

const FOLDER: &str = "spec/profiles";

/// The published document, below the root.
pub const PUBLISHED: &str = "spec/openapi.json";
/// The provisional document, which also has the inferred operations.
pub const SUPERSET: &str = "spec/openapi.provisional.json";

/// The reason why a document cannot be written for a generator.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The profile does not exist.
    #[error("{FOLDER}/{name}.yaml: not found; available profiles: {}", available.join(", "))]
    Unknown {
        /// The requested name.
        name: String,
        /// The existing profiles.
        available: Vec<String>,
    },
    /// The profile is malformed.
    #[error(transparent)]
    Overlay(#[from] OverlayError),
    /// Actions of the profile are stale.
    #[error(transparent)]
    Stale(#[from] StaleActions),
    /// A document cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A document is not JSON.
    #[error("{0}: is not JSON: {1}; run `cargo xtask regen`")]
    NotJson(&'static str, serde_json::Error),
}

/// Reads the profile of the generator `name`.
///
/// # Errors
/// Fails if it does not exist or is malformed.
pub fn load(root: &Path, name: &str) -> Result<Overlay, ProfileError> {
    let available = names(root)?;
    if !available.iter().any(|profile| profile == name) {
        return Err(ProfileError::Unknown {
            name: name.to_owned(),
            available,
        });
    }
    let file = format!("{FOLDER}/{name}.yaml");
    let bytes = fs::read(root.join(&file)).map_err(|source| unusable(&file, source))?;
    Ok(overlay::read(&file, &bytes).map_err(|problems| OverlayError { problems })?)
}

/// Returns the names of the generators that have a profile, sorted.
///
/// # Errors
/// Fails if the folder cannot be read.
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

/// Applies a profile and skips stale actions. The published document lacks some of their targets.
pub fn apply_lenient(document: &mut Value, profile: &Overlay) -> OverlayOutcome {
    overlay::apply_lenient(document, std::slice::from_ref(profile))
}

/// Returns a document of the repository for the generator `name`, as JSON with unchanged order and
/// digits.
///
/// # Errors
/// See [`ProfileError`].
pub fn document(root: &Path, name: &str, provisional: bool) -> Result<String, ProfileError> {
    let profile = load(root, name)?;
    let mut superset = read(root, SUPERSET)?;
    // The profile is applied to the superset in any case, to detect stale actions.
    overlay::apply(&mut superset, std::slice::from_ref(&profile))?;
    if provisional {
        return Ok(format::to_json(&superset));
    }
    let mut published = read(root, PUBLISHED)?;
    apply_lenient(&mut published, &profile);
    Ok(format::to_json(&published))
}

/// Writes [`document`] to a file and creates its folder.
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

/// Reads a document of the repository.
pub(crate) fn read(root: &Path, file: &'static str) -> Result<Value, ProfileError> {
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
    fn one_profile_is_applied_and_digits_and_order_are_kept() {
        let root = tree(
            "- {target: $.gone, description: d, remove: true}\n\
             - {target: $.more, description: d, update: 3}\n",
        );
        let without_spaces = |provisional| {
            let text = document(root.path(), "one", provisional).unwrap();
            text.split_whitespace().collect::<String>()
        };
        let digits = "\"a\":{\"digits\":12345678901234567890.120}";
        assert_eq!(without_spaces(false), format!("{{\"z\":1.50,{digits}}}"));
        assert_eq!(
            without_spaces(true),
            format!("{{\"z\":1.50,{digits},\"more\":3}}")
        );
    }

    #[test]
    fn unknown_profile_and_stale_action_are_rejected() {
        let root = tree("- {target: $.never, description: d, remove: true}");
        for (name, expected) in [
            (
                "none",
                "spec/profiles/none.yaml: not found; available profiles: one, other",
            ),
            (
                "one",
                "spec/profiles/one.yaml:4: error: action 1, target `$.never`",
            ),
        ] {
            let error = document(root.path(), name, false).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
