//! A generator, or another reader of the document, at work.

use std::time::{Duration, Instant};

use crate::job::call::{Call, Limited};
use crate::job::{Job, stop::Stop};

/// The longest that a command of another ecosystem may take: what hangs must not hold the suite up.
pub(super) const LIMIT: Duration = Duration::from_secs(300);

/// What it left behind.
pub(super) struct Written {
    pub(super) success: bool,
    /// All that it wrote, without colours.
    pub(super) lines: Vec<String>,
}

/// Runs it, and shows what it writes. `log` is a file below the root.
pub(super) fn run(job: &mut Job<'_>, call: &Call, log: &str) -> Result<Written, Stop> {
    let log = job.root.join(log);
    let limited = job.timed(call, |job| {
        let start = Instant::now();
        call.limited(job.root, || start.elapsed() >= LIMIT, &log)
    })?;
    let (success, text) = ended(call, limited)?;
    let text = without_colours(&text);
    job.out.write_all(text.as_bytes())?;
    Ok(Written {
        success,
        lines: text.lines().map(str::to_owned).collect(),
    })
}

/// Whether it succeeded, and what it wrote; a time that was up is a reason to stop.
pub(super) fn ended(call: &Call, limited: Limited) -> Result<(bool, String), Stop> {
    match limited {
        Limited::Ended { success, text } => Ok((success, text)),
        Limited::TimedOut => Err(Stop(format!(
            "was ended after {} s: {call}",
            LIMIT.as_secs()
        ))),
    }
}

/// Takes out what sets colours in a terminal: ESC, `[`, numbers, `m`. Some write it to a file too.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';');
        let rest = end.map_or("", |end| &part[end..]);
        plain.push_str(rest.strip_prefix('m').unwrap_or(rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_and_words_stay() {
        for (written, plain) in [
            ("plain [1;2m", "plain [1;2m"),
            (
                "\u{1b}[0m\u{1b}[0m# thanks\n\u{1b}[1;33mWARN\u{1b}[m x",
                "# thanks\nWARN x",
            ),
            ("cut \u{1b}[", "cut "),
        ] {
            assert_eq!(without_colours(written), plain);
        }
    }
}
