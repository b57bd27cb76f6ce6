//! The error of a command: the message, the hint, the exit code and the outcome of the call.

use std::fmt;
use std::process::ExitCode;

use stablelink::operations::{OperationInfo, RetrySafety};
use stablelink::{CallPhase, Error, ErrorKind};

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
    TookEffect = 8,
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
  5    outcome unknown, or the number was used before: look up the record before you send anything
  6    network error, server error, rate limit or timeout
  7    a signature does not match or is too old
  8    the call took effect, but its record could not be read or printed; do not repeat it
  130  interrupted by Ctrl-C or SIGTERM";

/// The call that a command sends: whether it may change something, whether it has an idempotency key, and the number of its
/// record.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallSubject {
    pub(crate) may_write: bool,
    /// Whether the request has an idempotency key, or an unknown request may have one. A duplicate of another field, such as an
    /// e-mail address, is a plain rejection.
    pub(crate) may_have_key: bool,
    /// The field and the value by which the record can be looked up.
    pub(crate) key: Option<(String, String)>,
}

impl CallSubject {
    pub(crate) const fn may_write(operation: &OperationInfo) -> bool {
        !matches!(operation.retry, RetrySafety::Safe)
    }

    pub(crate) const fn has_key(operation: &OperationInfo) -> bool {
        matches!(operation.retry, RetrySafety::Keyed { .. })
    }

    /// Returns whether the gateway rejected the idempotency key of this call as already used.
    fn is_duplicate(&self, error: &Error) -> bool {
        self.may_write && self.may_have_key && error.is_duplicate()
    }

    fn number(&self) -> Option<&str> {
        self.key.as_ref().map(|(_, key)| key.as_str())
    }

    /// Returns the hint that says how to find the record.
    fn lookup(&self) -> String {
        match &self.key {
            Some((field, key)) => format!("look up the record by {field} {key}"),
            None => "look up the record".to_owned(),
        }
    }
}

/// The reason why a command failed, with a hint for the user.
#[derive(Debug)]
pub(crate) struct CliError {
    pub(crate) code: CliExitCode,
    pub(crate) problem: String,
    /// The reason why the record could not be found, if the client looked it up.
    pub(crate) lookup: Option<String>,
    pub(crate) next: Option<String>,
    pub(crate) source: Option<Box<Error>>,
    /// Whether the call may have changed something although the command failed.
    pub(crate) may_have_taken_effect: bool,
    /// The idempotency key, or the number of the record.
    pub(crate) key: Option<String>,
    /// The reader of standard output closed the pipe. This is success, and nothing is printed.
    broken_pipe: bool,
}

impl CliError {
    pub(crate) fn new(code: CliExitCode, problem: impl Into<String>) -> Self {
        Self {
            code,
            problem: problem.into(),
            lookup: None,
            next: None,
            source: None,
            may_have_taken_effect: false,
            key: None,
            broken_pipe: false,
        }
    }

    pub(crate) fn usage(problem: impl Into<String>) -> Self {
        Self::new(CliExitCode::Usage, problem)
    }

    pub(crate) fn other(problem: impl Into<String>) -> Self {
        Self::new(CliExitCode::Other, problem)
    }

    /// Returns the error of standard output.
    pub(crate) fn of_output(error: &std::io::Error) -> Self {
        Self {
            broken_pipe: error.kind() == std::io::ErrorKind::BrokenPipe,
            ..Self::other(format!("cannot write the result: {error}"))
        }
    }

    /// Returns the error of a call.
    pub(crate) fn of_call(error: Error, call: &CallSubject) -> Self {
        use CliExitCode as Code;
        let may_have_taken_effect = match error.kind() {
            ErrorKind::Api(_) => call.is_duplicate(&error),
            _ => error.may_have_taken_effect(),
        };
        let code = match error.kind() {
            ErrorKind::Decode(_) | ErrorKind::NotEnabled { .. } if may_have_taken_effect => {
                Code::TookEffect
            }
            // The record of this number may be that of an earlier attempt.
            ErrorKind::Api(_) if call.is_duplicate(&error) => Code::Ambiguous,
            ErrorKind::Api(_) => Code::Rejected,
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
        let key = call.number().or(error.idempotency_key());
        let key = key.map(str::to_owned);
        Self {
            next: hint(&error, call),
            problem: error.to_string(),
            lookup: error.lookup_error().map(ToString::to_string),
            source: Some(Box::new(error)),
            may_have_taken_effect,
            key,
            ..Self::new(code, "")
        }
    }

    /// Marks an error after a successful response. A call that may change something is not to be repeated.
    pub(crate) fn after_success(self, call: &CallSubject) -> Self {
        if !call.may_write {
            return self;
        }
        Self {
            code: CliExitCode::TookEffect,
            next: Some(format!(
                "the call succeeded: do not send it again; {}",
                call.lookup()
            )),
            may_have_taken_effect: true,
            key: call.number().map(str::to_owned),
            broken_pipe: false,
            ..self
        }
    }

    /// Returns the error of a command that was stopped during this call, if it had begun one.
    pub(crate) fn interrupted(call: Option<&CallSubject>) -> Self {
        let interrupted = Self::new(CliExitCode::Interrupted, "interrupted");
        match call.filter(|call| call.may_write) {
            None => interrupted,
            Some(call) => Self {
                next: Some(format!(
                    "the call may have taken effect: {} before you retry",
                    call.lookup()
                )),
                may_have_taken_effect: true,
                key: call.number().map(str::to_owned),
                ..interrupted
            },
        }
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
            (None, CliExitCode::TookEffect) => "output",
            (None, _) => "other",
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl From<clap::Error> for CliError {
    fn from(error: clap::Error) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::Interrupted => Self::interrupted(None),
            _ => Self::other(error.to_string()),
        }
    }
}

/// Converts an error that does not belong to a call: an error of a setting, or of a command that only requests a token.
impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        Self::of_call(error, &CallSubject::default())
    }
}

/// Returns the message of the innermost source: the outer errors only state that an operation failed.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Returns the outcome of the call, and a hint for an error of the client whose message contains none.
fn hint(error: &Error, call: &CallSubject) -> Option<String> {
    let kind = error.kind();
    let outcome = match (error.phase(), kind) {
        (_, ErrorKind::Decode(_) | ErrorKind::NotEnabled { .. })
            if error.may_have_taken_effect() =>
        {
            let lookup = call.lookup();
            return Some(format!(
                "the call succeeded: do not send it again; {lookup}"
            ));
        }
        (_, ErrorKind::Ambiguous(ambiguous)) if ambiguous.idempotency_key().is_none() => {
            return Some(format!("{} before you retry", call.lookup()));
        }
        (CallPhase::Preparing, ErrorKind::Store { .. }) => Some("nothing was sent"),
        (CallPhase::Write, ErrorKind::Ambiguous(_)) => None,
        (CallPhase::Write, ErrorKind::Api(_)) if !call.is_duplicate(error) => {
            Some("the call had no effect")
        }
        (CallPhase::Write, _) if !error.may_have_taken_effect() => Some("the call had no effect"),
        // The message of a failed token request already states that nothing else was sent.
        _ => None,
    };
    let advice = match kind {
        ErrorKind::Ambiguous(_) => Some(
            "look up the record by that number; a retry with the same number is safe, a new number may pay twice",
        ),
        ErrorKind::Api(_) if call.is_duplicate(error) => Some(
            "this number was used before: look up its record before you send anything, and use a new number only for another payment",
        ),
        ErrorKind::Api(api_error) if api_error.retcode() == Some("00006") => {
            Some("a header is missing: does a proxy remove SIGNATURE or TIMESTAMP?")
        }
        ErrorKind::Api(api_error)
            if api_error
                .message()
                .is_some_and(|message| message.to_lowercase().contains("signature")) =>
        {
            Some(
                "check the sign key; `stablelink probe` detects the form in which a query is signed",
            )
        }
        ErrorKind::Api(_) if call.may_write => Some("correct the request and run it again"),
        ErrorKind::Api(_) => Some("check the arguments and the environment"),
        ErrorKind::Authentication { .. } => {
            Some("check the API key, the API secret and the environment with `stablelink whoami`")
        }
        ErrorKind::Transport { .. } => Some(
            "check the address and the proxy with `stablelink whoami`, then the network; -v shows each attempt",
        ),
        ErrorKind::Timeout => Some("run it again, or set a longer --timeout SECONDS"),
        ErrorKind::Decode(_) if error.retcode() == Some("200") => {
            Some("`stablelink api` shows responses that do not match the types. Please report this")
        }
        ErrorKind::Decode(_) => Some(
            "this is no response of the gateway: check the address and the proxy with `stablelink whoami`",
        ),
        ErrorKind::Store { .. } => Some(
            "check the token store shown by `stablelink whoami`; XDG_STATE_HOME sets another directory",
        ),
        _ => None,
    };
    match (outcome, advice) {
        (None, None) => None,
        (Some(text), None) | (None, Some(text)) => Some(text.to_owned()),
        (Some(outcome), Some(advice)) => Some(format!("{outcome}; {advice}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(may_write: bool) -> CallSubject {
        let key = may_write.then(|| ("orderNo".to_owned(), "A1".to_owned()));
        CallSubject {
            may_write,
            may_have_key: may_write,
            key,
        }
    }

    #[test]
    fn output_error_after_write_has_own_code_and_number() {
        let broken = || CliError::of_output(&std::io::ErrorKind::BrokenPipe.into());
        let read = broken().after_success(&call(false));
        assert_eq!(
            (read.code, read.is_broken_pipe()),
            (CliExitCode::Other, true)
        );
        assert!(!read.may_have_taken_effect);
        let write = broken().after_success(&call(true));
        assert_eq!(write.code, CliExitCode::TookEffect);
        assert!(write.may_have_taken_effect && !write.is_broken_pipe());
        assert_eq!((write.key.as_deref(), write.kind()), (Some("A1"), "output"));
        assert!(
            write
                .next
                .unwrap()
                .contains("look up the record by orderNo A1")
        );
    }

    #[test]
    fn interrupted_read_had_no_effect() {
        for (subject, effect) in [
            (None, false),
            (Some(call(false)), false),
            (Some(call(true)), true),
        ] {
            let error = CliError::interrupted(subject.as_ref());
            assert_eq!(error.may_have_taken_effect, effect);
            assert_eq!(error.key.is_some(), effect);
            assert_eq!(error.next.is_some(), effect);
        }
    }
}
