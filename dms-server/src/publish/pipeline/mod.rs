//! From a source to a published version, in named steps.
//!
//! 1. **begin**: a version with a fresh title key is in the database before anything is sealed.
//! 2. **open** the source.
//! 3. **make** the tracks: the media program sends segments ([`media`]), or a file is cut
//!    ([`mod@file`]). Each is sealed, its chunks are noted in the database, then stored.
//! 4. **finish**: the manifest is signed and stored like any other object, with the pictures.
//! 5. **publish**: one transaction makes the version complete, the title visible, the job done.
//!
//! **Invariant:** nothing resumes. An attempt that ends before step 5 leaves only chunks of a
//! version that nobody can see, which [`super::sweep`] removes; the next attempt is another version
//! under another title key.

pub mod assembly;
pub mod child;
pub mod file;
pub mod finish;
pub mod media;
pub mod seal;
pub mod source;
#[cfg(test)]
mod tests;
pub mod verdict;

use std::sync::Arc;

use dms_transcoder_protocol::FailureCode;
use drm::key::{TitleKey, WrapContext};
use swarm::content::TitleId;

use self::seal::Sealer;
use super::jobs::db::{self, Claim, Publication};
use super::state::TitleState;
use crate::audit::{Actor, act};
use crate::events::Event;
use crate::keys::{KekError, rotation::TRIES};
use crate::state::App;
use crate::store::StoreError;

/// How often a manifest is signed while the title's breaks change.
const SIGNINGS: usize = 10;

/// Why an attempt did not publish.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// Somebody else has the job now, or the title was deleted.
    #[error("the lease was lost, or the title was deleted")]
    Lost,
    /// The source cannot be published.
    #[error("{code}: {detail}")]
    Refused {
        /// The stable code.
        code: FailureCode,
        /// For the log.
        detail: String,
    },
    /// The media program ended without an answer or broke its contract.
    #[error("the media program crashed: {0}")]
    Crashed(String),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The source cannot be read.
    #[error("the source cannot be read: {0}")]
    Source(#[from] std::io::Error),
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] drm::segment::SealError),
    /// There is no KEK to wrap the title key with.
    #[error(transparent)]
    Kek(#[from] KekError),
    /// A task of ours ended early.
    #[error("a task ended early: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// The named steps, in order. A test stops an attempt right after one of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Step {
    /// The version and its title key are in the database.
    Begun,
    /// The source is open.
    Opened,
    /// A segment's chunks are in the database, not in the store.
    Noted,
    /// A segment's chunks are in the store.
    Stored,
    /// Every segment is in the store.
    Made,
    /// Manifest and pictures are in the store.
    Finished,
    /// Everybody sees the title.
    Published,
}

/// One attempt at a job.
pub struct Attempt {
    /// The server.
    pub app: App,
    /// The lease it works under.
    pub claim: Claim,
    /// The title.
    pub title: TitleId,
    /// The version it makes.
    pub version: u64,
    key: Arc<TitleKey>,
}

impl Attempt {
    /// Runs a claimed job to its publication.
    ///
    /// # Errors
    /// [`AttemptError`]; nothing of the attempt is visible then.
    pub async fn run(app: &App, claim: &Claim) -> Result<(), AttemptError> {
        let attempt = Self::begin(app, claim).await?;
        attempt.reached(Step::Begun).await;
        let order = db::order(&app.db, claim).await?.ok_or(AttemptError::Lost)?;
        let source = source::open(app, claim, order.bytes).await?;
        attempt.reached(Step::Opened).await;
        let sealer = Sealer::new(&attempt);
        let made = match order.kind.as_str() {
            "file" => file::make(&attempt, &sealer, source, &order).await?,
            _ => media::make(&attempt, &sealer, source).await?,
        };
        attempt.reached(Step::Made).await;
        let mut draft = finish::draft(&attempt, made).await?;
        for _ in 0..SIGNINGS {
            let finished = finish::finish(&attempt, &sealer, &mut draft).await?;
            attempt.reached(Step::Finished).await;
            if attempt.publish(&finished).await? {
                attempt.reached(Step::Published).await;
                return Ok(());
            }
        }
        let why = "the title's breaks changed again and again while it was signed";
        Err(AttemptError::Crashed(why.to_owned()))
    }

    async fn begin(app: &App, claim: &Claim) -> Result<Self, AttemptError> {
        let title = TitleId(claim.title.into_bytes());
        let version = db::version(claim).unsigned_abs();
        let tenant = &app.config.keys.tenant;
        let key = TitleKey::generate(&mut rand::rng());
        let context = WrapContext {
            tenant,
            title: title.0,
            version,
        };
        let mut begun = db::Begun::OtherKek;
        for _ in 0..TRIES {
            let kek = app.current_kek().await?;
            let wrapped = kek.wrap(&key, &context)?;
            let now_ms = app.clock.now_ms();
            let sweep_after_ms = now_ms + super::jobs::LEASE_MS;
            let kek = kek.id().to_string();
            begun = db::begin(&app.db, claim, &kek, &wrapped, now_ms, sweep_after_ms).await?;
            if begun != db::Begun::OtherKek {
                break;
            }
        }
        match begun {
            db::Begun::Yes => {}
            db::Begun::Lost => return Err(AttemptError::Lost),
            db::Begun::OtherKek => return Err(KekError::Unsettled.into()),
        }
        app.events.emit(Event::TitleChanged(title));
        Ok(Self {
            app: app.clone(),
            claim: claim.clone(),
            title,
            version,
            key: Arc::new(key),
        })
    }

    /// Shows the title in another state.
    pub(super) async fn enter(&self, state: TitleState) -> Result<(), AttemptError> {
        let now_ms = self.app.clock.now_ms();
        if !db::enter(&self.app.db, &self.claim, state, now_ms).await? {
            return Err(AttemptError::Lost);
        }
        self.app.events.emit(Event::TitleChanged(self.title));
        Ok(())
    }

    /// Notes progress for whoever watches.
    pub(super) async fn progress(&self, progress: &db::Progress) -> Result<(), AttemptError> {
        let now_ms = self.app.clock.now_ms();
        if !db::progress(&self.app.db, &self.claim, progress, now_ms).await? {
            return Err(AttemptError::Lost);
        }
        self.app.events.emit(Event::TitleChanged(self.title));
        Ok(())
    }

    /// False: the title's breaks are others than those that were signed.
    async fn publish(&self, finished: &finish::Finished) -> Result<bool, AttemptError> {
        let publication = Publication {
            head: &finished.head,
            sprites: finished.sprites.as_deref(),
            duration_ms: i64::try_from(finished.duration_ms).unwrap_or(i64::MAX),
            breaks: finished.breaks,
        };
        let note = self
            .app
            .note(Actor::system(), act::TITLE_PUBLISHED, ("title", self.title))
            .with("version", self.version);
        match db::publish(&self.app.db, &self.claim, &publication, &note).await? {
            db::Landed::Yes => {}
            db::Landed::Lost => return Err(AttemptError::Lost),
            db::Landed::OtherBreaks => return Ok(false),
        }
        self.app.events.emit(Event::TitleChanged(self.title));
        Ok(true)
    }

    async fn reached(&self, step: Step) {
        tracing::debug!(title.id = %self.title, title.version = self.version, ?step, "step reached");
        #[cfg(test)]
        self.app.publish.steps.reached(step).await;
    }
}
