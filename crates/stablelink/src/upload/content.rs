//! What is uploaded: from the disk, from memory, from a stream.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use tokio::fs::File;
use tokio_util::io::ReaderStream;

use crate::error::Error;

/// Told the bytes sent so far, and their number in all where it is known.
pub(super) type Progress = Arc<dyn Fn(u64, Option<u64>) + Send + Sync>;

type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// What is uploaded.
pub(super) enum Content {
    Path(PathBuf),
    Bytes(Bytes),
    /// Gone after its first use.
    Stream(Mutex<Option<ByteStream>>, Option<u64>),
}

/// Progress is told about this often.
const CHUNK: usize = 64 * 1024;

impl Content {
    pub(super) fn stream(
        stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        size: Option<u64>,
    ) -> Self {
        Self::Stream(Mutex::new(Some(Box::pin(stream))), size)
    }

    /// A body that begins at the start, and its size.
    pub(super) async fn open(
        &self,
        progress: Option<Progress>,
    ) -> Result<(reqwest::Body, Option<u64>), Error> {
        let (stream, size): (ByteStream, _) = match self {
            Self::Path(path) => {
                let unreadable = |error: io::Error| {
                    Error::invalid("file", format!("can't be read: {}", error.kind()))
                        .because(error)
                };
                // Before it is opened: to open a pipe waits for its other end.
                let data = tokio::fs::metadata(path).await.map_err(unreadable)?;
                if !data.is_file() {
                    return Err(Error::invalid("file", "is a folder or no plain file"));
                }
                let file = File::open(path).await.map_err(unreadable)?;
                let data = file.metadata().await.map_err(unreadable)?;
                let reader = ReaderStream::with_capacity(file, CHUNK);
                (Box::pin(reader), Some(data.len()))
            }
            Self::Bytes(bytes) => {
                let size = bytes.len() as u64;
                (Box::pin(Pieces(bytes.clone())), Some(size))
            }
            Self::Stream(stream, size) => {
                let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
                let stream = stream.take().ok_or_else(|| {
                    let problem = "is a stream that was read, and the gateway asked for the call again; \
                                   give it anew";
                    Error::invalid("file", problem).retryable(true)
                })?;
                (stream, *size)
            }
        };
        let counted = Counted {
            stream,
            size,
            sent: 0,
            progress,
        };
        Ok((reqwest::Body::wrap_stream(counted), size))
    }
}

/// Bytes in pieces, so that progress can be told.
struct Pieces(Bytes);

impl Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let size = self.0.len().min(CHUNK);
        Poll::Ready(Some(Ok(self.0.split_to(size))))
    }
}

/// Counts what passes, and sees to it that it is as long as was said.
struct Counted {
    stream: ByteStream,
    size: Option<u64>,
    sent: u64,
    progress: Option<Progress>,
}

impl Stream for Counted {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = std::task::ready!(self.stream.as_mut().poll_next(context));
        match &item {
            Some(Ok(bytes)) => {
                self.sent += bytes.len() as u64;
                if self.size.is_some_and(|size| size < self.sent) {
                    return Poll::Ready(Some(Err(unlike())));
                }
                if let Some(told) = &self.progress {
                    told(self.sent, self.size);
                }
            }
            // A file that shrinks while it is read must not pass for a whole one.
            None if self.size.is_some_and(|size| size != self.sent) => {
                return Poll::Ready(Some(Err(unlike())));
            }
            _ => {}
        }
        Poll::Ready(item)
    }
}

fn unlike() -> io::Error {
    io::Error::other("the content is shorter or longer than was said")
}
