//! The command `webhook listen`: a receiver that verifies, prints and forwards deliveries.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use clap::Args;
use http::{HeaderMap, StatusCode, header};
use reqwest::Url;
use serde_json::json;
use stablelink::webhook::{
    Acknowledgement, HandleError, HandleOutcome, MemoryDeduplicator, VerifiedDelivery,
    WebhookVerifier, handle,
};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::send::{TIMEOUT, parse_receiver};
use crate::context::Context;
use crate::error::{CliError, root_cause};
use crate::input::integer_from;
use crate::output::{CliOutput, TextStyle, sanitize};
use crate::{http_server, terminal};

/// Receives deliveries on this machine.
#[derive(Debug, Args)]
#[command(after_help = "\
Deliveries without a valid signature are printed as rejected and are not forwarded. If forwarding fails, the response is 502, so
that the gateway delivers the event again. Stop with Ctrl-C.")]
pub(crate) struct Listen {
    /// Port on 127.0.0.1; 0 selects a free one
    #[arg(long, default_value_t = 8787, allow_negative_numbers = true)]
    port: u16,
    /// Forward each verified delivery unchanged to this URL
    #[arg(long, value_name = "URL", value_parser = parse_receiver)]
    forward: Option<Url>,
    /// Exit after this number of requests
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = integer_from(1))]
    count: Option<u64>,
}

/// The maximum size of an accepted body, in bytes.
const MAX_BODY: usize = 1 << 20;

struct ListenState {
    verifier: WebhookVerifier,
    deduplicator: Arc<MemoryDeduplicator>,
    forward: Option<(reqwest::Client, Url)>,
    out: CliOutput,
    received: AtomicU64,
    count: Option<u64>,
    count_reached: Notify,
}

impl Listen {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let stopped = terminal::stop_signal()?;
        let state = Arc::new(ListenState {
            verifier: WebhookVerifier::new(&context.sign_key()?)?,
            deduplicator: Arc::new(MemoryDeduplicator::default()),
            forward: match self.forward {
                Some(url) => Some((context.network()?.http_client(TIMEOUT)?, url)),
                None => None,
            },
            out: context.out.clone(),
            received: AtomicU64::new(0),
            count: self.count,
            count_reached: Notify::new(),
        });
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let listener = TcpListener::bind(address).await.map_err(|error| {
            CliError::usage(format!("cannot listen on {address}: {error}"))
                .next("use another --port")
        })?;
        let url = format!("http://{}", listener.local_addr()?);
        context
            .out
            .note(format!("listening on {url} ; stop with Ctrl-C"));
        let router = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&state));
        let interrupted = AtomicBool::new(false);
        let stopped = async {
            tokio::select! {
                () = state.count_reached.notified() => {}
                _ = stopped => interrupted.store(true, Ordering::Relaxed),
            }
        };
        http_server::serve(listener, router, stopped).await;
        let received = state.received.load(Ordering::Relaxed);
        context.out.note(format!("{received} received"));
        match interrupted.into_inner() {
            true => Err(CliError::interrupted(None)),
            false => Ok(()),
        }
    }
}

async fn receive(State(state): State<Arc<ListenState>>, request: Request) -> Response {
    let response = state.receive(request).await;
    let received = state.received.fetch_add(1, Ordering::Relaxed) + 1;
    if state.count.is_some_and(|count| received >= count) {
        state.count_reached.notify_one();
    }
    response
}

/// The reason why a verified delivery could not be forwarded.
struct ForwardError(String);

impl ListenState {
    async fn receive(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, MAX_BODY);
        let body = tokio::time::timeout(Duration::from_secs(5), body).await;
        let Ok(Ok(body)) = body else {
            let reason = "the body is too large or was not received in time";
            return self.reject(StatusCode::BAD_REQUEST, reason, reason);
        };
        let now = SystemTime::now();
        let verified = match self.verifier.verify(&parts.headers, body.clone(), now) {
            Ok(verified) => verified,
            Err(error) => {
                let message = "the signature is missing, invalid or expired";
                return self.reject(StatusCode::UNAUTHORIZED, &error.to_string(), message);
            }
        };
        let outcome = handle(&verified, &self.deduplicator, |_| {
            self.forward(&parts.headers, body.clone())
        })
        .await;
        match outcome {
            Ok(HandleOutcome::Handled(forwarded) | HandleOutcome::NotRecorded(forwarded, _)) => {
                let status = forwarded.as_ref().map(|(status, _)| *status);
                self.print(&verified, false, status);
                match forwarded {
                    Some((status, body)) => (status, body).into_response(),
                    None => Acknowledgement.into_response(),
                }
            }
            Ok(HandleOutcome::Duplicate) => {
                self.print(&verified, true, None);
                Acknowledgement.into_response()
            }
            Ok(HandleOutcome::InProgress) => {
                self.print(&verified, true, None);
                (StatusCode::CONFLICT, "the event is already being handled").into_response()
            }
            Err(HandleError::Handler(ForwardError(problem))) => {
                self.print(&verified, false, None);
                let reason = format!("not forwarded: {problem}");
                self.reject(StatusCode::BAD_GATEWAY, &reason, "not forwarded")
            }
            Err(_) => {
                let reason = "the body is not a JSON object";
                self.reject(StatusCode::BAD_REQUEST, reason, reason)
            }
        }
    }

    /// Forwards the delivery, if a URL is set, with its body and its signature headers unchanged.
    async fn forward(
        &self,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Option<(StatusCode, Bytes)>, ForwardError> {
        let Some((http, url)) = &self.forward else {
            return Ok(None);
        };
        let mut request = http.post(url.clone()).body(body);
        for name in ["signature", "timestamp", header::CONTENT_TYPE.as_str()] {
            if let Some(value) = headers.get(name) {
                request = request.header(name, value);
            }
        }
        let failed = |error: reqwest::Error| ForwardError(root_cause(&error));
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        if !status.is_success() {
            let problem = format!("the receiver responded with HTTP {}", status.as_u16());
            return Err(ForwardError(problem));
        }
        let body = response.bytes().await.map_err(failed)?;
        Ok(Some((status, body)))
    }

    /// Prints the reason why a delivery is rejected, and returns a response with `message` as its
    /// body.
    fn reject(&self, status: StatusCode, reason: &str, message: &'static str) -> Response {
        let _ = if self.out.is_json() {
            self.out.json_line(json!({ "refused": reason }).to_string())
        } else {
            let label = self.out.theme().apply(TextStyle::Error, "rejected");
            self.out.line(format!("{label}  {}", sanitize(reason)))
        };
        (status, message).into_response()
    }

    fn print(
        &self,
        verified: &VerifiedDelivery,
        is_duplicate: bool,
        forwarded: Option<StatusCode>,
    ) {
        let Ok(event) = verified.parse() else { return };
        let forwarded = forwarded.map(|status| status.as_u16());
        if self.out.is_json() {
            let mut line = json!({
                "eventType": event.event_type(),
                "eventId": event.id(),
                "signedAt": verified.signed_at().as_millis(),
                "again": is_duplicate,
                "forwarded": forwarded,
            })
            .to_string();
            // The body is appended unchanged, to keep its digits. It is valid JSON, so its line breaks are whitespace.
            line.pop();
            let body = event.text().replace(['\n', '\r'], " ");
            line.push_str(&format!(",\"body\":{body}}}"));
            let _ = self.out.json_line(line);
            return;
        }
        let (style, label) = match is_duplicate {
            true => (TextStyle::Warning, "duplicate"),
            false => (TextStyle::Success, "verified "),
        };
        let mut line = format!(
            "{}  {}  {}",
            self.out.theme().apply(style, label),
            sanitize(event.event_type().unwrap_or("no type")),
            sanitize(event.id().unwrap_or("no id"))
        );
        if let Some(status) = forwarded {
            line.push_str(&format!("  forwarded, HTTP {status}"));
        }
        let _ = self.out.line(line);
        if let Some(data) = event.data() {
            let _ = self.out.line(format!("           {}", sanitize(data)));
        }
    }
}
