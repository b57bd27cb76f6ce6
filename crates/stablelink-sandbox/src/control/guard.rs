//! Restricts the control API and the pages to this machine.
//!
//! A web page in a browser on this machine can send requests to loopback addresses. It can use a
//! host name that resolves to a loopback address; the `Host` header reveals that name. It can send
//! requests to other origins; the `Origin` header reveals the origin of the page, and for JSON the
//! browser also sends a preflight request first.

use std::net::IpAddr;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, Method, StatusCode};

use super::actions::ControlError;
use crate::request::Connection;

pub(super) async fn check_local(request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<Connection>();
    let peer = connection.map(Connection::peer);
    let authority = request.uri().authority().map(Authority::as_str);
    match check(request.method(), authority, request.headers(), peer) {
        Ok(()) => next.run(request).await,
        Err(problem) => ControlError::new(StatusCode::FORBIDDEN, problem).into_response(),
    }
}

fn check(
    method: &Method,
    authority: Option<&str>,
    headers: &HeaderMap,
    peer: Option<IpAddr>,
) -> Result<(), &'static str> {
    if !peer.is_some_and(|peer| peer.to_canonical().is_loopback()) {
        return Err("the control API accepts requests only from the machine of the sandbox");
    }
    // If a header has two values, a proxy may use a different one than the sandbox.
    if [HOST, ORIGIN, CONTENT_TYPE]
        .iter()
        .any(|name| headers.get_all(name).iter().count() > 1)
    {
        return Err("Host, Origin and Content-Type must not be repeated");
    }
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(HOST).unwrap_or_default();
    if !is_loopback(host) || authority.is_some_and(|authority| authority != host) {
        return Err("Host must be localhost or a loopback address");
    }
    if text(ORIGIN).is_some_and(|origin| origin.strip_prefix("http://") != Some(host)) {
        return Err("the control API rejects requests of other origins");
    }
    let content_type = text(CONTENT_TYPE).unwrap_or_default();
    if method == Method::POST && !content_type.starts_with("application/json") {
        return Err("Content-Type must be application/json");
    }
    Ok(())
}

/// Returns true if a host, with or without a port, is this machine.
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

    const LOCAL: &str = "127.0.0.1";

    #[test]
    fn only_requests_from_this_machine_are_accepted() {
        // Method and peer, then the headers Host, Origin and Content-Type; empty ones are not sent.
        for (request, [host, origin, content_type], expected) in [
            (("GET", LOCAL), ["127.0.0.1:80", "", ""], true),
            (("GET", "::1"), ["localhost", "", ""], true),
            (("GET", "::ffff:127.0.0.1"), ["[::1]:8080", "", ""], true),
            (
                ("POST", LOCAL),
                ["localhost:1", "http://localhost:1", "application/json"],
                true,
            ),
            (("DELETE", LOCAL), ["localhost:1", "", ""], true),
            (("GET", "10.0.0.1"), ["localhost", "", ""], false),
            (("GET", LOCAL), ["rebound.invalid", "", ""], false),
            (("GET", LOCAL), ["127.0.0.1.invalid", "", ""], false),
            (("GET", LOCAL), ["", "", ""], false),
            (
                ("GET", LOCAL),
                ["localhost", "http://page.invalid", ""],
                false,
            ),
            (("GET", LOCAL), ["localhost", "null", ""], false),
            (("POST", LOCAL), ["localhost", "", "text/plain"], false),
            (("POST", LOCAL), ["localhost", "", ""], false),
        ] {
            let mut headers = HeaderMap::from_iter([(HOST, host.parse().unwrap())]);
            for (name, value) in [(ORIGIN, origin), (CONTENT_TYPE, content_type)] {
                if !value.is_empty() {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            let (method, peer) = (request.0.parse().unwrap(), request.1.parse().unwrap());
            let accepted = check(&method, None, &headers, Some(peer)).is_ok();
            assert_eq!(accepted, expected, "{request:?} {headers:?}");
            if !accepted {
                continue;
            }
            assert!(check(&method, Some(host), &headers, Some(peer)).is_ok());
            let foreign = Some("rebound.invalid");
            assert!(check(&method, foreign, &headers, Some(peer)).is_err());
            for name in headers.keys() {
                let mut repeated = headers.clone();
                repeated.append(name, headers[name].clone());
                assert!(check(&method, None, &repeated, Some(peer)).is_err());
            }
        }
        assert!(check(&Method::GET, None, &HeaderMap::new(), None).is_err());
    }
}
