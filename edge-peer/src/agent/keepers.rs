//! Small tasks that carry things from one part to another, or to the disk.

use std::{
    net::IpAddr,
    time::{Duration, SystemTime},
};

use swarm::wire::Sharing;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{
    driver::{Handle, Known},
    metrics::Metrics,
    net::pace::Pace,
    policy::{Given, Moved, Willing},
    state::StateFolder,
};

/// How often the bytes that moved are counted for the employee.
const COUNT: Duration = Duration::from_secs(1);
/// How long something may have changed before it is written.
const KEEP: Duration = Duration::from_secs(30);
/// A roster that just changed often changes again at once.
const SETTLE: Duration = Duration::from_secs(2);

/// What is carried.
pub(super) struct Keepers {
    pub(super) state: StateFolder,
    pub(super) known: watch::Receiver<Known>,
    pub(super) local_ip: watch::Sender<Option<IpAddr>>,
    pub(super) willing: watch::Receiver<Willing>,
    pub(super) driver: Handle,
    pub(super) metrics: Metrics,
    pub(super) pace: Pace,
    pub(super) given: watch::Sender<Given>,
}

impl Keepers {
    /// Carries until `stop`, then writes what is not written yet.
    pub(super) async fn run(self, stop: CancellationToken) {
        let Self {
            state,
            known,
            local_ip,
            willing,
            driver,
            metrics,
            pace,
            given,
        } = self;
        let carrying = async {
            tokio::join!(
                tell_willing(willing, driver, metrics.clone(), pace),
                find_address(known.clone(), local_ip),
                keep_known(known.clone(), state.clone()),
                count_given(metrics, given.clone(), state.clone()),
            )
        };
        stop.run_until_cancelled(carrying).await;
        save(move || {
            known.borrow().save(&state)?;
            given.borrow().save(&state)
        })
        .await;
    }
}

/// The machine hears what the policy decides.
async fn tell_willing(
    mut willing: watch::Receiver<Willing>,
    driver: Handle,
    metrics: Metrics,
    pace: Pace,
) {
    loop {
        let now = *willing.borrow_and_update();
        let gives = now.sharing == Sharing::On;
        metrics.sharing.set(gives.into());
        // Who leaves lets uploads finish; whoever paused or pays by the byte means it.
        pace.halt(!gives && now.sharing != Sharing::Leaving);
        driver.willing(now).await;
        if willing.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// The policy hears on which address the DMS sees us.
async fn find_address(mut known: watch::Receiver<Known>, local_ip: watch::Sender<Option<IpAddr>>) {
    loop {
        let address = known.borrow_and_update().local.clone();
        let address = address.and_then(|text| text.parse().ok());
        local_ip.send_if_modified(|told| std::mem::replace(told, address) != address);
        if known.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

async fn keep_known(mut known: watch::Receiver<Known>, state: StateFolder) {
    while known.changed().await.is_ok() {
        tokio::time::sleep(SETTLE).await;
        let now = known.borrow_and_update().clone();
        let state = state.clone();
        save(move || now.save(&state)).await;
    }
    std::future::pending().await
}

async fn count_given(metrics: Metrics, given: watch::Sender<Given>, state: StateFolder) {
    let mut counted = Moved::default();
    let mut dirty_since: Option<Instant> = None;
    let mut tick = interval(COUNT);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let total = metrics.moved();
        if total != counted {
            let more = total.since(counted);
            given.send_modify(|given| given.add(more, SystemTime::now()));
            counted = total;
            dirty_since.get_or_insert_with(Instant::now);
        }
        if dirty_since.is_some_and(|since| since.elapsed() >= KEEP) {
            dirty_since = None;
            let (now, state) = (*given.borrow(), state.clone());
            save(move || now.save(&state)).await;
        }
    }
}

async fn save(write: impl FnOnce() -> Result<(), crate::state::StateError> + Send + 'static) {
    if let Ok(Err(e)) = tokio::task::spawn_blocking(write).await {
        tracing::warn!(error = %e, "something was not kept for the next start");
    }
}
