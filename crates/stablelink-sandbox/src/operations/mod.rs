//! The operations: a file for each resource.
//!
//! Handlers read the request, change the books of the caller, and give a `Reply` or a `Refusal`;
//! `envelope` forms the answer. What a request must look like is checked where it is read: the
//! place for a check of all of it against the document is `read`.

mod exchange_rates;
mod orders;
mod read;

use std::sync::Arc;

use axum::Router;

use axum::routing::{MethodFilter, MethodRouter, on};
use http::{Method, Uri};

use crate::refusal::Refusal;
use crate::state::Gateway;
use crate::{Operation, auth};

type Handler = MethodRouter<Arc<Gateway>>;

/// Every operation at its method and path.
pub(crate) fn router() -> Router<Arc<Gateway>> {
    let mut router = Router::new();
    for operation in Operation::ALL {
        if let Some(handler) = handler(*operation) {
            router = router.route(operation.path(), handler.fallback(unknown_method));
        }
    }
    router.fallback(unknown_path)
}

fn handler(operation: Operation) -> Option<Handler> {
    let method = match operation.method() {
        Method::GET => MethodFilter::GET,
        _ => MethodFilter::POST,
    };
    Some(match operation {
        Operation::IssueAccessToken => on(method, auth::grant),
        Operation::GetExchangeRate => on(method, exchange_rates::get),
        Operation::CreateCheckoutOrder => on(method, orders::create),
        Operation::GetCheckoutOrder => on(method, orders::info),
        Operation::CancelCheckoutOrder => on(method, orders::cancel),
        _ => return None,
    })
}

async fn unknown_path(uri: Uri) -> Refusal {
    Refusal::unknown_path(uri.path())
}

async fn unknown_method(method: Method, uri: Uri) -> Refusal {
    Refusal::unknown_method(&method, uri.path())
}
