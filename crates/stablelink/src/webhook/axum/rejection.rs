//! Why a delivery was not taken.

use std::fmt;

use ::axum::http::StatusCode;
use ::axum::response::{IntoResponse, Response};

use crate::{Error, ErrorKind};

/// Why a delivery was not taken. As an answer it is a status and fixed words.
#[derive(Debug)]
#[non_exhaustive]
pub enum Rejection {
    /// It does not prove that it comes from the gateway now: 401. The error says what is wrong, and is for you alone.
    Unproven(Error),
    /// It is proved, but no event: 400.
    Unreadable(Error),
    /// Its body is larger than allowed: 413.
    TooLarge,
    /// Its body broke off: 400.
    Incomplete,
    /// Its body did not come in time: 408.
    TooSlow,
}

impl Rejection {
    pub(super) fn of(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Decode(_) => Self::Unreadable(error),
            _ => Self::Unproven(error),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Unproven(_) => StatusCode::UNAUTHORIZED,
            Self::Unreadable(_) | Self::Incomplete => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }

    fn words(&self) -> &'static str {
        match self {
            Self::Unproven(_) => "the signature is missing, wrong or out of time",
            Self::Unreadable(_) => "the body is not a JSON object",
            Self::Incomplete => "the body broke off",
            Self::TooLarge => "the body is too large",
            Self::TooSlow => "the body did not come in time",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unproven(error) | Self::Unreadable(error) => write!(f, "{error}"),
            other => f.write_str(other.words()),
        }
    }
}

impl std::error::Error for Rejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unproven(error) | Self::Unreadable(error) => Some(error),
            _ => None,
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        tracing::warn!(status = self.status().as_u16(), reason = %self, "a webhook delivery was refused");
        (self.status(), self.words()).into_response()
    }
}
