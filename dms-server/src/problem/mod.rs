//! Errors over HTTP: RFC 9457 `application/problem+json`.
//!
//! One type for every route. What the caller did wrong is said in full with the fix; what failed inside is
//! logged with its cause and told as an opaque 5xx. [`crate::observe::request`] adds the request id.

pub mod catalogue;
pub mod rejected;
pub mod routes;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::db::{self, DbError};
use crate::store::StoreError;

/// Media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Seconds a caller is asked to wait when a part of the server is not available.
const RETRY_AFTER_S: u32 = 2;

/// One wrong field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// JSON pointer (RFC 6901) into the request body, or the name of a parameter.
    pub pointer: String,
    /// Stable code.
    pub code: String,
    /// What to do about it.
    pub fix: String,
}

/// The body of a problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// `/problems#<code>`: where this server says what it means and what to do.
    pub r#type: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable code, for programs.
    pub code: String,
    /// One sentence for people: what is wrong and what to do.
    pub detail: String,
    /// The wrong fields, if it is about fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// The path that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The id under which the server's log has this request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// A refusal or failure on its way to the caller.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// Stable code.
    pub code: &'static str,
    /// One sentence for people.
    pub detail: Cow<'static, str>,
    /// The wrong fields.
    pub errors: Vec<FieldProblem>,
    /// For the log only; the caller never sees it.
    #[source]
    pub cause: Option<Arc<dyn Error + Send + Sync>>,
}

/// What a handler returns.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

impl Problem {
    /// A problem with this status and code.
    #[must_use]
    pub fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            cause: None,
        }
    }

    /// 400: the request cannot be understood or breaks a rule.
    #[must_use]
    pub fn invalid(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 404.
    #[must_use]
    pub fn not_found(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    /// 409: it contradicts what is there.
    #[must_use]
    pub fn conflict(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 401.
    #[must_use]
    pub fn unauthenticated(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    /// 403.
    #[must_use]
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 500 that tells the caller nothing of its cause.
    #[must_use]
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let mut problem = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The server failed. Try again; if it stays, give its operator the request id.",
        );
        problem.cause = Some(Arc::from(cause.into()));
        problem
    }

    /// 503 that tells the caller to come back.
    #[must_use]
    pub fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "A part of the server does not answer at the moment. Try again shortly.",
        );
        problem.cause = Some(Arc::from(cause.into()));
        problem
    }

    /// Names a wrong field.
    #[must_use]
    pub fn at(
        mut self,
        pointer: impl Into<String>,
        code: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        self.errors.push(FieldProblem {
            pointer: pointer.into(),
            code: code.into(),
            fix: fix.into(),
        });
        self
    }

    /// The answer, with what only the request knows.
    #[must_use]
    pub fn response(&self, instance: Option<String>, request_id: Option<String>) -> Response {
        let body = ProblemBody {
            r#type: format!("/problems#{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            detail: self.detail.clone().into_owned(),
            errors: self.errors.clone(),
            instance,
            request_id,
        };
        // Plain strings and numbers always serialise.
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status, bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.response(None, None);
        // The outer layer finds it here, writes it again with the request id, and logs the cause.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                Self::unavailable(error)
            }
            other if db::is_full(&other) => {
                let mut problem = Self::new(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "storage_full",
                    "The disk of the server's database is full. Free room, then try again; nothing was lost.",
                );
                problem.cause = Some(Arc::new(other));
                problem
            }
            other => Self::internal(other),
        }
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Sql(e) => e.into(),
            other => Self::internal(other),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Full) {
            return Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "storage_full",
                "The server's store is full. Free room, then try again; nothing was lost.",
            );
        }
        if matches!(error, StoreError::ReadOnly(_)) {
            let mut problem = Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "store_read_only",
                "The server may not write into its store. Let its account write there, then try again.",
            );
            problem.cause = Some(Arc::new(error));
            return problem;
        }
        Self::unavailable(error)
    }
}
