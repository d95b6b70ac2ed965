//! Whom to ask for a chunk, in which order.
//!
//! | this peer is | asks |
//! |---|---|
//! | not peering | the origin |
//! | home 1 | the next in the ranking whether they have it already, then the origin |
//! | a lower home | the homes before it, then the origin |
//! | no home | the homes, then the origin |
//!
//! Peers that a home named come first. The origin is the last resort of everybody but home 1: it is
//! asked when no peer is left that could deliver, or when the deadline leaves no more time.

use super::{Source, job::Job};
use crate::{content::DeviceId, time::Instant};

/// Why a source stands in the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// A home named it.
    Referred {
        /// The hops of the request that was referred, plus one.
        hops: u8,
        /// Who named it.
        by: Option<DeviceId>,
    },
    /// A home of the chunk.
    Home,
    /// A peer next in the ranking, asked by home 1 whether it has the chunk already. Being asked tells
    /// a home, too, that home 1 is about to have it.
    Probe,
    /// The origin, for the peer whose task it is to fetch from there.
    Origin,
    /// The origin, for everybody else.
    LastResort,
}

/// A source that may be asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Candidate {
    pub(super) source: Source,
    pub(super) role: Role,
}

/// What to do next about a chunk that nobody is being asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// Ask this source now.
    Ask(Candidate),
    /// Nobody can be asked before this moment.
    At(Instant),
    /// Nobody is left.
    Nobody,
}

/// The sources of a chunk in the order they are asked, those included that were asked already.
/// `homes` are the chunk's homes as this peer sees them; empty when it may not take from peers.
pub(super) fn candidates(me: DeviceId, homes: &[DeviceId], job: &Job) -> Vec<Candidate> {
    let peer = |device, role| Candidate {
        source: Source::Peer(device),
        role,
    };
    let mut list: Vec<Candidate> = Vec::new();
    if !homes.is_empty() {
        let referred = job.referred.iter().map(|r| {
            peer(
                r.device,
                Role::Referred {
                    hops: r.hops,
                    by: r.by,
                },
            )
        });
        list.extend(referred);
    }
    let place = homes.iter().position(|home| *home == me);
    match place {
        Some(0) => list.extend(job.probes.iter().map(|other| peer(*other, Role::Probe))),
        Some(n) => list.extend(homes.iter().take(n).map(|home| peer(*home, Role::Home))),
        None => list.extend(homes.iter().map(|home| peer(*home, Role::Home))),
    }
    if job.may_use_origin(me) {
        let first = place == Some(0) || homes.is_empty();
        let role = if first {
            Role::Origin
        } else {
            Role::LastResort
        };
        list.push(Candidate {
            source: Source::Origin,
            role,
        });
    }
    list
}

/// What to do when no source is running. `last_resort_at` is when the deadline calls for the
/// origin.
pub(super) fn first(list: &[Candidate], job: &Job, now: Instant, last_resort_at: Instant) -> Next {
    let mut earliest: Option<Instant> = None;
    for candidate in list {
        let Some(mut from) = job.askable_from(candidate.source) else {
            continue;
        };
        if candidate.role == Role::LastResort && earliest.is_some() {
            // A busy peer will have time again: the origin waits as long as the deadline lets it.
            from = from.max(last_resort_at);
        }
        if from <= now {
            return Next::Ask(*candidate);
        }
        earliest = Some(earliest.map_or(from, |e| e.min(from)));
    }
    earliest.map_or(Next::Nobody, Next::At)
}

/// Whom to ask beside the sources that are running: the first in the list that can be asked now
/// and is not running. Nobody, once the origin is running; and never a probe, which finds out
/// what is worth waiting for but is not worth a wait itself.
pub(super) fn beside(list: &[Candidate], job: &Job, now: Instant) -> Option<Candidate> {
    if job.is_asking(Source::Origin) {
        return None;
    }
    let askable = |c: &&Candidate| {
        c.role != Role::Probe
            && !job.is_asking(c.source)
            && job.askable_from(c.source).is_some_and(|from| from <= now)
    };
    list.iter().find(askable).copied()
}

/// The part of the list that is the origin: it stands last, if it stands there at all.
pub(super) fn origin_of(list: &[Candidate]) -> &[Candidate] {
    let peers = list.iter().take_while(|c| c.source != Source::Origin);
    list.get(peers.count()..).unwrap_or_default()
}

#[cfg(test)]
mod tests;
