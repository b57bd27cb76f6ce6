//! Uploaded files.

use axum::extract::Multipart;
use axum::extract::multipart::{MultipartError, MultipartRejection};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::read::Call;
use crate::Operation;
use crate::envelope::Reply;
use crate::refusal::Refusal;
use crate::state::books::UploadedFile;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Uploaded {
    file_id: i64,
}

/// Takes one file in the part `file`, and a whole number in the part `scene` if there is one.
/// Its content is not kept, only its size and hash.
pub(crate) async fn upload(
    call: Call,
    parts: Result<Multipart, MultipartRejection>,
) -> Result<Reply, Refusal> {
    let mut parts = parts
        .map_err(|_| Refusal::field("Content-Type must be multipart/form-data with a boundary"))?;
    let mut file = None;
    let mut scene = None;
    while let Some(part) = parts.next_field().await.map_err(unreadable)? {
        match part.name() {
            Some("file") => {
                let name = part.file_name().map(ToOwned::to_owned);
                let content_type = part.content_type().map(ToOwned::to_owned);
                let bytes = part.bytes().await.map_err(unreadable)?;
                let sha256 = Sha256::digest(&bytes);
                file = Some(UploadedFile {
                    id: call.gateway.new_id(),
                    name,
                    content_type,
                    scene: None,
                    size: bytes.len() as u64,
                    sha256: sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
                });
            }
            Some("scene") => {
                let text = part.text().await.map_err(unreadable)?;
                let number = text.parse::<i64>();
                let rule = "scene must be a whole number";
                scene = Some(number.map_err(|_| Refusal::field(rule))?);
            }
            _ => {}
        }
    }
    let mut file = file.ok_or_else(|| Refusal::missing_field("file"))?;
    file.scene = scene;
    let file_id = file.id;
    let mut books = call.books();
    let sha256 = file.sha256.clone();
    books.effects.made(Operation::UploadFile, sha256);
    books.files.insert(file_id, file);
    Reply::data(&Uploaded { file_id })
}

fn unreadable(error: MultipartError) -> Refusal {
    Refusal::field(format!("the multipart body can't be read: {error}"))
}
