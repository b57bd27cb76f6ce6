//! `webhook listen`.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use clap::Args;
use http::{HeaderMap, StatusCode, header};
use serde_json::json;
use stablelink::webhook::{
    Acknowledgement, HandleOutcome, MemoryDeduplicator, VerifiedDelivery, WebhookVerifier, handle,
};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::http;
use crate::context::Context;
use crate::failure::{Failure, cause};
use crate::output::{Out, Tone, plain};
use crate::terminal;

/// Receives deliveries on this machine.
#[derive(Debug, Args)]
#[command(after_help = "\
Deliveries that are not proved by their signature are shown as refused and not forwarded. A delivery that could not be
forwarded is answered with 502, so that the gateway comes again. Ctrl-C ends it.")]
pub(crate) struct Listen {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Send each proved delivery on to this address, as it came
    #[arg(long, value_name = "URL")]
    forward: Option<String>,
    /// End after so many requests
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

/// More is no delivery.
const LIMIT: usize = 1 << 20;

struct Desk {
    webhooks: WebhookVerifier,
    guard: Arc<MemoryDeduplicator>,
    forward: Option<(reqwest::Client, String)>,
    out: Out,
    seen: AtomicU64,
    count: Option<u64>,
    enough: Notify,
}

impl Listen {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let stop = terminal::stop().await;
        let desk = Arc::new(Desk {
            webhooks: WebhookVerifier::new(&context.sign_key()?)?,
            guard: Arc::new(MemoryDeduplicator::default()),
            forward: match self.forward {
                Some(to) => Some((http()?, to)),
                None => None,
            },
            out: Out::new(if context.out.is_json() {
                crate::output::Form::Json
            } else {
                crate::output::Form::Table
            }),
            seen: AtomicU64::new(0),
            count: self.count,
            enough: Notify::new(),
        });
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Failure::usage(format!("nothing can listen on {address}: {error}"))
                .next("take another --port")
        })?;
        context.out.note(format!(
            "listening on http://{} ; Ctrl-C ends it",
            listener.local_addr()?
        ));
        let router = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&desk));
        let end = Arc::clone(&desk);
        axum::serve(listener, router)
            .with_graceful_shutdown(async move {
                tokio::select! {
                    () = end.enough.notified() => {}
                    () = stop => {}
                }
            })
            .await?;
        let seen = desk.seen.load(Ordering::Relaxed);
        context.out.note(format!("{seen} received"));
        Ok(())
    }
}

async fn receive(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let answer = desk.take(request).await;
    let seen = desk.seen.fetch_add(1, Ordering::Relaxed) + 1;
    if desk.count.is_some_and(|count| seen >= count) {
        desk.enough.notify_one();
    }
    answer
}

/// Why a proved delivery was not passed on.
struct NotForwarded(String);

impl Desk {
    async fn take(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body =
            tokio::time::timeout(Duration::from_secs(5), axum::body::to_bytes(body, LIMIT)).await;
        let Ok(Ok(body)) = body else {
            self.refused("its body is too long, or did not come");
            return plain_answer(
                StatusCode::BAD_REQUEST,
                "the body is too long, or did not come",
            );
        };
        let verified = match self
            .webhooks
            .verify(&parts.headers, body.clone(), SystemTime::now())
        {
            Ok(verified) => verified,
            Err(error) => {
                self.refused(&error.to_string());
                return plain_answer(
                    StatusCode::UNAUTHORIZED,
                    "the signature is missing, wrong or out of time",
                );
            }
        };
        let outcome = handle(&verified, &self.guard, |_| {
            self.pass_on(&parts.headers, body.clone())
        })
        .await;
        match outcome {
            Ok(HandleOutcome::Handled(answer) | HandleOutcome::NotRecorded(answer, _)) => {
                self.show(&verified, false, answer.as_ref().map(|(status, _)| *status));
                match answer {
                    Some((status, body)) => (status, body).into_response(),
                    None => acknowledged(),
                }
            }
            Ok(HandleOutcome::Duplicate) => {
                self.show(&verified, true, None);
                acknowledged()
            }
            Ok(HandleOutcome::InProgress) => {
                self.show(&verified, true, None);
                plain_answer(StatusCode::CONFLICT, "the same event is being handled")
            }
            Err(stablelink::webhook::HandleError::Handler(NotForwarded(problem))) => {
                self.show(&verified, false, None);
                self.refused(&format!("not forwarded: {problem}"));
                plain_answer(StatusCode::BAD_GATEWAY, "not forwarded")
            }
            Err(_) => {
                self.refused("its body is not a JSON object");
                plain_answer(StatusCode::BAD_REQUEST, "the body is not a JSON object")
            }
        }
    }

    /// Sends the delivery on, if it is to be: the bytes as they came, and the headers that prove them.
    async fn pass_on(
        &self,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Option<(StatusCode, Bytes)>, NotForwarded> {
        let Some((http, to)) = &self.forward else {
            return Ok(None);
        };
        let mut request = http.post(to).body(body);
        for name in ["signature", "timestamp", header::CONTENT_TYPE.as_str()] {
            if let Some(value) = headers.get(name) {
                request = request.header(name, value);
            }
        }
        let answer = request
            .send()
            .await
            .map_err(|error| NotForwarded(cause(&error)))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(NotForwarded(format!(
                "the receiver answered HTTP {}",
                status.as_u16()
            )));
        }
        let body = answer
            .bytes()
            .await
            .map_err(|error| NotForwarded(cause(&error)))?;
        Ok(Some((status, body)))
    }

    fn refused(&self, why: &str) {
        if self.out.is_json() {
            let _ = self.out.line(json!({"refused": why}).to_string());
        } else {
            let word = self.out.paint().tone(Tone::Bad, "refused");
            let _ = self.out.line(format!("{word}  {}", plain(why)));
        }
    }

    fn show(&self, verified: &VerifiedDelivery, again: bool, forwarded: Option<StatusCode>) {
        let Ok(event) = verified.parse() else { return };
        let forwarded = forwarded.map(|status| status.as_u16());
        if self.out.is_json() {
            let mut line = json!({
                "eventType": event.event_type(),
                "eventId": event.id(),
                "signedAt": verified.signed_at().as_millis(),
                "again": again,
                "forwarded": forwarded,
            })
            .to_string();
            // The body as it came, to the digit: it was parsed, so that it is JSON; line ends in it are white space.
            line.pop();
            line.push_str(&format!(
                ",\"body\":{}}}",
                event.text().replace(['\n', '\r'], " ")
            ));
            let _ = self.out.line(line);
            return;
        }
        let word = if again { Tone::Warning } else { Tone::Good };
        let mut text = self
            .out
            .paint()
            .tone(word, if again { "again  " } else { "proved " });
        text.push_str(&format!(
            "  {}  {}",
            plain(event.event_type().unwrap_or("no type")),
            plain(event.id().unwrap_or("no id"))
        ));
        if let Some(status) = forwarded {
            text.push_str(&format!("  forwarded, HTTP {status}"));
        }
        let _ = self.out.line(text);
        if let Some(data) = event.data() {
            let _ = self.out.line(format!("         {}", plain(data)));
        }
    }
}

fn acknowledged() -> Response {
    Acknowledgement.into_response()
}

fn plain_answer(status: StatusCode, words: &'static str) -> Response {
    (status, Body::from(words)).into_response()
}
