//! People: who they are, which groups they are in, how they sign in.
//!
//! People are made here, by the company's directory, or by a first sign-in through it. A person's roles are its own
//! and those of its groups. Who is not active may do nothing, whatever tokens and sessions there are.

pub mod db;
pub mod groups;
pub mod handoff;
pub mod me;
pub mod password;
pub mod refusals;
pub mod routes;
pub mod signin;
#[cfg(test)]
mod tests;
pub mod throttle;
pub mod totp;

use std::net::IpAddr;

use uuid::Uuid;

use self::password::Passwords;
use self::refusals::Refusals;
use self::throttle::Throttle;
use crate::auth::{Roles, Secret};
use crate::db::Db;
use crate::problem::{Problem, Result};
use crate::state::App;

/// The longest sign-in name, name, address and department, characters.
const TEXT_MAX: usize = 200;

/// What this process keeps of people signing in.
#[derive(Debug)]
pub struct People {
    /// Computes hashes.
    pub passwords: Passwords,
    /// Guesses at each name.
    pub by_login: Throttle<String>,
    /// Guesses from each address.
    pub by_address: Throttle<IpAddr>,
    /// Sign-ins that were refused, for the audit log.
    pub refusals: Refusals,
    /// Command lines that ask to be let in, from each network.
    pub grants: Throttle<IpAddr>,
    /// Short codes that each person guesses.
    pub short_codes: Throttle<Uuid>,
}

impl People {
    /// Ready for the first sign-in.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new() -> Result<Self> {
        Ok(Self {
            passwords: Passwords::new()?,
            by_login: Throttle::default(),
            by_address: Throttle::default(),
            refusals: Refusals::default(),
            grants: Throttle::default(),
            short_codes: Throttle::default(),
        })
    }
}

/// How long a set-up token is good, milliseconds: a day.
const SETUP_MS: i64 = 24 * 3600 * 1000;

/// A new set-up token in place of any before, as long as nobody has an account.
///
/// # Errors
/// The database's.
pub async fn setup_token(db: &Db, now_ms: i64) -> sqlx::Result<Option<Secret>> {
    if db::count(db).await? > 0 {
        return Ok(None);
    }
    let secret = Secret::draw("dms_setup_");
    db::add_setup_token(db, secret.hash(), now_ms + SETUP_MS).await?;
    Ok(Some(secret))
}

/// What a person may do: by their own roles, and by those of their groups.
///
/// # Errors
/// The database's.
pub async fn all_roles(app: &App, person: Uuid, own: &str) -> Result<Roles> {
    let mut all = groups::db::roles_of_person(&app.db, person).await?;
    all.push(own.to_owned());
    Roles::parse(&all.join(" ")).map_err(Problem::internal)
}

/// A sign-in name in its one spelling; `None` when it cannot be one.
#[must_use]
pub fn login_of(text: &str) -> Option<String> {
    let login = text.trim().to_lowercase();
    let fits = !login.is_empty()
        && login.chars().count() <= TEXT_MAX
        && !login.chars().any(|c| c.is_control() || c.is_whitespace());
    fits.then_some(login)
}

/// Checks a text that people read.
pub(crate) fn check_text(
    problem: Problem,
    field: &'static str,
    text: &str,
    least: usize,
) -> Problem {
    let length = text.trim().chars().count();
    if length >= least && length <= TEXT_MAX && !text.chars().any(char::is_control) {
        return problem;
    }
    let fix = format!("Give {least} to {TEXT_MAX} printable characters.");
    problem.at(field, "length", fix)
}
