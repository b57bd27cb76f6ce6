//! Asks the gateway for tokens: the one call that is not signed, and whose address holds secrets.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use stablelink_api::hooks::{Transport, downcast_error, wrap_error};
use stablelink_api::open_enums::GrantType;
use stablelink_api::{self as api, operations, types};
use tracing::Instrument;

use crate::account::Vault;
use crate::call::{Failure, Limits, Offset, RetryPolicy, Verdict, exchange, judge};
use crate::clock::{BoxFuture, Clock};
use crate::environment::Origin;
use crate::error::{ApiError, DecodeError, Error, ErrorKind};
use crate::observe;
use crate::token::{IssuedToken, TokenSource, TokenSourceError};

/// Asks the gateway for tokens over HTTP.
pub(crate) struct HttpGrant {
    api: api::Client,
    vault: Arc<Vault>,
}

impl HttpGrant {
    pub(crate) fn new(
        http: reqwest::Client,
        origin: &Origin,
        vault: Arc<Vault>,
        exchange: TokenExchange,
    ) -> Self {
        Self {
            api: api::Client::new_with_client(origin.as_str(), http, Arc::new(exchange)),
            vault,
        }
    }

    async fn ask(
        &self,
        kind: &GrantType,
        key: Option<&str>,
        secret: Option<&str>,
        refresh: Option<&str>,
    ) -> Result<IssuedToken, TokenSourceError> {
        let outcome = self.issued(kind, key, secret, refresh).await;
        let grant = match kind {
            GrantType::RefreshToken => "refresh_token",
            _ => "client_credentials",
        };
        let error = outcome.as_ref().map_err(|error| match error {
            TokenSourceError::Rejected(error) | TokenSourceError::Unavailable(error) => error,
        });
        observe::token_renewal(grant, error);
        outcome
    }

    async fn issued(
        &self,
        kind: &GrantType,
        key: Option<&str>,
        secret: Option<&str>,
        refresh: Option<&str>,
    ) -> Result<IssuedToken, TokenSourceError> {
        let answer = self
            .api
            .issue_access_token(key, secret, kind, refresh)
            .await
            .map_err(|error| match downcast_error::<TokenSourceError, _>(error) {
                Ok(error) => error,
                // Its text holds the answer: a token may be in it.
                Err(_) => TokenSourceError::Unavailable(Error::new(ErrorKind::Decode(
                    DecodeError::new(".", "it is no token answer of either known form"),
                ))),
            })?;
        let token = match answer.into_inner() {
            types::AccessTokenAnswer::AccessToken(token) => Some(token),
            types::AccessTokenAnswer::AccessTokenEnvelope(envelope) => envelope.retdata,
            _ => None,
        };
        let token = token.ok_or_else(|| {
            let missing =
                DecodeError::new("retdata", "it is missing: there is no token in the answer");
            TokenSourceError::Unavailable(Error::new(ErrorKind::Decode(missing)))
        })?;
        // It would be sent with every call, and refused.
        if token.access_token.expose().is_empty() {
            let empty = DecodeError::new(
                "access_token",
                "it is empty: there is no token in the answer",
            );
            return Err(TokenSourceError::Unavailable(Error::new(
                ErrorKind::Decode(empty),
            )));
        }
        Ok(issued(token))
    }
}

/// What the pages show for `expires_in`, for an answer without it. If it is less, the gateway refuses the token, and
/// it is renewed then.
const USUAL_LIFE: Duration = Duration::from_secs(21_600);

fn issued(token: types::AccessToken) -> IssuedToken {
    let seconds = |count: i64| Duration::from_secs(u64::try_from(count).unwrap_or(0));
    IssuedToken {
        access_token: token.access_token.into_inner(),
        expires_in: token.expires_in.map_or(USUAL_LIFE, seconds),
        refresh_token: token
            .refresh_token
            .filter(|token| !token.expose().is_empty())
            .map(api::scalars::Secret::into_inner),
        refresh_expires_in: token.rt_expires_in.map(seconds),
    }
}

impl TokenSource for HttpGrant {
    fn account(&self) -> BoxFuture<'_, Result<String, Error>> {
        Box::pin(async { Ok(self.vault.anew().await?.account.clone()) })
    }

    fn by_credentials<'a>(
        &'a self,
        account: &'a str,
    ) -> BoxFuture<'a, Result<IssuedToken, TokenSourceError>> {
        Box::pin(async move {
            let ready = self
                .vault
                .current()
                .await
                .map_err(TokenSourceError::Unavailable)?;
            if ready.account != account {
                return Err(TokenSourceError::Unavailable(
                    Error::configuration("the credentials changed while a token was asked for")
                        .retryable(true),
                ));
            }
            self.ask(
                &GrantType::ClientCredentials,
                Some(ready.api_key.expose_secret()),
                Some(ready.api_secret.expose_secret()),
                None,
            )
            .await
        })
    }

    fn by_refresh_token<'a>(
        &'a self,
        token: &'a SecretString,
    ) -> BoxFuture<'a, Result<IssuedToken, TokenSourceError>> {
        Box::pin(self.ask(
            &GrantType::RefreshToken,
            None,
            None,
            Some(token.expose_secret()),
        ))
    }
}

const OPERATION: Cow<'static, str> = Cow::Borrowed(operations::ISSUE_ACCESS_TOKEN.id);

/// Sends token requests: unsigned, once, with limits, and with errors that do not show the address.
pub(crate) struct TokenExchange {
    pub(crate) limits: Limits,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) offset: Arc<Offset>,
    pub(crate) origin: Origin,
    pub(crate) retry: RetryPolicy,
}

impl TokenExchange {
    async fn send(
        &self,
        http: &reqwest::Client,
        mut request: reqwest::Request,
    ) -> Result<reqwest::Response, TokenSourceError> {
        let mut attempt = 1;
        loop {
            let again = request.try_clone();
            let error = match self.send_once(http, request, attempt).await {
                Err(TokenSourceError::Unavailable(error)) if error.is_retryable() => error,
                outcome => return outcome,
            };
            // The document calls it safe to repeat.
            request = match again {
                Some(request) if attempt < self.retry.attempts && error.retry_after().is_none() => {
                    request
                }
                _ => return Err(TokenSourceError::Unavailable(error)),
            };
            self.clock
                .sleep(self.retry.pause(attempt, fastrand::f64()))
                .await;
            attempt += 1;
        }
    }

    async fn send_once(
        &self,
        http: &reqwest::Client,
        request: reqwest::Request,
        number: u32,
    ) -> Result<reqwest::Response, TokenSourceError> {
        if !self.origin.holds(request.url()) {
            return Err(TokenSourceError::Rejected(Error::configuration(
                "the token call would leave the configured origin",
            )));
        }
        let clock = Arc::clone(&self.clock);
        let watch = observe::Attempt::begin(&OPERATION, request.method(), number, clock);
        let exchanged = exchange(
            http,
            request,
            self.limits.body,
            self.clock.alarm(self.limits.time),
        )
        .instrument(watch.span())
        .await;
        let reply = match exchanged {
            Ok(answer) => answer.reply,
            Err(Failure { error, again, .. }) => {
                watch.failed(&error);
                let error = error.during(OPERATION, number).retryable(again);
                return Err(TokenSourceError::Unavailable(error));
            }
        };
        let now = self.clock.now();
        self.offset.learn(reply.headers(), now, None);
        let (reply, verdict) = judge(reply, now);
        watch.answered(&reply, verdict.error_type());
        let refused = |refusal: ApiError| {
            let kind = if refusal.is_about_address() {
                ErrorKind::AddressNotAllowed(refusal)
            } else {
                ErrorKind::Authentication {
                    problem: "the gateway gave no token".into(),
                    api_error: Some(refusal),
                }
            };
            TokenSourceError::Rejected(Error::new(kind))
        };
        let unavailable = |kind: ErrorKind, wait: Option<Duration>| {
            TokenSourceError::Unavailable(Error::new(kind).retryable(true).after(wait))
        };
        // To ask again at once would bring no better answer.
        let spoilt = |kind: ErrorKind| TokenSourceError::Unavailable(Error::new(kind));
        let transport = |problem: String| ErrorKind::Transport {
            problem: problem.into(),
        };
        let error = match verdict {
            Verdict::Success => return Ok(http::Response::new(reply.body().clone()).into()),
            // A refresh page shows the token bare.
            Verdict::Unreadable(decode) if decode.path() == "retcode" => {
                return Ok(http::Response::new(reply.body().clone()).into());
            }
            Verdict::Unauthorized(refusal) | Verdict::Refused(refusal) => refused(refusal),
            Verdict::RateLimited(retry_after) => {
                unavailable(ErrorKind::RateLimited { retry_after }, retry_after)
            }
            Verdict::Broken(refusal, wait) => {
                unavailable(transport(format!("the gateway failed: {refusal}")), wait)
            }
            Verdict::Redirect => spoilt(transport(
                "the gateway redirects, which is not followed: it would carry the secrets elsewhere".to_owned(),
            )),
            Verdict::Unreadable(decode) => spoilt(ErrorKind::Decode(decode)),
        };
        // The body is left out: it may hold a token.
        let status = crate::raw_response::RawResponse::new(
            reply.status(),
            reply.headers().clone(),
            bytes::Bytes::new(),
        )
        .with_retcode(reply.retcode().map(str::to_owned));
        let finish = |error: Error| error.during(OPERATION, number).answered(status);
        Err(match error {
            TokenSourceError::Rejected(error) => TokenSourceError::Rejected(finish(error)),
            TokenSourceError::Unavailable(error) => TokenSourceError::Unavailable(finish(error)),
        })
    }
}

impl Transport for TokenExchange {
    fn send<'a>(
        &'a self,
        http: &'a reqwest::Client,
        request: reqwest::Request,
        _: &'static str,
    ) -> BoxFuture<'a, reqwest::Result<reqwest::Response>> {
        Box::pin(async move {
            let sent = Self::send(self, http, request).await;
            Ok(sent.unwrap_or_else(wrap_error))
        })
    }
}
