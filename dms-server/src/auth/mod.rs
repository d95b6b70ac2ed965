//! Who calls, and what they may do.
//!
//! People sign in with their name and password or through the company's directory, and get a session cookie; programs
//! send a token. Both have [`Roles`]. A route states its policy by the type of its handler's first
//! parameter, one of [`extract`]: a handler without one is no handler.

mod csrf;
pub mod db;
pub mod extract;
pub mod owner;
pub mod role;
pub mod routes;
pub mod secret;
#[cfg(test)]
mod tests;

use uuid::Uuid;

pub use extract::{
    AdOperator, Anyone, BreakEditor, Campaigner, DeviceAdmin, DeviceReader, KeyAdmin, LogReader,
    MetricsReader, NetworkAdmin, NetworkReader, PeopleAdmin, PeopleReader, Publisher,
    SettingsAdmin, SignedIn, Viewer,
};
pub use owner::ensure_owner;
pub use role::{Permission, Role, Roles};
pub use secret::{Secret, SecretHash};

/// How long a session lasts, milliseconds: a working day.
pub const SESSION_MS: i64 = 12 * 3600 * 1000;

/// A caller whose token or session was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// What people call the caller: a person's name, or that of a token of the installation.
    pub subject: String,
    /// What the caller may do.
    pub roles: Roles,
    /// The person; none for a token of the installation.
    pub person: Option<Uuid>,
    /// The token, also when the caller came with a session made from it.
    pub token: Option<Uuid>,
    /// The session, when the caller came with a cookie.
    pub session: Option<Uuid>,
    /// What the caller has to do before anything else; they have no roles until then.
    pub waits: Option<Waits>,
}

/// What a session that began with a password alone lacks, when its person can do much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// One-time codes have to be set up.
    SetUp,
    /// They are set up, and one has to be given.
    Code,
}

impl Principal {
    /// Whether the caller may.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.roles.may(permission)
    }

    /// Who owns what this caller makes: the person, also when it is called otherwise later, or the token's name.
    #[must_use]
    pub fn owner(&self) -> String {
        self.person
            .map_or_else(|| self.subject.clone(), |person| person.to_string())
    }
}
