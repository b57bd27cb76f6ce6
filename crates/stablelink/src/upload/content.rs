//! The content of an upload: a file, bytes or a stream.

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

/// Receives the number of bytes that were sent, and the total if it is known.
pub(super) type ProgressFn = Arc<dyn Fn(u64, Option<u64>) + Send + Sync>;

type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// The content of an upload.
pub(super) enum UploadContent {
    Path(PathBuf),
    Bytes(Bytes),
    /// `None` after its first use.
    Stream(Mutex<Option<ByteStream>>, Option<u64>),
}

/// The chunk size, and so the interval of progress reports.
const CHUNK: usize = 64 * 1024;

impl UploadContent {
    pub(super) fn stream(
        stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        size: Option<u64>,
    ) -> Self {
        Self::Stream(Mutex::new(Some(Box::pin(stream))), size)
    }

    /// Returns a body that starts at the first byte, and its size.
    pub(super) async fn open(
        &self,
        progress: Option<ProgressFn>,
    ) -> Result<(reqwest::Body, Option<u64>), Error> {
        let (stream, size): (ByteStream, _) = match self {
            Self::Path(path) => {
                let unreadable = |error: io::Error| {
                    Error::invalid("file", format!("cannot be read: {}", error.kind()))
                        .because(error)
                };
                // The file type is checked before the file is opened, because opening a named pipe blocks until another
                // process opens its other end.
                let metadata = tokio::fs::metadata(path).await.map_err(unreadable)?;
                if !metadata.is_file() {
                    return Err(Error::invalid(
                        "file",
                        "is a directory or not a regular file",
                    ));
                }
                let file = File::open(path).await.map_err(unreadable)?;
                let metadata = file.metadata().await.map_err(unreadable)?;
                let reader = ReaderStream::with_capacity(file, CHUNK);
                (Box::pin(reader), Some(metadata.len()))
            }
            Self::Bytes(bytes) => {
                let size = bytes.len() as u64;
                (Box::pin(ByteChunks(bytes.clone())), Some(size))
            }
            Self::Stream(stream, size) => {
                let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
                let stream = stream.take().ok_or_else(|| {
                    let problem = "is a stream that was already read, and the request must be sent again; \
                                   repeat the upload with a new stream";
                    Error::invalid("file", problem).retryable(true)
                })?;
                (stream, *size)
            }
        };
        let counted = CountedStream {
            stream,
            size,
            sent: 0,
            progress,
        };
        Ok((reqwest::Body::wrap_stream(counted), size))
    }
}

/// A body that yields bytes in chunks, so that progress is reported.
struct ByteChunks(Bytes);

impl Stream for ByteChunks {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let size = self.0.len().min(CHUNK);
        Poll::Ready(Some(Ok(self.0.split_to(size))))
    }
}

/// Reports progress, and fails if the content does not have the announced size.
struct CountedStream {
    stream: ByteStream,
    size: Option<u64>,
    sent: u64,
    progress: Option<ProgressFn>,
}

impl Stream for CountedStream {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = std::task::ready!(self.stream.as_mut().poll_next(context));
        match &item {
            Some(Ok(bytes)) => {
                self.sent += bytes.len() as u64;
                if self.size.is_some_and(|size| size < self.sent) {
                    return Poll::Ready(Some(Err(size_mismatch())));
                }
                if let Some(report) = &self.progress {
                    report(self.sent, self.size);
                }
            }
            // A file that shrinks while it is read must not count as complete.
            None if self.size.is_some_and(|size| size != self.sent) => {
                return Poll::Ready(Some(Err(size_mismatch())));
            }
            _ => {}
        }
        Poll::Ready(item)
    }
}

fn size_mismatch() -> io::Error {
    io::Error::other("the content does not have the announced size")
}
