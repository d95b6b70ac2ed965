//! Where something may be inserted into a title.
//!
//! Breaks stand in the signed manifest, so that agents and players need nobody to know of them. What is to
//! stand there is in the database; whoever changes it has the manifest of the published version signed anew:
//! the same version and the same segments, signed later. Readers take the one that was signed last.

pub mod db;
pub mod import;
pub mod routes;
pub mod sign;
#[cfg(test)]
mod tests;
pub mod view;

use dms_ads::scte35;
use swarm::content::TitleId;
use swarm::content::manifest::MAX_SCTE35_LEN;
use uuid::Uuid;

use self::db::{BreakRow, Change, Written};
use crate::audit::Note;
use crate::events::Event;
use crate::problem::{Problem, Result};
use crate::state::App;
use crate::{etag, publish};

/// The most breaks of a title.
pub const BREAKS_MAX: usize = 500;
/// How often a change is tried while a version of the title is being published.
const TRIES: usize = 5;

/// Refuses bytes that are not one or two splice messages.
///
/// # Errors
/// What to do about it.
pub fn splices(bytes: &[u8]) -> Result<(), String> {
    if bytes.len() > MAX_SCTE35_LEN {
        return Err(format!("Give at most {MAX_SCTE35_LEN} bytes."));
    }
    let cut = scte35::cut(bytes).map_err(|error| format!("Give splice messages: {error}."))?;
    if cut.is_empty() || cut.len() > 2 {
        return Err(
            "Give one splice message, or two: one that begins it, one that ends it.".into(),
        );
    }
    for message in cut {
        scte35::read(message).map_err(|error| format!("Give splice messages: {error}."))?;
    }
    Ok(())
}

/// Gives a title these breaks in place of those of the edition `before`; without it, of any.
/// Answers the edition that they are.
///
/// # Errors
/// 412 when there are others by now, or the database's or the store's.
pub async fn change(
    app: &App,
    title: TitleId,
    rows: &[BreakRow],
    before: Option<i64>,
    note: &Note<'_>,
) -> Result<i64> {
    let id = Uuid::from_bytes(title.0);
    let edition = db::edition(rows);
    for _ in 0..TRIES {
        let known = db::edition(&db::of_title(&app.db, id).await?);
        if before.is_some_and(|before| before != known) {
            return Err(etag::changed());
        }
        if known == edition {
            return Ok(edition);
        }
        let published = publish::published(app, title).await?;
        let signed = match &published {
            Some(published) => Some(sign::anew(app, title, published, rows).await?),
            None => None,
        };
        let change = Change {
            title: id,
            rows,
            before: known,
            heads: signed.as_ref().map(|signed| signed.heads.clone()),
        };
        match db::write(&app.db, &change, note).await? {
            Written::Done => {
                if let Some(signed) = signed {
                    signed.keep(app, title).await;
                }
                app.events.emit(Event::TitleChanged(title));
                return Ok(edition);
            }
            // Without an edition that is meant, the change is for whatever stands there.
            Written::Changed if before.is_some() => return Err(etag::changed()),
            Written::Changed | Written::Moved => {}
        }
    }
    Err(Problem::unavailable(
        "the title's breaks or versions change again and again",
    ))
}
