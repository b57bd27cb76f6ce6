//! Uploads of files. Inferred: the pages only name the operation. According to guides, it accepts multipart and returns a
//! `fileId`.

mod content;

use std::fmt;
use std::future::IntoFuture;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use content::{ProgressFn, UploadContent};
use futures_core::Stream;
use reqwest::multipart::{Form, Part};
use stablelink_api::operations::UPLOAD_FILE;
use stablelink_api::types::UploadedFile;

use crate::call::{CallContext, CallOptions, RequestFactory, required_retdata};
use crate::client::Client;
use crate::clock::BoxFuture;
use crate::error::Error;
use crate::response::Response;

/// Files for the gateway, such as the receipt of a bank payment.
///
/// **Inferred**: neither the path nor the fields are documented; the fields are those of the vendor's older wallet API. No size
/// limit and no list of media types is known.
#[derive(Clone, Debug)]
pub struct Files(Client);

impl Client {
    /// Returns the operations for files, such as the receipt of a bank payment. Provisional.
    #[must_use]
    pub fn files(&self) -> Files {
        Files(self.clone())
    }
}

impl Files {
    /// Uploads a file under its own name. The file is opened when the call is awaited, and read while it is sent. The call
    /// fails with [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the file cannot be read or is not a regular
    /// file, and it is interrupted if the file changes its size meanwhile.
    pub fn upload_path(&self, path: impl Into<PathBuf>) -> Upload {
        let path = path.into();
        let name = path.file_name().map_or_else(
            || "file".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        Upload::new(&self.0, name, UploadContent::Path(path))
    }

    /// Uploads bytes under a name, which must not contain control characters.
    pub fn upload_bytes(&self, name: impl Into<String>, bytes: impl Into<Bytes>) -> Upload {
        Upload::new(&self.0, name.into(), UploadContent::Bytes(bytes.into()))
    }

    /// Uploads a stream under a name. Without a `size` in bytes, the stream is sent with chunked encoding; it is unknown
    /// whether the gateway accepts that. If the stream fails or has another size, the call is interrupted: the file is
    /// incomplete, and the error is [ambiguous](Error::is_ambiguous), as for every interrupted call.
    ///
    /// A stream can be read only once: if the gateway rejects the token of the request, the call fails.
    pub fn upload_stream<S>(&self, name: impl Into<String>, size: Option<u64>, stream: S) -> Upload
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        Upload::new(&self.0, name.into(), UploadContent::stream(stream, size))
    }
}

/// An upload: `.await` sends it.
///
/// An upload is never retried, because the operation has no idempotency key. It is sent again from the start only if the
/// gateway rejects its token or its timestamp. The parts of the body are not signed, according to a page of W Checkout.
#[must_use = "an upload is sent when it is awaited"]
pub struct Upload {
    client: Client,
    name: String,
    content: UploadContent,
    content_type: Option<String>,
    scene: Option<i64>,
    progress: Option<ProgressFn>,
    deadline: Duration,
}

const DEFAULT_DEADLINE: Duration = Duration::from_secs(10 * 60);

impl Upload {
    fn new(client: &Client, name: String, content: UploadContent) -> Self {
        Self {
            client: client.clone(),
            name,
            content,
            content_type: None,
            scene: None,
            progress: None,
            deadline: DEFAULT_DEADLINE,
        }
    }

    /// Sets the media type of the file. Defaults to a guess from its name.
    pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
        self.content_type = Some(media_type.into());
        self
    }

    /// Sets the purpose of the file. Inferred; the values are unknown.
    pub fn scene(mut self, scene: i64) -> Self {
        self.scene = Some(scene);
        self
    }

    /// Sets a function that receives the number of bytes passed to the connection, and the total if it is known, about every
    /// 64 KiB, on the sending task. The count restarts if the file is sent again; an empty file reports nothing.
    pub fn progress(mut self, report: impl Fn(u64, Option<u64>) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(report));
        self
    }

    /// Sets the deadline of the call, which is also the timeout of each attempt. Defaults to 10 minutes. The deadline and
    /// the attempt timeout of the client do not apply.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    async fn send(self) -> Result<Response<UploadedFile>, Error> {
        Error::ensure_current_method(&UPLOAD_FILE)?;
        let client = self.client.inner();
        let mut options = CallOptions::of(&UPLOAD_FILE, self.deadline);
        options.attempt_timeout = Some(self.deadline);
        let context = CallContext::new(Arc::clone(&client), options);
        validate_file_name(&self.name).map_err(|error| context.annotate(error))?;
        let form = Arc::new(UploadForm {
            url: format!("{}{}", client.origin, UPLOAD_FILE.path),
            http: client.http.clone(),
            media_type: media_type(self.content_type, &self.name)
                .map_err(|error| context.annotate(error))?,
            name: self.name,
            content: self.content,
            scene: self.scene,
            progress: self.progress,
        });
        let requests = RequestFactory::Multipart(Box::new(move || {
            let form = Arc::clone(&form);
            Box::pin(async move { form.request().await })
        }));
        context
            .execute_request(Ok(requests), required_retdata)
            .await
    }
}

/// The form of an upload.
struct UploadForm {
    url: String,
    http: reqwest::Client,
    name: String,
    media_type: String,
    content: UploadContent,
    scene: Option<i64>,
    progress: Option<ProgressFn>,
}

impl UploadForm {
    /// Creates the request of one attempt.
    async fn request(&self) -> Result<reqwest::Request, Error> {
        let (body, size) = self.content.open(self.progress.clone()).await?;
        let part = match size {
            Some(size) => Part::stream_with_length(body, size),
            None => Part::stream(body),
        };
        let invalid = |error: reqwest::Error| {
            Error::invalid("file", "cannot be sent").because(error.without_url())
        };
        let part = part
            .file_name(self.name.clone())
            .mime_str(&self.media_type)
            .map_err(invalid)?;
        let mut form = Form::new();
        if let Some(scene) = self.scene {
            form = form.text("scene", scene.to_string());
        }
        let form = form.part("file", part);
        self.http
            .post(&self.url)
            .multipart(form)
            .build()
            .map_err(invalid)
    }
}

/// Rejects control characters: a line break would end the header of the name and start another one.
fn validate_file_name(name: &str) -> Result<(), Error> {
    if name.contains(char::is_control) {
        return Err(Error::invalid(
            "name",
            "contains a line break or another control character; use another name",
        ));
    }
    Ok(())
}

fn media_type(explicit: Option<String>, name: &str) -> Result<String, Error> {
    let Some(explicit) = explicit else {
        return Ok(mime_guess::from_path(name)
            .first_or_octet_stream()
            .to_string());
    };
    // The media type is validated before the file is opened.
    match Part::text("").mime_str(&explicit) {
        Ok(_) => Ok(explicit),
        Err(_) => Err(Error::invalid(
            "content_type",
            "is not a media type such as application/pdf",
        )),
    }
}

impl IntoFuture for Upload {
    type Output = Result<Response<UploadedFile>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The file name may be personal data.
        f.debug_struct("Upload").finish_non_exhaustive()
    }
}
