//! What is wrong with an overlay file, for the person who wrote it.

use std::fmt;

/// One thing that is wrong with an overlay file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, as it was named by the caller.
    pub file: String,
    /// Line in the file, from 1; none where the whole file is meant.
    pub line: Option<u32>,
    /// What is wrong.
    pub text: String,
    /// What to do about it.
    pub help: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": error: {}\n  help: {}", self.text, self.help)
    }
}

/// Overlay files that could not be read: every problem of every file at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverlayError {
    /// At least one problem, in the order of the files and their lines.
    pub problems: Vec<Problem>,
}

impl fmt::Display for OverlayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for OverlayError {}
