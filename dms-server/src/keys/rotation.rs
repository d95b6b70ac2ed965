//! A rotation: a new KEK, and what the one before wrapped is wrapped anew, in the background, while everything goes on.
//!
//! 1. **make**: the new KEK is in the store for good ([`rotate`]).
//! 2. **announce**: in one transaction it becomes the current one. From then on nothing new is wrapped by another.
//! 3. **rewrap**: [`run`] goes through what the old one wrapped, a batch a transaction.
//! 4. **retire**: nothing is left, and the old KEK is marked as such. It stays readable until somebody removes it
//!    ([`remove`]).
//!
//! A kill between any two of them loses nothing: whoever starts next goes on where the database says. Several servers may
//! do it at once; each thing is replaced only while it is what was read. Segments are sealed under keys that stay,
//! so not a byte of them changes.

use std::sync::Arc;
use std::time::Duration;

use drm::key::{KekId, WrapContext};
use uuid::Uuid;

use super::db::{self, Kind, Wrapped};
use super::{KekError, Vault};
use crate::audit::{Actor, act};
use crate::auth::Principal;
use crate::people::totp;
use crate::problem::{Problem, Result};
use crate::state::App;
use crate::webhook;

/// How often a server looks whether another one began a rotation.
const LOOK: Duration = Duration::from_secs(5);

/// How long to wait when something could not be wrapped anew.
const STUCK: Duration = Duration::from_secs(60);

/// Things wrapped anew in one transaction: short enough that nobody waits for it.
const BATCH: i64 = 100;

/// Tries at wrapping with the current KEK: each fails only if a rotation began that very moment.
pub const TRIES: usize = 3;

/// How long a retired KEK stays at least, milliseconds: what it sealed for a browser is over by then.
pub const REST_MS: i64 = 15 * 60 * 1000;

/// The named steps. A test stops a rotation right after one of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The new KEK is in the store.
    Made,
    /// It is the current one.
    Announced,
    /// Something was read and wrapped anew, and is not written yet.
    Wrapped,
    /// A batch is written.
    Written,
    /// Everything is written, and the old KEK is not marked yet.
    Rewrapped,
    /// The old KEK is retired.
    Retired,
}

impl App {
    /// The KEK for new things.
    ///
    /// # Errors
    /// The database's, or this server lacks the KEK.
    pub async fn current_kek(&self) -> Result<Arc<Vault>, KekError> {
        let name = db::current(&self.db).await?;
        self.keys.keks().named(&name).await
    }
}

impl From<KekError> for Problem {
    fn from(error: KekError) -> Self {
        match error {
            KekError::Db(error) => error.into(),
            other => Self::unavailable(other),
        }
    }
}

/// Begins a rotation.
///
/// # Errors
/// 409 while one is under way; the store's and the database's.
pub async fn rotate(app: &App, caller: &Principal) -> Result<()> {
    if !db::rewrapping(&app.db).await?.is_empty() {
        return Err(under_way());
    }
    let next = app.keys.keks().make().await?;
    reached(app, Step::Made).await;
    let note = app.note(caller, act::KEK_ROTATED, ("kek", next.id()));
    if !db::rotate(&app.db, &next.id().to_string(), &note).await? {
        app.keys.keks().remove(next.id()).await?;
        return Err(under_way());
    }
    tracing::info!(kek.id = %next.id(), "the key encryption key was rotated");
    reached(app, Step::Announced).await;
    app.rotation.stir();
    Ok(())
}

fn under_way() -> Problem {
    Problem::conflict(
        "rotation_under_way",
        "The last rotation is not over. Wait until no key is `rewrapping`.",
    )
}

/// Removes a KEK that nothing needs. Backups of the database from before it was retired need it.
///
/// # Errors
/// 404 for a name that there is none of, 409 for one that is needed or was a moment ago.
pub async fn remove(app: &App, caller: &Principal, kek: &str) -> Result<()> {
    let rows = db::list(&app.db).await?;
    let row = rows.into_iter().find(|row| row.id == kek).ok_or_else(|| {
        Problem::not_found(
            "no_such_kek",
            "There is no key encryption key of this name.",
        )
    })?;
    let mut id = KekId([0; 8]);
    hex::decode_to_slice(kek, &mut id.0).map_err(Problem::internal)?;
    if row.state != "removed" {
        let rested = row
            .retired_ms
            .is_some_and(|at_ms| at_ms + REST_MS <= app.clock.now_ms());
        let note = app.note(caller, act::KEK_REMOVED, ("kek", kek));
        if !rested || !db::remove(&app.db, kek, &note).await? {
            return Err(Problem::conflict(
                "kek_needed",
                "Only a key that was retired a quarter of an hour ago and that nothing needs can be removed.",
            ));
        }
    }
    // Asked for again when the server was killed right here.
    app.keys.keks().remove(id).await?;
    tracing::info!(kek.id = kek, "a key encryption key was removed");
    Ok(())
}

/// What a process's rotations share.
#[derive(Debug, Default)]
pub struct Rotation {
    /// Told when one began.
    wake: tokio::sync::Notify,
    #[cfg(test)]
    pub(crate) steps: super::tests::Steps,
}

impl Rotation {
    /// Lets this process look now whether there is something to wrap anew.
    pub fn stir(&self) {
        self.wake.notify_one();
    }
}

/// Wraps anew what there is to, until the server stops.
pub async fn run(app: App) {
    let stop = app.stop.clone();
    // Dropped in the middle of a transaction, that is rolled back and done again at the next start.
    stop.run_until_cancelled(async {
        loop {
            let wait = match rewrap(&app).await {
                Ok(true) => LOOK,
                Ok(false) => STUCK,
                Err(error) => {
                    tracing::warn!(%error, "what an old key encryption key wrapped waits");
                    STUCK
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = app.rotation.wake.notified() => {}
            }
        }
    })
    .await;
}

/// Goes through everything that another KEK than the current one wrapped. False when something of it cannot be opened.
///
/// # Errors
/// The database's, or this server lacks a KEK.
pub async fn rewrap(app: &App) -> Result<bool> {
    let old = db::rewrapping(&app.db).await?;
    if old.is_empty() {
        return Ok(true);
    }
    let current = app.current_kek().await?;
    let mut whole = true;
    for kind in Kind::ALL {
        whole &= rewrap_kind(app, kind, &current).await?;
    }
    reached(app, Step::Rewrapped).await;
    for kek in &old {
        let note = app.note(Actor::system(), act::KEK_RETIRED, ("kek", kek));
        if db::retire(&app.db, kek, &note).await? {
            tracing::info!(kek.id = %kek, "nothing needs this key encryption key any more");
            reached(app, Step::Retired).await;
        }
    }
    Ok(whole)
}

async fn rewrap_kind(app: &App, kind: Kind, current: &Vault) -> Result<bool> {
    let name = current.id().to_string();
    let mut after = (Uuid::nil(), -1);
    let mut whole = true;
    loop {
        let batch = db::batch(&app.db, kind, &name, after, BATCH).await?;
        let Some(last) = batch.last() else {
            return Ok(whole);
        };
        after = (last.id, last.version);
        let mut renewed = Vec::with_capacity(batch.len());
        for item in batch {
            match again(app, kind, &item, current).await {
                Ok(bytes) => renewed.push((item, bytes)),
                Err(problem) => {
                    whole = false;
                    tracing::error!(
                        ?kind, id = %item.id, version = item.version, kek.id = %item.kek, cause = ?problem.cause,
                        "cannot be opened, and keeps its key encryption key"
                    );
                }
            }
        }
        reached(app, Step::Wrapped).await;
        db::replace(&app.db, kind, &name, &renewed).await?;
        reached(app, Step::Written).await;
    }
}

/// The same secret, wrapped by the current KEK.
async fn again(app: &App, kind: Kind, item: &Wrapped, current: &Vault) -> Result<Vec<u8>> {
    let old = app.keys.keks().named(&item.kek).await?;
    let place = match kind {
        Kind::TitleKey => {
            let place = WrapContext {
                tenant: &app.config.keys.tenant,
                title: item.id.into_bytes(),
                version: item.version.unsigned_abs(),
            };
            let key = old.unwrap(&item.bytes, &place).map_err(Problem::internal)?;
            return current.wrap(&key, &place).map_err(Problem::internal);
        }
        Kind::Codes => totp::place(item.id),
        Kind::Webhook | Kind::AdServer => webhook::Secret::place(item.id),
    };
    let secret = old.open_secret(&place, &item.bytes)?;
    current.seal_secret(&place, &secret)
}

async fn reached(app: &App, step: Step) {
    tracing::debug!(?step, "rotation");
    #[cfg(test)]
    app.rotation.steps.reached(step).await;
    #[cfg(not(test))]
    let _ = app;
}
