//! The terminal: prompts for secrets, logging for `-v`, and signals.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::watch;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::context::CommandState;
use crate::error::CliError;
use crate::output::CliOutput;

/// Logs events of the client to standard error if `-v` is set. Events of other crates are not logged: they have not been
/// reviewed for secrets.
pub(crate) fn init_logging(verbose: u8, out: &CliOutput) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let out = out.clone();
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(move || LogWriter(out.clone()))
        .with_ansi(false)
        .without_time();
    let filter = Targets::new().with_target("stablelink", level);
    // Fails if a subscriber is already set, as in tests of the same process.
    let _ = tracing_subscriber::registry()
        .with(filter)
        .with(layer)
        .try_init();
}

/// Writes each event of the log to standard error. Events may contain text of the gateway.
struct LogWriter(CliOutput);

impl Write for LogWriter {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.log(String::from_utf8_lossy(event).trim_end());
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Registers a handler for Ctrl-C and SIGTERM, which no longer end the process, and returns a future that waits for one of them.
pub(crate) fn stop_signal() -> Result<impl Future<Output = Result<(), CliError>>, CliError> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            Ok(())
        })
    }
    #[cfg(not(unix))]
    Ok(async { Ok(tokio::signal::ctrl_c().await?) })
}

/// A signal that ends a command with the exit code of an interruption, also while the command blocks its thread.
pub(crate) struct StopSignal {
    received: watch::Receiver<bool>,
    /// Set by the side that ends the command: the caller of `received`, or the thread.
    is_handled: Arc<AtomicBool>,
}

/// The time after which a command that does not handle the signal is ended. Such a command computes, or reads its input.
const BLOCKED_AFTER: Duration = Duration::from_millis(300);

impl StopSignal {
    pub(crate) fn listen(out: CliOutput, state: Arc<CommandState>) -> Result<Self, CliError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let signal = runtime.block_on(async { stop_signal() })?;
        let (sender, received) = watch::channel(false);
        let is_handled = Arc::new(AtomicBool::new(false));
        let handled = Arc::clone(&is_handled);
        std::thread::spawn(move || {
            let stopped = runtime.block_on(signal);
            sender.send_replace(true);
            std::thread::sleep(BLOCKED_AFTER);
            if stopped.is_ok() && !handled.swap(true, Ordering::AcqRel) {
                let error = runtime.block_on(state.interrupt());
                out.error(&error);
                std::process::exit(error.code as i32);
            }
        });
        Ok(Self {
            received,
            is_handled,
        })
    }

    /// Waits for the signal. The caller then ends the command.
    pub(crate) async fn received(mut self) {
        let is_received = self.received.wait_for(|received| *received).await.is_ok();
        // If the thread has ended, there is no signal to wait for. If it has taken the signal, it ends the process.
        if !is_received || self.is_handled.swap(true, Ordering::AcqRel) {
            std::future::pending().await
        }
    }
}

/// Reads secrets: from the terminal without echo, or one per line from standard input.
pub(crate) enum SecretReader {
    #[cfg(unix)]
    Terminal,
    Lines(io::Lines<io::StdinLock<'static>>),
}

impl SecretReader {
    pub(crate) fn open() -> Self {
        #[cfg(unix)]
        if io::stdin().is_terminal() {
            return Self::Terminal;
        }
        Self::Lines(io::stdin().lock().lines())
    }

    /// Reads the next secret. Returns `None` at the end of the input.
    pub(crate) fn next(&mut self, name: &str) -> io::Result<Option<SecretString>> {
        match self {
            #[cfg(unix)]
            Self::Terminal => hidden_prompt::read_line(name),
            Self::Lines(lines) => {
                let _ = name;
                Ok(lines.next().transpose()?.map(SecretString::from))
            }
        }
    }
}

#[cfg(unix)]
mod hidden_prompt {
    //! A prompt on /dev/tty without echo.
    //!
    //! `rpassword` 7.5 was considered. It shows the prompt before it turns echo off, so a fast paste is visible; on Ctrl-C
    //! it raises SIGINT while echo is still off, which leaves the shell without echo; and its growing `String` leaves copies
    //! of the secret.

    use std::fs::{File, OpenOptions};
    use std::io::{self, Read, Write};

    use rustix::termios::{
        LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
    };
    use secrecy::SecretString;

    /// Turns echo off, and restores the terminal on drop.
    struct NoEcho {
        terminal: File,
        original: Termios,
    }

    impl NoEcho {
        fn new() -> io::Result<Self> {
            let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
            let original = tcgetattr(&terminal)?;
            let mut modes = original.clone();
            // Without ISIG, Ctrl-C is read as a byte and cannot end the process while echo is off.
            modes.local_modes &= !(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
            modes.special_codes[SpecialCodeIndex::VMIN] = 1;
            modes.special_codes[SpecialCodeIndex::VTIME] = 0;
            // Flush discards what was typed before the prompt.
            tcsetattr(&terminal, OptionalActions::Flush, &modes)?;
            Ok(Self { terminal, original })
        }
    }

    impl Drop for NoEcho {
        fn drop(&mut self) {
            let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.original);
        }
    }

    pub(super) fn read_line(name: &str) -> io::Result<Option<SecretString>> {
        let mut no_echo = NoEcho::new()?;
        write!(no_echo.terminal, "{name} (not shown): ")?;
        no_echo.terminal.flush()?;
        let line = edit_line(&mut no_echo.terminal);
        writeln!(no_echo.terminal)?;
        line
    }

    /// The buffer has its full size from the start: a growing buffer would leave copies of the secret.
    const MAX_LENGTH: usize = 4096;

    fn edit_line(terminal: &mut impl Read) -> io::Result<Option<SecretString>> {
        let mut text = Vec::with_capacity(MAX_LENGTH);
        let mut byte = [0];
        while terminal.read(&mut byte)? > 0 {
            match byte[0] {
                b'\r' | b'\n' => break,
                // Ctrl-C, Ctrl-\
                3 | 28 => return Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted")),
                // Ctrl-D
                4 if text.is_empty() => return Ok(None),
                4 => break,
                // Backspace removes a whole UTF-8 character.
                8 | 127 => while text.pop().is_some_and(|byte: u8| byte & 0xc0 == 0x80) {},
                // Ctrl-U
                21 => text.clear(),
                byte if text.len() < MAX_LENGTH => text.push(byte),
                _ => return Err(io::Error::other("the secret is too long")),
            }
        }
        String::from_utf8(text)
            .map(|text| Some(text.into()))
            .map_err(|_| io::Error::other("the secret is not UTF-8"))
    }

    #[cfg(test)]
    mod tests {
        use secrecy::ExposeSecret;

        use super::*;

        #[test]
        fn editing_keys_change_the_line() {
            for (keys, read) in [
                ("abc\r", Some("abc")),
                ("abx\u{7f}c\n", Some("abc")),
                ("ü\u{7f}a\r", Some("a")),
                ("\u{7f}a\r", Some("a")),
                ("wrong\u{15}right\r", Some("right")),
                ("\u{4}", None),
                ("a\u{4}", Some("a")),
            ] {
                let text = edit_line(&mut keys.as_bytes()).unwrap();
                let text = text.as_ref().map(|text| text.expose_secret().to_owned());
                assert_eq!(text.as_deref(), read, "{keys:?}");
            }
            let interrupted = edit_line(&mut "ab\u{3}c\r".as_bytes()).unwrap_err();
            assert_eq!(interrupted.kind(), io::ErrorKind::Interrupted);
        }
    }
}
