//! Limits on token requests.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::{Error, ErrorKind};

/// Decides whether the gateway may be asked for a token. All times are on the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct TokenCooldown {
    active: Option<ActiveCooldown>,
    /// The times at which tokens were requested because the previous one was rejected; the oldest first.
    rejected: VecDeque<Duration>,
    /// The last time at which an ambiguous rejection, which may or may not be about the token, started a
    /// refresh.
    ambiguous: Option<Duration>,
    /// The number of consecutive unusable responses to token requests.
    unusable: u32,
}

/// The maximum number of tokens that are requested within one cooldown because the gateway rejected the
/// previous one. Without a limit, each call would request a token from a gateway that rejects every token.
const MAX_REPLACEMENTS: usize = 10;

/// The delay after unusable responses to token requests; never more than the cooldown.
const UNUSABLE_BACKOFF: Backoff = Backoff::new(Duration::from_secs(4), Duration::from_secs(30));

#[derive(Debug)]
struct ActiveCooldown {
    account: String,
    until: Duration,
    error: Error,
}

impl TokenCooldown {
    /// Starts a cooldown for the credentials of this account.
    pub(super) fn start(&mut self, account: &str, until: Duration, error: Error) {
        self.active = Some(ActiveCooldown {
            account: account.to_owned(),
            until,
            error,
        });
    }

    /// Counts an unusable response to a token request, and returns the delay before the next request.
    pub(super) fn count_unusable(&mut self, random: f64) -> Duration {
        self.unusable = self.unusable.saturating_add(1);
        UNUSABLE_BACKOFF.upper_half_jitter(self.unusable, random)
    }

    /// Returns whether the last response to a token request was unusable.
    pub(super) fn is_unusable(&self) -> bool {
        self.unusable > 0
    }

    /// Resets the count of unusable responses, after a token was issued.
    pub(super) fn reset_unusable(&mut self) {
        self.unusable = 0;
    }

    /// Fails during a cooldown of this account.
    pub(super) fn check(&mut self, account: &str, now: Duration) -> Result<(), Error> {
        match &self.active {
            Some(active) if now >= active.until => self.active = None,
            Some(active) if active.account == account => {
                return Err(during_cooldown(&active.error, active.until - now));
            }
            _ => {}
        }
        Ok(())
    }

    /// Fails if the limit of requests after rejected tokens is reached.
    pub(super) fn check_rejected(
        &mut self,
        cooldown: Duration,
        now: Duration,
    ) -> Result<(), Error> {
        self.rejected
            .retain(|requested| now < *requested + cooldown);
        match self.rejected.front() {
            Some(first) if self.rejected.len() >= MAX_REPLACEMENTS => {
                let remaining = *first + cooldown - now;
                Err(Error::new(ErrorKind::Authentication {
                    problem: format!(
                        "the gateway rejected each of the last {} tokens; {}",
                        self.rejected.len(),
                        CooldownNotice(remaining),
                    )
                    .into(),
                    api_error: None,
                })
                .of_token_request(0))
            }
            _ => Ok(()),
        }
    }

    /// Counts a token that was requested because the previous one was rejected.
    pub(super) fn count_rejected(&mut self, now: Duration) {
        self.rejected.push_back(now);
    }

    /// Returns whether an ambiguous rejection may start a refresh, at most once per cooldown.
    pub(super) fn allow_ambiguous(&mut self, cooldown: Duration, now: Duration) -> bool {
        let allowed = self.ambiguous.is_none_or(|last| now >= last + cooldown);
        if allowed {
            self.ambiguous = Some(now);
        }
        allowed
    }
}

/// Returns a copy of an error for a call during the cooldown that the error started.
fn during_cooldown(first: &Error, remaining: Duration) -> Error {
    let notice = CooldownNotice(remaining);
    let kind = match first.kind().clone() {
        ErrorKind::Authentication { problem, api_error } => ErrorKind::Authentication {
            problem: format!("{problem}; {notice}").into(),
            api_error,
        },
        ErrorKind::RateLimited { .. } => ErrorKind::RateLimited {
            retry_after: Some(remaining),
        },
        kind => kind,
    };
    first
        .copy()
        .with_kind(kind)
        .after(first.retry_after().map(|_| remaining))
        .because(CooldownSource {
            notice,
            first: first.copy(),
        })
}

/// The remaining cooldown. `Display` rounds it up to seconds.
#[derive(Clone, Copy, Debug)]
struct CooldownNotice(Duration);

impl fmt::Display for CooldownNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs() + u64::from(self.0.subsec_nanos() > 0);
        write!(f, "no token is requested for the next {seconds} s")
    }
}

/// The source of an error during a cooldown; its own source is the error that started the cooldown.
#[derive(Debug, thiserror::Error)]
#[error("{notice}")]
struct CooldownSource {
    notice: CooldownNotice,
    #[source]
    first: Error,
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::{ApiError, RawResponse};

    fn rejection() -> ApiError {
        ApiError::new(Some("00007".to_owned()), Some("no such key".to_owned()))
    }

    #[test]
    fn copy_has_the_content_of_the_original() {
        let kinds = [
            ErrorKind::Api(rejection()),
            ErrorKind::Authentication {
                problem: "no token".into(),
                api_error: Some(rejection()),
            },
            ErrorKind::AddressNotAllowed(rejection()),
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
                .with_response(reply)
                .retryable(at % 2 == 0)
                .during("get_token", 2);
            let text = first.to_string();
            let copy = first.copy();
            assert_eq!(copy.to_string(), text);
            assert_eq!(copy.is_retryable(), at % 2 == 0);
            assert_eq!(copy.http_status(), Some(502));
            assert_eq!(copy.api_error(), first.api_error());
            assert_eq!(copy.source().unwrap().to_string(), "the line is cut");
            assert!(copy.source().unwrap().source().is_none());
        }
    }

    #[test]
    fn error_during_cooldown_shows_the_remaining_time() {
        let error = Error::new(ErrorKind::Authentication {
            problem: "no token".into(),
            api_error: Some(rejection()),
        });
        let copy = during_cooldown(&error, Duration::from_millis(6_500));
        assert_eq!(
            copy.to_string(),
            "no token; no token is requested for the next 7 s: 00007 \"no such key\""
        );
        assert_eq!(copy.retcode(), Some("00007"));
        let error = Error::new(ErrorKind::AddressNotAllowed(rejection()));
        let copy = during_cooldown(&error, Duration::from_secs(7));
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
            let copy = during_cooldown(&first, seven);
            assert_eq!(copy.retry_after(), Some(seven));
            assert!(copy.is_retryable());
        }
    }
}
