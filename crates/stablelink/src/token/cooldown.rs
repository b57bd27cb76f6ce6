//! Limits on token requests, and the error that all callers of one failed request share.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::settings::TokenSettings;
use crate::{Error, ErrorKind};

/// Decides whether the gateway may be asked for a token. All times are on the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct TokenCooldown {
    active: Option<ActiveCooldown>,
    /// When tokens were requested because the previous one was rejected; the oldest first.
    rejected: VecDeque<Duration>,
    /// When an ambiguous rejection, which may or may not be about the token, last started a refresh.
    ambiguous: Option<Duration>,
}

#[derive(Debug)]
struct ActiveCooldown {
    account: String,
    until: Duration,
    error: SharedError,
}

impl TokenCooldown {
    /// Starts a cooldown for the credentials of this account.
    pub(super) fn start(&mut self, account: &str, until: Duration, error: SharedError) {
        self.active = Some(ActiveCooldown {
            account: account.to_owned(),
            until,
            error,
        });
    }

    /// Fails during a cooldown of this account.
    pub(super) fn check(&mut self, account: &str, now: Duration) -> Result<(), Error> {
        match &self.active {
            Some(active) if now >= active.until => self.active = None,
            Some(active) if active.account == account => {
                return Err(active.error.during_cooldown(active.until - now));
            }
            _ => {}
        }
        Ok(())
    }

    /// Fails if the limit of requests after rejected tokens is reached.
    pub(super) fn check_rejected(
        &mut self,
        settings: &TokenSettings,
        now: Duration,
    ) -> Result<(), Error> {
        self.rejected
            .retain(|requested| now < *requested + settings.cooldown);
        match self.rejected.front() {
            Some(first) if self.rejected.len() >= settings.max_refreshes_per_cooldown as usize => {
                let remaining = *first + settings.cooldown - now;
                Err(Error::new(ErrorKind::Authentication {
                    problem: format!(
                        "the gateway rejected each of the last {} tokens; {}",
                        self.rejected.len(),
                        CooldownNotice(remaining),
                    )
                    .into(),
                    api_error: None,
                }))
            }
            _ => Ok(()),
        }
    }

    /// Counts a token that was requested because the previous one was rejected.
    pub(super) fn count_rejected(&mut self, now: Duration) {
        self.rejected.push_back(now);
    }

    /// Returns whether an ambiguous rejection may start a refresh, at most once per cooldown.
    pub(super) fn allow_ambiguous(&mut self, settings: &TokenSettings, now: Duration) -> bool {
        let allowed = self
            .ambiguous
            .is_none_or(|last| now >= last + settings.cooldown);
        if allowed {
            self.ambiguous = Some(now);
        }
        allowed
    }
}

/// One error for several callers. [`Error`] is not `Clone`, because its source is not.
#[derive(Clone, Debug)]
pub(super) struct SharedError(Arc<Error>);

impl SharedError {
    pub(super) fn new(error: Error) -> Self {
        Self(Arc::new(error))
    }

    /// Returns a copy with the same kind, response and source.
    pub(super) fn to_error(&self) -> Error {
        let error = self.copy_as(self.0.kind().clone());
        match std::error::Error::source(&*self.0) {
            Some(_) => error.because(SharedSource(self.clone())),
            None => error,
        }
    }

    /// Returns the error for a call during the cooldown that this error started.
    pub(super) fn during_cooldown(&self, remaining: Duration) -> Error {
        let notice = CooldownNotice(remaining);
        let kind = match self.0.kind().clone() {
            ErrorKind::Authentication { problem, api_error } => ErrorKind::Authentication {
                problem: format!("{problem}; {notice}").into(),
                api_error,
            },
            ErrorKind::RateLimited { .. } => ErrorKind::RateLimited {
                retry_after: Some(remaining),
            },
            kind => kind,
        };
        let retry_after = self.0.retry_after().map(|_| remaining);
        self.copy_as(kind)
            .after(retry_after)
            .because(CooldownSource {
                notice,
                first: self.clone(),
            })
    }

    fn copy_as(&self, kind: ErrorKind) -> Error {
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

/// The remaining cooldown as text, rounded up to seconds.
#[derive(Clone, Copy, Debug)]
struct CooldownNotice(Duration);

impl fmt::Display for CooldownNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs() + u64::from(self.0.subsec_nanos() > 0);
        write!(f, "no token is requested for the next {seconds} s")
    }
}

/// The source of a [`SharedError`], as the source of its copies.
#[derive(Debug)]
struct SharedSource(SharedError);

impl SharedSource {
    fn shared(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.0.0)
    }
}

impl fmt::Display for SharedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shared() {
            Some(source) => write!(f, "{source}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for SharedSource {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.shared()?.source()
    }
}

/// The source of an error during a cooldown; its own source is the error that started the cooldown.
#[derive(Debug)]
struct CooldownSource {
    notice: CooldownNotice,
    first: SharedError,
}

impl fmt::Display for CooldownSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.notice.fmt(f)
    }
}

impl std::error::Error for CooldownSource {
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

    fn refusal() -> ApiError {
        ApiError::new(Some("00007".to_owned()), Some("no such key".to_owned()))
    }

    #[test]
    fn copy_has_the_content_of_the_original() {
        let kinds = [
            ErrorKind::Api(refusal()),
            ErrorKind::Authentication {
                problem: "no token".into(),
                api_error: Some(refusal()),
            },
            ErrorKind::AddressNotAllowed(refusal()),
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
            let shared = SharedError::new(first);
            let copy = shared.to_error();
            assert_eq!(copy.to_string(), text);
            assert_eq!(copy.is_retryable(), at % 2 == 0);
            assert_eq!(copy.http_status(), Some(502));
            assert_eq!(copy.api_error(), shared.0.api_error());
            assert_eq!(copy.source().unwrap().to_string(), "the line is cut");
            assert!(copy.source().unwrap().source().is_none());
        }
    }

    #[test]
    fn copy_during_cooldown_shows_the_remaining_time() {
        let shared = SharedError::new(Error::new(ErrorKind::Authentication {
            problem: "no token".into(),
            api_error: Some(refusal()),
        }));
        let copy = shared.during_cooldown(Duration::from_millis(6_500));
        assert_eq!(
            copy.to_string(),
            "no token; no token is requested for the next 7 s: 00007 \"no such key\""
        );
        assert_eq!(copy.retcode(), Some("00007"));
        let shared = SharedError::new(Error::new(ErrorKind::AddressNotAllowed(refusal())));
        let copy = shared.during_cooldown(Duration::from_secs(7));
        assert!(matches!(copy.kind(), ErrorKind::AddressNotAllowed(_)));
        assert_eq!(
            copy.source().unwrap().to_string(),
            "no token is requested for the next 7 s"
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
            let copy = SharedError::new(first).during_cooldown(seven);
            assert_eq!(copy.retry_after(), Some(seven));
            assert!(copy.is_retryable());
        }
    }
}
