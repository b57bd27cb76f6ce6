//! The folders of a language below the target: documents, generated code, and a copy of the program where both must stand
//! together.

use std::fs;
use std::path::Path;

use crate::job::stop::Stop;
use crate::profile::{self, ProfileError};

use super::language::Language;

/// The document of the tree, below the root.
pub(super) fn plain(provisional: bool) -> &'static str {
    match provisional {
        false => profile::PUBLISHED,
        true => profile::SUPERSET,
    }
}

/// The document that a language generates from, below the root.
pub(super) fn document(language: Language, provisional: bool) -> String {
    let name = plain(provisional).rsplit('/').next().unwrap_or_default();
    format!("{}/{name}", language.target())
}

/// Writes both documents for `language` as its generator wants them: plain, where it has no profile.
pub(super) fn write_documents(
    root: &Path,
    language: Language,
    generator: &str,
) -> Result<(), Stop> {
    fs::create_dir_all(root.join(language.target()))?;
    for provisional in [false, true] {
        let to = root.join(document(language, provisional));
        match profile::write(root, generator, provisional, &to) {
            Ok(()) => {}
            Err(ProfileError::Unknown { .. }) => {
                fs::copy(root.join(plain(provisional)), to)?;
            }
            Err(error) => return Err(Stop(error.to_string())),
        }
    }
    Ok(())
}

/// Copies files, folder by folder, over those of a run before.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), Stop> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
