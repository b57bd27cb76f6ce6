//! One attempt: a current token, a fresh signature, and what a refusal of either calls for.

use std::time::SystemTime;

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use stablelink_signature::{NO_BODY, RequestLine, SigningKey};
use tracing::Instrument;

use super::failure::Effect;
use super::session::Session;
use super::source::Source;
use super::verdict::judge_before_reading;
use super::{Exchanged, Failure, Offset, Shared, Verdict, exchange};
use crate::error::{ApiError, Error, ErrorKind};
use crate::observe;
use crate::token::BearerToken;

// The names of `stablelink_signature`, as HTTP compares them: read once, and not for each attempt.
const SIGNATURE_HEADER: HeaderName = HeaderName::from_static("signature");
const TIMESTAMP_HEADER: HeaderName = HeaderName::from_static("timestamp");

impl Session {
    /// Sends the request once; again only where the gateway refused its token or its timestamp, each at most once:
    /// then nothing took effect.
    pub(super) async fn attempt(
        &self,
        http: &reqwest::Client,
        source: &mut Source,
    ) -> Result<Exchanged, Failure> {
        let shared = self.shared();
        // What gives credentials and tokens has its own repeats and its own cool-down: to come again at once would
        // defeat them.
        let (mut bearer, mut ready) = shared.identity().await.map_err(Failure::final_)?;
        let mut token_renewed = false;
        let mut time_corrected = false;
        loop {
            let offset = shared.offset.get();
            let (watch, exchange) = {
                let mut request = source.request().await?;
                let now = shared.clock.now();
                stay_at_home(shared, &request)?;
                sign(&mut request, &bearer, &ready.sign_key, shared, now, offset)?;
                let watch = self.watch_attempt(request.method());
                let time_is_up = self.limits().attempt_is_over();
                let exchange = exchange(http, request, shared.limits.body, time_is_up);
                (watch, exchange)
            };
            let sent = self.flight();
            let exchanged = exchange.instrument(watch.span()).await;
            drop(sent);
            let (answer, verdict) = match exchanged {
                Ok(answer) => self.judged(answer, watch, offset),
                Err(failure) => {
                    watch.failed(&failure.error);
                    return Err(failure);
                }
            };
            match &verdict {
                // First, for it may come as a 401 too: a new token would cure no clock, and end that of everybody.
                Verdict::Refused(refusal) | Verdict::Unauthorized(refusal)
                    if !time_corrected
                        && refusal.is_about_time()
                        && shared.offset.replaces(offset) =>
                {
                    time_corrected = true;
                }
                Verdict::Unauthorized(_) if !token_renewed => {
                    token_renewed = true;
                    drop((answer, verdict));
                    bearer = shared
                        .tokens
                        .refresh_rejected(&bearer)
                        .await
                        .map_err(Failure::final_)?;
                    ready = shared.owner(&bearer).await.map_err(Failure::final_)?;
                }
                Verdict::Refused(refusal) if !token_renewed && shared.renews(refusal) => {
                    token_renewed = true;
                    // On the heap while it waits: it is rare, and all calls would have room for it.
                    let refused = Box::new((answer, verdict));
                    match shared
                        .tokens
                        .refresh_ambiguous(&bearer)
                        .await
                        .map_err(Failure::final_)?
                    {
                        Some(fresh) => {
                            ready = shared.owner(&fresh).await.map_err(Failure::final_)?;
                            bearer = fresh;
                        }
                        None => return conclude(refused.0, refused.1),
                    }
                }
                _ => return conclude(answer, verdict),
            }
            self.counts_again();
        }
    }

    /// What an answer means; it is told to those who watch, and its clock is learnt from.
    fn judged(
        &self,
        answer: Exchanged,
        watch: observe::Attempt,
        offset: i64,
    ) -> (Exchanged, Verdict) {
        let shared = self.shared();
        let arrived = shared.clock.now();
        let (reply, verdict) = judge_before_reading(answer.reply, arrived);
        watch.answered(&reply, verdict.error_type());
        let accepted = matches!(verdict, Verdict::Success).then_some(offset);
        shared.offset.learn(reply.headers(), arrived, accepted);
        (Exchanged { reply, ..answer }, verdict)
    }
}

/// The last look before a request leaves: it goes to the configured origin or nowhere.
fn stay_at_home(shared: &Shared, request: &reqwest::Request) -> Result<(), Failure> {
    if shared.origin.holds(request.url()) {
        return Ok(());
    }
    Err(Failure::final_(Error::invalid(
        "path",
        format!("leads away from {}", shared.origin),
    )))
}

fn sign(
    request: &mut reqwest::Request,
    bearer: &BearerToken,
    key: &SigningKey,
    shared: &Shared,
    now: SystemTime,
    offset: i64,
) -> Result<(), Failure> {
    let timestamp = Offset::stamp(now, offset).ok_or_else(|| {
        Failure::final_(Error::configuration(
            "the clock of this machine stands before 1970",
        ))
    })?;
    let line = RequestLine::new(request.method().as_str(), request.url().path())
        .query(request.url().query().unwrap_or_default())
        .query_form(shared.query_form);
    // Parts of a multipart body are not signed, and a stream has no bytes to show.
    let signature = match request.body().and_then(reqwest::Body::as_bytes) {
        Some(bytes) => key.sign(line, timestamp, [bytes]),
        None => key.sign(line, timestamp, NO_BODY),
    };
    let value = |text: String| {
        HeaderValue::try_from(text).map_err(|error| {
            Failure::final_(Error::configuration("a signature is no header value").because(error))
        })
    };
    let signature = value(signature.to_base64())?;
    let timestamp = value(timestamp.to_string())?;
    let headers = request.headers_mut();
    headers.insert(AUTHORIZATION, bearer.header().clone());
    headers.insert(SIGNATURE_HEADER, signature);
    headers.insert(TIMESTAMP_HEADER, timestamp);
    Ok(())
}

/// What a final answer means for the call.
fn conclude(answer: Exchanged, verdict: Verdict) -> Result<Exchanged, Failure> {
    let fail = |kind: ErrorKind, effect: Effect, again: bool| Failure {
        error: Error::new(kind).retryable(again && effect == Effect::None),
        effect,
        again,
    };
    let mut failure = match verdict {
        Verdict::Success => return Ok(answer),
        Verdict::Unauthorized(refusal) => fail(
            ErrorKind::Authentication {
                problem: "the gateway refused the token, and the one after it".into(),
                api_error: Some(refusal),
            },
            Effect::None,
            false,
        ),
        Verdict::Refused(refusal) => fail(refused(refusal), Effect::None, false),
        Verdict::RateLimited(retry_after) => {
            fail(ErrorKind::RateLimited { retry_after }, Effect::None, true).after(retry_after)
        }
        Verdict::Redirect => fail(
            transport(
                "the gateway redirects, which is not followed: it would carry secrets elsewhere",
            ),
            Effect::Unknown,
            false,
        ),
        Verdict::Broken(refusal, wait) => fail(
            transport(format!("the gateway failed: {refusal}")),
            Effect::Unknown,
            true,
        )
        .after(wait),
        Verdict::Unreadable(decode) => fail(ErrorKind::Decode(decode), Effect::Unknown, false),
    };
    failure.error = failure.error.answered(answer.reply);
    Err(failure)
}

fn refused(refusal: ApiError) -> ErrorKind {
    if refusal.is_about_address() {
        ErrorKind::AddressNotAllowed(refusal)
    } else {
        ErrorKind::Api(refusal)
    }
}

fn transport(problem: impl Into<std::borrow::Cow<'static, str>>) -> ErrorKind {
    ErrorKind::Transport {
        problem: problem.into(),
    }
}

#[cfg(test)]
mod tests {
    use stablelink_signature::{SIGNATURE, TIMESTAMP};

    use super::*;
    use crate::{Client, Credentials, Environment};

    /// Whoever made the request: a generated client, a path by hand, a form.
    #[test]
    fn what_would_leave_the_origin_is_held_back() {
        let client = Client::builder()
            .environment(Environment::at("https://pay.example").unwrap())
            .credentials(Credentials::new("key", "secret", "sign"))
            .build()
            .unwrap();
        for (url, stays) in [
            ("https://pay.example/a?b", true),
            ("https://pay.example:443/a", true),
            ("https://pay.example.other.example/a", false),
            ("https://pay.example@other.example/a", false),
            ("https://pay.example:444/a", false),
            ("http://pay.example/a", false),
            ("https://user@pay.example/a", false),
        ] {
            let request = reqwest::Request::new(http::Method::GET, url.parse().unwrap());
            let outcome = stay_at_home(&client.shared(), &request);
            assert_eq!(outcome.is_ok(), stays, "{url}");
            if let Err(failure) = outcome {
                let kind = failure.error.kind();
                assert!(matches!(kind, ErrorKind::InvalidArgument { .. }), "{url}");
                assert_eq!((failure.effect, failure.again), (Effect::None, false));
            }
        }
    }

    #[test]
    fn headers_are_called_as_they_are_signed() {
        assert_eq!(SIGNATURE_HEADER, SIGNATURE);
        assert_eq!(TIMESTAMP_HEADER, TIMESTAMP);
    }
}
