//! Carrying one chunk forward: look at everything known about it, do what can be done now, and set
//! the time of the next look. It makes no difference how often this is called.

use super::{
    Answer, Ask, FailReason, Fetch, FetchId, Output, Source, Timer, Via,
    hedge::{self, Running},
    job::{Attempt, Job, Line, MAX_PARALLEL},
    lanes::Place,
    machine::{AskPlace, Peer, Wake},
    pick::{self, Candidate, Next, Role},
    slots::Slots,
};
use crate::{
    content::ChunkId,
    site::uniform,
    time::{Instant, Micros},
    wire::{self, MAX_DEADLINE_MS},
};

/// The longest one source is given for one chunk.
const MAX_ATTEMPT: Micros = Micros::from_secs(60);

/// What came of one look at a job.
enum Step {
    /// A source was asked: look again.
    Asked,
    /// Nothing to do before this moment.
    Wait(Instant, Timer),
    /// The chunk cannot be had.
    Over,
}

const IDLE: Step = Step::Wait(Instant(u64::MAX), Timer::GiveUp);

impl Peer {
    pub(super) fn drive(&mut self, chunk: ChunkId, now: Instant) {
        let Some(mut job) = self.jobs.remove(&chunk) else {
            return;
        };
        let freed = self.expire(&mut job, now);
        self.unschedule(chunk, &mut job);
        loop {
            self.look_around(chunk, &mut job, now);
            if !job.is_needed() && !self.worth_finishing(&mut job) {
                self.end_job(chunk, job, FailReason::TooLate, now);
                break;
            }
            match self.step(chunk, &mut job, now) {
                Step::Asked => continue,
                Step::Over => self.end_job(chunk, job, FailReason::Unavailable, now),
                Step::Wait(at, timer) => {
                    self.schedule(chunk, &mut job, at, timer);
                    self.jobs.insert(chunk, job);
                }
            }
            break;
        }
        if freed {
            self.pump(now);
        }
    }

    pub(super) fn drive_all(&mut self, now: Instant) {
        let chunks: Vec<ChunkId> = self.jobs.keys().copied().collect();
        chunks.into_iter().for_each(|chunk| self.drive(chunk, now));
    }

    /// Starts what waited for a fetch to end.
    pub(super) fn pump(&mut self, now: Instant) {
        loop {
            let lanes = self.peer_lane.next().or_else(|| self.origin_lane.next());
            let next = lanes.or_else(|| self.next_on_budget(now));
            let next = next.map(|(_, _, chunk)| chunk);
            let Some(chunk) = next.or_else(|| self.order.next(now)) else {
                return;
            };
            self.drive(chunk, now);
        }
    }

    fn next_on_budget(&mut self, now: Instant) -> Option<Place> {
        let room = self.origin_lane.has_urgent_room();
        room.then(|| self.budget.next(now))?
    }

    /// The homes and what follows from them, when they may be others than before.
    fn look_around(&mut self, chunk: ChunkId, job: &mut Job, now: Instant) {
        if job.homes_epoch == self.epoch {
            return;
        }
        job.homes = self.homes_of(chunk, now);
        job.probes = self.probes_of(chunk, job, now);
        job.referred.retain(|r| self.is_usable(r.device, now));
        job.homes_epoch = self.epoch;
        if !self.is_to_keep(chunk, &job.homes) {
            self.kept_job_over(job, now);
        }
    }

    fn step(&mut self, chunk: ChunkId, job: &mut Job, now: Instant) -> Step {
        let list = pick::candidates(self.me, &job.homes, job);
        let origin = self.estimates.expected(Source::Origin, job.likely_len());
        if !job.running.is_empty() {
            return self.step_beside(chunk, job, &list, origin, now);
        }
        if now < job.not_before {
            return Step::Wait(job.not_before, Timer::Retry);
        }
        if !self.has_turn(chunk, job, now) {
            return IDLE;
        }
        let last_resort_at = hedge::last_resort_at(job.pressing_deadline(), origin);
        match pick::first(&list, job, now, last_resort_at) {
            Next::Nobody => Step::Over,
            Next::At(at) => Step::Wait(at, Timer::Retry),
            Next::Ask(candidate) => {
                let room = self.lane(candidate.source).has_room();
                if self.starts(chunk, job, candidate, room, now) {
                    return Step::Asked;
                }
                self.step_in_line(chunk, job, &list, candidate, last_resort_at, now)
            }
        }
    }

    /// Whether a chunk that only viewers of this machine want may be sought yet; else it lines up.
    fn has_turn(&mut self, chunk: ChunkId, job: &mut Job, now: Instant) -> bool {
        if job.turn.is_some() || !job.asks.is_empty() || job.is_bulk() {
            return true;
        }
        let turn = (job.pressing_deadline(), chunk);
        let may_go = self.order.allows(turn.0, now);
        if may_go {
            self.order.go(turn, now);
            job.turn = Some(turn);
        } else {
            self.line_up(chunk, job, Line::Order(turn));
        }
        may_go
    }

    /// The lane is full, and the job stands in its line: whether the deadline lets it stand there.
    fn step_in_line(
        &mut self,
        chunk: ChunkId,
        job: &mut Job,
        list: &[Candidate],
        first: Candidate,
        last_resort_at: Instant,
        now: Instant,
    ) -> Step {
        let origin = list.iter().find(|c| c.source == Source::Origin).copied();
        let askable = job
            .askable_from(Source::Origin)
            .is_some_and(|from| from <= now);
        let Some(origin) = origin.filter(|_| askable) else {
            return IDLE;
        };
        if now < last_resort_at {
            return Step::Wait(last_resort_at, Timer::Hedge);
        }
        // A peer is no worse for being asked late; the origin is the last resort here, too.
        let peers = self.peer_lane.has_urgent_room();
        let next = if peers { first } else { origin };
        let room = self.lane(next.source).has_urgent_room();
        if room && self.starts(chunk, job, next, room, now) {
            return Step::Asked;
        }
        IDLE
    }

    /// Asks a source if its lane has room and the WAN budget allows; else lines up for what is missing.
    fn starts(
        &mut self,
        chunk: ChunkId,
        job: &mut Job,
        from: Candidate,
        room: bool,
        now: Instant,
    ) -> bool {
        let len = job.likely_len();
        let missing = if !room {
            Some(Line::Lane(from.source))
        } else if from.source == Source::Origin && !self.budget.allows(len, now) {
            Some(Line::Budget(len))
        } else {
            None
        };
        self.leave_line(job);
        match missing {
            Some(line) => self.line_up(chunk, job, line),
            None => self.start(chunk, job, from, now),
        }
        missing.is_none()
    }

    /// Somebody is being asked: whether and when to ask somebody else beside.
    fn step_beside(
        &mut self,
        chunk: ChunkId,
        job: &mut Job,
        list: &[Candidate],
        origin: Micros,
        now: Instant,
    ) -> Step {
        // Peers may wait for one another: whatever they say, a place is left for the origin.
        let full = job.running.len() >= MAX_PARALLEL;
        let list = if full { pick::origin_of(list) } else { list };
        let Some(next) = pick::beside(list, job, now) else {
            return IDLE;
        };
        let lively = job.running.iter().filter(|a| !a.silent);
        let at = match lively.max_by_key(|a| a.counts_from) {
            None => now,
            Some(a) if a.probe && !(a.began && job.is_bulk()) => {
                hedge::ask_beside_probe_at(a.started, job.is_bulk())
            }
            Some(a) => {
                let silent_at = a.silent_at(job.is_bulk());
                self.hedge_at(chunk, job, a, next, origin).min(silent_at)
            }
        };
        if now < at {
            return Step::Wait(at, Timer::Hedge);
        }
        let room = self.lane(next.source).has_urgent_room();
        if !self.starts(chunk, job, next, room, now) {
            return IDLE;
        }
        self.counters.hedges += 1;
        Step::Asked
    }

    fn hedge_at(
        &self,
        chunk: ChunkId,
        job: &Job,
        youngest: &Attempt,
        next: Candidate,
        origin: Micros,
    ) -> Instant {
        if job.is_bulk() {
            return hedge::ask_next_of_bulk_at(youngest.started, next.source == Source::Origin);
        }
        let len = job.likely_len();
        let mut expected = self.estimates.expected(youngest.source, len);
        if job
            .homes
            .iter()
            .any(|home| Source::Peer(*home) == youngest.source)
        {
            // A home may have to fetch the chunk first.
            expected.0 += origin.0;
        }
        let needs = self.estimates.expected(next.source, len);
        let after = if next.source == Source::Origin {
            Micros(0)
        } else {
            origin
        };
        let running = Running {
            deadline: job.pressing_deadline(),
            started: youngest.counts_from,
            expected,
        };
        let at = hedge::ask_next_at(running, needs, after);
        if next.source != Source::Origin {
            return at;
        }
        if youngest.began || youngest.source == Source::Origin {
            return hedge::last_resort_beside(running, at);
        }
        // It is alive, and seeks the chunk over the same WAN.
        let since = job.since.unwrap_or(running.started);
        hedge::overdue_at(running.deadline, at, since, origin, uniform(chunk, self.me))
    }

    fn start(&mut self, chunk: ChunkId, job: &mut Job, candidate: Candidate, now: Instant) {
        let Candidate { source, role } = candidate;
        let fetch = FetchId(self.next_fetch);
        self.next_fetch += 1;
        let hops = wire::MAX_HOPS.min(match role {
            Role::Referred { hops, .. } => hops,
            Role::Home | Role::Probe => job.hops(),
            Role::Origin | Role::LastResort => 0,
        });
        let probe = role == Role::Probe;
        job.probed += usize::from(probe);
        let counts_from = job.note_asked(source, now);
        job.running.push(Attempt {
            fetch,
            source,
            started: now,
            counts_from,
            hops,
            probe,
            named: matches!(role, Role::Referred { .. }),
            by: match role {
                Role::Referred { by, .. } => by,
                _ => None,
            },
            began: false,
            silent: false,
            len: job.likely_len(),
        });
        self.fetches.insert(fetch, chunk);
        self.lane(source).start();
        match source {
            Source::Origin => {
                self.counters.origin_fetches += 1;
                let peers = self.roster.len();
                self.budget.take(job.likely_len(), peers, now);
            }
            Source::Peer(_) => self.counters.peer_fetches += 1,
        }
        let latest = now
            + if job.is_bulk() {
                hedge::BULK_ASK
            } else {
                Micros::from_millis(MAX_DEADLINE_MS)
            };
        self.push(Output::Fetch(Fetch {
            fetch,
            chunk,
            len: job.len,
            from: source,
            deadline: job.deadline().clamp(now, latest),
            hops,
            priority: job.priority(),
        }));
    }

    /// Lets go of everybody who has waited too long, and of sources that took too long. Answers
    /// whether a fetch ended.
    fn expire(&mut self, job: &mut Job, now: Instant) -> bool {
        for want in job
            .wants
            .extract_if(.., |w| w.deadline + super::job::MAX_LATE <= now)
        {
            self.fail(want.request, FailReason::TooLate);
        }
        let seeking = !job.running.is_empty() || job.in_line.is_some();
        for ask in job.asks.extract_if(.., |a| a.until <= now) {
            // Who is asked again is not taken for dead.
            let answer = if seeking && ask.hops < wire::MAX_HOPS {
                Answer::Refer(vec![self.me])
            } else {
                Answer::Busy
            };
            self.answer(ask.ask.ask, answer);
        }
        if job.copy_until.is_some_and(|until| until <= now) {
            job.copy_until = None;
        }
        self.note_silence(job, now);
        let too_long = |a: &mut Attempt| a.started + MAX_ATTEMPT <= now;
        let ended: Vec<Attempt> = job.running.extract_if(.., too_long).collect();
        for attempt in &ended {
            self.abort(attempt);
            self.estimates.failed(attempt.source, now);
            job.tried_in_vain(attempt.source, now);
        }
        !ended.is_empty()
    }

    /// Peers that say nothing for longer than a living one does are asked last for a while.
    fn note_silence(&mut self, job: &mut Job, now: Instant) {
        let is_bulk = job.is_bulk();
        let silent = |a: &&mut Attempt| !a.silent && a.silent_at(is_bulk) <= now;
        for attempt in job.running.iter_mut().filter(silent) {
            attempt.silent = true;
            self.estimates.failed(attempt.source, now);
            self.epoch += 1;
        }
    }

    /// A home that fetches from the origin goes on though whoever asked has left: the site will
    /// want the chunk again, and most of the way over the WAN may be done.
    fn worth_finishing(&self, job: &mut Job) -> bool {
        if !job.homes.contains(&self.me) {
            return false;
        }
        let started = job
            .running
            .iter()
            .find(|a| a.source == Source::Origin)
            .map(|a| a.started);
        job.copy_until = started.map(|s| s + MAX_ATTEMPT);
        job.copy_until.is_some()
    }

    fn schedule(&mut self, chunk: ChunkId, job: &mut Job, at: Instant, timer: Timer) {
        let is_bulk = job.is_bulk();
        let attempts = job.running.iter().flat_map(|a| {
            let silent_at = (!a.silent).then_some(a.silent_at(is_bulk));
            silent_at.into_iter().chain([a.started + MAX_ATTEMPT])
        });
        let give_up = attempts
            .chain(job.next_expiry())
            .min()
            .unwrap_or(Instant(u64::MAX));
        let (at, timer) = if give_up < at {
            (give_up, Timer::GiveUp)
        } else {
            (at, timer)
        };
        if at == Instant(u64::MAX) {
            return;
        }
        job.wake = Some(at);
        self.set_timer(at, Wake::Job(chunk), timer);
    }

    fn unschedule(&mut self, chunk: ChunkId, job: &mut Job) {
        if let Some(at) = job.wake.take() {
            self.clear_timer(at, Wake::Job(chunk));
        }
        self.leave_line(job);
    }

    fn line_up(&mut self, chunk: ChunkId, job: &mut Job, line: Line) {
        let place = (job.priority(), job.deadline(), chunk);
        job.in_line = Some((line, place));
        match line {
            Line::Lane(source) => self.lane(source).line_up(place),
            Line::Budget(len) => self.budget.line_up(place, len),
            Line::Order(turn) => self.order.line_up(turn),
        }
    }

    fn leave_line(&mut self, job: &mut Job) {
        match job.in_line.take() {
            Some((Line::Lane(source), place)) => self.lane(source).leave_line(&place),
            Some((Line::Budget(len), place)) => self.budget.leave_line(&place, len),
            Some((Line::Order(turn), _)) => self.order.leave_line(turn),
            None => {}
        }
    }

    pub(super) fn abort(&mut self, attempt: &Attempt) {
        self.fetches.remove(&attempt.fetch);
        self.lane(attempt.source).end();
        self.push(Output::Abort(attempt.fetch));
    }

    /// The job is over without the chunk.
    fn end_job(&mut self, chunk: ChunkId, mut job: Job, reason: FailReason, now: Instant) {
        self.copies.remove(&chunk);
        job.turn
            .take()
            .into_iter()
            .for_each(|turn| self.order.gone(turn));
        self.kept_job_over(&mut job, now);
        self.lacks_kept(chunk, now);
        if job.askable_from(Source::Origin).is_none() {
            self.note_absent(chunk, now);
        }
        for attempt in &job.running {
            self.abort(attempt);
        }
        for want in &job.wants {
            self.fail(want.request, reason);
        }
        for waiting in &job.asks {
            self.answer(waiting.ask.ask, Answer::NotHere);
        }
        if !job.running.is_empty() {
            self.pump(now);
        }
    }

    /// The chunk is in the cache.
    pub(super) fn obtained(&mut self, chunk: ChunkId, via: Via, now: Instant) {
        self.note_held(chunk);
        self.copies.remove(&chunk);
        let Some(mut job) = self.jobs.remove(&chunk) else {
            return;
        };
        self.unschedule(chunk, &mut job);
        job.turn
            .take()
            .into_iter()
            .for_each(|turn| self.order.gone(turn));
        self.kept_job_over(&mut job, now);
        for attempt in &job.running {
            self.abort(attempt);
        }
        for want in job.wants {
            self.wants.remove(&want.request);
            self.push(Output::Deliver {
                request: want.request,
                chunk,
                via,
            });
        }
        Slots::sort(&mut job.asks);
        for waiting in job.asks {
            // It keeps its place among the asks; only what it waits for is another thing.
            let Ask { ask, from, .. } = waiting.ask;
            self.asks.insert(ask, AskPlace::Queued(from));
            self.admit(waiting.has_come(), now);
        }
        self.pump(now);
    }

    /// Breaks off what runs at peers that may not be asked any more, and asks elsewhere.
    pub(super) fn leave_unreachable(&mut self, now: Instant) {
        let takes = self.takes();
        let mut left: Vec<ChunkId> = Vec::new();
        let mut jobs = std::mem::take(&mut self.jobs);
        for (chunk, job) in &mut jobs {
            let gone = |a: &mut Attempt| match a.source {
                Source::Origin => false,
                Source::Peer(device) => {
                    !takes || self.bans.contains(device) || self.roster.peer(device).is_none()
                }
            };
            let broken: Vec<Attempt> = job.running.extract_if(.., gone).collect();
            for attempt in &broken {
                self.abort(attempt);
                job.gave_up_on(attempt.source);
            }
            if !broken.is_empty() {
                left.push(*chunk);
            }
        }
        self.jobs = jobs;
        left.into_iter().for_each(|chunk| self.drive(chunk, now));
        self.pump(now);
    }
}
