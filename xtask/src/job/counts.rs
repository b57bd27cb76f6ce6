//! What the closing lines of test binaries say.

use std::fmt;

/// How many tests ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    /// Reads the closing line of one test binary; nothing of any other line.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (_, parts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let mut counts = Self::default();
        for part in parts.split(';') {
            let Some((number, word)) = part.trim().split_once(' ') else {
                continue;
            };
            let slot = match word {
                "passed" => &mut counts.passed,
                "failed" => &mut counts.failed,
                "ignored" => &mut counts.skipped,
                _ => continue,
            };
            *slot = number.parse().ok()?;
        }
        Some(counts)
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed.saturating_add(other.passed),
            failed: self.failed.saturating_add(other.failed),
            skipped: self.skipped.saturating_add(other.skipped),
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted_and_no_others() {
        let counts = |passed, failed, skipped| {
            Some(Counts {
                passed,
                failed,
                skipped,
            })
        };
        let cases = [
            (
                "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.01s\n",
                counts(5, 0, 1),
            ),
            (
                "test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s",
                counts(5, 2, 0),
            ),
            ("test a::b ... ok\n", None),
            ("  test result: ok. 5 passed;\n", None),
            ("test result: ok. x passed; 0 failed\n", None),
            ("", None),
        ];
        for (line, wanted) in cases {
            assert_eq!(Counts::parse(line), wanted, "{line}");
        }
    }

    #[test]
    fn sums_are_shown_on_one_plain_line() {
        let one = Counts {
            passed: 1,
            failed: 2,
            skipped: 3,
        };
        assert_eq!(one.plus(one).to_string(), "2 passed, 4 failed, 6 skipped");
    }
}
