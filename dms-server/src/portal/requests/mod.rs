//! Requests for access: who is not in a title's audience asks its publisher.
//!
//! Whoever asks learns nothing of the title until its publisher answers: what they hear is the same for one that is not
//! there, and what waits is not listed. A grant puts the person into the audience in the transaction that answers.

pub mod db;
pub mod routes;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use self::db::{Answered, MineRow, RequestRow};
use crate::audit::Note;
use crate::problem::{Problem, Result};
use crate::rights::body::{NAMED_MAX, PolicyBody};
use crate::state::App;

/// The longest note, characters.
pub const NOTE_MAX: usize = 1_000;
/// Requests of one person that wait for an answer at most.
pub const OPEN_MAX: i64 = 20;
/// How long after a refusal the same may be asked again, milliseconds.
pub const AGAIN_MS: i64 = 24 * 3_600_000;
/// Of what somebody asked for, what they are shown at most.
pub const MINE_MAX: i64 = 100;
/// How often a grant begins anew because somebody wrote the policy meanwhile.
const TRIES: usize = 5;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// It waits for an answer.
    Open,
    /// The person is in the audience.
    Granted,
    /// They are not.
    Denied,
}

impl RequestState {
    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Granted => "granted",
            Self::Denied => "denied",
        }
    }

    /// The state of this name; what nobody knows lets nobody in.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "open" => Self::Open,
            "granted" => Self::Granted,
            _ => Self::Denied,
        }
    }
}

/// A request for access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestView {
    /// Its id.
    pub id: Uuid,
    /// The title.
    pub title: Uuid,
    /// What it is called.
    pub title_name: String,
    /// Who asks.
    pub person: Uuid,
    /// What they are called.
    pub person_name: String,
    /// Where they work.
    pub department: String,
    /// Why they ask.
    pub note: String,
    /// Where it stands.
    pub state: RequestState,
    /// When they asked, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// Who answered; null: nobody yet.
    pub answered_by: Option<String>,
    /// When; null: not yet.
    pub answered_ms: Option<i64>,
}

impl RequestView {
    /// What the API shows of it.
    #[must_use]
    pub fn of(row: RequestRow) -> Self {
        Self {
            id: row.id,
            title: row.title_id,
            title_name: row.title_name,
            person: row.person_id,
            person_name: row.person_name,
            department: row.department,
            note: row.note,
            state: RequestState::named(&row.state),
            created_ms: row.created_ms,
            answered_by: row.answered_by,
            answered_ms: row.answered_ms,
        }
    }
}

/// A request for access, as whoever made it sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MyRequest {
    /// Its id.
    pub id: Uuid,
    /// The title.
    pub title: Uuid,
    /// What it is called; null while they do not see it.
    pub title_name: Option<String>,
    /// Why they asked.
    pub note: String,
    /// Where it stands.
    pub state: RequestState,
    /// When they asked, milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When it was answered; null: not yet.
    pub answered_ms: Option<i64>,
}

impl MyRequest {
    fn of(row: MineRow) -> Self {
        Self {
            id: row.id,
            title: row.title_id,
            title_name: row.title_name,
            note: row.note,
            state: RequestState::named(&row.state),
            created_ms: row.created_ms,
            answered_ms: row.answered_ms,
        }
    }
}

/// What somebody asked for and was answered, the newest first; what waits is among it where they see the title by now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MyRequests {
    /// They.
    pub items: Vec<MyRequest>,
}

/// Puts the person into the title's audience, and answers the request.
///
/// # Errors
/// 409 when somebody answered already or the audience is full, or the database's.
pub async fn grant(app: &App, request: &RequestRow, by: &str, note: &Note<'_>) -> Result<()> {
    for _ in 0..TRIES {
        let before = crate::rights::db::policy(&app.db, request.title_id).await?;
        let before = before.map(|row| row.policy);
        let after = match &before {
            Some(text) => admitted(text, request.person_id)?,
            // It is for everybody.
            None => None,
        };
        let change = before.as_deref().zip(after.as_deref());
        match db::grant(&app.db, request, change, by, note).await? {
            Answered::Yes => return Ok(()),
            Answered::Already => return Err(answered()),
            Answered::OtherPolicy => {}
        }
    }
    let detail = "Somebody writes this title's policy at the moment. Try again.";
    Err(Problem::conflict("policy_changed", detail))
}

/// A policy with one more person in its audience; none: they are in it already, or everybody is.
fn admitted(policy: &str, person: Uuid) -> Result<Option<String>> {
    let mut body: PolicyBody = serde_json::from_str(policy).map_err(Problem::internal)?;
    let Some(audience) = &mut body.audience else {
        return Ok(None);
    };
    if audience.people.contains(&person) {
        return Ok(None);
    }
    if audience.people.len() + audience.groups.len() >= NAMED_MAX {
        let detail = format!("The audience names {NAMED_MAX} already. Make a group of them.");
        return Err(Problem::conflict("audience_full", detail));
    }
    audience.people.push(person);
    serde_json::to_string(&body.canonical())
        .map(Some)
        .map_err(Problem::internal)
}

/// 409: it was answered already.
#[must_use]
pub fn answered() -> Problem {
    let detail = "Somebody answered this request already.";
    Problem::conflict("request_answered", detail)
}
