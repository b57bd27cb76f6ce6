//! What every call but the token call must pass.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use secrecy::ExposeSecret;

use super::{signature, timestamp};
use crate::Operation;
use crate::connection::Connection;
use crate::refusal::Refusal;
use crate::state::{Arrival, Gateway};

/// Who calls: in the extensions of a request that passed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// Index of the client.
    pub(crate) client: usize,
}

/// Lets a request pass that carries the live token and the right signature. The token operation
/// needs neither; what is no operation has no secrets and is left to the router.
pub(crate) async fn check(
    State(gateway): State<Arc<Gateway>>,
    mut request: Request,
    next: Next,
) -> Response {
    let arrival = request.extensions().get::<Arrival>().cloned();
    if let Some(arrival) = arrival.filter(|arrival| arrival.operation.is_some()) {
        let (mut parts, body) = request.into_parts();
        match admit(&gateway, &parts, &arrival) {
            Err(refusal) => return refusal.into_response(),
            Ok(None) => {}
            Ok(Some(caller)) => _ = parts.extensions.insert(caller),
        }
        request = Request::from_parts(parts, body);
    }
    next.run(request).await
}

/// `None`: anyone may make the token call.
fn admit(gateway: &Gateway, parts: &Parts, arrival: &Arrival) -> Result<Option<Caller>, Refusal> {
    let settings = gateway.settings();
    if settings.reject_address {
        let connection = parts.extensions.get::<Connection>();
        let ip = connection.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), Connection::peer);
        return Err(Refusal::address(ip));
    }
    if arrival.operation == Some(Operation::IssueAccessToken) {
        return Ok(None);
    }
    let authorization = header(parts, AUTHORIZATION.as_str(), "Authorization")?;
    let signature = header(parts, "signature", "SIGNATURE")?;
    let timestamp = header(parts, "timestamp", "TIMESTAMP")?;
    let now = gateway.clock.now_millis();
    timestamp::check(timestamp, now, settings.timestamp_tolerance)?;

    let token = bearer(authorization).ok_or_else(Refusal::rejected_token)?;
    let live = |(index, client): (usize, &crate::state::Client)| {
        let generation = client.tokens().live(token, now)?;
        Some((index, generation))
    };
    let (index, generation) = gateway
        .clients
        .iter()
        .enumerate()
        .find_map(live)
        .ok_or_else(Refusal::rejected_token)?;
    gateway.requests.update(arrival.number, |record| {
        record.client = Some(index);
        record.token_generation = Some(generation);
    });

    let body: &[u8] = if is_multipart(parts) {
        &[]
    } else {
        &arrival.body
    };
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    let query = (query, settings.query_form);
    let message = signature::of_request(parts.method.as_str(), timestamp, path, query, body);
    let client = &gateway.clients[index];
    let genuine = {
        let credentials = client.credentials();
        signature::matches(credentials.sign_key().expose_secret(), &message, signature)
    };
    if !genuine {
        return Err(Refusal::signature());
    }
    if !client
        .tokens()
        .used(generation, settings.revoke_after_calls)
    {
        return Err(Refusal::rejected_token());
    }
    Ok(Some(Caller { client: index }))
}

fn header<'a>(parts: &'a Parts, name: &str, shown: &str) -> Result<&'a str, Refusal> {
    let mut values = parts.headers.get_all(name).iter();
    let value = values.next().and_then(|value| value.to_str().ok());
    // Which of two would count is anybody's guess.
    if values.next().is_some() {
        return Err(Refusal::field(format!("header [{shown}] stands twice")));
    }
    value
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Refusal::missing_header(shown))
}

/// The name of the scheme is not case-sensitive.
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The parts of a multipart body are not signed.
fn is_multipart(parts: &Parts) -> bool {
    let kind = parts
        .headers
        .get(CONTENT_TYPE)
        .map(http::HeaderValue::as_bytes);
    kind.and_then(|kind| kind.get(..10))
        .is_some_and(|head| head.eq_ignore_ascii_case(b"multipart/"))
}
