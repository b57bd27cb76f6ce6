//! The pages for people. They need no network: all that they show comes from the sandbox.

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};

use crate::document;

/// Redoc 2.5.4, the bundle `redoc.standalone.js` of its npm package, packed by gzip. Its licence is
/// MIT; the texts stand beside it.
const VIEWER: &[u8] = include_bytes!("../../assets/redoc.standalone.js.gz");

/// Nothing from elsewhere: the viewer would load the logo of its maker.
const OWN_ALONE: &str = "default-src 'self'; script-src 'self' 'unsafe-inline'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; \
     worker-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'";

fn answer<const N: usize>(
    body: impl Into<Body>,
    headers: [(HeaderName, &'static str); N],
) -> Response {
    let mut response = Response::new(body.into());
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

fn html(body: &'static str) -> Response {
    answer(
        body,
        [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CONTENT_SECURITY_POLICY, OWN_ALONE),
            (CACHE_CONTROL, "no-store"),
        ],
    )
}

pub(super) async fn dashboard() -> Response {
    html(include_str!("../../assets/dashboard.html"))
}

pub(super) async fn docs() -> Response {
    html(include_str!("../../assets/docs.html"))
}

/// Packed for everybody: a browser that can't unpack it is none of today.
pub(super) async fn viewer() -> Response {
    answer(
        VIEWER,
        [
            (CONTENT_TYPE, "text/javascript; charset=utf-8"),
            (CONTENT_ENCODING, "gzip"),
            (CACHE_CONTROL, "max-age=86400"),
        ],
    )
}

pub(super) async fn document() -> Response {
    answer(
        document::TEXT,
        [
            (CONTENT_TYPE, "application/json"),
            (CACHE_CONTROL, "no-store"),
        ],
    )
}
