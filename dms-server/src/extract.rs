//! axum's extractors with rejections that are problems.

use axum::extract::path::ErrorKind;
use axum::extract::rejection::{FormRejection, JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

use crate::problem::{Problem, rejected};

/// What is said of a body of another shape; where and how its `errors` say.
pub const UNREADABLE: &str = "The body is not what is expected here.";
/// What is said of a body beyond the largest that a path takes.
pub const TOO_LARGE: &str = "The body is larger than this path takes. Send less at once.";

/// A JSON body, in or out.
#[derive(Clone, Copy, Debug, Default, FromRequest)]
#[from_request(via(axum::Json), rejection(Problem))]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// A body as HTML forms and OAuth send it.
#[derive(Clone, Copy, Debug, Default, FromRequest)]
#[from_request(via(axum::Form), rejection(Problem))]
pub struct Form<T>(pub T);

/// Parameters in the path.
#[derive(Clone, Copy, Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub struct Path<T>(pub T);

/// Parameters after the question mark.
#[derive(Clone, Copy, Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub struct Query<T>(pub T);

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                let fix = "Send `Content-Type: application/json`.";
                Self::new(
                    rejection.status(),
                    "not_json",
                    "The body is not called JSON.",
                )
                .at("Content-Type", "missing", fix)
            }
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self::new(rejection.status(), "body_too_large", TOO_LARGE)
            }
            status => rejected::wrapped(Self::new(status, "invalid_body", UNREADABLE), &rejection),
        }
    }
}

impl From<FormRejection> for Problem {
    fn from(rejection: FormRejection) -> Self {
        let detail = "The form is not one that is expected here.";
        let problem = Self::new(rejection.status(), "invalid_request", detail);
        if rejection.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            let fix = "Send `Content-Type: application/x-www-form-urlencoded`.";
            return problem.at("Content-Type", "missing", fix);
        }
        rejected::wrapped(problem, &rejection)
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        let detail = "A part of the address is not what is expected there.";
        let problem = Self::new(rejection.status(), "invalid_path", detail);
        let (place, fix) = match &rejection {
            PathRejection::FailedToDeserializePathParams(error) => match error.kind() {
                ErrorKind::DeserializeError { key, message, .. } => (key.clone(), message.clone()),
                ErrorKind::ParseErrorAtKey { key, .. } => {
                    (key.clone(), "a whole number is expected".to_owned())
                }
                ErrorKind::InvalidUtf8InPathParam { key } => {
                    (key.clone(), "text in UTF-8 is expected".to_owned())
                }
                ErrorKind::Message(message) => ("path".to_owned(), message.clone()),
                _ => ("path".to_owned(), "another address is expected".to_owned()),
            },
            _ => ("path".to_owned(), "another address is expected".to_owned()),
        };
        problem.at(
            place,
            "not_readable",
            format!("Look at the address: {fix}."),
        )
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        let detail = "A parameter after the question mark is not what is expected there.";
        let problem = Self::new(rejection.status(), "invalid_query", detail);
        rejected::wrapped(problem, &rejection)
    }
}
