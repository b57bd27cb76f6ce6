//! Installs tools into folders below `target`, once for each set of pinned versions.
//!
//! An installation ends with a stamp file that holds the pins. A folder without the stamp, or with another one, comes from an
//! interrupted run or from older pins: it is emptied and installed again.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::Path;

use super::Job;
use super::error::JobError;

/// The folder of most tools, relative to the root.
pub(crate) const TOOLS: &str = "target/tools";

const STAMP: &str = "installed.txt";

/// Runs `install` unless `folder`, relative to the root, already holds the versions in `pins`. `install` receives an empty
/// folder.
pub(crate) fn ensure<'a>(
    job: &mut Job<'a>,
    folder: &str,
    pins: &str,
    install: impl FnOnce(&mut Job<'a>) -> Result<(), JobError>,
) -> Result<(), JobError> {
    let tools = job.root.join(TOOLS);
    let folder = job.root.join(folder);
    fs::create_dir_all(&tools)?;
    // Without the lock, two runs in one tree would delete each other's files.
    let _lock = lock(job, &tools.join("lock"))?;
    if is_installed(&folder, pins)? {
        return Ok(());
    }
    super::recreate_folder(&folder)?;
    install(job)?;
    // The stamp is written under another name and renamed, so that a partial stamp cannot exist.
    let mut file = tempfile::NamedTempFile::new_in(&folder)?;
    file.write_all(pins.as_bytes())?;
    file.persist(folder.join(STAMP))
        .map_err(|error| error.error)?;
    Ok(())
}

fn lock(job: &mut Job<'_>, path: &Path) -> io::Result<File> {
    let file = File::create(path)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    writeln!(job.out, "  waiting for another run to install its tools")?;
    job.out.flush()?;
    file.lock()?;
    Ok(file)
}

fn is_installed(folder: &Path, pins: &str) -> io::Result<bool> {
    match fs::read_to_string(folder.join(STAMP)) {
        Ok(stamp) => Ok(stamp == pins),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `ensure` in `root` and counts how often it called `install`.
    fn installs(root: &Path, pins: &str, fail: bool) -> u32 {
        let mut out = Vec::new();
        let mut job = Job::new(root, &mut out);
        let mut times = 0;
        let result = ensure(&mut job, "target/tools/tool", pins, |job| {
            times += 1;
            let folder = job.root.join(TOOLS).join("tool");
            assert_eq!(fs::read_dir(&folder)?.count(), 0, "not empty");
            fs::write(folder.join("half"), "")?;
            if fail {
                return Err(JobError("the network is unreachable".to_owned()));
            }
            Ok(())
        });
        assert_eq!(result.is_err(), fail);
        times
    }

    #[test]
    fn ensure_missing_or_different_stamp_installs_again() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let steps = [
            ("first", "tool 1", false, 1),
            ("already installed", "tool 1", false, 0),
            ("other pins, interrupted", "tool 2", true, 1),
            ("repeated", "tool 2", false, 1),
            ("already installed again", "tool 2", false, 0),
            ("a longer pin", "tool 2 and more", false, 1),
        ];
        for (name, pins, fail, times) in steps {
            assert_eq!(installs(root, pins, fail), times, "{name}");
        }
    }
}
