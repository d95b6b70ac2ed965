//! Jobs: one a title, in the database, worked on under a lease.
//!
//! A worker claims the oldest job, lengthens its lease while it works, and writes nothing once the
//! lease is lost. A killed worker's jobs are taken back at once when its successor starts over the
//! same data folder ([`node::Seat`]), and by anybody after the lease has ended.

pub mod db;
pub mod node;
#[cfg(test)]
mod tests;

use std::time::Duration;

use swarm::content::TitleId;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::db::{Claim, Ending};
use super::pipeline::{Attempt, AttemptError, verdict};
use super::{sweep, upload};
use crate::events::Event;
use crate::state::App;
use dms_transcoder_protocol::FailureCode;

/// How long a lease lasts, milliseconds.
pub const LEASE_MS: i64 = 30_000;
/// How often a worker lengthens its lease.
const HEARTBEAT: Duration = Duration::from_secs(8);
/// How often a worker asks for jobs that other processes made, or that wait for their time.
const POLL: Duration = Duration::from_secs(1);
/// How often what was left is tidied up.
const TIDY: Duration = Duration::from_secs(30);
/// How often sources that wait are handed over to other nodes, where that is done at all.
const HAND_OVER: Duration = Duration::from_secs(2);
/// The pause after a failure of the database.
const DATABASE_PAUSE: Duration = Duration::from_secs(2);
/// The longest log kept of a job, bytes.
const LOG: usize = 8 << 10;

/// Runs jobs until `stop`.
///
/// # Errors
/// When it cannot go on at all.
pub async fn run(app: App, stop: CancellationToken) -> anyhow::Result<()> {
    let seat = node::Seat::take(&app.config.data)?;
    let owner = seat.owner(&app.publish.node);
    start(&app, &owner, &stop).await;
    let mut tasks = JoinSet::new();
    tasks.spawn(tidy(app.clone(), stop.clone()));
    for _ in 0..app.config.media.jobs {
        tasks.spawn(work(app.clone(), owner.clone(), stop.clone()));
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            stop.cancel();
            return Err(error.into());
        }
    }
    Ok(())
}

/// What a start has to do before anything else; tried until it works.
async fn start(app: &App, owner: &str, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        match db::reclaim(&app.db, owner, app.clock.now_ms()).await {
            Ok(titles) => {
                for title in titles {
                    tracing::warn!(title.id = %title, "job of a killed worker taken back");
                }
                return;
            }
            Err(error) => tracing::warn!(%error, "jobs cannot be taken back yet"),
        }
        pause(DATABASE_PAUSE, stop).await;
    }
}

/// One worker: one job at a time.
async fn work(app: App, owner: String, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let now_ms = app.clock.now_ms();
        match db::claim(
            &app.db,
            &app.publish.node,
            &owner,
            now_ms,
            now_ms + LEASE_MS,
        )
        .await
        {
            Ok(Some(claim)) => run_job(&app, claim, &stop).await,
            Ok(None) => {
                tokio::select! {
                    () = app.publish.wake.notified() => {}
                    () = pause(POLL, &stop) => {}
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the database does not answer");
                pause(DATABASE_PAUSE, &stop).await;
            }
        }
    }
}

async fn run_job(app: &App, claim: Claim, stop: &CancellationToken) {
    let started = tokio::time::Instant::now();
    tracing::info!(title.id = %claim.title, attempt = claim.attempt, "job started");
    let outcome = attempt(app, &claim, stop).await;
    let duration_ms = started.elapsed().as_millis();
    match &outcome {
        Ok(()) => tracing::info!(title.id = %claim.title, duration_ms, "title published"),
        Err(stopped) => report(&claim, stopped),
    }
    if let Err(ended) = outcome {
        conclude(app, &claim, &ended).await;
    }
    app.events
        .emit(Event::TitleChanged(TitleId(claim.title.into_bytes())));
    if let Err(error) = clean(app).await {
        tracing::warn!(%error, "tidying up after a job failed; it is tried again");
    }
}

/// Why a job's attempt ended.
enum Stopped {
    /// The server shuts down.
    Shutdown,
    /// The attempt failed.
    Failed(AttemptError),
}

async fn attempt(app: &App, claim: &Claim, stop: &CancellationToken) -> Result<(), Stopped> {
    if verdict::is_poisonous(claim) {
        return Err(Stopped::Failed(AttemptError::Refused {
            code: FailureCode::Cancelled,
            detail: format!(
                "the server ended {} times in the middle of it",
                claim.interruptions
            ),
        }));
    }
    // A task of its own: a panic in it ends the attempt, not the worker.
    let mut running = JoinSet::new();
    let (its_app, its_claim) = (app.clone(), claim.clone());
    running.spawn(async move { Attempt::run(&its_app, &its_claim).await });
    let ended = tokio::select! {
        ended = running.join_next() => ended,
        () = keep_lease(app, claim) => return Err(Stopped::Failed(AttemptError::Lost)),
        () = stop.cancelled() => None,
    };
    match ended {
        None => Err(Stopped::Shutdown),
        Some(Ok(Ok(()))) => Ok(()),
        Some(Ok(Err(error))) => Err(Stopped::Failed(error)),
        Some(Err(panic)) => Err(Stopped::Failed(panic.into())),
    }
}

/// Ends when the lease is lost.
async fn keep_lease(app: &App, claim: &Claim) {
    let mut until_ms = app.clock.now_ms() + LEASE_MS;
    loop {
        tokio::time::sleep(HEARTBEAT).await;
        let now_ms = app.clock.now_ms();
        match db::heartbeat(&app.db, claim, now_ms + LEASE_MS).await {
            Ok(true) => until_ms = now_ms + LEASE_MS,
            Ok(false) => return,
            Err(error) if now_ms < until_ms => {
                tracing::warn!(%error, "the lease could not be lengthened; it is tried again");
            }
            Err(_) => return,
        }
    }
}

fn report(claim: &Claim, stopped: &Stopped) {
    match stopped {
        Stopped::Shutdown => tracing::info!(title.id = %claim.title, "job given back"),
        Stopped::Failed(error) => {
            tracing::warn!(title.id = %claim.title, attempt = claim.attempt, %error, "job ended");
        }
    }
}

async fn conclude(app: &App, claim: &Claim, stopped: &Stopped) {
    let now_ms = app.clock.now_ms();
    let (ending, log) = match stopped {
        Stopped::Shutdown => (Some(Ending::Released), String::new()),
        Stopped::Failed(error) => (verdict::ending(claim, error, now_ms), error.to_string()),
    };
    let Some(ending) = ending else {
        return;
    };
    // When this fails the lease ends by itself, and the job is taken as interrupted.
    if let Err(error) = db::end(&app.db, claim, ending, tail(&log), now_ms).await {
        tracing::warn!(title.id = %claim.title, %error, "the job's end could not be noted");
    }
}

/// The end of a log, within [`LOG`].
fn tail(log: &str) -> &str {
    let mut start = log.len().saturating_sub(LOG);
    while !log.is_char_boundary(start) {
        start += 1;
    }
    log.get(start..).unwrap_or_default()
}

/// Removes what nobody needs: at the start, after every job, and from time to time.
async fn tidy(app: App, stop: CancellationToken) {
    if let Err(error) = upload::recover(&app).await {
        tracing::warn!(%error, "uploads could not be looked through");
    }
    while !stop.is_cancelled() {
        if let Err(error) = clean(&app).await {
            tracing::warn!(%error, "tidying up failed; it is tried again");
        }
        if let Err(error) = upload::master::hand_over(&app).await {
            tracing::warn!(%error, "a source could not be handed over; it is tried again");
        }
        let every = if upload::master::is_wanted(&app.config) {
            HAND_OVER
        } else {
            TIDY
        };
        pause(every, &stop).await;
    }
}

async fn clean(app: &App) -> anyhow::Result<()> {
    upload::reap(app).await?;
    sweep::sweep(app).await?;
    Ok(())
}

async fn pause(length: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(length) => {}
        () = stop.cancelled() => {}
    }
}
