//! Takes connections and serves them.
//!
//! By hand and not by `axum::serve`, because a fault may end a connection by a reset.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tower_service::Service as _;

use super::router;
use crate::connection::Connection;
use crate::state::Gateway;
use crate::webhooks;

/// How long requests under way may take once the server shuts down.
const GRACE: Duration = Duration::from_secs(2);

/// How long to wait before connections are taken again, where there was no room for one.
const PAUSE: Duration = Duration::from_millis(10);

/// A server on a port of its own. Dropped, it ends at once, with all of its connections.
pub(crate) struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    webhooks: JoinHandle<()>,
}

impl Server {
    /// Listens on this address.
    pub(crate) async fn start(gateway: &Arc<Gateway>, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let accepting = accept(listener, Arc::clone(gateway), stopped);
        let accepting = tokio::spawn(accepting);
        Ok(Self {
            address,
            stop,
            accepting,
            webhooks: tokio::spawn(webhooks::run(Arc::clone(gateway))),
        })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, finishes the requests under way within the grace, and ends the
    /// rest.
    pub(crate) async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        // It ends by itself; there is nothing to learn from how.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Drops the set of connections too, which aborts them.
        self.accepting.abort();
        self.webhooks.abort();
    }
}

async fn accept(listener: TcpListener, gateway: Arc<Gateway>, mut stopped: watch::Receiver<bool>) {
    let router = router(&gateway);
    let mut connections = JoinSet::new();
    let of_connections = stopped.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    while connections.try_join_next().is_some() {}
                    let settings = gateway.settings();
                    if connections.len() >= settings.max_connections {
                        turn_away(stream);
                        continue;
                    }
                    let timeout = settings.header_timeout;
                    let stopped = of_connections.clone();
                    connections.spawn(serve(stream, peer, router.clone(), (stopped, timeout)));
                }
                // Out of file descriptors, or the peer is gone already.
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            // Only so that the set does not grow.
            Some(_) = connections.join_next() => {}
            () = stop(&mut stopped) => break,
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, all).await;
}

/// Tells a connection that there is no room for it, and closes it.
fn turn_away(stream: TcpStream) {
    const ANSWER: &[u8] =
        b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    // Nothing was sent yet, so that these bytes fit without waiting; if not, it is closed all the
    // same.
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write_all(ANSWER);
    }
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    (mut stopped, header_timeout): (watch::Receiver<bool>, Duration),
) {
    // Small answers must not wait for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let (connection, stream) = Connection::new(stream, peer);
    let handle = connection.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(connection.clone());
        router.clone().call(request.map(Body::new))
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout);
    let mut serving = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut stopping = false;
    loop {
        tokio::select! {
            // How a connection ends is the client's business.
            _ = serving.as_mut() => return,
            // Drops the stream, which resets it.
            () = handle.ended() => return,
            () = stop(&mut stopped), if !stopping => {
                stopping = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}

/// Returns when the server is to stop, or is gone.
async fn stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
