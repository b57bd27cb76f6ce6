//! The HTTP server of the webhook receivers.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// The timeout for reading the head of a request, so that a slow client cannot occupy a connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// The maximum number of open connections. Further connections wait in the queue of the operating
/// system.
const MAX_CONNECTIONS: usize = 128;

/// The time that open requests may take after the server is stopped.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves requests until `stopped` completes.
///
/// `axum::serve` is not used, because it limits neither the number of connections nor the time for
/// the head of a request.
pub(crate) async fn serve(listener: TcpListener, router: Router, stopped: impl Future) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let connections = GracefulShutdown::new();
    let mut stopped = pin!(stopped);
    loop {
        let accept = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            accepted = accept => accepted,
            _ = &mut stopped => break,
        };
        let Ok((stream, _)) = accepted else {
            // No file descriptor is free, or the client closed the connection.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // An error of a connection only concerns its client.
            let _ = connection.await;
            drop(slot);
        });
    }
    drop(listener);
    let _ = timeout(SHUTDOWN_TIMEOUT, connections.shutdown()).await;
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn request_is_served_although_slow_clients_use_all_connections() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(|| async { "served" });
        tokio::spawn(serve(listener, router, std::future::pending::<()>()));
        let mut slow = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"POST / HTTP/1.1\r\nhost:").await.unwrap();
            slow.push(stream);
        }
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let (start, mut response) = (tokio::time::Instant::now(), String::new());
        stream.read_to_string(&mut response).await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(10));
        assert!(response.ends_with("served"), "{response}");
    }
}
