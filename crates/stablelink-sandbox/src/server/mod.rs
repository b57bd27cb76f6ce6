//! The HTTP server. Every request passes these stages, from the outside in: `receive` (log, body,
//! `Date`), `fault_injection` (faults, envelope, check of the response), `auth` (token,
//! signature), `check_request` (schema of the request), and the operation.

mod fault_injection;
mod receive;

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use tower_service::Service as _;

use crate::gateway::GatewayState;
use crate::request::{Connection, ReceivedRequest, parse_query};
use crate::{SandboxOperation, auth, control, document, operations, webhooks};

/// The time that open requests may take after the server stops accepting connections.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// Delay before the next connection is accepted after an error.
const ACCEPT_DELAY: Duration = Duration::from_millis(10);

/// A server on its own port. Dropping it closes all connections.
pub(crate) struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accept_task: JoinHandle<()>,
    webhook_task: JoinHandle<()>,
}

impl Server {
    /// Starts a server on this address.
    pub(crate) async fn start(
        gateway: &Arc<GatewayState>,
        address: SocketAddr,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        Ok(Self {
            address,
            stop,
            accept_task: tokio::spawn(accept(listener, Arc::clone(gateway), stopped)),
            webhook_task: tokio::spawn(webhooks::run(Arc::clone(gateway))),
        })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting connections, and closes those that are still open after
    /// [`SHUTDOWN_TIMEOUT`].
    pub(crate) async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        // The task ends by itself; its result has no information.
        let _ = (&mut self.accept_task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Also drops the set of connections, which aborts them.
        self.accept_task.abort();
        self.webhook_task.abort();
    }
}

/// Routes to the operations and to the control pages, which are not part of the gateway.
fn router(gateway: &Arc<GatewayState>) -> Router {
    let state = || Arc::clone(gateway);
    let operations = Router::new()
        .fallback(operations::dispatch)
        // `receive` has read the body with its own limit.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(state(), check_request))
        .layer(from_fn_with_state(state(), auth::check_call))
        .layer(from_fn_with_state(state(), fault_injection::inject_faults))
        .layer(from_fn_with_state(state(), receive::receive))
        .with_state(state());
    control::router(gateway).fallback_service(operations)
}

/// Rejects a request that the OpenAPI document does not allow.
async fn check_request(
    State(gateway): State<Arc<GatewayState>>,
    request: Request,
    next: Next,
) -> Response {
    let received = request.extensions().get::<ReceivedRequest>();
    let checked = match received.and_then(|it| Some((it.operation?, &it.body))) {
        // The token operation checks its own parameters, and counts rejections.
        None | Some((SandboxOperation::IssueAccessToken, _)) => Ok(()),
        Some((operation, body)) => {
            let content_type = request.headers().get(CONTENT_TYPE);
            let content_type = content_type.and_then(|it| it.to_str().ok());
            let content = (content_type.unwrap_or_default(), &body[..]);
            let settings = gateway.settings();
            let parameters = parse_query(request.uri());
            parameters.and_then(|mut parameters| {
                parameters.extend(operation.path_parameters(request.uri().path()));
                document::check_request(operation, &parameters, content, &settings)
            })
        }
    };
    match checked {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// Accepts connections. `axum::serve` does not allow a fault to reset a connection.
async fn accept(
    listener: TcpListener,
    gateway: Arc<GatewayState>,
    mut stopped: watch::Receiver<bool>,
) {
    let router = router(&gateway);
    let mut connections = JoinSet::new();
    let connection_stop = stopped.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    while connections.try_join_next().is_some() {}
                    let settings = gateway.settings();
                    if connections.len() >= settings.max_connections {
                        refuse_connection(stream);
                        continue;
                    }
                    let options = (connection_stop.clone(), settings.header_timeout);
                    connections.spawn(serve(stream, peer, router.clone(), options));
                }
                // No file descriptor is free, or the peer closed the connection.
                Err(_) => tokio::time::sleep(ACCEPT_DELAY).await,
            },
            // Removes finished connections from the set.
            Some(_) = connections.join_next() => {}
            () = wait_for_stop(&mut stopped) => break,
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, all).await;
}

/// Responds with HTTP 503 and closes the connection.
fn refuse_connection(stream: TcpStream) {
    const RESPONSE: &[u8] =
        b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    // The send buffer is empty, so the write does not block. If it fails, the connection is closed
    // without a response.
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write_all(RESPONSE);
    }
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    (mut stopped, header_timeout): (watch::Receiver<bool>, Duration),
) {
    // Without this option, a small response waits for the acknowledgement of the previous one.
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(Notify::new());
    let connection = Connection::new(peer, Arc::clone(&reset));
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(connection.clone());
        router.clone().call(request.map(Body::new))
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout);
    let mut serving = builder.serve_connection(TokioIo::new(stream), service);
    let mut stopping = false;
    loop {
        tokio::select! {
            // An error of a connection only concerns its client.
            _ = &mut serving => return,
            () = reset.notified() => {
                // With a linger time of zero, closing discards unsent data and sends RST. If
                // setting it fails, the client still receives no response.
                let _ = serving.into_parts().io.into_inner().set_zero_linger();
                return;
            }
            () = wait_for_stop(&mut stopped), if !stopping => {
                stopping = true;
                std::pin::Pin::new(&mut serving).graceful_shutdown();
            }
        }
    }
}

/// Returns when the server is stopped or dropped.
async fn wait_for_stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
