//! The envelope of responses. [`OperationResult`] and [`ApiError`] become JSON only here.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::Operation;
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

/// Response extension: the operation succeeded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Succeeded;

/// Response extension: the retcode that the request log records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResponseRetcode(pub(crate) &'static str);

#[derive(Serialize)]
struct ResponseEnvelope<'a> {
    retcode: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    retmsg: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retdata: Option<&'a RawValue>,
    success: bool,
}

/// Writes the result of a handler as a response with an envelope. Other responses are not changed.
pub(crate) fn seal(
    mut response: Response,
    operation: Option<Operation>,
    settings: &SandboxSettings,
) -> Response {
    match response.extensions_mut().remove::<Unsealed>() {
        None => response,
        Some(Unsealed(Ok(result))) => {
            let body = match result {
                OperationResult::Bare(data) => data.get().to_owned(),
                OperationResult::Data(data) => success(data, operation, settings),
            };
            let mut response = json(StatusCode::OK, body);
            response.extensions_mut().insert(Succeeded);
            response.extensions_mut().insert(ResponseRetcode("200"));
            response
        }
        Some(Unsealed(Err(error))) => {
            let status = match (error.is_rejected_token(), settings.rejected_token) {
                (true, RejectedToken::Http401) => StatusCode::UNAUTHORIZED,
                (true, RejectedToken::Http200) => StatusCode::OK,
                (false, _) if error.has_fixed_status() => error.status(),
                (false, _) => match settings.error_status {
                    ErrorStatus::Always200 => StatusCode::OK,
                    ErrorStatus::ByKind => error.status(),
                },
            };
            let mut response = json(status, rejection(error.retcode(), error.message()));
            response
                .extensions_mut()
                .insert(ResponseRetcode(error.retcode()));
            response
        }
    }
}

fn success(
    data: Option<Box<RawValue>>,
    operation: Option<Operation>,
    settings: &SandboxSettings,
) -> String {
    let integer = match settings.retcode {
        RetcodeForm::Integer => true,
        RetcodeForm::String => false,
        RetcodeForm::AsDocumented => matches!(
            operation,
            Some(Operation::IssueAccessToken | Operation::SimulateEvent)
        ),
    };
    let retmsg = match settings.retmsg {
        Retmsg::Success => Some(literal("\"success\"")),
        Retmsg::Empty => Some(literal("\"\"")),
        Retmsg::Null => Some(RawValue::NULL.to_owned()),
        Retmsg::Missing => None,
    };
    to_json(&ResponseEnvelope {
        retcode: &literal(if integer { "200" } else { "\"200\"" }),
        retmsg: retmsg.as_deref(),
        retdata: data.as_deref(),
        success: true,
    })
}

/// Returns the JSON of a rejection.
pub(crate) fn rejection(retcode: &str, message: &str) -> String {
    let quote = |text: &str| serde_json::value::to_raw_value(text).unwrap_or_default();
    to_json(&ResponseEnvelope {
        retcode: &quote(retcode),
        retmsg: Some(&quote(message)),
        retdata: None,
        success: false,
    })
}

fn literal(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap_or_default()
}

fn to_json(envelope: &ResponseEnvelope<'_>) -> String {
    // Serialization cannot fail: the fields are raw JSON and a boolean.
    serde_json::to_string(envelope).unwrap_or_default()
}

/// Returns a JSON response.
pub(crate) fn json(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
