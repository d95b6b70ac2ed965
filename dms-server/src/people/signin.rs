//! Signing in with a name and a password, and a one-time code where one is demanded.
//!
//! Who is wrong learns nothing but that: an unknown name, a wrong password and an account that is closed get the same
//! answer after the same work.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use http::StatusCode;
use zeroize::Zeroizing;

use super::db::{self, PersonRow};
use super::{all_roles, login_of, password, totp};
use crate::auth::{Role, Roles};
use crate::problem::{Problem, Result};
use crate::state::App;

/// What somebody signs in with.
pub struct Given {
    /// The name.
    pub login: String,
    /// The password.
    pub password: Zeroizing<String>,
    /// The one-time code.
    pub code: Option<String>,
    /// Where from.
    pub from: Option<IpAddr>,
}

/// Who signed in, and whether they have to set up one-time codes before anything else.
///
/// # Errors
/// 401 when name, password or code are wrong, with `code_needed` when only the code is missing; 429 after too many tries.
pub async fn check(app: &App, given: Given) -> Result<(PersonRow, bool)> {
    let login = login_of(&given.login).ok_or_else(wrong)?;
    if given.password.len() > password::LONGEST {
        return Err(wrong());
    }
    let now = Instant::now();
    if let Some(from) = given.from {
        app.people.by_address.take(from, now).map_err(too_many)?;
    }
    app.people
        .by_login
        .take(login.clone(), now)
        .map_err(too_many)?;
    let person = db::of_login(&app.db, &login).await?;
    let stored = person.as_ref().and_then(|p| p.password.as_deref());
    let fits = app.people.passwords.fits(stored, given.password).await?;
    let person = person.filter(|p| fits && p.active == 1).ok_or_else(wrong)?;
    let proven = person.totp_proven == 1;
    if proven {
        use_code(app, &person, given.code.as_deref()).await?;
    }
    app.people.by_login.give_back(&login);
    if let Some(from) = given.from {
        app.people.by_address.give_back(&from);
    }
    let roles = all_roles(app, person.id, &person.roles).await?;
    let limited = !proven && app.config.people.require_codes && needs_code(&roles);
    Ok((person, limited))
}

/// Whether these roles can do so much that a password alone is too little.
#[must_use]
pub fn needs_code(roles: &Roles) -> bool {
    roles.has(Role::Owner) || roles.has(Role::ItAdmin)
}

/// Uses a one-time code; each is good once.
///
/// # Errors
/// 401 when it is missing, wrong, or was used before.
pub async fn use_code(app: &App, person: &PersonRow, code: Option<&str>) -> Result<()> {
    let Some(code) = code.filter(|code| !code.trim().is_empty()) else {
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "code_needed",
            "Give the six digits that your authenticator app shows.",
        ));
    };
    let sealed = person.totp.as_deref().unwrap_or_default();
    let kek = app.keys.keks().named(&person.totp_kek).await?;
    let step = totp::step_of(&kek, person.id, sealed, code, app.clock.now_ms())?;
    let refused = || {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "code_wrong",
            "This code is wrong or was used. Wait for the next one; if it goes on, set your device's clock.",
        )
    };
    let step = step.ok_or_else(refused)?;
    if db::use_totp(&app.db, person.id, step).await? {
        Ok(())
    } else {
        Err(refused())
    }
}

fn wrong() -> Problem {
    Problem::unauthenticated("The name or the password is wrong.")
}

/// What who guesses too often is told.
#[must_use]
pub fn too_many(wait: Duration) -> Problem {
    let seconds = wait.as_secs() + 1;
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_tries",
        format!("Too many tries. Wait {seconds} s and try again."),
    )
}
