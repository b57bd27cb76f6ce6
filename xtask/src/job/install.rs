//! Folders below `target` with what is installed once for each set of pinned versions.
//!
//! The last thing that an installation writes is its stamp, the text of what was wanted. A folder
//! without the stamp, or with another text, is from an interrupted run or from older pins: it is
//! emptied and installed anew.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::Path;

use super::Job;
use super::stop::Stop;

/// Where most go, relative to the root, each in a folder of its own.
pub(crate) const TOOLS: &str = "target/tools";

const STAMP: &str = "installed.txt";

/// Makes sure that `folder`, relative to the root, holds what `wanted` pins, with `install` where it
/// doesn't; `install` finds the folder there and empty.
pub(crate) fn ensure<'a>(
    job: &mut Job<'a>,
    folder: &str,
    wanted: &str,
    install: impl FnOnce(&mut Job<'a>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let tools = job.root.join(TOOLS);
    let folder = job.root.join(folder);
    fs::create_dir_all(&tools)?;
    // Two runs in one tree would empty the folder under each other. Freed when it goes away.
    let _lock = lock(job, &tools.join("lock"))?;
    if is_installed(&folder, wanted)? {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    install(job)?;
    stamp(&folder, wanted)?;
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

fn is_installed(folder: &Path, wanted: &str) -> io::Result<bool> {
    match fs::read_to_string(folder.join(STAMP)) {
        Ok(found) => Ok(found == wanted),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Written beside and moved into place: half a stamp is none.
fn stamp(folder: &Path, wanted: &str) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(wanted.as_bytes())?;
    file.persist(folder.join(STAMP))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `ensure` in `root`; how often it installed.
    fn installs(root: &Path, wanted: &str, fail: bool) -> u32 {
        let mut out = Vec::new();
        let mut job = Job::new(root, &mut out);
        let mut times = 0;
        let result = ensure(&mut job, "target/tools/tool", wanted, |job| {
            times += 1;
            let folder = job.root.join(TOOLS).join("tool");
            assert_eq!(fs::read_dir(&folder)?.count(), 0, "not empty");
            fs::write(folder.join("half"), "")?;
            if fail {
                return Err(Stop("the network went away".to_owned()));
            }
            Ok(())
        });
        assert_eq!(result.is_err(), fail);
        times
    }

    #[test]
    fn a_tool_is_installed_when_its_stamp_is_missing_or_another() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let steps = [
            ("first", "tool 1", false, 1),
            ("there already", "tool 1", false, 0),
            ("other pins, interrupted", "tool 2", true, 1),
            ("redone", "tool 2", false, 1),
            ("there again", "tool 2", false, 0),
            ("a longer pin", "tool 2 and more", false, 1),
        ];
        for (name, wanted, fail, times) in steps {
            assert_eq!(installs(root, wanted, fail), times, "{name}");
        }
    }
}
