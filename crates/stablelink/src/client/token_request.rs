//! Requests tokens from the gateway: the only call that is not signed, and whose URL contains secrets.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use stablelink_api::hooks::{Transport, downcast_error, wrap_error};
use stablelink_api::open_enums::GrantType;
use stablelink_api::{self as api, operations, types};
use tracing::Instrument;

use super::ClockSkew;
use crate::account::CredentialCache;
use crate::call::{
    AttemptError, ResponseClass, RetryPolicy, classify, ensure_same_origin, into_attempt_error,
    send,
};
use crate::clock::{BoxFuture, Clock};
use crate::environment::Origin;
use crate::error::{DecodeError, Error, ErrorKind};
use crate::observe;
use crate::token::{IssuedToken, TokenSource, TokenSourceError};

/// Requests tokens over HTTP.
pub(crate) struct HttpTokenSource {
    api: api::Client,
    credentials: Arc<CredentialCache>,
}

impl HttpTokenSource {
    pub(crate) fn new(
        http: reqwest::Client,
        credentials: Arc<CredentialCache>,
        transport: TokenTransport,
    ) -> Self {
        let origin = transport.origin.as_str().to_owned();
        Self {
            api: api::Client::new_with_client(&origin, http, Arc::new(transport)),
            credentials,
        }
    }

    async fn request(
        &self,
        grant: &GrantType,
        key: Option<&str>,
        secret: Option<&str>,
        refresh_token: Option<&str>,
    ) -> Result<IssuedToken, TokenSourceError> {
        let result = self
            .request_unobserved(grant, key, secret, refresh_token)
            .await;
        let error = result.as_ref().map_err(|error| match error {
            TokenSourceError::Rejected(error) | TokenSourceError::Unavailable(error) => error,
        });
        let grant = match grant {
            GrantType::RefreshToken => "refresh_token",
            _ => "client_credentials",
        };
        observe::token_refresh(grant, error);
        result
    }

    async fn request_unobserved(
        &self,
        grant: &GrantType,
        key: Option<&str>,
        secret: Option<&str>,
        refresh_token: Option<&str>,
    ) -> Result<IssuedToken, TokenSourceError> {
        let unreadable = |path, problem| {
            let error = DecodeError::new(path, problem);
            TokenSourceError::Unavailable(Error::new(ErrorKind::Decode(error)))
        };
        let response = self
            .api
            .issue_access_token(key, secret, grant, refresh_token)
            .await
            .map_err(
                |error| match downcast_error::<TokenSourceError, _>(error) {
                    Ok(error) => error,
                    // The text of the generated error contains the response, and maybe a token.
                    Err(_) => unreadable(
                        ".",
                        "unrecognised token response: expected `access_token` at the top level or in `retdata`",
                    ),
                },
            )?;
        let token = match response.into_inner() {
            types::AccessTokenAnswer::AccessToken(token) => Some(token),
            types::AccessTokenAnswer::AccessTokenEnvelope(envelope) => envelope.retdata,
            _ => None,
        };
        let token = token
            .ok_or_else(|| unreadable("retdata", "it is missing: the response has no token"))?;
        // An empty token would be sent with every call, and rejected.
        if token.access_token.expose().is_empty() {
            return Err(unreadable(
                "access_token",
                "it is empty: the response has no token",
            ));
        }
        Ok(issued(token))
    }
}

/// The `expires_in` that the pages show, for a response without it. If the token expires earlier, the gateway rejects it and
/// it is refreshed then.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(21_600);

fn issued(token: types::AccessToken) -> IssuedToken {
    let seconds = |count: i64| Duration::from_secs(u64::try_from(count).unwrap_or(0));
    IssuedToken {
        access_token: token.access_token.into_inner(),
        expires_in: token.expires_in.map_or(DEFAULT_LIFETIME, seconds),
        refresh_token: token
            .refresh_token
            .filter(|token| !token.expose().is_empty())
            .map(api::scalars::Secret::into_inner),
        refresh_expires_in: token.rt_expires_in.map(seconds),
    }
}

impl TokenSource for HttpTokenSource {
    fn account(&self) -> BoxFuture<'_, Result<String, Error>> {
        Box::pin(async { Ok(self.credentials.reload().await?.account.clone()) })
    }

    fn by_credentials<'a>(
        &'a self,
        account: &'a str,
    ) -> BoxFuture<'a, Result<IssuedToken, TokenSourceError>> {
        Box::pin(async move {
            let credentials = self
                .credentials
                .current()
                .await
                .map_err(TokenSourceError::Unavailable)?;
            if credentials.account != account {
                return Err(TokenSourceError::Unavailable(
                    Error::configuration("the credentials changed during a token request")
                        .retryable(true),
                ));
            }
            self.request(
                &GrantType::ClientCredentials,
                Some(credentials.api_key.expose_secret()),
                Some(credentials.api_secret.expose_secret()),
                None,
            )
            .await
        })
    }

    fn by_refresh_token<'a>(
        &'a self,
        token: &'a SecretString,
    ) -> BoxFuture<'a, Result<IssuedToken, TokenSourceError>> {
        Box::pin(self.request(
            &GrantType::RefreshToken,
            None,
            None,
            Some(token.expose_secret()),
        ))
    }
}

const OPERATION: Cow<'static, str> = Cow::Borrowed(operations::ISSUE_ACCESS_TOKEN.id);

/// Sends token requests: unsigned, with a timeout, and with errors that omit the URL.
pub(crate) struct TokenTransport {
    pub(crate) attempt_timeout: Duration,
    pub(crate) max_response_size: usize,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) clock_skew: Arc<ClockSkew>,
    pub(crate) origin: Origin,
    pub(crate) retry: RetryPolicy,
}

impl TokenTransport {
    /// Retries where the document calls the operation safe. A `Retry-After` ends the retries: the token cooldown observes it.
    async fn send_with_retries(
        &self,
        http: &reqwest::Client,
        mut request: reqwest::Request,
    ) -> Result<reqwest::Response, TokenSourceError> {
        let mut attempt = 1;
        loop {
            let copy = request.try_clone();
            let error = match self.send_once(http, request, attempt).await {
                Err(TokenSourceError::Unavailable(error)) if error.is_retryable() => error,
                result => return result,
            };
            request = match copy {
                Some(copy)
                    if attempt < self.retry.max_attempts && error.retry_after().is_none() =>
                {
                    copy
                }
                _ => return Err(TokenSourceError::Unavailable(error)),
            };
            self.clock.sleep(self.retry.delay(attempt)).await;
            attempt += 1;
        }
    }

    async fn send_once(
        &self,
        http: &reqwest::Client,
        request: reqwest::Request,
        attempt: u32,
    ) -> Result<reqwest::Response, TokenSourceError> {
        ensure_same_origin(&self.origin, &request).map_err(TokenSourceError::Rejected)?;
        let clock = Arc::clone(&self.clock);
        let span = observe::AttemptSpan::start(&OPERATION, request.method(), attempt, clock);
        let timed_out = self.clock.alarm(self.attempt_timeout);
        let sent = send(http, request, self.max_response_size, timed_out)
            .instrument(span.span())
            .await;
        let response = match sent {
            Ok(completed) => completed.response,
            Err(failure) => {
                span.fail(&failure.error);
                return Err(source_error(failure, attempt));
            }
        };
        let now = self.clock.now();
        self.clock_skew.update(response.headers(), now, None);
        let (response, class) = classify(response, now);
        span.finish(&response, class.error_type());
        let body = response.body().clone();
        match class {
            ResponseClass::Success => {}
            // A page about refresh tokens shows a token without an envelope.
            ResponseClass::Malformed(error) if error.path() == "retcode" => {}
            // The body is dropped, because it may contain a token.
            class => {
                if let Err(failure) = into_attempt_error(class, response.without_body()) {
                    return Err(source_error(failure, attempt));
                }
            }
        }
        Ok(http::Response::new(body).into())
    }
}

/// Maps a failed attempt to the error of the token source: a rejection is final until the cooldown ends.
fn source_error(failure: AttemptError, attempt: u32) -> TokenSourceError {
    let error = failure.error.during(OPERATION, attempt);
    match error.api_error().cloned() {
        Some(api_error) if api_error.is_about_address() => {
            TokenSourceError::Rejected(error.with_kind(ErrorKind::AddressNotAllowed(api_error)))
        }
        Some(api_error) => TokenSourceError::Rejected(error.with_kind(ErrorKind::Authentication {
            problem: "the gateway issued no token".into(),
            api_error: Some(api_error),
        })),
        None => TokenSourceError::Unavailable(error.retryable(failure.retry)),
    }
}

impl Transport for TokenTransport {
    fn send<'a>(
        &'a self,
        http: &'a reqwest::Client,
        request: reqwest::Request,
        _: &'static str,
    ) -> BoxFuture<'a, reqwest::Result<reqwest::Response>> {
        Box::pin(async move {
            let sent = self.send_with_retries(http, request).await;
            Ok(sent.unwrap_or_else(wrap_error))
        })
    }
}
