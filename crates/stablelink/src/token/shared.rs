//! One error for all who waited for the same renewal.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::{Error, ErrorKind};

/// What failed once, and is told to many: an [`Error`] can't be cloned, for its source can't.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Error>);

impl Shared {
    pub(super) fn new(error: Error) -> Self {
        Self(Arc::new(error))
    }

    /// The error anew: same kind, answer and source.
    pub(super) fn error(&self) -> Error {
        let error = self.of_kind(self.0.kind().clone());
        match std::error::Error::source(&*self.0) {
            Some(_) => error.because(Source(self.clone())),
            None => error,
        }
    }

    /// The error anew, for those who come while nothing is asked for.
    pub(super) fn during_cool_down(&self, rest: Duration) -> Error {
        let pause = Pause {
            seconds: whole_seconds(rest),
            first: self.clone(),
        };
        let kind = match self.0.kind().clone() {
            ErrorKind::Authentication { problem, api_error } => ErrorKind::Authentication {
                problem: format!("{problem}; {pause}").into(),
                api_error,
            },
            ErrorKind::RateLimited { .. } => ErrorKind::RateLimited {
                retry_after: Some(rest),
            },
            kind => kind,
        };
        let wait = self.0.retry_after().map(|_| rest);
        self.of_kind(kind).after(wait).because(pause)
    }

    fn of_kind(&self, kind: ErrorKind) -> Error {
        let mut error = Error::new(kind)
            .retryable(self.0.is_retryable())
            .after(self.0.retry_after());
        if let Some(raw) = self.0.raw_response() {
            error = error.answered(raw.clone());
        }
        match self.0.operation() {
            Some(name) => error.during(name.to_owned(), self.0.attempts()),
            None => error,
        }
    }
}

/// A time to wait, as people are told it: never too short.
pub(super) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// The source of a shared error, as if it stood in each copy.
#[derive(Debug)]
struct Source(Shared);

impl Source {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.0.0)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source() {
            Some(source) => write!(f, "{source}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Source {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source()?.source()
    }
}

/// Why nothing was asked for now, on top of the error of the last time.
#[derive(Debug)]
struct Pause {
    seconds: u64,
    first: Shared,
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no token is asked for during the next {} s",
            self.seconds
        )
    }
}

impl std::error::Error for Pause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.first.0)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::{ApiError, RawResponse};

    fn api_error() -> ApiError {
        ApiError::new(Some("00007".to_owned()), Some("no such key".to_owned()))
    }

    #[test]
    fn a_copy_says_what_the_first_said() {
        let kinds = [
            ErrorKind::Api(api_error()),
            ErrorKind::Authentication {
                problem: "no token".into(),
                api_error: Some(api_error()),
            },
            ErrorKind::AddressNotAllowed(api_error()),
            ErrorKind::RateLimited {
                retry_after: Some(Duration::from_secs(3)),
            },
            ErrorKind::Transport {
                problem: "reset".into(),
            },
            ErrorKind::Timeout,
            ErrorKind::Decode(crate::error::DecodeError::new("retdata", "is missing")),
            ErrorKind::Store {
                problem: "gone".into(),
            },
            ErrorKind::InvalidArgument {
                argument: "a".into(),
                problem: "b".into(),
            },
            ErrorKind::Configuration {
                problem: "c".into(),
            },
        ];
        for (at, kind) in kinds.into_iter().enumerate() {
            let reply = RawResponse::new(StatusCode::BAD_GATEWAY, HeaderMap::new(), "x".into());
            let first = Error::new(kind)
                .because(std::io::Error::other("the line is cut"))
                .answered(reply)
                .retryable(at % 2 == 0)
                .during("get_token", 2);
            let text = first.to_string();
            let shared = Shared::new(first);
            let copy = shared.error();
            assert_eq!(copy.to_string(), text);
            assert_eq!(copy.is_retryable(), at % 2 == 0);
            assert_eq!(copy.http_status(), Some(502));
            assert_eq!(copy.api_error(), shared.0.api_error());
            assert_eq!(copy.source().unwrap().to_string(), "the line is cut");
            assert!(copy.source().unwrap().source().is_none());
        }
    }

    #[test]
    fn a_copy_of_the_cool_down_says_how_long_it_lasts() {
        let shared = Shared::new(Error::new(ErrorKind::Authentication {
            problem: "no token".into(),
            api_error: Some(api_error()),
        }));
        let copy = shared.during_cool_down(Duration::from_millis(6_500));
        assert_eq!(
            copy.to_string(),
            "no token; no token is asked for during the next 7 s: 00007 \"no such key\""
        );
        assert_eq!(copy.retcode(), Some("00007"));
        let shared = Shared::new(Error::new(ErrorKind::AddressNotAllowed(api_error())));
        let copy = shared.during_cool_down(Duration::from_secs(7));
        assert!(matches!(copy.kind(), ErrorKind::AddressNotAllowed(_)));
        assert_eq!(
            copy.source().unwrap().to_string(),
            "no token is asked for during the next 7 s"
        );
        let [nine, seven] = [9, 7].map(Duration::from_secs);
        for kind in [
            ErrorKind::RateLimited {
                retry_after: Some(nine),
            },
            ErrorKind::Transport {
                problem: "the gateway failed".into(),
            },
        ] {
            let first = Error::new(kind).retryable(true).after(Some(nine));
            let copy = Shared::new(first).during_cool_down(seven);
            assert_eq!(copy.retry_after(), Some(seven));
            assert!(copy.is_retryable());
        }
    }
}
