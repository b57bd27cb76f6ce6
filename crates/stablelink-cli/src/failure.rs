//! Why a command failed, what to do next, and its exit code.

use std::fmt;
use std::process::ExitCode;

use stablelink::{Error, ErrorKind};

/// Exit codes; the table in the help says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Other = 1,
    Usage = 2,
    Refused = 3,
    Authentication = 4,
    Ambiguous = 5,
    Network = 6,
    Mismatch = 7,
    Interrupted = 130,
}

/// The part of the help that lists them.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    anything that has no code of its own
  2    wrong arguments or settings; nothing was sent
  3    the gateway refused the call; nothing took effect
  4    no token, or this network address is not allowed
  5    sent, but nobody knows if it took effect: look the record up before anything else
  6    the network, a server error, too many calls, or the time was up
  7    a signature does not match, or is too old
  130  stopped by Ctrl-C";

/// Why a command failed, and what to do next.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) problem: String,
    pub(crate) next: Option<String>,
    pub(crate) error: Option<Box<Error>>,
    /// The reader of standard output went away: nothing went wrong, and nothing is to be said.
    silent: bool,
}

impl Failure {
    pub(crate) fn new(code: Code, problem: impl Into<String>) -> Self {
        Self {
            code,
            problem: problem.into(),
            next: None,
            error: None,
            silent: false,
        }
    }

    pub(crate) fn usage(problem: impl Into<String>) -> Self {
        Self::new(Code::Usage, problem)
    }

    pub(crate) fn other(problem: impl Into<String>) -> Self {
        Self::new(Code::Other, problem)
    }

    pub(crate) fn interrupted() -> Self {
        Self::new(Code::Interrupted, "stopped").next(
            "if a call was under way, look its record up before you make it again; its number stands above",
        )
    }

    /// What to do about it.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    pub(crate) const fn is_silent(&self) -> bool {
        self.silent
    }

    pub(crate) fn exit(&self) -> ExitCode {
        if self.silent {
            return ExitCode::SUCCESS;
        }
        ExitCode::from(self.code as u8)
    }

    /// A word for it, for programs.
    pub(crate) fn kind(&self) -> &'static str {
        match (&self.error, self.code) {
            (Some(error), _) => error.kind().name(),
            (None, Code::Usage) => "usage",
            (None, Code::Mismatch) => "signature",
            (None, Code::Interrupted) => "interrupted",
            (None, _) => "other",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::Interrupted {
            return Self::interrupted();
        }
        let silent = error.kind() == std::io::ErrorKind::BrokenPipe;
        Self {
            silent,
            ..Self::other(error.to_string())
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match error.kind() {
            ErrorKind::Api(_) | ErrorKind::NotEnabled { .. } => Code::Refused,
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
            next: advice(&error).map(str::to_owned),
            problem: error.to_string(),
            error: Some(Box::new(error)),
            ..Self::new(code, "")
        }
    }
}

/// The innermost words of an error, for the outer ones say no more than that something failed.
pub(crate) fn cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// What to do next about an error of the client, where its own words do not say it.
fn advice(error: &Error) -> Option<&'static str> {
    Some(match error.kind() {
        ErrorKind::Api(_) if error.is_duplicate() => {
            "this number was used before: look its record up, or leave it out to have a new one made"
        }
        ErrorKind::Api(refusal) if refusal.retcode() == Some("00006") => {
            "a header did not arrive: does a proxy on the way drop SIGNATURE or TIMESTAMP?"
        }
        ErrorKind::Api(refusal) if says(refusal.message(), "signature") => {
            "check the sign key; `stablelink probe` finds out which form of the query is signed"
        }
        ErrorKind::Api(_) => "mend what the gateway names and run it again; nothing took effect",
        ErrorKind::Authentication { .. } => {
            "check api key and api secret, and whether they belong to this environment: `stablelink whoami`"
        }
        ErrorKind::Ambiguous(ambiguous) if ambiguous.idempotency_key().is_some() => {
            "look the record up by that number; running it again with the same number is safe, with a new one it may pay twice"
        }
        ErrorKind::Ambiguous(_) => "look for its record before you run it again",
        ErrorKind::Transport { .. } => {
            "check the address with `stablelink whoami`, then the network; -v shows each attempt"
        }
        ErrorKind::Timeout => "run it again, or give it longer with --timeout SECONDS",
        ErrorKind::Decode(_) => {
            "the call itself succeeded; `stablelink api` shows answers that the types don't fit. Please report it"
        }
        ErrorKind::Store { .. } => "see the file of tokens that `stablelink whoami` names",
        _ => return None,
    })
}

fn says(message: Option<&str>, word: &str) -> bool {
    message.is_some_and(|message| message.to_lowercase().contains(word))
}
