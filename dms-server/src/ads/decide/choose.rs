//! Which ad campaigns fill a break for this viewer. Pure: the same question has the same answer.
//!
//! Emergencies come first, each once a playback. Of the others the greater priority goes first; among equals the seed of the
//! playback rotates, and what fills the break well is preferred to what is drawn first but leaves it empty.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The most ads of a break.
pub const ADS_MAX: usize = 10;

/// How much longer than a break its ads may be together, milliseconds: encoders round.
pub const SLACK_MS: u64 = 500;

/// A step of lengths, milliseconds.
const STEP_MS: u64 = 100;

/// The longest break whose filling is weighed, steps; of a longer one so much is filled.
const STEPS_MAX: usize = 6_000;

/// The most campaigns of one priority that are weighed against one another.
const WEIGHED_MAX: usize = 64;

/// How much less than the best filling will do, percent: room for rotation.
const FAIR_PERCENT: usize = 90;

/// An ad campaign whose window is open, as a decision sees it.
#[derive(Clone, Debug, Default)]
pub struct Candidate {
    /// Its id.
    pub id: Uuid,
    /// The creative's title.
    pub title: Uuid,
    /// The creative's playing time, milliseconds.
    pub duration_ms: u64,
    /// Whether it comes before everything else.
    pub emergency: bool,
    /// The greater one goes first.
    pub priority: i64,
    /// Empty: everywhere.
    pub sites: BTreeSet<Uuid>,
    /// Empty: everybody.
    pub groups: BTreeSet<Uuid>,
    /// Empty with `collections`: in all titles.
    pub titles: BTreeSet<Uuid>,
    /// See `titles`.
    pub collections: BTreeSet<Uuid>,
    /// Showings that this viewer may have still.
    pub left: Option<u64>,
}

/// Who watches.
#[derive(Clone, Debug, Default)]
pub struct Viewer {
    /// Where.
    pub site: Option<Uuid>,
    /// Their groups.
    pub groups: BTreeSet<Uuid>,
}

/// The break that is to be filled.
#[derive(Clone, Debug, Default)]
pub struct Slot {
    /// Of which title.
    pub title: Uuid,
    /// Its collection.
    pub collection: Option<Uuid>,
    /// How long it should be, milliseconds; none: as long as what fills it.
    pub length_ms: Option<u64>,
    /// The playback and the break.
    pub seed: [u8; 32],
}

impl Slot {
    /// What one break of one playback draws with.
    #[must_use]
    pub fn seed(session: Uuid, title: Uuid, break_id: u32) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(session.as_bytes());
        hash.update(title.as_bytes());
        hash.update(break_id.to_be_bytes());
        hash.finalize().into()
    }
}

fn is_for(candidate: &Candidate, viewer: &Viewer, slot: &Slot) -> bool {
    let at = candidate.sites.is_empty()
        || viewer
            .site
            .is_some_and(|site| candidate.sites.contains(&site));
    let who = candidate.groups.is_empty() || !candidate.groups.is_disjoint(&viewer.groups);
    let everything = candidate.titles.is_empty() && candidate.collections.is_empty();
    let of = candidate.titles.contains(&slot.title)
        || slot
            .collection
            .is_some_and(|collection| candidate.collections.contains(&collection));
    // A title is not interrupted by itself.
    let other = candidate.title != slot.title;
    at && who && other && (everything || of) && candidate.left != Some(0)
}

/// In the order that the seed draws.
fn drawn(slot: &Slot, candidates: &[Candidate], mut places: Vec<usize>) -> Vec<usize> {
    places.sort_by_cached_key(|place| {
        let mut hash = Sha256::new();
        hash.update(slot.seed);
        if let Some(candidate) = candidates.get(*place) {
            hash.update(candidate.id.as_bytes());
        }
        <[u8; 32]>::from(hash.finalize())
    });
    places
}

/// The emergencies that this playback has not had, the greatest priority first.
#[must_use]
pub fn emergencies(
    candidates: &[Candidate],
    viewer: &Viewer,
    slot: &Slot,
    had: &BTreeSet<Uuid>,
) -> Vec<usize> {
    let wanted = candidates.iter().enumerate().filter(|(_, candidate)| {
        candidate.emergency && !had.contains(&candidate.id) && is_for(candidate, viewer, slot)
    });
    let mut wanted: Vec<usize> = wanted.map(|(place, _)| place).collect();
    let key = |place: &usize| {
        candidates
            .get(*place)
            .map(|candidate| (std::cmp::Reverse(candidate.priority), candidate.id))
    };
    wanted.sort_by_key(key);
    wanted.truncate(ADS_MAX);
    wanted
}

/// The ad campaigns that fill a break, in the order in which they are shown.
#[must_use]
pub fn fill(candidates: &[Candidate], viewer: &Viewer, slot: &Slot) -> Vec<usize> {
    let wanted = candidates.iter().enumerate().filter(|(_, candidate)| {
        !candidate.emergency && candidate.duration_ms > 0 && is_for(candidate, viewer, slot)
    });
    let wanted: Vec<usize> = wanted.map(|(place, _)| place).collect();
    let priority = |place: usize| {
        candidates
            .get(place)
            .map_or(0, |candidate| candidate.priority)
    };
    let tiers: BTreeSet<i64> = wanted.iter().map(|place| priority(*place)).collect();
    let mut chosen: Vec<usize> = Vec::new();
    let mut shown: BTreeSet<Uuid> = BTreeSet::new();
    let mut room = slot
        .length_ms
        .map(|length| steps(length + SLACK_MS).min(STEPS_MAX));
    for tier in tiers.into_iter().rev() {
        let of_tier = wanted
            .iter()
            .copied()
            .filter(|place| priority(*place) == tier)
            .collect();
        let mut tier: Vec<Piece> = Vec::new();
        for place in drawn(slot, candidates, of_tier) {
            let Some(candidate) = candidates.get(place) else {
                continue;
            };
            // Two campaigns of one creative are one showing of it.
            if shown.insert(candidate.title) {
                tier.push(Piece {
                    place,
                    length: steps_up(candidate.duration_ms),
                });
            }
        }
        tier.truncate(WEIGHED_MAX);
        let Some(left) = room else {
            chosen.extend(tier.first().map(|piece| piece.place));
            if chosen.is_empty() { continue } else { break }
        };
        let best = best(&tier, left, ADS_MAX - chosen.len());
        let used: usize = best.iter().map(|piece| piece.length).sum();
        room = Some(left - used.min(left));
        chosen.extend(best.iter().map(|piece| piece.place));
        if chosen.len() >= ADS_MAX {
            break;
        }
    }
    chosen
}

/// One showing that may be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    place: usize,
    length: usize,
}

fn steps(ms: u64) -> usize {
    usize::try_from(ms / STEP_MS).unwrap_or(usize::MAX)
}

fn steps_up(ms: u64) -> usize {
    usize::try_from(ms.div_ceil(STEP_MS))
        .unwrap_or(usize::MAX)
        .max(1)
}

/// What fills the room nearly best and has in it what was drawn first, in the order drawn.
fn best(drawn: &[Piece], room: usize, most: usize) -> Vec<Piece> {
    let length = |pieces: &[usize]| -> usize {
        pieces
            .iter()
            .filter_map(|at| drawn.get(*at))
            .map(|piece| piece.length)
            .sum()
    };
    let all: Vec<usize> = (0..drawn.len()).collect();
    let full = packed(drawn, &all, room, most);
    let fair = length(&full) * FAIR_PERCENT / 100;
    for (at, piece) in drawn.iter().enumerate() {
        if piece.length > room || most == 0 {
            continue;
        }
        let others: Vec<usize> = all.iter().copied().filter(|other| *other != at).collect();
        let mut with = packed(drawn, &others, room - piece.length, most - 1);
        with.push(at);
        if length(&with) >= fair {
            with.sort_unstable();
            return with
                .iter()
                .filter_map(|at| drawn.get(*at))
                .copied()
                .collect();
        }
    }
    let mut full = full;
    full.sort_unstable();
    full.iter()
        .filter_map(|at| drawn.get(*at))
        .copied()
        .collect()
}

/// The longest selection that has room, of at most so many; among equals the one that was found first.
fn packed(drawn: &[Piece], of: &[usize], room: usize, most: usize) -> Vec<usize> {
    // How each length is reached first: by which piece, from which length, with how many. A length is reached once, by a
    // piece that comes after all of those that reach the length before it, so walking back is a selection.
    let mut reached: Vec<Option<(usize, usize, usize)>> = vec![None; room + 1];
    let mut longest = 0;
    for at in of {
        let Some(piece) = drawn.get(*at).filter(|piece| piece.length <= room) else {
            continue;
        };
        for end in (piece.length..=room).rev() {
            let from = end - piece.length;
            let count = match reached.get(from) {
                _ if from == 0 => 1,
                Some(Some((_, _, count))) => count + 1,
                _ => continue,
            };
            if let Some(slot) = reached.get_mut(end)
                && slot.is_none()
                && count <= most
            {
                *slot = Some((*at, from, count));
                longest = longest.max(end);
            }
        }
    }
    let mut selection = Vec::new();
    let mut end = longest;
    while let Some(Some((at, from, _))) = reached.get(end) {
        selection.push(*at);
        end = *from;
    }
    selection
}

#[cfg(test)]
mod tests;
