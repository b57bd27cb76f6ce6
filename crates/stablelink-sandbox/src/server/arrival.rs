//! What happens to every request first, and to every answer last.

use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::DATE;
use http::request::Parts;

use super::strike::DateSkew;
use crate::Operation;
use crate::clock::http_date;
use crate::envelope::{Retcode, seal};
use crate::refusal::Refusal;
use crate::settings::SandboxSettings;
use crate::state::{Arrival, Gateway, RequestRecord};

/// Reads the body, logs the request, and dates the answer.
pub(crate) async fn arrive(
    State(gateway): State<Arc<Gateway>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let settings = gateway.settings();
    let body = read(body, &settings).await;
    let operation = Operation::find(&parts.method, parts.uri.path());
    let record = record(&gateway, &settings, &parts, operation, body.as_ref().ok());
    let number = gateway.requests.arrived(record, settings.request_log_size);
    let mut response = match body {
        Err(refusal) => seal(refusal.into_response(), operation, &settings),
        Ok(body) => {
            parts.extensions.insert(Arrival {
                number,
                body: body.clone(),
                operation,
            });
            next.run(Request::from_parts(parts, Body::from(body))).await
        }
    };
    let skew = response.extensions_mut().remove::<DateSkew>();
    let now = gateway.clock.now_millis();
    let date = http_date(now.saturating_add(skew.map_or(0, |DateSkew(by)| by)));
    // A fault that gives a date of its own keeps it.
    if let (false, Ok(date)) = (
        response.headers().contains_key(DATE),
        HeaderValue::try_from(date),
    ) {
        response.headers_mut().insert(DATE, date);
    }
    let status = response.status().as_u16();
    let retcode = response.extensions_mut().remove::<Retcode>();
    gateway.requests.update(number, |record| {
        record.status = Some(status);
        record.retcode = retcode.map(|Retcode(code)| code);
    });
    response
}

/// Reads a body that is neither too long nor too slow.
async fn read(body: Body, settings: &SandboxSettings) -> Result<Bytes, Refusal> {
    let limit = settings.body_limit;
    let too_large = || Refusal::too_large(limit);
    // Of a length that was told beforehand, before any of it is read.
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    let read = tokio::time::timeout(settings.body_timeout, to_bytes(body, limit)).await;
    let read = read.map_err(|_| Refusal::too_slow())?;
    read.map_err(|_| too_large())
}

fn record(
    gateway: &Gateway,
    settings: &SandboxSettings,
    parts: &Parts,
    operation: Option<Operation>,
    body: Option<&Bytes>,
) -> RequestRecord {
    RequestRecord {
        number: 0,
        at: gateway.clock.now_millis(),
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.clone(),
        body: body
            .map(|body| head(body, settings.logged_body_bytes))
            .unwrap_or_default(),
        body_length: body.map_or(0, Bytes::len),
        operation,
        client: None,
        token_generation: None,
        status: None,
        retcode: None,
        faults: Vec::new(),
    }
}

/// The first bytes. A part is copied, so that the log does not keep the whole alive.
fn head(body: &Bytes, limit: usize) -> Bytes {
    match body.get(..limit) {
        Some(head) if head.len() < body.len() => Bytes::copy_from_slice(head),
        _ => body.clone(),
    }
}
