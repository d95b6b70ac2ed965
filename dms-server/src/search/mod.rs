//! Finding titles by what is said of them.
//!
//! [`words`] says what a word is; the databases index those. **Invariant:** what is found of a thing is written by the
//! transaction that writes the thing.

pub mod db;
#[cfg(test)]
mod tests;
pub mod words;

pub use self::words::{QUERY_MAX, Query};
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
