//! Who calls, and what they may do.
//!
//! People sign in with a token and get a session cookie; programs send the token itself. Both carry a
//! [`Scope`]. A route states its policy by the type of its handler's first parameter:
//! [`Anyone`], [`Viewer`], [`Publisher`] or [`Admin`].

mod csrf;
pub mod db;
pub mod extract;
pub mod owner;
pub mod routes;
pub mod secret;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub use extract::{Admin, Anyone, Publisher, Viewer};
pub use owner::ensure_owner;
pub use secret::{Secret, SecretHash};

/// How long a session lasts, milliseconds: a working day.
pub const SESSION_MS: i64 = 12 * 3600 * 1000;

/// What a token may do; each scope includes the ones before it.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Watch.
    View,
    /// Upload and delete titles.
    Publish,
    /// Everything.
    Admin,
}

impl Scope {
    /// Its name in the API and the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Publish => "publish",
            Self::Admin => "admin",
        }
    }

    /// The scope of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::View, Self::Publish, Self::Admin]
            .into_iter()
            .find(|s| s.name() == name)
    }
}

/// A caller whose token or session was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The name of the token, which is the only name this installation knows a caller by.
    pub subject: String,
    /// What the caller may do.
    pub scope: Scope,
    /// The token, also when the caller came with a session made from it.
    pub token: Uuid,
    /// The session, when the caller came with a cookie.
    pub session: Option<Uuid>,
}
