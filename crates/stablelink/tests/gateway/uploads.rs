//! Uploads from every source.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use sha2::{Digest, Sha256};
use stablelink::{Client, ErrorKind, Upload};
use stablelink_sandbox::{Fault, SandboxOperation};

use crate::setup::pair;
use crate::watch::CheckedResult;

/// A stream of these chunks.
struct Pieces(Vec<Bytes>);

impl Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(self.0.remove(0))))
    }
}

fn content() -> Bytes {
    (0..300_000u32).map(|n| (n % 251) as u8).collect()
}

fn stream() -> Pieces {
    Pieces(
        content()
            .chunks(70_001)
            .map(Bytes::copy_from_slice)
            .collect(),
    )
}

#[tokio::test]
async fn upload_transfers_all_bytes_from_every_source() {
    let mut file = tempfile::Builder::new().suffix(".pdf").tempfile().unwrap();
    file.write_all(&content()).unwrap();
    let path = file.path().to_owned();
    type Make<'a> = Box<dyn Fn(&Client) -> Upload + 'a>;
    let cases: [(&str, Make<'_>, &str); 5] = [
        (
            "path",
            Box::new(|client| client.files().upload_path(&path)),
            "application/pdf",
        ),
        (
            "bytes",
            Box::new(|client| client.files().upload_bytes("a.png", content())),
            "image/png",
        ),
        (
            "sized stream",
            Box::new(|client| client.files().upload_stream("a", Some(300_000), stream())),
            "application/octet-stream",
        ),
        (
            "stream",
            Box::new(|client| client.files().upload_stream("a.jpg", None, stream())),
            "image/jpeg",
        ),
        (
            "said",
            Box::new(|client| {
                client
                    .files()
                    .upload_bytes("a.png", content())
                    .content_type("text/csv")
            }),
            "text/csv",
        ),
    ];
    for (name, upload, media_type) in cases {
        let (sandbox, client) = pair().await;
        let progress = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&progress);
        let answer = upload(&client)
            .scene(3)
            .progress(move |sent, of| sink.lock().unwrap().push((sent, of)))
            .await
            .unwrap();
        assert!(answer.file_id.is_some(), "{name}");
        let files = sandbox.files();
        assert_eq!(files.len(), 1, "{name}");
        assert_eq!(files[0].size, 300_000, "{name}");
        let hash: String = Sha256::digest(content())
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(files[0].sha256, hash, "{name}");
        assert_eq!(files[0].content_type.as_deref(), Some(media_type), "{name}");
        assert_eq!(files[0].scene, Some(3), "{name}");
        let progress = progress.lock().unwrap();
        assert!(
            progress.len() > 3 && progress.is_sorted(),
            "{name}: {progress:?}"
        );
        assert_eq!(progress.last().unwrap().0, 300_000, "{name}");
    }
}

/// No file name can break out of its header in the form.
#[tokio::test]
async fn upload_accepts_any_name_and_empty_file() {
    let (sandbox, client) = pair().await;
    let long = "x".repeat(300);
    for name in [
        "",
        "receipt of Müller & Söhne.pdf",
        "收据.pdf",
        "a\"; name=\"scene\"; b.pdf",
        "..",
        "/etc/a.pdf",
        &long,
    ] {
        for content in [&b""[..], b"bytes"] {
            let before = sandbox.files().len();
            let upload = client.files().upload_bytes(name, content);
            upload
                .scene(3)
                .await
                .unwrap_or_else(|error| panic!("{name:?}: {error:?}"));
            let files = sandbox.files();
            assert_eq!(files.len(), before + 1, "{name:?}");
            let file = files.last().unwrap();
            assert_eq!(file.size, content.len() as u64, "{name:?}");
            assert_eq!(file.scene, Some(3), "{name:?}");
        }
    }
    let before = sandbox.request_count();
    for name in ["a\r\nContent-Type: text/html\r\n\r\nb.pdf", "a\nb", "a\0b"] {
        let error = client
            .files()
            .upload_bytes(name, content())
            .await
            .checked_err();
        let ErrorKind::InvalidArgument { argument, .. } = error.kind() else {
            panic!("{error:?}");
        };
        assert_eq!(argument, "name");
    }
    assert_eq!(sandbox.request_count(), before);
    for size in [None, Some(0)] {
        let empty = client.files().upload_stream("a", size, Pieces(Vec::new()));
        empty.await.unwrap();
        assert_eq!(sandbox.files().last().unwrap().size, 0);
    }
}

#[tokio::test]
async fn failing_stream_is_ambiguous_and_stores_nothing() {
    struct Failing(u32);

    impl Stream for Failing {
        type Item = io::Result<Bytes>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.0 += 1;
            Poll::Ready(Some(match self.0 {
                1 => Ok(Bytes::from_static(b"a piece")),
                _ => Err(io::Error::other("the disk is gone")),
            }))
        }
    }

    let (sandbox, client) = pair().await;
    for size in [None, Some(100)] {
        let upload = client.files().upload_stream("a", size, Failing(0));
        let error = upload.await.checked_err();
        assert!(error.is_ambiguous(), "{error:?}");
        assert!(error.to_string().contains("the disk is gone"), "{error}");
    }
    assert_eq!(sandbox.files().len(), 0);
}

/// Opening a pipe would wait for its other end on a thread that cannot be cancelled.
#[cfg(unix)]
#[tokio::test]
async fn upload_of_pipe_is_rejected() {
    let (sandbox, client) = pair().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    let error = client.files().upload_path(&path).await.checked_err();
    assert!(error.to_string().contains("not a regular file"), "{error}");
    assert_eq!(sandbox.files().len(), 0);
}

#[tokio::test]
async fn upload_is_resent_only_after_token_rejection() {
    let (sandbox, client) = pair().await;
    sandbox
        .faults()
        .add(Fault::unauthorized().on(SandboxOperation::UploadFile));
    client
        .files()
        .upload_bytes("a.pdf", content())
        .await
        .unwrap();
    assert_eq!(sandbox.files().len(), 1);
    assert_eq!(sandbox.token_grants().granted(), 2);

    sandbox
        .faults()
        .add(Fault::unauthorized().on(SandboxOperation::UploadFile));
    let error = client
        .files()
        .upload_stream("a.pdf", None, stream())
        .await
        .checked_err();
    assert!(
        matches!(error.kind(), ErrorKind::InvalidArgument { .. }),
        "{error}"
    );
    assert_eq!(sandbox.files().len(), 1);

    sandbox.faults().add(
        Fault::reset()
            .on(SandboxOperation::UploadFile)
            .after_effect(),
    );
    let error = client
        .files()
        .upload_bytes("b.pdf", content())
        .await
        .checked_err();
    assert!(error.is_ambiguous(), "{error}");
    assert_eq!(sandbox.files().len(), 2);
}

#[tokio::test]
async fn unreadable_or_resized_file_is_error() {
    let (sandbox, client) = pair().await;
    let folder = tempfile::tempdir().unwrap();
    let files = client.files();
    for (name, upload) in [
        (
            "missing",
            files.upload_path(folder.path().join("missing.pdf")),
        ),
        ("a folder", files.upload_path(folder.path())),
        (
            "media type",
            files
                .upload_bytes("a", content())
                .content_type("no media type"),
        ),
    ] {
        let error = upload.await.checked_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidArgument { .. }),
            "{name}: {error}"
        );
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("missing.pdf"), "{name}: {shown}");
    }
    for said in [299_999, 300_001] {
        let outcome = files.upload_stream("a", Some(said), stream()).await;
        let error = outcome.checked_err();
        assert!(error.is_ambiguous(), "{said}");
        assert!(
            error
                .to_string()
                .contains("does not have the announced size"),
            "{error}"
        );
    }
    assert_eq!(sandbox.files().len(), 0);
}
