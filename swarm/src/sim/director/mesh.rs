//! A mesh as of BitTorrent: every peer knows some random others over all sites, gives to the few that gave
//! it most lately and to one at random, and takes the chunk that is rarest among those it knows.
//! The origin is a seed that gives to a few random peers at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{
    shell::ORIGIN,
    world::{Event, World},
};
use crate::time::Micros;

/// How many others a peer knows; both know each other.
const NEIGHBOURS: usize = 30;
/// To how many a peer gives at once, one of them at random.
const UNCHOKED: usize = 5;
/// To how many the origin gives at once.
const SEED_UNCHOKED: usize = 8;
/// How often is decided whom to give to.
const ROUND: Micros = Micros::from_secs(10);

/// See the module.
#[derive(Debug, Default)]
pub(in super::super) struct Mesh {
    knows: BTreeMap<u32, Vec<u32>>,
    /// Whom each gives to.
    unchoked: BTreeMap<u32, BTreeSet<u32>>,
    /// Bytes from the first to the second in this round.
    gave: BTreeMap<(u32, u32), u64>,
    /// Chunks on the way from the first to the second: one at a time.
    busy: BTreeSet<(u32, u32)>,
}

impl World<'_> {
    pub(super) fn mesh_start(&mut self) {
        for peer in 0..self.shells.len() as u32 {
            self.mesh_join(peer);
        }
    }

    fn mesh_join(&mut self, peer: u32) {
        let mut others: Vec<u32> = (0..self.shells.len() as u32).collect();
        others.retain(|p| *p != peer && self.shells[*p as usize].is_running());
        self.rng.shuffle(&mut others);
        let knows = &mut self.director.mesh.knows;
        knows.entry(peer).or_default();
        for other in others {
            let room = |knows: &BTreeMap<u32, Vec<u32>>, p| {
                knows
                    .get(&p)
                    .is_none_or(|k: &Vec<u32>| k.len() < NEIGHBOURS)
            };
            let known = knows.get(&peer).is_some_and(|k| k.contains(&other));
            if !known && room(knows, peer) && room(knows, other) {
                knows.entry(peer).or_default().push(other);
                knows.entry(other).or_default().push(peer);
            }
        }
    }

    pub(super) fn mesh_next(&mut self, peer: u32) {
        if !self.director.mesh.knows.contains_key(&peer) {
            self.mesh_join(peer);
        }
        let mut sources = self
            .director
            .mesh
            .knows
            .get(&peer)
            .cloned()
            .unwrap_or_default();
        sources.push(ORIGIN);
        for source in sources {
            self.mesh_try(peer, source);
        }
    }

    fn has(&self, source: u32, chunk: u32) -> bool {
        let shell = self.shells.get(source as usize);
        shell.is_none_or(|s| s.is_running() && s.disk_holds.contains(chunk))
    }

    /// Takes the rarest chunk from a source that gives.
    fn mesh_try(&mut self, peer: u32, source: u32) {
        let link = (source, peer);
        if self.director.mesh.busy.contains(&link) || self.shell(peer).fooled_by.contains(&source) {
            return;
        }
        let mut useful = self.needs(peer);
        useful.retain(|chunk| self.has(source, *chunk));
        if useful.is_empty() {
            return;
        }
        let slots = if source == ORIGIN {
            SEED_UNCHOKED
        } else {
            UNCHOKED
        };
        let given = self.director.mesh.unchoked.entry(source).or_default();
        if given.len() < slots {
            given.insert(peer);
        }
        if !given.contains(&peer) {
            return;
        }
        let turn = self.rng.next() as u32;
        let knows = self
            .director
            .mesh
            .knows
            .get(&peer)
            .map_or(&[][..], Vec::as_slice);
        let rank = |chunk: u32| {
            let copies = knows.iter().filter(|p| self.has(**p, chunk)).count();
            (copies, (chunk ^ turn).wrapping_mul(0x9e37_79b1))
        };
        if let Some(chunk) = useful.into_iter().min_by_key(|chunk| rank(*chunk)) {
            self.director.mesh.busy.insert(link);
            let server = (source != ORIGIN).then_some(source);
            self.told(peer, chunk, server);
        }
    }

    pub(super) fn mesh_came(&mut self, peer: u32, chunk: u32, server: Option<u32>) {
        let len = self.title.len_of(chunk);
        let source = server.unwrap_or(ORIGIN);
        let mesh = &mut self.director.mesh;
        mesh.busy.remove(&(source, peer));
        *mesh.gave.entry((source, peer)).or_default() += len;
        let neighbours = mesh.knows.get(&peer).cloned().unwrap_or_default();
        self.shell(peer).tally.messages += neighbours.len() as u64;
        for other in neighbours {
            let wants = self.shells[other as usize].wants.values();
            if wants.into_iter().any(|(wanted, ..)| *wanted == chunk) {
                self.mesh_try(other, peer);
            }
        }
    }

    pub(super) fn mesh_failed(&mut self, peer: u32, server: Option<u32>) {
        let source = server.unwrap_or(ORIGIN);
        self.director.mesh.busy.remove(&(source, peer));
    }

    pub(super) fn mesh_round(&mut self) {
        let gave = std::mem::take(&mut self.director.mesh.gave);
        let peers = self.shells.len() as u32;
        let mut others: Vec<u32> = (0..peers)
            .filter(|p| self.shells[*p as usize].is_running())
            .collect();
        // What was on the way to or from a machine that went is on the way no more.
        let alive: BTreeSet<u32> = others.iter().copied().chain([ORIGIN]).collect();
        let mesh = &mut self.director.mesh;
        mesh.busy
            .retain(|(a, b)| alive.contains(a) && alive.contains(b));
        for source in alive {
            let seed = source == ORIGIN;
            let mut takers = if seed {
                others.clone()
            } else {
                self.director
                    .mesh
                    .knows
                    .get(&source)
                    .cloned()
                    .unwrap_or_default()
            };
            takers.retain(|p| self.needs_of(*p).any(|chunk| self.has(source, chunk)));
            self.rng.shuffle(&mut takers);
            let slots = if seed { SEED_UNCHOKED } else { UNCHOKED };
            // The first is the one at random; the others gave most, which of a seed nobody did.
            let random = takers.pop();
            takers
                .sort_by_key(|p| std::cmp::Reverse(gave.get(&(*p, source)).copied().unwrap_or(0)));
            takers.truncate(slots - 1);
            takers.extend(random);
            if !seed {
                self.shell(source).tally.messages += takers.len() as u64;
            }
            self.director
                .mesh
                .unchoked
                .insert(source, takers.into_iter().collect());
        }
        self.rng.shuffle(&mut others);
        for peer in others {
            self.mesh_next(peer);
        }
        self.plan_after(ROUND, Event::Round);
    }

    fn needs_of(&self, peer: u32) -> impl Iterator<Item = u32> + '_ {
        let wants = self.shells[peer as usize].wants.values();
        wants.map(|(chunk, ..)| *chunk)
    }
}
