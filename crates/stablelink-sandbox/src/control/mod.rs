//! The control API and the pages, which are not part of the gateway.
//!
//! The pages are at `/` and `/docs`, the JSON API is below `/_sandbox/`. They require no token and
//! no signature, so `guard` restricts them to this machine. `actions` changes a sandbox, `status`
//! reports its state.

mod actions;
mod guard;
mod redact_secrets;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::{any, delete, get, post};
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue};

use crate::document;
use crate::gateway::GatewayState;

/// Maximum length of a request body in bytes.
const BODY_LIMIT: usize = 64 * 1024;

/// Redoc 2.5.4: `redoc.standalone.js` of its npm package, compressed with gzip. Only the URL of a
/// logo of its vendor was changed, with `sed 's|"https:[^"]*/logo-mini.svg"|"data:,"|'`. The MIT
/// licence is in the same directory.
const REDOC: &[u8] = include_bytes!("../../assets/redoc.standalone.js.gz");

/// Allows only the scripts of the sandbox, and no requests to other origins. A script in the
/// document or in a value of a caller is not executed, even if it reaches the markup of a page.
const PAGE_POLICY: &str = "default-src 'self'; script-src 'self'; object-src 'none'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; \
     worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) fn router(gateway: &Arc<GatewayState>) -> Router {
    Router::new()
        .route(
            "/",
            get(|| async { page(include_str!("../../assets/dashboard.html")) }),
        )
        .route(
            "/dashboard.js",
            get(|| async { script(include_str!("../../assets/dashboard.js")) }),
        )
        .route(
            "/docs",
            get(|| async { page(include_str!("../../assets/docs.html")) }),
        )
        .route(
            "/docs/docs.js",
            get(|| async { script(include_str!("../../assets/docs.js")) }),
        )
        .route("/docs/redoc.js", get(redoc))
        .route("/docs/openapi.json", get(openapi))
        .route("/_sandbox/status", get(status::get_status))
        .route("/_sandbox/requests/{number}", get(status::get_request))
        .route("/_sandbox/clock", post(actions::set_clock))
        .route("/_sandbox/customers", post(actions::add_customer))
        .route("/_sandbox/records", post(actions::set_record_status))
        .route("/_sandbox/pay", post(actions::pay_order))
        .route("/_sandbox/deposit", post(actions::deposit))
        .route("/_sandbox/webhook", post(actions::set_webhook_url))
        .route("/_sandbox/resend", post(actions::resend))
        .route("/_sandbox/revoke-tokens", post(actions::revoke_tokens))
        .route(
            "/_sandbox/faults",
            post(actions::add_fault).delete(actions::clear_faults),
        )
        .route("/_sandbox/faults/{number}", delete(actions::remove_fault))
        .route("/_sandbox/{*rest}", any(actions::not_found))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(guard::check_local))
        .with_state(Arc::clone(gateway))
}

fn respond<const N: usize>(
    body: impl Into<Body>,
    headers: [(HeaderName, &'static str); N],
) -> Response {
    let mut response = Response::new(body.into());
    let no_sniffing = (X_CONTENT_TYPE_OPTIONS, "nosniff");
    for (name, value) in headers.into_iter().chain([no_sniffing]) {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

fn page(body: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (CACHE_CONTROL, "no-store"),
    ];
    respond(body, headers)
}

fn script(body: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
    ];
    respond(body, headers)
}

/// Responds with gzip in any case: every current browser supports it.
async fn redoc() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (CONTENT_ENCODING, "gzip"),
        (CACHE_CONTROL, "max-age=86400"),
    ];
    respond(REDOC, headers)
}

async fn openapi() -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    respond(document::TEXT, headers)
}
