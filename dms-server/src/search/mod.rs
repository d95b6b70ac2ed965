//! Finding titles by what is said of them.
//!
//! [`words`] says what a word is; the databases index those. **Invariant:** what is found of a thing is
//! written by the
//! transaction that writes the thing.

pub mod db;
pub mod routes;
#[cfg(test)]
mod tests;
pub mod view;
pub mod words;

use swarm::content::TitleId;
use uuid::Uuid;

use self::view::{Found, FoundLine, FoundTitle};
pub use self::words::{QUERY_MAX, Query};
use crate::problem::Result;
use crate::publish::db::{self as titles, Seen};
use crate::publish::view::Title;
use crate::state::App;

/// Titles that are indexed at once.
const BATCH: i64 = 200;

/// Indexes the titles that an earlier version of the program made.
pub async fn catch_up(app: App) {
    loop {
        match db::index_missing(&app.db, BATCH).await {
            Ok(0) => return,
            Ok(titles) => tracing::info!(titles, "titles of before can be searched now"),
            Err(error) => {
                // The next start tries again; until then those titles are not found.
                tracing::warn!(%error, "titles of before could not be indexed");
                return;
            }
        }
        if app.stop.is_cancelled() {
            return;
        }
    }
}

/// Titles and lines that are ranked at most: who looks for what half the library says gets some of it, soon.
const RANKED_MAX: i64 = 200;
/// Lines that are shown of a title.
const LINES_MAX: usize = 5;

/// Looks for titles among those that somebody sees: first those of which it is said, then those in which it
/// is spoken.
///
/// # Errors
/// The database's.
pub async fn find(app: &App, words: &Query, seen: Seen, limit: usize) -> Result<Found> {
    let named = db::titles(&app.db, words, seen, RANKED_MAX).await?;
    let spoken = db::lines(&app.db, words, seen, RANKED_MAX).await?;
    let full = |n: usize| i64::try_from(n).unwrap_or(i64::MAX) >= RANKED_MAX;
    let mut truncated = full(named.len()) || full(spoken.len());
    let mut order: Vec<(Uuid, bool, Vec<FoundLine>)> =
        named.into_iter().map(|id| (id, true, Vec::new())).collect();
    for line in spoken {
        let at = order.iter().position(|(id, ..)| *id == line.title_id);
        let at = at.unwrap_or_else(|| {
            order.push((line.title_id, false, Vec::new()));
            order.len() - 1
        });
        if let Some((_, _, lines)) = order.get_mut(at)
            && lines.len() < LINES_MAX
        {
            lines.push(FoundLine {
                lang: line.lang,
                at_ms: line.at_ms.unsigned_abs(),
                text: line.line,
            });
        }
    }
    truncated |= order.len() > limit;
    order.truncate(limit);
    let mut items = Vec::new();
    for (id, by_description, mut lines) in order {
        // One that was deleted meanwhile is not found any more.
        let Some(row) = titles::title(&app.db, TitleId(id.into_bytes())).await? else {
            continue;
        };
        lines.sort_by(|a, b| (&a.lang, a.at_ms).cmp(&(&b.lang, b.at_ms)));
        items.push(FoundTitle {
            title: Title::of(row),
            by_description,
            lines,
        });
    }
    Ok(Found { items, truncated })
}
