//! Which peers are the homes of a chunk: weighted rendezvous hashing.
//!
//! Every peer of a roster draws a number from (chunk id, device id); the draw of weight w is
//! exponential with rate w, and the smallest draw is home 1. So a peer is home 1 of a share
//! of the chunks in proportion to its weight, and a peer that comes or goes moves only its own
//! chunks. All arithmetic is on integers: every machine ranks alike.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::content::{ChunkId, DeviceId};

/// Fraction bits of a logarithm.
const FRACTION: u32 = 32;
/// The logarithm's table has `1 << TABLE_BITS` steps.
const TABLE_BITS: u32 = 11;
const TABLE_LEN: usize = (1 << TABLE_BITS) + 1;
/// log2(1 + i / 2048), in units of 2^-32.
static LOG2: [u64; TABLE_LEN] = log2_table();
/// Weights above this rank like this.
const WEIGHT_CEILING: u32 = 1 << 20;

/// The first `k` peers of the ranking of a chunk, best first. Peers of weight 0 are never among
/// them. Costs one pass over the roster.
pub fn homes(
    chunk: ChunkId,
    roster: impl IntoIterator<Item = (DeviceId, u32)>,
    k: usize,
) -> Vec<DeviceId> {
    let mut best: Vec<(u64, DeviceId)> = Vec::with_capacity(k + 1);
    for (device, weight) in roster {
        let Some(draw) = draw(chunk, device, weight) else {
            continue;
        };
        let entry = (draw, device);
        if best.len() == k && best.last().is_none_or(|worst| *worst <= entry) {
            continue;
        }
        let at = best.partition_point(|better| *better < entry);
        best.insert(at, entry);
        best.truncate(k);
    }
    best.into_iter().map(|(_, device)| device).collect()
}

/// The whole ranking of a chunk, best first, drawn lazily.
pub fn ranking(chunk: ChunkId, roster: impl IntoIterator<Item = (DeviceId, u32)>) -> Ranking {
    let draws = roster
        .into_iter()
        .filter_map(|(device, weight)| Some(Reverse((draw(chunk, device, weight)?, device))));
    Ranking {
        left: draws.collect(),
    }
}

/// See [`ranking`].
#[derive(Clone, Debug)]
pub struct Ranking {
    left: BinaryHeap<Reverse<(u64, DeviceId)>>,
}

impl Iterator for Ranking {
    type Item = DeviceId;
    fn next(&mut self) -> Option<DeviceId> {
        self.left.pop().map(|Reverse((_, device))| device)
    }
}

/// The draw of a peer for a chunk; none for weight 0. Smaller is better.
fn draw(chunk: ChunkId, device: DeviceId, weight: u32) -> Option<u64> {
    let weight = u64::from(weight.min(WEIGHT_CEILING));
    // At most 2^38, so that 25 more bits fit a word with the rounding.
    let exponential = minus_log2(uniform(chunk, device));
    ((exponential << 25) + weight / 2).checked_div(weight)
}

/// A number that looks random, equal on every machine.
pub(crate) fn uniform(chunk: ChunkId, device: DeviceId) -> u64 {
    let [c0, c1, c2, c3] = words(&chunk.0);
    let [d0, d1] = words(&device.0);
    let device = mix(mix(d0 ^ 0x9e37_79b9_7f4a_7c15) ^ d1);
    mix(mix(mix(c0 ^ device) ^ c1) ^ c2 ^ c3.rotate_left(32))
}

fn words<const BYTES: usize, const WORDS: usize>(bytes: &[u8; BYTES]) -> [u64; WORDS] {
    let mut out = [0; WORDS];
    for (word, part) in out.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = part.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    }
    out
}

/// The finaliser of MurmurHash3 with David Stafford's constants ("Mix13").
fn mix(mut x: u64) -> u64 {
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// -log2(x / 2^64) in units of 2^-32, interpolated; at most 64 << 32.
fn minus_log2(x: u64) -> u64 {
    let x = x.max(1);
    let zeros = x.leading_zeros();
    // The bits after the leading one, at the top of the word.
    let fraction = (x << zeros) << 1;
    let step = (fraction >> (64 - TABLE_BITS)) as usize;
    let within = fraction << TABLE_BITS >> 32;
    let (Some(low), Some(high)) = (LOG2.get(step), LOG2.get(step + 1)) else {
        return 0;
    };
    let log_of_fraction = low + (((high - low) * within) >> 32);
    (u64::from(zeros + 1) << FRACTION) - log_of_fraction
}

const fn log2_table() -> [u64; TABLE_LEN] {
    let mut table = [0; TABLE_LEN];
    let mut i = 0;
    while i < TABLE_LEN {
        table[i] = log2_of_step(i as u64);
        i += 1;
    }
    table
}

/// log2(1 + i / 2048) by repeated squaring, in units of 2^-32.
const fn log2_of_step(i: u64) -> u64 {
    // 1.0 is 1 << 62, so that a square fits u128 and 2.0 fits u64.
    let one = 1u64 << 62;
    let mut x = one + (i << (62 - TABLE_BITS));
    if x >= one << 1 {
        return 1 << FRACTION;
    }
    let mut log = 0;
    let mut bit = 0;
    while bit < FRACTION {
        x = ((x as u128 * x as u128) >> 62) as u64;
        log <<= 1;
        if x >= one << 1 {
            x >>= 1;
            log |= 1;
        }
        bit += 1;
    }
    log
}

#[cfg(test)]
mod tests;
