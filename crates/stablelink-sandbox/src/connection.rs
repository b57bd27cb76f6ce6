//! The TCP connection that a request came over.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// Handle on a connection, in the extensions of its requests.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    peer: SocketAddr,
    control: Arc<Control>,
}

#[derive(Debug, Default)]
struct Control {
    reset: AtomicBool,
    ended: Notify,
}

impl Connection {
    /// The handle, and the stream that obeys it.
    pub(crate) fn new(stream: TcpStream, peer: SocketAddr) -> (Self, Stream) {
        let control = Arc::<Control>::default();
        let stream = Stream {
            stream,
            control: Arc::clone(&control),
        };
        (Self { peer, control }, stream)
    }

    /// The address of the other end.
    pub(crate) const fn peer(&self) -> IpAddr {
        self.peer.ip()
    }

    /// Ends the connection by a TCP reset.
    pub(crate) fn reset(&self) {
        self.control.reset.store(true, Ordering::Release);
        self.control.ended.notify_one();
    }

    /// Returns when the connection is to end: whoever serves it drops it then.
    pub(crate) async fn ended(&self) {
        self.control.ended.notified().await;
    }
}

/// A TCP stream that resets when dropped, if its [`Connection`] was told so.
pub(crate) struct Stream {
    stream: TcpStream,
    control: Arc<Control>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.control.reset.load(Ordering::Acquire) {
            // Closing with a linger time of zero throws away what is unsent and sends RST. If it
            // can't be set the peer meets an orderly end, with no answer all the same.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
