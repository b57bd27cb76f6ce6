//! What a reader says of the documents.

use crate::job::call::Call;
use crate::job::{Job, stop::Stop};

use super::super::generator;
use super::installed::TARGET;

/// What a reader said of both documents.
#[derive(Default)]
pub(super) struct Said {
    pub(super) failed: bool,
    pub(super) warnings: Vec<String>,
}

impl Said {
    pub(super) fn is_clean(&self) -> bool {
        !self.failed && self.warnings.is_empty()
    }

    pub(super) fn cell(&self) -> String {
        let count = match self.warnings.len() {
            0 => "no warning".to_owned(),
            1 => "1 warning".to_owned(),
            count => format!("{count} warnings"),
        };
        match self.failed {
            true => format!("fails, {count}"),
            false => count,
        }
    }
}

/// Runs the commands of a generator for both documents.
pub(super) fn said(
    job: &mut Job<'_>,
    calls: &[Call],
    is_warning: impl Fn(&str) -> bool,
) -> Result<Said, Stop> {
    let mut said = Said::default();
    for call in calls {
        let written = generator::run(job, call, &format!("{TARGET}/log"))?;
        said.failed |= !written.success;
        let warnings = written.lines.into_iter().filter(|line| is_warning(line));
        said.warnings.extend(warnings);
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_tells_failure_and_warnings() {
        let said = |failed, count| Said {
            failed,
            warnings: vec!["w".to_owned(); count],
        };
        for (said, cell, clean) in [
            (said(false, 0), "no warning", true),
            (said(false, 1), "1 warning", false),
            (said(true, 0), "fails, no warning", false),
            (said(true, 2), "fails, 2 warnings", false),
        ] {
            assert_eq!((said.cell().as_str(), said.is_clean()), (cell, clean));
        }
    }
}
