//! The server: connections, and what every request goes through.
//!
//! From the outside in: arrival (log, body, `Date`), faults, the document's rules of answers, token
//! and signature, the document's rules of requests, operation.

mod arrival;
mod held;
mod serve;
mod strike;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

pub(crate) use serve::Server;

use crate::state::Gateway;
use crate::{auth, control, operations};

/// The pages and the control beside the gateway, which knows nothing of them.
fn router(gateway: &Arc<Gateway>) -> Router {
    control::router(gateway).fallback_service(operations(gateway))
}

/// The operations and all that is around them.
fn operations(gateway: &Arc<Gateway>) -> Router {
    let state = || Arc::clone(gateway);
    operations::router()
        .layer(from_fn(held::request))
        .layer(from_fn_with_state(state(), auth::check))
        .layer(from_fn_with_state(state(), strike::strike))
        .layer(from_fn_with_state(state(), arrival::arrive))
        .with_state(state())
}
