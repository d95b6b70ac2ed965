//! What stands between somebody and a title: dates, who published it, and what became of their request.
//!
//! Whoever is not in the audience gets the answer that they get for a title that is not there, until its publisher
//! has answered a request of theirs: that a request still waits is not told, since only a title that is there has
//! requests. The page that asked remembers it by itself.

pub mod routes;

use drm::rights::Policy;
use serde::{Deserialize, Serialize};
use swarm::content::TitleId;
use utoipa::ToSchema;
use uuid::Uuid;

use super::requests::{RequestState, db as requests};
use crate::auth::Principal;
use crate::people;
use crate::problem::Result;
use crate::publish::{db as titles, require_seen};
use crate::rights;
use crate::state::App;

/// What stands between somebody and a title.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Access {
    /// Whether they are in its audience. When not, nothing but `answer` is told.
    pub seen: bool,
    /// The server's clock, milliseconds since the Unix epoch: what counts down counts from here.
    pub now_ms: i64,
    /// When it opens, for everybody or for this person; null: it is open.
    pub opens_ms: Option<u64>,
    /// When it ends or ended; null: never.
    pub ends_ms: Option<u64>,
    /// Who published it; null where that is not told, or nobody knows.
    pub owner: Option<String>,
    /// The greatest height of its picture that the policy allows, lines; null: any.
    pub max_height: Option<u32>,
    /// What was answered to their request for access; null: nothing yet.
    pub answer: Option<AccessAnswer>,
}

/// An answer to a request for access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessAnswer {
    /// `granted` or `denied`.
    pub state: RequestState,
    /// Who answered.
    pub by: Option<String>,
    /// When, milliseconds since the Unix epoch.
    pub at_ms: Option<i64>,
}

/// What stands between a caller and a title.
///
/// # Errors
/// The database's.
pub async fn of(app: &App, caller: &Principal, title: TitleId) -> Result<Access> {
    let id = Uuid::from_bytes(title.0);
    let now_ms = app.clock.now_ms();
    let mut access = Access {
        now_ms,
        ..Access::default()
    };
    if let Some(person) = caller.person {
        let row = requests::answer_to(&app.db, id, person).await?;
        access.answer = row.map(|row| AccessAnswer {
            state: RequestState::named(&row.state),
            by: row.answered_by,
            at_ms: row.answered_ms,
        });
    }
    let row = match require_seen(app, caller, title).await {
        Ok(row) => row,
        Err(problem) if problem.status == http::StatusCode::NOT_FOUND => return Ok(access),
        Err(problem) => return Err(problem),
    };
    let policy = rights::policy(app, title).await?;
    Ok(Access {
        seen: true,
        opens_ms: opens(&policy, rights::sees_all(caller), now_ms.unsigned_abs()),
        ends_ms: policy.until_ms,
        owner: owner(app, &row).await?,
        max_height: policy.max_height,
        ..access
    })
}

/// The moment from which it may be watched, if that is to come. Publishers preview before the first moment, but
/// not before the embargo's end.
fn opens(policy: &Policy, previews: bool, now_ms: u64) -> Option<u64> {
    let from_ms = policy.from_ms.filter(|_| !previews);
    let opens_ms = from_ms.max(policy.embargo_ms)?;
    (opens_ms > now_ms).then_some(opens_ms)
}

/// What whoever published it is called: a person, or the token of a program.
async fn owner(app: &App, row: &titles::TitleRow) -> Result<Option<String>> {
    let Ok(person) = row.owner.parse::<Uuid>() else {
        return Ok(Some(row.owner.clone()));
    };
    let person = people::db::one(&app.db, person).await?;
    Ok(person.map(|person| person.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_at_the_later_of_its_moments() {
        let policy = |from_ms, embargo_ms| Policy {
            from_ms,
            embargo_ms,
            ..Policy::default()
        };
        for (from, embargo, previews, want) in [
            (None, None, false, None),
            (Some(20), None, false, Some(20)),
            (Some(20), None, true, None),
            (Some(20), Some(30), false, Some(30)),
            (Some(30), Some(20), true, Some(20)),
            (Some(10), Some(9), false, None),
        ] {
            assert_eq!(opens(&policy(from, embargo), previews, 10), want);
        }
    }
}
