//! Reads the password of a protected documentation.

use std::{env, io};

use secrecy::SecretString;

use super::error::PASSWORD_VARIABLE;

/// Returns the password in the environment.
pub fn from_environment() -> Option<SecretString> {
    let password = env::var(PASSWORD_VARIABLE).ok()?;
    (!password.is_empty()).then(|| password.into())
}

/// Asks for the password in the terminal, without echo. Returns `None` without a terminal, and if nothing is entered.
///
/// # Errors
/// Fails if the terminal cannot be read.
#[cfg(unix)]
pub fn prompt() -> io::Result<Option<SecretString>> {
    use io::{BufRead as _, IsTerminal as _, Write as _};

    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

    /// Restores the terminal on drop.
    struct NoEcho(rustix::termios::Termios);

    impl Drop for NoEcho {
        fn drop(&mut self) {
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
        }
    }

    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(None);
    }
    let before = tcgetattr(io::stdin())?;
    let mut hidden = before.clone();
    // Without ISIG, Ctrl-C is read as a character and cannot end the process while echo is off.
    hidden
        .local_modes
        .remove(LocalModes::ECHO | LocalModes::ISIG);
    tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
    let terminal = NoEcho(before);
    eprint!("Password of the documentation (not shown): ");
    io::stderr().flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    drop(terminal);
    eprintln!();
    let password = line.trim_end_matches(['\r', '\n']);
    let is_cancelled = password.is_empty() || password.contains('\u{3}');
    Ok((!is_cancelled).then(|| password.into()))
}

/// Returns `None`: on this system, the password is only read from the environment.
#[cfg(not(unix))]
pub fn prompt() -> io::Result<Option<SecretString>> {
    Ok(None)
}
