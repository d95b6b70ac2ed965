//! What an ended fetch means: for its chunk, and for what is known of its source.

use super::{
    FetchId, Outcome, Output, Source, Via, hedge,
    job::{Attempt, Job},
    machine::Peer,
};
use crate::{
    content::{ChunkId, DeviceId},
    time::{Instant, Micros},
    wire::{MAX_HOPS, MAX_REFERRAL},
};

/// The first wait before a busy peer is asked again, and the longest.
const BUSY_WAIT: Micros = Micros::from_millis(50);
const BUSY_WAIT_MAX: Micros = Micros::from_secs(2);
/// The first wait before a broken origin is asked again, and the longest.
const ORIGIN_WAIT: Micros = Micros::from_millis(200);
const ORIGIN_WAIT_MAX: Micros = Micros::from_secs(5);

/// How often peers may say "come again" about one chunk. An honest one says so after some seconds, so that
/// this is many minutes; one that says it at once is found out as fast.
const MAX_COME_AGAIN: u8 = 60;

impl Peer {
    pub(super) fn fetched(&mut self, fetch: FetchId, outcome: Outcome, now: Instant) {
        let Some(chunk) = self.fetches.remove(&fetch) else {
            return;
        };
        let attempt = self.jobs.get_mut(&chunk).and_then(|job| {
            let at = job.running.iter().position(|a| a.fetch == fetch)?;
            Some(job.running.remove(at))
        });
        let Some(attempt) = attempt else { return };
        self.lane(attempt.source).end();
        match outcome {
            Outcome::Delivered { len, waited, took } => {
                self.estimates.delivered(attempt.source, len, waited, took);
                attempt.by.into_iter().for_each(|by| self.estimates.led(by));
                if attempt.source == Source::Origin {
                    self.budget.brought(attempt.len, len);
                    self.came_from_origin(len, Micros(took.0.saturating_sub(waited.0)));
                }
                if attempt.source != Source::Origin {
                    let at_once = 1 + self.peer_lane.running() + self.origin_lane.running();
                    let carrying = Micros(took.0.saturating_sub(waited.0));
                    let worth = self.link.carried(len, carrying, at_once);
                    worth
                        .into_iter()
                        .for_each(|percent| self.push(Output::Worth { percent }));
                }
                self.judge_overtaken(chunk, &attempt, now);
                return self.obtained(chunk, Via::Fetched(attempt.source), now);
            }
            Outcome::BadHash { got } => self.bad(chunk, &attempt, got, now),
            Outcome::NotHere => {
                self.not_here(chunk, &attempt, now);
                self.with_job(chunk, |job| job.gave_up_on(attempt.source));
            }
            Outcome::Busy => self.busy(chunk, attempt.source, now),
            Outcome::Referred(devices) => self.referred(chunk, &attempt, &devices, now),
            Outcome::Failed => {
                self.estimates.failed(attempt.source, now);
                self.epoch += 1;
                self.with_job(chunk, |job| job.tried_in_vain(attempt.source, now));
            }
        }
        self.drive(chunk, now);
        self.pump(now);
    }

    /// The bytes of a fetch begin to come.
    pub(super) fn began(&mut self, fetch: FetchId, now: Instant) {
        let Some(chunk) = self.fetches.get(&fetch).copied() else {
            return;
        };
        self.with_job(chunk, |job| {
            let attempt = job.running.iter_mut().find(|a| a.fetch == fetch);
            attempt.into_iter().for_each(|a| a.begin(now));
        });
        self.drive(chunk, now);
    }

    fn came_from_origin(&mut self, len: u32, carrying: Micros) {
        let rate = u64::from(len) * 1_000_000 / carrying.0.max(1);
        self.width.carried(rate, 1 + self.origin_lane.running());
        self.widen();
    }

    fn not_here(&mut self, chunk: ChunkId, attempt: &Attempt, now: Instant) {
        if let Source::Peer(device) = attempt.source {
            self.holders.forget(chunk, device);
            if attempt.named {
                self.estimates.broke_word(device);
            }
            attempt
                .by
                .into_iter()
                .for_each(|by| self.was_misled(by, now));
        }
    }

    fn was_misled(&mut self, by: DeviceId, now: Instant) {
        if self.estimates.misled(by, now) {
            self.epoch += 1;
        }
    }

    /// Sources that began to send earlier than the one that delivered are slow. Those that did not begin
    /// may wait for a congested origin, as long as a fetch from there takes here, too.
    fn judge_overtaken(&mut self, chunk: ChunkId, winner: &Attempt, now: Instant) {
        let Some(job) = self.jobs.get(&chunk) else {
            return;
        };
        let origin = self.estimates.expected(Source::Origin, job.likely_len());
        let had_its_time = job
            .since
            .is_some_and(|since| hedge::fair_until(since, origin) <= now);
        let is_late = |a: &&Attempt| {
            if a.began {
                a.started < winner.started
            } else {
                had_its_time && !a.probe && a.source != Source::Origin
            }
        };
        let overtaken: Vec<Attempt> = job.running.iter().filter(is_late).copied().collect();
        for attempt in overtaken {
            if self
                .estimates
                .late(attempt.source, now.since(attempt.started), now)
            {
                self.epoch += 1;
            }
        }
    }

    fn bad(&mut self, chunk: ChunkId, attempt: &Attempt, got: ChunkId, now: Instant) {
        let Source::Peer(from) = attempt.source else {
            // Something between here and the DMS spoils what it carries; another try may
            // come through. The DMS itself cannot be avoided.
            return self.with_job(chunk, |job| job.tried_in_vain(Source::Origin, now));
        };
        self.bans.caught(from);
        self.epoch += 1;
        self.counters.caught += 1;
        self.push(Output::ReportBad { from, chunk, got });
        self.with_job(chunk, |job| job.gave_up_on(attempt.source));
        self.holders.forget(chunk, from);
        self.shun(from, now);
    }

    fn busy(&mut self, chunk: ChunkId, source: Source, now: Instant) {
        let (first, most) = match source {
            Source::Peer(_) => (BUSY_WAIT, BUSY_WAIT_MAX),
            Source::Origin => (ORIGIN_WAIT, ORIGIN_WAIT_MAX),
        };
        let wait = self.jitter(first);
        self.with_job(chunk, |job| job.try_again(source, now, wait, most));
    }

    fn referred(&mut self, chunk: ChunkId, by: &Attempt, to: &[DeviceId], now: Instant) {
        let hops = by.hops.saturating_add(1);
        let mut usable: Vec<DeviceId> = to.iter().copied().take(MAX_REFERRAL).collect();
        usable.retain(|device| hops <= MAX_HOPS && self.is_usable(*device, now));
        // Stable: among equals the order of whoever referred holds.
        usable.sort_by_key(|device| self.estimates.doubtful(*device));
        if usable.iter().any(|d| Source::Peer(*d) == by.source) && !self.comes_again(chunk, by, now)
        {
            usable.clear();
        }
        let Source::Peer(said_by) = by.source else {
            return;
        };
        let known = |d: &DeviceId, job: &Job| job.askable_from(Source::Peer(*d)).is_none();
        let job = self.jobs.get(&chunk);
        let in_vain = job.is_some_and(|job| usable.iter().all(|d| known(d, job)));
        if in_vain && !usable.is_empty() {
            self.was_misled(said_by, now);
        }
        self.with_job(chunk, |job| job.refer(&usable, hops, Some(said_by)));
        // Who referred may have a slot free later; whom it named comes first. Who named itself
        // is fetching the chunk, and is to be asked again at once.
        if !usable
            .iter()
            .any(|device| Source::Peer(*device) == by.source)
        {
            self.busy(chunk, by.source, now);
        }
    }

    /// Somebody says that it is still seeking the chunk. It may do so for long, but not for ever.
    fn comes_again(&mut self, chunk: ChunkId, by: &Attempt, now: Instant) -> bool {
        let Some(job) = self.jobs.get_mut(&chunk) else {
            return false;
        };
        job.came_again = job.came_again.saturating_add(1);
        let believed = job.came_again <= MAX_COME_AGAIN;
        if !believed {
            job.gave_up_on(by.source);
            self.estimates.failed(by.source, now);
            self.epoch += 1;
        }
        believed
    }

    fn with_job(&mut self, chunk: ChunkId, change: impl FnOnce(&mut Job)) {
        if let Some(job) = self.jobs.get_mut(&chunk) {
            change(job);
        }
    }
}

impl Job {
    /// The source broke down. A peer is given up for this chunk, the origin is asked again.
    pub(super) fn tried_in_vain(&mut self, source: Source, now: Instant) {
        match source {
            Source::Peer(_) => self.gave_up_on(source),
            Source::Origin => self.try_again(source, now, ORIGIN_WAIT, ORIGIN_WAIT_MAX),
        }
    }
}
