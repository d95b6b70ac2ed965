//! Claims what is due and fires it, a bounded number at once.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::db::{self, Claim};
use super::fire::fire;
use crate::state::App;

/// How often a server looks for beacons that are due.
const LOOK: Duration = Duration::from_secs(1);

/// How often those of killed servers are ended.
const TIDY: Duration = Duration::from_secs(10);

/// The most beacons under way.
const ALL_MAX: usize = 32;

/// The most of them to one host.
const HOST_MAX: usize = 4;

/// How long a try may hold a beacon, milliseconds: an exchange takes five seconds at most.
pub(super) const LEASE_MS: i64 = 10_000;

/// The tries under way.
#[derive(Default)]
struct Tries {
    tasks: JoinSet<()>,
    hosts: HashMap<Id, String>,
}

impl Tries {
    /// How many more may be under way to a host.
    fn room(&self, host: &str) -> usize {
        let all = ALL_MAX.saturating_sub(self.hosts.len());
        let there = self.hosts.values().filter(|busy| *busy == host).count();
        all.min(HOST_MAX.saturating_sub(there))
    }

    fn start(&mut self, app: &App, host: &str, claim: Claim) {
        let task = self.tasks.spawn(one(app.clone(), claim));
        self.hosts.insert(task.id(), host.to_owned());
    }

    /// Waits for the end of a try, however it ends; for ever when there is none.
    async fn ended(&mut self) {
        let id = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(panicked)) => panicked.id(),
            None => return std::future::pending().await,
        };
        self.hosts.remove(&id);
    }
}

/// Fires beacons until the server stops. What is under way then ends.
pub async fn run(app: App) {
    let mut tries = Tries::default();
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tidied: Option<Instant> = None;
    loop {
        tokio::select! {
            () = app.stop.cancelled() => break,
            _ = look.tick() => {}
            () = app.beacons.wake.notified() => {}
            () = tries.ended() => {}
        }
        if let Err(error) = step(&app, &mut tries).await {
            tracing::warn!(%error, "the beacons wait for the database");
        }
        if tidied.is_none_or(|at| at.elapsed() >= TIDY) {
            tidied = Some(Instant::now());
            match db::end_cut_off(&app.db, app.clock.now_ms()).await {
                Ok(0) => {}
                Ok(beacons) => tracing::info!(beacons, "cut off while they were sent"),
                Err(error) => tracing::warn!(%error, "beacons that were cut off stay for now"),
            }
        }
    }
    while tries.tasks.join_next().await.is_some() {}
}

async fn step(app: &App, tries: &mut Tries) -> sqlx::Result<()> {
    if tries.hosts.len() >= ALL_MAX {
        return Ok(());
    }
    let now_ms = app.clock.now_ms();
    for host in db::hosts(&app.db, now_ms).await? {
        let room = tries.room(&host);
        if room == 0 {
            continue;
        }
        let most = i64::try_from(room).unwrap_or(1);
        let now_ms = app.clock.now_ms();
        let claims = db::claim(&app.db, &host, most, now_ms, now_ms + LEASE_MS).await?;
        for claim in claims {
            tries.start(app, &host, claim);
        }
    }
    Ok(())
}

/// One try, and what it came to.
async fn one(app: App, claim: Claim) {
    let ended = fire(&app, &claim).await;
    if let Err(error) = db::end(&app.db, &claim, &ended, app.clock.now_ms()).await {
        tracing::warn!(beacon.id = %claim.id, %error, "what a beacon came to is not noted");
    }
}
