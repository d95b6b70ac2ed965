//! Creatives are fetched from where decisions say they lie: each once, by the server that holds its lease.
//!
//! The file goes through the one client, within limits of its own, into the spool of uploads, and from there the way of
//! every upload.

use std::time::Duration;

use swarm::content::{TitleId, TitleKind};
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::db::{self, Claim};
use super::standing::{CODE_NOT_FOUND, CODE_TIMED_OUT, CODE_UNSUPPORTED};
use crate::egress::EgressError;
use crate::egress::download::Limits;
use crate::publish::upload::{self, metadata::Metadata, refusal::Refusal};
use crate::state::App;

/// Who the library says uploaded them.
pub const OWNER: &str = "ads";

/// How much a creative may cost.
const LIMITS: Limits = Limits {
    bytes: 512 << 20,
    total: Duration::from_secs(600),
    window: Duration::from_secs(10),
    least: 160 << 10,
};

/// How long whoever fetches one holds it, milliseconds: longer than it may take.
const LEASE_MS: i64 = 660_000;

/// How often a server looks for creatives that others gave up.
const LOOK: Duration = Duration::from_secs(20);

/// Tries at one creative.
const ATTEMPTS_MAX: i64 = 4;

/// How long after the first failure the next try is, milliseconds; after each further one twice as long.
const RETRY_MS: i64 = 30_000;

/// Why a creative is not here.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("{0}")]
    Egress(#[from] EgressError),
    #[error("the host answered {0}")]
    Status(u16),
    #[error("the file is empty")]
    Empty,
    #[error("{0}")]
    Upload(#[from] Refusal),
    #[error("{0}")]
    Spool(#[from] std::io::Error),
}

impl FetchError {
    /// The code of VAST, and whether another try may help.
    fn verdict(&self) -> (u16, bool) {
        match self {
            Self::Egress(EgressError::TooLarge) => (CODE_UNSUPPORTED, false),
            Self::Egress(error) if error.is_refusal() => (CODE_UNSUPPORTED, false),
            Self::Egress(EgressError::TimedOut | EgressError::TooSlow) => (CODE_TIMED_OUT, true),
            Self::Egress(_) => (CODE_NOT_FOUND, true),
            Self::Status(408 | 425 | 429 | 500..) => (CODE_NOT_FOUND, true),
            Self::Status(_) => (CODE_NOT_FOUND, false),
            Self::Empty => (CODE_UNSUPPORTED, false),
            Self::Upload(_) | Self::Spool(_) => (CODE_NOT_FOUND, true),
        }
    }
}

/// Fetches creatives until the server stops.
pub async fn run(app: App) {
    let stop = app.stop.clone();
    stop.run_until_cancelled(follow(&app)).await;
}

async fn follow(app: &App) {
    let mut tick = interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = app.filling.wanted.notified() => {}
        }
        if let Err(error) = all(app).await {
            tracing::warn!(%error, "creatives cannot be fetched");
        }
    }
}

async fn all(app: &App) -> sqlx::Result<()> {
    loop {
        let now_ms = app.clock.now_ms();
        let Some(claim) = db::claim(&app.db, now_ms, now_ms + LEASE_MS).await? else {
            return Ok(());
        };
        let upload = Uuid::new_v4();
        let fetched = fetch(app, &claim, upload).await;
        let now_ms = app.clock.now_ms();
        match fetched {
            Ok(title) => {
                tracing::info!(creative.id = %claim.id, title.id = %title, "a creative was fetched");
                db::fetched(&app.db, &claim, Uuid::from_bytes(title.0), now_ms).await?;
            }
            Err(error) => {
                if let Err(error) = app.publish.spool.remove(upload).await {
                    tracing::warn!(%error, "what was fetched of a creative is not removed yet");
                }
                let (code, again) = error.verdict();
                let again = again && claim.attempts < ATTEMPTS_MAX;
                let wait_ms = RETRY_MS << claim.attempts.clamp(1, ATTEMPTS_MAX) >> 1;
                let next_ms = again.then_some(now_ms + wait_ms);
                tracing::warn!(creative.id = %claim.id, %error, again, "a creative could not be fetched");
                db::unfetched(&app.db, &claim, code.into(), &error.to_string(), next_ms).await?;
            }
        }
        app.filling.changed.notify_one();
    }
}

async fn fetch(app: &App, claim: &Claim, upload: Uuid) -> Result<TitleId, FetchError> {
    let mut download = app.egress.download(&claim.source_url, LIMITS).await?;
    if !download.status.is_success() {
        return Err(FetchError::Status(download.status.as_u16()));
    }
    app.publish.spool.create(upload).await?;
    let mut piece = app.publish.spool.piece(upload, 0, None).await?;
    let mut length = 0_u64;
    while let Some(bytes) = download.next().await? {
        length += bytes.len() as u64;
        piece.write(&bytes).await?;
    }
    piece.finish(true).await?;
    if length == 0 {
        return Err(FetchError::Empty);
    }
    let metadata = Metadata {
        filename: "creative".to_owned(),
        title: claim.name.clone(),
        kind: TitleKind::Video,
        media_type: "application/octet-stream".to_owned(),
        profile: None,
    };
    Ok(upload::adopt(app, OWNER, &metadata, upload, length).await?)
}
