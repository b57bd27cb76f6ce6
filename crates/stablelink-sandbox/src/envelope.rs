//! The envelope that answers come in: [`Reply`] and [`Refusal`] become one here and nowhere else.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::Operation;
use crate::refusal::Refusal;
use crate::settings::{ErrorStatus, RejectedToken, RetcodeForm, Retmsg, SandboxSettings};

/// What an operation that succeeded answers.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// In the envelope; `None`: without `retdata`.
    Data(Option<Box<RawValue>>),
    /// With no envelope around it.
    Bare(Box<RawValue>),
}

impl Reply {
    /// A success with nothing to say.
    pub(crate) const DONE: Self = Self::Data(None);

    pub(crate) fn data(data: &impl Serialize) -> Result<Self, Refusal> {
        raw(data).map(|data| Self::Data(Some(data)))
    }

    pub(crate) fn bare(data: &impl Serialize) -> Result<Self, Refusal> {
        raw(data).map(Self::Bare)
    }
}

fn raw(data: &impl Serialize) -> Result<Box<RawValue>, Refusal> {
    serde_json::value::to_raw_value(data).map_err(|error| Refusal::internal(&error))
}

/// What an operation answers, before it has its envelope. It travels in the extensions of a
/// response without a body, since handlers don't know the settings that form the envelope.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Reply(Reply),
    Refusal(Refusal),
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        Outcome::Reply(self).into_response()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        Outcome::Refusal(self).into_response()
    }
}

/// Marks the response to an operation that was carried out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CarriedOut;

/// The retcode of an operation's response, for the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retcode(pub(crate) &'static str);

#[derive(Serialize)]
struct Envelope<'a> {
    retcode: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    retmsg: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retdata: Option<&'a RawValue>,
    success: bool,
}

/// Gives the outcome in a response its envelope. A response without one is left as it is.
pub(crate) fn seal(
    mut response: Response,
    operation: Option<Operation>,
    settings: &SandboxSettings,
) -> Response {
    match response.extensions_mut().remove::<Outcome>() {
        None => response,
        Some(Outcome::Reply(reply)) => {
            let mut response = match reply {
                Reply::Bare(data) => json(StatusCode::OK, data.get().to_owned()),
                Reply::Data(data) => json(StatusCode::OK, success(data, operation, settings)),
            };
            response.extensions_mut().insert(CarriedOut);
            response.extensions_mut().insert(Retcode("200"));
            response
        }
        Some(Outcome::Refusal(refusal)) => {
            let status = match (refusal.is_rejected_token(), settings.rejected_token) {
                (true, RejectedToken::Http401) => StatusCode::UNAUTHORIZED,
                (true, RejectedToken::Http200) => StatusCode::OK,
                (false, _) if refusal.keeps_its_status() => refusal.status(),
                (false, _) => match settings.error_status {
                    ErrorStatus::Always200 => StatusCode::OK,
                    ErrorStatus::ByKind => refusal.status(),
                },
            };
            let mut response = json(status, failure(refusal.retcode(), refusal.message()));
            response.extensions_mut().insert(Retcode(refusal.retcode()));
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
    written(&Envelope {
        retcode: &literal(if integer { "200" } else { "\"200\"" }),
        retmsg: retmsg.as_deref(),
        retdata: data.as_deref(),
        success: true,
    })
}

/// The text of an envelope with an error.
pub(crate) fn failure(retcode: &str, message: &str) -> String {
    let (retcode, message) = (quoted(retcode), quoted(message));
    written(&Envelope {
        retcode: &retcode,
        retmsg: Some(&message),
        retdata: None,
        success: false,
    })
}

fn quoted(text: &str) -> Box<RawValue> {
    serde_json::value::to_raw_value(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn literal(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn written(envelope: &Envelope<'_>) -> String {
    // Text, raw JSON and a boolean: there is nothing that serde_json could not write.
    serde_json::to_string(envelope).unwrap_or_default()
}

/// A response with JSON.
pub(crate) fn json(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
