//! Uploads of files. Inferred: the pages only name the operation; that it takes multipart and gives a `fileId` stands in guides.

mod content;

use std::fmt;
use std::future::IntoFuture;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use content::{Content, Progress};
use futures_core::Stream;
use reqwest::multipart::{Form, Part};
use stablelink_api::operations::UPLOAD_FILE;
use stablelink_api::types::{UploadedFile, UploadedFileEnvelope};

use crate::call::{MISSING, Plan, Run, Source, envelope};
use crate::client::Client;
use crate::clock::BoxFuture;
use crate::error::{DecodeError, Error};
use crate::response::Response;

/// Files for the gateway, such as the receipt of a bank payment.
///
/// **Inferred**: neither path nor fields were seen; the fields are those of the vendor's older wallet API. No limit of size and
/// no list of media types is known.
#[derive(Clone, Debug)]
pub struct Files(Client);

impl Client {
    /// Files for the gateway. Provisional.
    #[must_use]
    pub fn files(&self) -> Files {
        Files(self.clone())
    }
}

impl Files {
    /// Uploads a file from the disk, under its own name. It is opened when the call is awaited, and read while it is sent. One
    /// that can't be read, and a folder or a pipe, is an [`InvalidArgument`](crate::ErrorKind::InvalidArgument); one that
    /// shrinks or grows meanwhile breaks the call off.
    pub fn upload_path(&self, path: impl Into<PathBuf>) -> Upload {
        let path = path.into();
        let name = path.file_name().map_or_else(
            || "file".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        Upload::new(&self.0, name, Content::Path(path))
    }

    /// Uploads these bytes under a name, which may hold anything but control characters, here and in the other ways.
    pub fn upload_bytes(&self, name: impl Into<String>, bytes: impl Into<Bytes>) -> Upload {
        Upload::new(&self.0, name.into(), Content::Bytes(bytes.into()))
    }

    /// Uploads what a stream gives, under a name. Without its `size` in bytes it is sent in chunks; nobody has shown whether
    /// the gateway takes that. A stream of another size than was said, or that fails, breaks the call off: the file is then not
    /// whole, but the error is [ambiguous](Error::is_ambiguous), as of every call that is cut off.
    ///
    /// A stream can be read once: if the gateway refuses the token that was sent with it, the call fails and says so.
    pub fn upload_stream<S>(&self, name: impl Into<String>, size: Option<u64>, stream: S) -> Upload
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        Upload::new(&self.0, name.into(), Content::stream(stream, size))
    }
}

/// An upload that is ready to be made: `.await` makes it.
///
/// Sent once, never repeated: no field is known to be refused when it comes again. Only where the gateway refused its token or its
/// timestamp it is sent once more, from the start. The parts of the body are not signed (a sister page).
#[must_use = "an upload is made when it is awaited"]
pub struct Upload {
    client: Client,
    name: String,
    content: Content,
    content_type: Option<String>,
    scene: Option<i64>,
    progress: Option<Progress>,
    deadline: Duration,
}

/// How long an upload may take unless it says otherwise.
const DEADLINE: Duration = Duration::from_secs(10 * 60);

impl Upload {
    fn new(client: &Client, name: String, content: Content) -> Self {
        Self {
            client: client.clone(),
            name,
            content,
            content_type: None,
            scene: None,
            progress: None,
            deadline: DEADLINE,
        }
    }

    /// The media type of the file; guessed from its name unless set.
    pub fn content_type(mut self, media_type: impl Into<String>) -> Self {
        self.content_type = Some(media_type.into());
        self
    }

    /// What the file is for. Inferred; the values are not known.
    pub fn scene(mut self, scene: i64) -> Self {
        self.scene = Some(scene);
        self
    }

    /// Told how many bytes of the file were handed to the connection, and of how many, where that is known: about every 64 KiB,
    /// on the task that sends. It begins anew if the file is sent once more; an empty file tells nothing.
    pub fn progress(mut self, told: impl Fn(u64, Option<u64>) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(told));
        self
    }

    /// How long the call may take in all, its one attempt included. 10 minutes unless set, whatever the client has.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    async fn sent(self) -> Result<Response<UploadedFile>, Error> {
        let shared = self.client.shared();
        let mut plan = Plan::of(&UPLOAD_FILE, self.deadline);
        plan.attempt_time = Some(self.deadline);
        let run = Run::new(Arc::clone(&shared), plan);
        name_of_a_file(&self.name).map_err(|error| run.session.named(error))?;
        let form = Arc::new(FormMaker {
            url: format!("{}{}", shared.origin, UPLOAD_FILE.path),
            http: shared.http.clone(),
            media_type: media_type(self.content_type, &self.name)
                .map_err(|error| run.session.named(error))?,
            name: self.name,
            content: self.content,
            scene: self.scene,
            progress: self.progress,
        });
        let source = Source::Parts(Box::new(move || {
            let form = Arc::clone(&form);
            Box::pin(async move { form.request().await })
        }));
        run.by_hand(Ok(source), |body| {
            let envelope: UploadedFileEnvelope = envelope(body)?;
            envelope
                .retdata
                .ok_or_else(|| DecodeError::new("retdata", MISSING))
        })
        .await
    }
}

/// Makes the request of each attempt.
struct FormMaker {
    url: String,
    http: reqwest::Client,
    name: String,
    media_type: String,
    content: Content,
    scene: Option<i64>,
    progress: Option<Progress>,
}

impl FormMaker {
    async fn request(&self) -> Result<reqwest::Request, Error> {
        let (body, size) = self.content.open(self.progress.clone()).await?;
        let part = match size {
            Some(size) => Part::stream_with_length(body, size),
            None => Part::stream(body),
        };
        let wrong = |error: reqwest::Error| {
            Error::invalid("file", "can't be sent as it is").because(error.without_url())
        };
        let part = part
            .file_name(self.name.clone())
            .mime_str(&self.media_type)
            .map_err(wrong)?;
        let mut form = Form::new();
        if let Some(scene) = self.scene {
            form = form.text("scene", scene.to_string());
        }
        let form = form.part("file", part);
        self.http
            .post(&self.url)
            .multipart(form)
            .build()
            .map_err(wrong)
    }
}

/// A line break would end the header that holds the name, and begin another one.
fn name_of_a_file(name: &str) -> Result<(), Error> {
    if name.contains(char::is_control) {
        return Err(Error::invalid(
            "name",
            "has a line break or another control character; give the file another name",
        ));
    }
    Ok(())
}

fn media_type(given: Option<String>, name: &str) -> Result<String, Error> {
    let Some(given) = given else {
        return Ok(mime_guess::from_path(name)
            .first_or_octet_stream()
            .to_string());
    };
    // Refused here, so that nothing is opened for it.
    match Part::text("").mime_str(&given) {
        Ok(_) => Ok(given),
        Err(_) => Err(Error::invalid(
            "content_type",
            "is no media type such as application/pdf",
        )),
    }
}

impl IntoFuture for Upload {
    type Output = Result<Response<UploadedFile>, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.sent())
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names of files may be personal.
        f.debug_struct("Upload").finish_non_exhaustive()
    }
}
