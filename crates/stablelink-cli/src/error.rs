//! The error of a command: message, hint and exit code.

use std::fmt;
use std::process::ExitCode;

use stablelink::{Error, ErrorKind};

/// The exit codes, as listed in [`EXIT_CODES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CliExitCode {
    Other = 1,
    Usage = 2,
    Rejected = 3,
    Authentication = 4,
    Ambiguous = 5,
    Network = 6,
    Mismatch = 7,
    Interrupted = 130,
}

/// The list of exit codes for the help.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    success
  1    any other error
  2    invalid arguments or settings; nothing was sent
  3    the gateway rejected the call; it had no effect
  4    authentication failed, or this IP address is not allowed
  5    outcome unknown: the call was sent and may have taken effect; look up the record first
  6    network error, server error, rate limit or timeout
  7    a signature does not match or is too old
  130  interrupted by Ctrl-C";

/// Why a command failed, and what the user can do about it.
#[derive(Debug)]
pub(crate) struct CliError {
    pub(crate) code: CliExitCode,
    pub(crate) problem: String,
    pub(crate) next: Option<String>,
    pub(crate) source: Option<Box<Error>>,
    /// The reader of standard output closed the pipe. This is success, and nothing is printed.
    broken_pipe: bool,
}

impl CliError {
    pub(crate) fn new(code: CliExitCode, problem: impl Into<String>) -> Self {
        Self {
            code,
            problem: problem.into(),
            next: None,
            source: None,
            broken_pipe: false,
        }
    }

    pub(crate) fn usage(problem: impl Into<String>) -> Self {
        Self::new(CliExitCode::Usage, problem)
    }

    pub(crate) fn other(problem: impl Into<String>) -> Self {
        Self::new(CliExitCode::Other, problem)
    }

    pub(crate) fn interrupted() -> Self {
        Self::new(CliExitCode::Interrupted, "interrupted").next(
            "if a call was in progress, look up the record by the number shown above before you retry",
        )
    }

    /// Sets the hint for the user.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    pub(crate) const fn is_broken_pipe(&self) -> bool {
        self.broken_pipe
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        if self.broken_pipe {
            return ExitCode::SUCCESS;
        }
        ExitCode::from(self.code as u8)
    }

    /// Returns the machine-readable kind for the JSON output.
    pub(crate) fn kind(&self) -> &'static str {
        match (&self.source, self.code) {
            // Programs that read the JSON output rely on `refused`.
            (Some(error), _) if matches!(error.kind(), ErrorKind::Api(_)) => "refused",
            (Some(error), _) => error.kind().name(),
            (None, CliExitCode::Usage) => "usage",
            (None, CliExitCode::Mismatch) => "signature",
            (None, CliExitCode::Interrupted) => "interrupted",
            (None, _) => "other",
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::Interrupted {
            return Self::interrupted();
        }
        Self {
            broken_pipe: error.kind() == std::io::ErrorKind::BrokenPipe,
            ..Self::other(error.to_string())
        }
    }
}

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        use CliExitCode as Code;
        let code = match error.kind() {
            ErrorKind::Api(_) | ErrorKind::NotEnabled { .. } => Code::Rejected,
            ErrorKind::Authentication { .. } | ErrorKind::AddressNotAllowed(_) => {
                Code::Authentication
            }
            ErrorKind::Ambiguous(_) => Code::Ambiguous,
            ErrorKind::RateLimited { .. } | ErrorKind::Transport { .. } | ErrorKind::Timeout => {
                Code::Network
            }
            ErrorKind::Signature(_) => Code::Mismatch,
            ErrorKind::InvalidArgument { .. } | ErrorKind::Configuration { .. } => Code::Usage,
            ErrorKind::Cancelled => Code::Interrupted,
            _ => Code::Other,
        };
        Self {
            next: hint(&error).map(str::to_owned),
            problem: error.to_string(),
            source: Some(Box::new(error)),
            ..Self::new(code, "")
        }
    }
}

/// Returns the message of the innermost source: the outer ones only say that something failed.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Returns a hint for an error of the client whose own message has none.
fn hint(error: &Error) -> Option<&'static str> {
    Some(match error.kind() {
        ErrorKind::Api(_) if error.is_duplicate() => {
            "this number was used before: look up its record, or omit the number to generate a new one"
        }
        ErrorKind::Api(api_error) if api_error.retcode() == Some("00006") => {
            "a header is missing: does a proxy remove SIGNATURE or TIMESTAMP?"
        }
        ErrorKind::Api(api_error)
            if api_error
                .message()
                .is_some_and(|message| message.to_lowercase().contains("signature")) =>
        {
            "check the sign key; `stablelink probe` detects the form in which a query is signed"
        }
        ErrorKind::Api(_) => "correct the request and run it again; the call had no effect",
        ErrorKind::Authentication { .. } => {
            "check the API key, the API secret and the environment with `stablelink whoami`"
        }
        ErrorKind::Ambiguous(ambiguous) if ambiguous.idempotency_key().is_some() => {
            "look up the record by that number; a retry with the same number is safe, a new number may pay twice"
        }
        ErrorKind::Ambiguous(_) => "look up the record before you retry",
        ErrorKind::Transport { .. } => {
            "check the address with `stablelink whoami`, then the network; -v shows each attempt"
        }
        ErrorKind::Timeout => "retry, or set a longer --timeout SECONDS",
        ErrorKind::Decode(_) => {
            "the call succeeded; `stablelink api` shows responses that do not match the types. Please report this"
        }
        ErrorKind::Store { .. } => "check the token file shown by `stablelink whoami`",
        _ => return None,
    })
}
