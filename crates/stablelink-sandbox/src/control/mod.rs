//! What people and other programs steer a sandbox by: no part of the gateway.
//!
//! The pages at `/` and `/docs`, and JSON under `/_sandbox/`. No token and no signature is asked
//! for, and so nobody but this machine is let in: see `guard`.

mod act;
mod guard;
mod page;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{any, delete, get, post};

use crate::state::Gateway;

/// Bytes that the body of a request may have here.
const BODY_LIMIT: usize = 64 * 1024;

pub(crate) fn router(gateway: &Arc<Gateway>) -> Router {
    Router::new()
        .route("/", get(page::dashboard))
        .route("/docs", get(page::docs))
        .route("/docs/redoc.js", get(page::viewer))
        .route("/docs/openapi.json", get(page::document))
        .route("/_sandbox/status", get(status::status))
        .route("/_sandbox/clock", post(act::clock))
        .route("/_sandbox/customers", post(act::customer))
        .route("/_sandbox/records", post(act::record))
        .route("/_sandbox/pay", post(act::pay))
        .route("/_sandbox/deposit", post(act::deposit))
        .route("/_sandbox/webhook", post(act::webhook))
        .route("/_sandbox/resend", post(act::resend))
        .route("/_sandbox/revoke-tokens", post(act::revoke_tokens))
        .route(
            "/_sandbox/faults",
            post(act::add_fault).delete(act::clear_faults),
        )
        .route("/_sandbox/faults/{number}", delete(act::remove_fault))
        .route("/_sandbox/{*rest}", any(act::unknown))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(guard::guard))
        .with_state(Arc::clone(gateway))
}
