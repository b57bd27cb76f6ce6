//! One POST to a receiver.

use axum::body::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::state::Receiver;

/// Sends the body and gives the status of the answer, whose body nobody reads: the status alone
/// tells. Redirects are not followed.
pub(super) async fn post(
    receiver: &Receiver,
    headers: [(&'static str, &str); 2],
    body: Bytes,
) -> Result<u16, String> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(&receiver.target)
        .header(HOST, &receiver.authority)
        .header(CONTENT_TYPE, "application/json; charset=utf-8");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request
        .body(Full::new(body))
        .map_err(|error| error.to_string())?;
    let stream = TcpStream::connect((receiver.host.as_str(), receiver.port)).await;
    let stream = stream.map_err(|error| format!("no connection: {error}"))?;
    let io = TokioIo::new(stream);
    let (mut sender, connection) = http1::handshake(io)
        .await
        .map_err(|error| error.to_string())?;
    // Dropped at the end, which ends the connection.
    let mut serving = JoinSet::new();
    serving.spawn(connection);
    let answer = sender.send_request(request).await;
    let answer = answer.map_err(|error| format!("no answer: {error}"))?;
    Ok(answer.status().as_u16())
}
