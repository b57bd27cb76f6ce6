//! Why a command brought no answer, in words that hold nothing of what was sent or kept.

use std::error::Error as _;
use std::time::Duration;

use ::redis::{ErrorKind, RedisError};

/// Why a command brought no answer.
///
/// The error of the driver is not kept. A server repeats a command that it does not know, with its arguments: the password of
/// the address may be among them. And the driver shows what it could not read, which may be a token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("Redis can't be reached: {0}")]
    Unreachable(String),
    #[error("Redis refused the command: {code}{}", advice(code))]
    Refused {
        /// Its first word, such as `NOPERM`.
        code: String,
    },
    #[error("Redis did not answer within {0:?}")]
    TimeIsUp(Duration),
}

impl LinkError {
    /// Whether it may pass without anybody changing something.
    pub(crate) fn is_passing(&self) -> bool {
        !matches!(self, Self::Refused { code } if !advice(code).is_empty())
    }
}

/// What to do about a refusal that will not pass by itself.
fn advice(code: &str) -> &'static str {
    match code {
        "NOAUTH" => ": it wants a password, which belongs into the address",
        "WRONGPASS" => ": it does not know the user or the password of the address",
        "NOPERM" => ": its user may not run this command or touch this key; see `RedisStore`",
        "MOVED" => {
            ": another node of its cluster has the key; give the address of a server that is no cluster"
        }
        "READONLY" => ": it is a replica; give the address of the server that is written to",
        _ => "",
    }
}

impl From<RedisError> for LinkError {
    fn from(error: RedisError) -> Self {
        let refused = |code: &str| Self::Refused { code: shown(code) };
        match (error.code(), error.kind()) {
            (Some(code), _) => refused(code),
            (None, ErrorKind::AuthenticationFailed) => refused("WRONGPASS"),
            // Of the system and of TLS: neither knows what is sent.
            (None, ErrorKind::Io | ErrorKind::Client) => {
                let cause = error.source().map(ToString::to_string);
                Self::Unreachable(cause.unwrap_or_else(|| error.category().to_owned()))
            }
            (None, _) => Self::Unreachable(error.category().to_owned()),
        }
    }
}

/// Codes are words in capitals; of anything else nobody knows what stands in it.
fn shown(code: &str) -> String {
    let is_code = code.len() <= 20 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code { code } else { "(no code)" }.to_owned()
}

#[cfg(test)]
mod tests {
    use ::redis::make_extension_error;

    use super::*;

    #[test]
    fn what_a_server_says_is_not_repeated_and_what_to_do_is() {
        let said = Some("with args beginning with: 'hidden'".to_owned());
        for (code, passing, shown) in [
            ("ERR", true, "Redis refused the command: ERR"),
            ("hidden", true, "Redis refused the command: (no code)"),
            (
                "WRONGPASS",
                false,
                "Redis refused the command: WRONGPASS: it does not know the user or the password of the address",
            ),
        ] {
            let error = make_extension_error(code.to_owned(), said.clone());
            let error = LinkError::from(error);
            assert_eq!(error.to_string(), shown);
            assert_eq!(error.is_passing(), passing);
            assert!(!format!("{error:?}").contains("hidden"));
        }
        let unread = RedisError::from((
            ErrorKind::UnexpectedReturnType,
            "not a number",
            "hidden".to_owned(),
        ));
        let shown = LinkError::from(unread).to_string();
        assert_eq!(shown, "Redis can't be reached: type error");
    }
}
