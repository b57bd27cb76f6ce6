//! Lets the faults strike.

mod cut;
mod edit;

use std::future::pending;
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_LENGTH;

use cut::Then;

use super::held;
use crate::Operation;
use crate::connection::Connection;
use crate::envelope::{CarriedOut, seal};
use crate::faults::{Answer, Kind, Stage};
use crate::refusal::Refusal;
use crate::state::{Arrival, Gateway};

/// How far the `Date` header of a response is to be off, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DateSkew(pub(crate) i64);

/// Gives answers their envelope, and strikes before and after that.
pub(crate) async fn strike(
    State(gateway): State<Arc<Gateway>>,
    request: Request,
    next: Next,
) -> Response {
    let extensions = request.extensions();
    let struck = Struck {
        connection: extensions.get::<Connection>().cloned(),
        operation: extensions.get::<Arrival>().and_then(|a| a.operation),
        number: extensions.get::<Arrival>().map(|arrival| arrival.number),
        path: request.uri().path().to_owned(),
        gateway,
    };
    let mut skew = 0;
    let mut answer = None;
    for kind in struck.due(Stage::Before) {
        answer = struck.strike(kind, None, &mut skew).await;
    }
    let mut response = match answer {
        Some(answer) => answer,
        None => {
            let sealed = struck.sealed(next.run(request).await);
            held::answer(&struck.gateway, struck.operation, sealed).await
        }
    };
    if response.extensions().get::<CarriedOut>().is_some() {
        for kind in struck.due(Stage::After) {
            response = match struck.strike(kind, Some(response), &mut skew).await {
                Some(response) => response,
                // With a response to spoil there is always one.
                None => return Refusal::internal(&"a fault lost its answer").into_response(),
            };
        }
    }
    if skew != 0 {
        response.extensions_mut().insert(DateSkew(skew));
    }
    response
}

/// A request that faults may strike.
struct Struck {
    gateway: Arc<Gateway>,
    connection: Option<Connection>,
    operation: Option<Operation>,
    number: Option<u64>,
    path: String,
}

impl Struck {
    fn due(&self, stage: Stage) -> Vec<Kind> {
        let due = self.gateway.faults.due(stage, self.operation, &self.path);
        if let (Some(number), false) = (self.number, due.is_empty()) {
            let ids = due.iter().map(|(id, _)| *id);
            self.gateway
                .requests
                .update(number, |record| record.faults.extend(ids));
        }
        due.into_iter().map(|(_, kind)| kind).collect()
    }

    fn sealed(&self, response: Response) -> Response {
        let settings = self.gateway.settings();
        seal(response, self.operation, &settings)
    }

    /// Strikes; gives the response as it is now, `None` if there is none yet.
    async fn strike(
        &self,
        kind: Kind,
        response: Option<Response>,
        skew: &mut i64,
    ) -> Option<Response> {
        match kind {
            Kind::Latency(by) => tokio::time::sleep(by).await,
            Kind::DateSkew(by) => *skew = skew.saturating_add(by),
            Kind::Stall => pending().await,
            Kind::Reset => {
                if let Some(connection) = &self.connection {
                    connection.reset();
                }
                pending().await
            }
            Kind::Answer(answer) => return Some(answer.into_response()),
            Kind::Duplicate => {
                let refusal = Refusal::duplicate(key_of(self.operation));
                return Some(self.sealed(refusal.into_response()));
            }
            Kind::Truncate => return spoil(response?, |r, b| cut::cut(r, &b, Then::Close)).await,
            Kind::StallWithinBody => {
                return spoil(response?, |r, b| cut::cut(r, &b, Then::Stall)).await;
            }
            Kind::Member { path, json } => {
                return spoil(response?, |response, body| {
                    let text = std::str::from_utf8(&body).ok();
                    let edited = text.and_then(|text| edit::replace(text, &path, &json));
                    response.map(|_| edited.map_or_else(|| Body::from(body), Body::from))
                })
                .await;
            }
        }
        response
    }
}

/// Takes the body out of a response for a change.
async fn spoil(
    response: Response,
    change: impl FnOnce(Response, Bytes) -> Response,
) -> Option<Response> {
    let (mut parts, body) = response.into_parts();
    // Of the body that is replaced.
    parts.headers.remove(CONTENT_LENGTH);
    // The sandbox made the body itself, in memory.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    Some(change(Response::from_parts(parts, Body::empty()), body))
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response
    }
}

/// The idempotency key of an operation.
const fn key_of(operation: Option<Operation>) -> &'static str {
    match operation {
        Some(Operation::CreateCheckoutOrder) => "orderNo",
        Some(Operation::CreateSettlementOrder | Operation::CreateFiatSettlementOrder) => {
            "settlementOrderNo"
        }
        Some(Operation::CreateRefundOrder | Operation::CreateAbnormalPaymentRefund) => {
            "refundOrderNo"
        }
        _ => "requestId",
    }
}
