//! Lets nobody steer but this machine.
//!
//! A page of the web that a person has open can make the browser call loopback addresses: by a
//! name that resolves to one (told by `Host`), or across origins (told by `Origin`, and kept from
//! sending JSON without being asked first).

use std::net::IpAddr;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, HeaderName, Method, StatusCode};

use super::act::Failed;
use crate::connection::Connection;

pub(super) async fn guard(request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<Connection>();
    let peer = connection.map(Connection::peer);
    match allowed(request.method(), request.headers(), peer) {
        Ok(()) => next.run(request).await,
        Err(why) => Failed::new(StatusCode::FORBIDDEN, why).into_response(),
    }
}

fn allowed(method: &Method, headers: &HeaderMap, peer: Option<IpAddr>) -> Result<(), &'static str> {
    if !peer.is_some_and(|peer| peer.to_canonical().is_loopback()) {
        return Err("the sandbox is steered from its own machine alone");
    }
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(HOST).unwrap_or_default();
    if !is_loopback(host) {
        return Err("Host must be localhost or a loopback address");
    }
    if text(ORIGIN).is_some_and(|origin| origin.strip_prefix("http://") != Some(host)) {
        return Err("pages of other origins can't steer the sandbox");
    }
    let content_type = text(CONTENT_TYPE).unwrap_or_default();
    if method == Method::POST && !content_type.starts_with("application/json") {
        return Err("Content-Type must be application/json");
    }
    Ok(())
}

/// Of a host with or without a port.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let ip = name.trim_matches(['[', ']']).parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_this_machine_in_and_nobody_else() {
        let json = Some("application/json");
        for (method, host, origin, content_type, peer, expected) in [
            ("GET", "127.0.0.1:80", None, None, "127.0.0.1", true),
            ("GET", "localhost", None, None, "::1", true),
            ("GET", "[::1]:8080", None, None, "::ffff:127.0.0.1", true),
            (
                "POST",
                "localhost:1",
                Some("http://localhost:1"),
                json,
                "127.0.0.1",
                true,
            ),
            ("DELETE", "localhost:1", None, None, "127.0.0.1", true),
            ("GET", "localhost", None, None, "10.0.0.1", false),
            ("GET", "rebound.invalid", None, None, "127.0.0.1", false),
            ("GET", "127.0.0.1.invalid", None, None, "127.0.0.1", false),
            ("GET", "", None, None, "127.0.0.1", false),
            (
                "GET",
                "localhost",
                Some("http://page.invalid"),
                None,
                "127.0.0.1",
                false,
            ),
            ("GET", "localhost", Some("null"), None, "127.0.0.1", false),
            (
                "POST",
                "localhost",
                None,
                Some("text/plain"),
                "127.0.0.1",
                false,
            ),
            ("POST", "localhost", None, None, "127.0.0.1", false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [
                (HOST, Some(host)),
                (ORIGIN, origin),
                (CONTENT_TYPE, content_type),
            ] {
                if let Some(value) = value {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            let method = method.parse().unwrap();
            let let_in = allowed(&method, &headers, Some(peer.parse().unwrap())).is_ok();
            assert_eq!(
                let_in, expected,
                "{host} {origin:?} {content_type:?} {peer}"
            );
        }
        assert!(allowed(&Method::GET, &HeaderMap::new(), None).is_err());
    }
}
