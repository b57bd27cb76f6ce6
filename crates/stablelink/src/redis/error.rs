//! Errors of Redis commands, without anything that was sent or stored.

use std::error::Error as _;
use std::time::Duration;

use ::redis::{ErrorKind, RedisError};

/// The reason why a command has no result.
///
/// The error of the driver is dropped. Redis repeats an unknown command with its arguments, which may include the password
/// of the URL, and the driver shows values that it cannot parse, which may be tokens.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedisCommandError {
    #[error("Redis is unreachable: {0}")]
    Unreachable(String),
    /// `code` is the first word of the error response, such as `NOPERM`.
    #[error("Redis rejected the command: {code}{}", advice(code))]
    Rejected { code: String },
    #[error("Redis did not respond within {0:?}")]
    Timeout(Duration),
}

impl RedisCommandError {
    /// Returns whether the error may disappear without a change of the configuration.
    pub(crate) fn is_transient(&self) -> bool {
        !matches!(self, Self::Rejected { code } if !advice(code).is_empty() && !is_failover(code))
    }
}

/// Returns whether a server with this error code is not, or not yet, the primary. It may become the primary, or the URL may lead
/// to another server.
pub(super) fn is_failover(code: &str) -> bool {
    matches!(code, "READONLY" | "MASTERDOWN" | "LOADING")
}

/// Returns how to fix an error that needs a change of the configuration; empty for most errors.
fn advice(code: &str) -> &'static str {
    match code {
        "NOAUTH" => ": a password is required; add it to the URL",
        "WRONGPASS" => ": the user or the password in the URL is wrong",
        "NOPERM" => ": the user has no permission for this command or this key; see `RedisStore`",
        "MOVED" => {
            ": the key belongs to another node of the cluster; use a server that is not a cluster"
        }
        "READONLY" => ": the server is a read-only replica; use the URL of the primary",
        _ => "",
    }
}

impl From<RedisError> for RedisCommandError {
    fn from(error: RedisError) -> Self {
        let rejected = |code: &str| Self::Rejected {
            code: printable(code),
        };
        match (error.code(), error.kind()) {
            (Some(code), _) => rejected(code),
            (None, ErrorKind::AuthenticationFailed) => rejected("WRONGPASS"),
            // Sources of these kinds are errors of the operating system and of TLS, which hold no command.
            (None, ErrorKind::Io | ErrorKind::Client) => {
                let cause = error.source().map(ToString::to_string);
                Self::Unreachable(cause.unwrap_or_else(|| error.category().to_owned()))
            }
            (None, _) => Self::Unreachable(error.category().to_owned()),
        }
    }
}

/// Replaces a code that is not a word in capitals, because such a code may contain private data.
fn printable(code: &str) -> String {
    let is_code = code.len() <= 20 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code { code } else { "(no code)" }.to_owned()
}

#[cfg(test)]
mod tests {
    use ::redis::make_extension_error;

    use super::*;

    #[test]
    fn error_shows_advice_but_no_detail_of_the_server() {
        let detail = Some("with args beginning with: 'hidden'".to_owned());
        for (code, transient, text) in [
            ("ERR", true, "Redis rejected the command: ERR"),
            ("hidden", true, "Redis rejected the command: (no code)"),
            (
                "READONLY",
                true,
                "Redis rejected the command: READONLY: the server is a read-only replica; use the URL of the primary",
            ),
            (
                "WRONGPASS",
                false,
                "Redis rejected the command: WRONGPASS: the user or the password in the URL is wrong",
            ),
        ] {
            let error = make_extension_error(code.to_owned(), detail.clone());
            let error = RedisCommandError::from(error);
            assert_eq!(error.to_string(), text);
            assert_eq!(error.is_transient(), transient);
            assert!(!format!("{error:?}").contains("hidden"));
        }
        let unparsable = RedisError::from((
            ErrorKind::UnexpectedReturnType,
            "not a number",
            "hidden".to_owned(),
        ));
        let text = RedisCommandError::from(unparsable).to_string();
        assert_eq!(text, "Redis is unreachable: type error");
    }
}
