//! The envelope of responses. [`OperationResult`] and [`ApiError`] become JSON only here.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::SandboxOperation;
use crate::api_error::ApiError;
use crate::settings::{ErrorStatus, RejectedToken, RetcodeForm, Retmsg, SandboxSettings};

/// The result of an operation that succeeded.
#[derive(Clone, Debug)]
pub(crate) enum OperationResult {
    /// Data for `retdata` of the envelope. With `None`, the envelope has no `retdata`.
    Data(Option<Box<RawValue>>),
    /// Data without an envelope.
    Bare(Box<RawValue>),
}

impl OperationResult {
    /// A success without data.
    pub(crate) const EMPTY: Self = Self::Data(None);

    pub(crate) fn data(data: &impl Serialize) -> Result<Self, ApiError> {
        raw(data).map(|data| Self::Data(Some(data)))
    }

    pub(crate) fn bare(data: &impl Serialize) -> Result<Self, ApiError> {
        raw(data).map(Self::Bare)
    }
}

fn raw(data: &impl Serialize) -> Result<Box<RawValue>, ApiError> {
    serde_json::value::to_raw_value(data).map_err(|error| ApiError::internal(&error))
}

/// A result without its envelope. It is an extension of an empty response, because handlers do not
/// know the settings that determine the envelope.
#[derive(Clone, Debug)]
struct Unsealed(Result<OperationResult, ApiError>);

impl IntoResponse for OperationResult {
    fn into_response(self) -> Response {
        unsealed(Ok(self))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        unsealed(Err(self))
    }
}

fn unsealed(result: Result<OperationResult, ApiError>) -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Unsealed(result));
    response
}

/// Header of a response that is made from the document, because the operation has no hand-written
/// handler, or a handler that returns no record where a page shows one. Its value is `example` for an example of the document, or `schema` for values that are
/// made from the schema.
pub(crate) const FROM_DOCUMENT: HeaderName = HeaderName::from_static("x-sandbox-from-document");

/// Response extension: the retcode of the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResponseRetcode(pub(crate) &'static str);

impl ResponseRetcode {
    pub(crate) const SUCCESS: Self = Self("200");
}

/// Writes the result of a handler as a response with an envelope. Other responses are not changed.
pub(crate) fn seal(
    mut response: Response,
    operation: Option<SandboxOperation>,
    settings: &SandboxSettings,
) -> Response {
    let Some(Unsealed(result)) = response.extensions_mut().remove() else {
        return response;
    };
    let (status, retcode, body) = match result {
        Ok(OperationResult::Bare(data)) => (
            StatusCode::OK,
            ResponseRetcode::SUCCESS,
            data.get().to_owned(),
        ),
        Ok(OperationResult::Data(data)) => {
            let body = success(data.as_deref(), operation, settings);
            (StatusCode::OK, ResponseRetcode::SUCCESS, body)
        }
        Err(error) => {
            let always_200 = match error {
                ApiError::Token => settings.rejected_token == RejectedToken::Http200,
                _ => settings.error_status == ErrorStatus::Always200 && !error.has_fixed_status(),
            };
            let status = if always_200 {
                StatusCode::OK
            } else {
                error.status()
            };
            let body = rejection(error.retcode(), &error.to_string());
            (status, ResponseRetcode(error.retcode()), body)
        }
    };
    let mut sealed = json_response(status, body);
    sealed
        .headers_mut()
        .extend(std::mem::take(response.headers_mut()));
    sealed.extensions_mut().insert(retcode);
    sealed
}

fn success(
    data: Option<&RawValue>,
    operation: Option<SandboxOperation>,
    settings: &SandboxSettings,
) -> String {
    use SandboxOperation::{IssueAccessToken, SimulateEvent};

    let is_integer = match settings.retcode {
        RetcodeForm::Observed => operation == Some(SimulateEvent),
        RetcodeForm::AsDocumented => {
            matches!(operation, Some(IssueAccessToken | SimulateEvent))
        }
        RetcodeForm::Integer => true,
        RetcodeForm::String => false,
    };
    let retmsg = match settings.retmsg {
        Retmsg::Success => Some("\"success\""),
        Retmsg::Empty => Some("\"\""),
        Retmsg::Null => Some("null"),
        Retmsg::Missing => None,
    };
    let retcode = if is_integer { "200" } else { "\"200\"" };
    envelope(retcode, retmsg, data.map(RawValue::get), true)
}

/// Returns the JSON of a rejection.
pub(crate) fn rejection(retcode: &str, message: &str) -> String {
    let [retcode, message] = [retcode, message].map(|text| json!(text).to_string());
    envelope(&retcode, Some(&message), None, false)
}

/// Returns an envelope with fields that are JSON.
fn envelope(retcode: &str, retmsg: Option<&str>, retdata: Option<&str>, success: bool) -> String {
    let mut envelope = format!("{{\"retcode\":{retcode}");
    for (name, value) in [("retmsg", retmsg), ("retdata", retdata)] {
        if let Some(value) = value {
            envelope += &format!(",\"{name}\":{value}");
        }
    }
    envelope + &format!(",\"success\":{success}}}")
}

/// Returns a JSON response.
pub(crate) fn json_response(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
