//! The error of a control request.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use crate::envelope;
use crate::external_events::UnknownRecord;

/// The error response of a control request.
pub(super) struct ControlError {
    status: StatusCode,
    message: String,
}

impl ControlError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, message }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }
}

impl From<UnknownRecord> for ControlError {
    fn from(unknown: UnknownRecord) -> Self {
        Self::new(StatusCode::NOT_FOUND, unknown.to_string())
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.message }).to_string();
        envelope::json_response(self.status, body)
    }
}
