//! Signing in with a name and a password, and a one-time code where one is demanded.
//!
//! Who is wrong learns nothing but that: an unknown name, a wrong password and an account that is closed get the same
//! answer after the same work.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use http::StatusCode;
use zeroize::Zeroizing;

use super::db::{self, PersonRow};
use super::refusals::{Target, Why};
use super::{login_of, password, totp};
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

/// Who signed in, and whether they gave a one-time code.
///
/// # Errors
/// 401 when name, password or code are wrong, with `code_needed` when only the code is missing; 429 after too many tries.
pub async fn check(app: &App, given: Given) -> Result<(PersonRow, bool)> {
    let from = given.from;
    let refused = |person: Option<&PersonRow>, why| {
        let now = app.clock.now_ms();
        app.people.refusals.note(person.map(target), from, why, now);
    };
    let login = login_of(&given.login).filter(|_| given.password.len() <= password::LONGEST);
    let Some(login) = login else {
        refused(None, Why::Password);
        return Err(wrong());
    };
    let now = Instant::now();
    if let Some(from) = from
        && let Err(wait) = app.people.by_address.take(from, now)
    {
        refused(None, Why::TooMany);
        return Err(too_many(wait));
    }
    if let Err(wait) = app.people.by_login.take(login.clone(), now) {
        let person = db::of_login(&app.db, &login).await?;
        refused(person.as_ref(), Why::TooMany);
        return Err(too_many(wait));
    }
    let person = db::of_login(&app.db, &login).await?;
    let stored = person.as_ref().and_then(|p| p.password.as_deref());
    let fits = app.people.passwords.fits(stored, given.password).await?;
    let Some(person) = person.clone().filter(|p| fits && p.active == 1) else {
        let why = if fits { Why::Closed } else { Why::Password };
        refused(person.as_ref(), why);
        return Err(wrong());
    };
    let proven = person.totp_proven == 1;
    if proven {
        let step = step_of(app, &person, from, given.code.as_deref()).await?;
        if !db::use_totp(&app.db, person.id, step).await? {
            return Err(code_wrong(app, &person, from));
        }
    }
    app.people.by_login.give_back(&login);
    if let Some(from) = from {
        app.people.by_address.give_back(&from);
    }
    Ok((person, proven))
}

fn target(person: &PersonRow) -> Target {
    Target {
        id: person.id,
        login: person.login.clone(),
    }
}

/// The time step of a one-time code, which is to be used next: each is good once.
///
/// # Errors
/// 401 when it is missing or wrong.
pub async fn step_of(
    app: &App,
    person: &PersonRow,
    from: Option<IpAddr>,
    code: Option<&str>,
) -> Result<i64> {
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
    step.ok_or_else(|| code_wrong(app, person, from))
}

/// What who gives a code that is wrong or was used is told; the log learns of it.
#[must_use]
pub fn code_wrong(app: &App, person: &PersonRow, from: Option<IpAddr>) -> Problem {
    let (who, now) = (Some(target(person)), app.clock.now_ms());
    app.people.refusals.note(who, from, Why::Code, now);
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "code_wrong",
        "This code is wrong or was used. Wait for the next one; if it goes on, set your device's clock.",
    )
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
