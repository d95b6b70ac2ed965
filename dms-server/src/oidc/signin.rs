//! From the provider's answer to a session.

use std::net::IpAddr;
use std::time::Instant;

use http::StatusCode;
use subtle::ConstantTimeEq;

use super::Oidc;
use super::attempt::Attempt;
use super::claims::{GROUPS_MAX, Identity};
use super::db::{self, Arrival, Arrived, Group};
use super::error::{begin_again, refused_by_provider};
use crate::auth::{SESSION_MS, Secret, SecretHash};
use crate::db::is_duplicate;
use crate::people::refusals::Why;
use crate::people::signin::too_many;
use crate::problem::{Problem, Result};
use crate::state::App;

/// The longest code and state that are taken, bytes.
const ANSWER_MAX: usize = 4_096;

/// How often an arrival is tried that collides with another of the same person or group.
const TRIES: usize = 3;

/// What the provider sent a person back with.
#[derive(Clone, Copy, Default)]
pub struct Answer<'a> {
    /// The code, good once.
    pub code: Option<&'a str>,
    /// What belongs to this sign-in.
    pub state: Option<&'a str>,
    /// Why there is no code.
    pub error: Option<&'a str>,
    /// Who answers.
    pub issuer: Option<&'a str>,
}

/// Signs in who came back; answers the session's secret.
///
/// # Errors
/// What the person is told.
pub async fn finish(
    app: &App,
    oidc: &Oidc,
    attempt: &Attempt,
    answer: Answer<'_>,
    old: Option<SecretHash>,
    from: Option<IpAddr>,
) -> Result<Secret> {
    // Before anything else: an answer to another sign-in is nobody's business here, not even its error.
    if !answer.state.is_some_and(|state| attempt.has_state(state)) {
        return Err(begin_again());
    }
    if let Some(from) = from {
        // Only what fails counts: a whole office may come in at nine from one address.
        let brake = &app.people.by_address;
        brake.take(from, Instant::now()).map_err(too_many)?;
        brake.give_back(&from);
    }
    let provider = oidc.provider(&app.egress).await?;
    // Mixed up with another provider's answer (RFC 9207).
    let named = answer.issuer.map(str::as_bytes);
    let expected = oidc.config.issuer.as_bytes();
    let is_named = named.map_or(!provider.names_itself, |n| n.ct_eq(expected).into());
    if !is_named {
        return Err(begin_again());
    }
    if let Some(code) = answer.error {
        let problem = refused_by_provider(code);
        tracing::warn!(
            code = problem.code,
            "the identity provider refused a sign-in"
        );
        return Err(problem);
    }
    let fits = |code: &&str| !code.is_empty() && code.len() <= ANSWER_MAX;
    let code = answer.code.filter(fits).ok_or_else(begin_again)?;
    let claims = oidc.claims(app, attempt, code).await;
    if let (Err(error), Some(from)) = (&claims, from)
        && error.is_guess()
    {
        let now = app.clock.now_ms();
        app.people
            .refusals
            .note(None, Some(from), Why::Provider, now);
        // Full already: the next try learns it.
        let _ = app.people.by_address.take(from, Instant::now());
    }
    let claims = claims?;
    let identity = Identity::read(&oidc.config, &claims).ok_or_else(nameless)?;
    arrive(app, oidc, &identity, old.or_else(|| attempt.old())).await
}

async fn arrive(
    app: &App,
    oidc: &Oidc,
    identity: &Identity,
    old: Option<SecretHash>,
) -> Result<Secret> {
    let issuer = &oidc.config.issuer;
    let all = identity.groups.as_deref();
    let groups = all.map(|groups| of_issuer(issuer, groups));
    let roles = all.and_then(|groups| oidc.mapping.roles(groups));
    let roles = roles.map(|roles| roles.to_string());
    let external_id = format!("{issuer}|{}", identity.subject);
    let session = Secret::draw("");
    let now_ms = app.clock.now_ms();
    let arrival = Arrival {
        external_id: &external_id,
        identity,
        roles: roles.as_deref(),
        groups: groups.as_deref(),
        session: session.hash(),
        old,
        until_ms: now_ms + SESSION_MS,
        now_ms,
        key: app.keys.audit(),
    };
    let mut tries = 1;
    let arrived = loop {
        match db::arrive(&app.db, arrival).await {
            Err(error) if is_duplicate(&error) && tries < TRIES => tries += 1,
            // Perhaps by themselves, who came in beside this: then the next look finds them.
            Ok(Arrived::LoginTaken) if tries < TRIES => tries += 1,
            other => break other?,
        }
    };
    match arrived {
        Arrived::In => Ok(session),
        Arrived::LoginTaken => Err(Problem::conflict(
            "oidc_login_taken",
            "Another account of this server has your sign-in name. Ask its administrator to rename or remove that account; it is not given to you.",
        )),
        Arrived::Closed => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "account_closed",
            "Your account on this server is closed. Ask its administrator.",
        )),
    }
}

/// The first groups, as many as are taken over.
fn of_issuer(issuer: &str, groups: &[String]) -> Vec<Group> {
    if groups.len() > GROUPS_MAX {
        tracing::warn!(
            groups = groups.len(),
            most = GROUPS_MAX,
            "somebody is in more groups than are taken over"
        );
    }
    let group = |name: &String| Group {
        external_id: format!("{issuer}|{name}"),
        name: name.clone(),
    };
    groups.iter().take(GROUPS_MAX).map(group).collect()
}

fn nameless() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "oidc_no_login",
        "The identity provider tells no name that you could sign in with. Ask the operator of this server to set oidc.login_claim.",
    )
}
