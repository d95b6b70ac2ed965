//! The portal: what somebody watched, saved and liked, what might be for them, and what they ask for.
//!
//! What a person watches is theirs: nobody else reads it here, and no row of it stands in the audit log.
//! What others
//! liked shows only as an order of titles, and only where several agree.

pub mod access;
pub mod db;
pub mod likes;
pub mod requests;
pub mod routes;
pub mod settings;
#[cfg(test)]
mod tests;
pub mod view;

use swarm::content::TitleId;
use uuid::Uuid;

use self::view::{ForYou, Why};
use crate::auth::Principal;
use crate::problem::{Problem, Result};
use crate::publish::db as titles;
use crate::publish::routes::seen_by;
use crate::publish::view::Title;
use crate::state::App;

/// Titles of which it is known where somebody is; older ones are forgotten.
const PROGRESS_MAX: i64 = 500;
/// Titles that somebody saves at most, and that a list of the portal shows.
const SAVED_MAX: i64 = 500;
/// Titles that are proposed.
const PROPOSED_MAX: usize = 30;
/// The furthest that somebody can be, seconds.
const SECONDS_MAX: u32 = 14 * 24 * 3600;

/// The person behind a caller.
///
/// # Errors
/// 409 for a token of the installation.
pub fn person(caller: &Principal) -> Result<Uuid> {
    caller.person.ok_or_else(|| {
        let detail =
            "This token stands for nobody who watches. Sign in, or use a token of a person.";
        Problem::conflict("no_account", detail)
    })
}

/// Titles that a person may like, or why there are none.
///
/// # Errors
/// The database's.
pub async fn for_you(app: &App, caller: &Principal) -> Result<ForYou> {
    let person = person(caller)?;
    let none = |why| ForYou {
        items: Vec::new(),
        why_empty: Some(why),
    };
    if !settings::for_you(&app.db).await? {
        return Ok(none(Why::SwitchedOff));
    }
    if db::likes(&app.db, person).await? == 0 {
        return Ok(none(Why::NothingLiked));
    }
    let pairs = db::together(&app.db, person, seen_by(caller)).await?;
    let mut items = Vec::new();
    for id in likes::rank(&pairs).into_iter().take(PROPOSED_MAX) {
        // One that was deleted meanwhile is proposed no more.
        let row = titles::title(&app.db, TitleId(id.into_bytes())).await?;
        items.extend(row.map(Title::of));
    }
    let why_empty = items.is_empty().then_some(Why::TooFewLikes);
    Ok(ForYou { items, why_empty })
}
