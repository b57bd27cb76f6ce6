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
use crate::{auth, operations};

/// The operations and all that is around them.
fn router(gateway: &Arc<Gateway>) -> Router {
    let state = || Arc::clone(gateway);
    operations::router()
        .layer(from_fn(held::request))
        .layer(from_fn_with_state(state(), auth::check))
        .layer(from_fn_with_state(state(), strike::strike))
        .layer(from_fn_with_state(state(), arrival::arrive))
        .with_state(state())
}
