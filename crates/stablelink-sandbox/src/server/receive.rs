//! The outermost stage of every request: reads the body, logs the request and its response, and
//! adds `Date`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::DATE;
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt as _;

use super::fault_injection::{DateSkew, read_own_body};
use crate::api_error::ApiError;
use crate::clock::http_date;
use crate::envelope::{ResponseRetcode, seal};
use crate::gateway::GatewayState;
use crate::request::ReceivedRequest;
use crate::request_log::RequestRecord;
use crate::settings::SandboxSettings;
use crate::{SandboxOperation, auth};

/// Reads the body, logs the request, and adds `Date` to the response.
pub(super) async fn receive(
    State(gateway): State<Arc<GatewayState>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let settings = gateway.settings();
    let operation = SandboxOperation::find(&parts.method, parts.uri.path());
    // Only the body of a call with a valid token is needed as a whole.
    let prefix_length = if operation.is_some() && auth::has_valid_token(&gateway, &parts) {
        usize::MAX
    } else {
        settings.logged_body_bytes
    };
    let mut reader = BodyReader::new(&gateway, &settings, prefix_length);
    let result = tokio::time::timeout(settings.body_timeout, reader.read(body)).await;
    let result = result.unwrap_or(Err(ApiError::TooSlow));
    let record = RequestRecord {
        number: 0,
        at: gateway.clock.now_millis(),
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: copy_headers(&parts.headers),
        body: logged_part(&reader.buffer, &settings),
        body_length: reader.length,
        operation,
        client: None,
        token_generation: None,
        is_signature_valid: None,
        query_form: settings.query_form,
        status: None,
        response_headers: HeaderMap::new(),
        response_body: Bytes::new(),
        retcode: None,
        faults: Vec::new(),
    };
    let number = gateway.requests.add(record, &settings);
    let mut response = match result {
        Err(error) => seal(error.into_response(), operation, &settings),
        Ok(()) => {
            let body = Bytes::from(std::mem::take(&mut reader.buffer));
            parts.extensions.insert(ReceivedRequest {
                number,
                body: body.clone(),
                body_length: reader.length,
                operation,
            });
            next.run(Request::from_parts(parts, Body::from(body))).await
        }
    };
    let skew = response.extensions_mut().remove::<DateSkew>();
    let now = gateway.clock.now_millis();
    let date = http_date(now.saturating_add(skew.map_or(0, |DateSkew(millis)| millis)));
    // A fault can set its own `Date`.
    if let (false, Ok(date)) = (
        response.headers().contains_key(DATE),
        HeaderValue::try_from(date),
    ) {
        response.headers_mut().insert(DATE, date);
    }
    let retcode = response.extensions_mut().remove::<ResponseRetcode>();
    let (response, body) = buffer_body(response).await;
    gateway.requests.update(number, |record| {
        record.status = Some(response.status().as_u16());
        record.response_headers = response.headers().clone();
        record.response_body = logged_part(&body, &settings);
        record.retcode = retcode.map(|ResponseRetcode(code)| code);
    });
    response
}

/// Returns a response and its body. A body that a fault truncates is sent, but not returned.
async fn buffer_body(response: Response) -> (Response, Bytes) {
    let (parts, body) = response.into_parts();
    if body.size_hint().exact().is_none() {
        return (Response::from_parts(parts, body), Bytes::new());
    }
    let bytes = read_own_body(body).await;
    let body = Body::from(bytes.clone());
    (Response::from_parts(parts, body), bytes)
}

/// Copies the part of a body that the log keeps.
fn logged_part(body: &[u8], settings: &SandboxSettings) -> Bytes {
    Bytes::copy_from_slice(&body[..body.len().min(settings.logged_body_bytes)])
}

/// Copies headers, because a value of hyper is a part of the buffer of the whole head.
fn copy_headers(headers: &HeaderMap) -> HeaderMap {
    let copy = |value: &HeaderValue| HeaderValue::from_bytes(value.as_bytes()).ok();
    let headers = headers.iter();
    headers
        .filter_map(|(name, value)| Some((name.clone(), copy(value)?)))
        .collect()
}

/// Reads a body within the limits of the settings. The buffered bytes count as an open body of
/// the sandbox until the reader is dropped.
struct BodyReader<'a> {
    gateway: &'a GatewayState,
    settings: &'a SandboxSettings,
    /// The number of bytes to buffer. The rest is read and dropped.
    prefix_length: usize,
    buffer: Vec<u8>,
    /// The number of bytes that were counted as open.
    counted: usize,
    length: usize,
}

impl<'a> BodyReader<'a> {
    fn new(gateway: &'a GatewayState, settings: &'a SandboxSettings, prefix_length: usize) -> Self {
        Self {
            gateway,
            settings,
            prefix_length,
            buffer: Vec::new(),
            counted: 0,
            length: 0,
        }
    }

    async fn read(&mut self, mut body: Body) -> Result<(), ApiError> {
        let limit = self.settings.body_limit;
        // A body with a `Content-Length` above the limit is not read at all.
        if body.size_hint().lower() > limit as u64 {
            return Err(ApiError::TooLarge(limit));
        }
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| ApiError::TooLarge(limit))?;
            let data = frame.into_data().unwrap_or_default();
            self.length += data.len();
            if self.length > limit {
                return Err(ApiError::TooLarge(limit));
            }
            let space = self.prefix_length - self.buffer.len();
            let data = &data[..data.len().min(space)];
            self.counted += data.len();
            let open = self
                .gateway
                .open_body_bytes
                .fetch_add(data.len(), Ordering::Relaxed);
            if open + data.len() > self.settings.total_body_limit {
                return Err(ApiError::Overloaded(self.settings.total_body_limit));
            }
            self.buffer.extend_from_slice(data);
        }
        Ok(())
    }
}

impl Drop for BodyReader<'_> {
    fn drop(&mut self) {
        self.gateway
            .open_body_bytes
            .fetch_sub(self.counted, Ordering::Relaxed);
    }
}
