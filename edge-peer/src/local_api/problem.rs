//! Refusals as RFC 9457 problem documents: a code for programs, a sentence for people.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use serde_json::json;
use swarm::{content::hls::HlsError, peer::FailReason};

use crate::{driver::WantError, net::client::FetchError, titles::TitleError};

/// Why a request is not answered as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// A word for programs.
    pub code: &'static str,
    /// A sentence for people, naming the fix where there is one.
    pub detail: String,
}

impl Problem {
    /// A problem.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
        }
    }

    /// Something in the request is not what it should be.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", detail)
    }

    /// There is nothing of that name.
    pub fn not_found(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("error"),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (self.status, kind, Json(body).into_response().into_body()).into_response()
    }
}

impl From<WantError> for Problem {
    fn from(error: WantError) -> Self {
        let (status, code) = match error {
            WantError::Failed(FailReason::Overloaded) => {
                (StatusCode::SERVICE_UNAVAILABLE, "overloaded")
            }
            WantError::Failed(FailReason::Unavailable) => {
                (StatusCode::NOT_FOUND, "chunk_not_found")
            }
            WantError::Failed(FailReason::TooLate) => (StatusCode::GATEWAY_TIMEOUT, "too_late"),
            WantError::Disk => (StatusCode::INTERNAL_SERVER_ERROR, "disk"),
            WantError::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<TitleError> for Problem {
    fn from(error: TitleError) -> Self {
        let (status, code) = match &error {
            TitleError::Unknown => (StatusCode::NOT_FOUND, "title_not_found"),
            TitleError::Away(_) => (StatusCode::SERVICE_UNAVAILABLE, "dms_away"),
            TitleError::Fetch(inner) => {
                let detail = error.to_string();
                return Self {
                    detail,
                    ..(*inner).into()
                };
            }
            TitleError::Refused(_) | TitleError::Older => {
                (StatusCode::BAD_GATEWAY, "manifest_refused")
            }
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<HlsError> for Problem {
    fn from(error: HlsError) -> Self {
        let code = match error {
            HlsError::NotPlayable => "not_playable",
            HlsError::NoTrack(_) => "track_not_found",
        };
        Self::not_found(code, error.to_string())
    }
}

impl From<FetchError> for Problem {
    fn from(error: FetchError) -> Self {
        let detail = format!("the DMS did not answer: {error}");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "dms_away", detail)
    }
}

/// Reads a JSON object; `example` says what to send.
///
/// # Errors
/// 400 `invalid`, with the place and what is wrong there.
pub fn read<T: DeserializeOwned>(body: &[u8], example: &str) -> Result<T, Problem> {
    // A list would be read as an object's fields in their order.
    let object = body.trim_ascii_start().starts_with(b"{");
    let read = if object {
        serde_json::from_slice(body).map_err(|e| e.to_string())
    } else {
        Err("this is no JSON object".to_owned())
    };
    read.map_err(|why| Problem::invalid(format!("send {example}: {why}")))
}

/// Paths that are nothing.
pub async fn no_route() -> Problem {
    Problem::not_found("no_route", "there is nothing at this path")
}
