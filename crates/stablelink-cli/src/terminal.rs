//! The terminal: secrets without echo, and what `-v` shows.

use std::io::{self, BufRead, IsTerminal};

use secrecy::SecretString;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Shows what the client does on standard error, from `-v` on. Of other crates nothing is shown: their logs were never read for
/// secrets.
pub(crate) fn watch(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .without_time();
    let shown = Targets::new().with_target("stablelink", level);
    // A second one in the same process (tests) changes nothing.
    let _ = tracing_subscriber::registry()
        .with(shown)
        .with(layer)
        .try_init();
}

/// Waits for Ctrl-C, which is taken from this call on and no longer ends the process by itself.
pub(crate) async fn stop() -> impl Future<Output = ()> {
    let task = tokio::spawn(tokio::signal::ctrl_c());
    // The task's first turn is what takes the signal.
    tokio::task::yield_now().await;
    async {
        let _ = task.await;
    }
}

/// Reads secrets: from the terminal without echo, or a line each from standard input.
pub(crate) enum Secrets {
    #[cfg(unix)]
    Terminal,
    Lines(io::Lines<io::StdinLock<'static>>),
}

impl Secrets {
    pub(crate) fn open() -> Self {
        #[cfg(unix)]
        if io::stdin().is_terminal() {
            return Self::Terminal;
        }
        Self::Lines(io::stdin().lock().lines())
    }

    /// The next one, without white space around it; `None` where nothing was given.
    pub(crate) fn next(&mut self, name: &str) -> io::Result<Option<SecretString>> {
        let text = match self {
            #[cfg(unix)]
            Self::Terminal => hidden::line(name)?,
            Self::Lines(lines) => {
                let _ = name;
                lines.next().transpose()?.map(SecretString::from)
            }
        };
        Ok(text.and_then(|text| {
            use secrecy::ExposeSecret;
            let trimmed = text.expose_secret().trim();
            (!trimmed.is_empty()).then(|| SecretString::from(trimmed))
        }))
    }
}

#[cfg(unix)]
mod hidden {
    //! A line of the terminal that nobody sees.

    use std::fs::{File, OpenOptions};
    use std::io::{self, Read, Write};

    use rustix::termios::{
        LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
    };
    use secrecy::SecretString;

    /// Gives the terminal back as it was.
    struct Quiet {
        terminal: File,
        before: Termios,
    }

    impl Quiet {
        fn new() -> io::Result<Self> {
            let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
            let before = tcgetattr(&terminal)?;
            let mut quiet = before.clone();
            // Ctrl-C comes as a byte, so that it can't end the process while nothing is echoed.
            quiet.local_modes &= !(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
            quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
            quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
            // What was typed before the prompt is not the secret.
            tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
            Ok(Self { terminal, before })
        }
    }

    impl Drop for Quiet {
        fn drop(&mut self) {
            let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
        }
    }

    pub(super) fn line(name: &str) -> io::Result<Option<SecretString>> {
        let mut quiet = Quiet::new()?;
        write!(quiet.terminal, "{name} (not shown): ")?;
        quiet.terminal.flush()?;
        let typed = typed(&mut quiet.terminal);
        writeln!(quiet.terminal)?;
        typed
    }

    /// Room for any secret from the start: a text that grows leaves copies behind.
    const ROOM: usize = 4096;

    fn typed(terminal: &mut impl Read) -> io::Result<Option<SecretString>> {
        let mut text = Vec::with_capacity(ROOM);
        let mut byte = [0];
        loop {
            if terminal.read(&mut byte)? == 0 {
                break;
            }
            match byte[0] {
                b'\r' | b'\n' => break,
                // Ctrl-C, Ctrl-\
                3 | 28 => return Err(io::Error::new(io::ErrorKind::Interrupted, "stopped")),
                // Ctrl-D
                4 if text.is_empty() => return Ok(None),
                4 => break,
                // Backspace: a whole character.
                8 | 127 => while text.pop().is_some_and(|byte: u8| byte & 0xc0 == 0x80) {},
                // Ctrl-U
                21 => text.clear(),
                byte if text.len() < ROOM => text.push(byte),
                _ => return Err(io::Error::other("that is too long for a secret")),
            }
        }
        String::from_utf8(text)
            .map(|text| Some(text.into()))
            .map_err(|_| io::Error::other("that is not UTF-8"))
    }

    #[cfg(test)]
    mod tests {
        use secrecy::ExposeSecret;

        use super::*;

        #[test]
        fn keys_that_mend_what_was_typed() {
            for (keys, read) in [
                ("abc\r", Some("abc")),
                ("abx\u{7f}c\n", Some("abc")),
                ("ü\u{7f}a\r", Some("a")),
                ("\u{7f}a\r", Some("a")),
                ("wrong\u{15}right\r", Some("right")),
                ("\u{4}", None),
                ("a\u{4}", Some("a")),
            ] {
                let text = typed(&mut keys.as_bytes()).unwrap();
                let text = text.as_ref().map(|text| text.expose_secret().to_owned());
                assert_eq!(text.as_deref(), read, "{keys:?}");
            }
            let stopped = typed(&mut "ab\u{3}c\r".as_bytes()).unwrap_err();
            assert_eq!(stopped.kind(), io::ErrorKind::Interrupted);
        }
    }
}
