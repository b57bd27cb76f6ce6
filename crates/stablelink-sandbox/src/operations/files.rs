//! File uploads.

use axum::extract::Multipart;
use axum::extract::multipart::{MultipartError, MultipartRejection};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::call::{AuthenticatedCall, CallResult};
use crate::SandboxOperation;
use crate::api_error::ApiError;
use crate::envelope::OperationResult;
use crate::ledger::SandboxFile;

/// Reads the file from the part `file`, and an optional integer from the part `scene`. The content
/// is not kept.
pub(super) async fn upload_file(
    call: &AuthenticatedCall,
    parts: Result<Multipart, MultipartRejection>,
) -> CallResult {
    let content_type_rule = "Content-Type must be multipart/form-data with a boundary";
    let mut parts = parts.map_err(|_| ApiError::field(content_type_rule))?;
    let mut file = None;
    let mut scene = None;
    while let Some(part) = parts.next_field().await.map_err(unreadable)? {
        match part.name() {
            Some("file") => {
                let name = part.file_name().map(ToOwned::to_owned);
                let content_type = part.content_type().map(ToOwned::to_owned);
                let bytes = part.bytes().await.map_err(unreadable)?;
                let sha256 = Sha256::digest(&bytes);
                file = Some(SandboxFile {
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
                scene = Some(number.map_err(|_| ApiError::field(rule))?);
            }
            _ => {}
        }
    }
    let mut file = file.ok_or_else(|| ApiError::missing_field("file"))?;
    file.scene = scene;
    let mut ledger = call.ledger();
    let effects = &mut ledger.effects;
    effects.record(SandboxOperation::UploadFile, file.sha256.clone());
    let result = OperationResult::data(&json!({ "fileId": file.id }));
    ledger.files.insert(file.id, file);
    result
}

fn unreadable(error: MultipartError) -> ApiError {
    ApiError::field(format!("the multipart body cannot be read: {error}"))
}
