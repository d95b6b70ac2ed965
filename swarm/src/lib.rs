//! Content identity, wire messages, and the decisions of a peer-assisted delivery swarm.
//!
//! This crate decides; it never acts. It has no sockets, no files, no clock and no global
//! randomness: time arrives as [`time::Instant`] and every effect leaves as an output value. The same state
//! machines run in `edge-peer` and in the simulator.
//!
//! # Driving a machine
//!
//! [`peer::Peer`] is driven by one owner, in one loop:
//!
//! 1. A happening becomes an [`peer::Input`] and goes into [`peer::Peer::handle`] with the time.
//! 2. Every [`peer::Output`] is taken with [`peer::Peer::poll_output`] and carried out, until it
//!    answers `None`. Taking them later, or after another input, is misuse: debug builds panic,
//!    others count it in [`peer::Counters::misused`].
//! 3. The loop sleeps until the next happening, or until [`peer::Peer::next_timeout`]; then it hands in
//!    [`peer::Input::Timeout`].
//!
//! Carrying out never calls back into the machine: what comes of it is a later happening.
//!
//! ```
//! use std::collections::VecDeque;
//! use swarm::content::{ChunkId, DeviceId};
//! use swarm::peer::{Config, Fetch, Input, Outcome, Output, Peer, Priority, RequestId, Source, Via, Want};
//! use swarm::time::{Instant, Micros};
//!
//! let mut peer = Peer::new(Config::default(), DeviceId([1; 16]), 42);
//! let chunk = ChunkId::of(b"sealed bytes");
//! let want = Want {
//!     request: RequestId(1),
//!     chunk,
//!     len: 12,
//!     deadline: Instant(0) + Micros::from_secs(4),
//!     priority: Priority::Playing,
//! };
//! let mut now = Instant(0);
//! let mut happenings = VecDeque::from([Input::Want(want)]);
//! let mut delivered = None;
//!
//! while delivered.is_none() {
//!     // A real loop waits here for its sockets and for `next_timeout`, whichever comes first.
//!     let input = happenings.pop_front().unwrap_or(Input::Timeout);
//!     peer.handle(input, now);
//!     while let Some(output) = peer.poll_output() {
//!         match output {
//!             Output::Fetch(Fetch { fetch, from, .. }) => {
//!                 assert_eq!(from, Source::Origin, "no site, no peering");
//!                 let took = Micros::from_millis(30);
//!                 let outcome = Outcome::Delivered { len: 12, waited: took, took };
//!                 happenings.push_back(Input::Fetched { fetch, outcome });
//!                 now = now + took;
//!             }
//!             Output::Deliver { request, via, .. } => delivered = Some((request, via)),
//!             other => unreachable!("nothing else happens here: {other:?}"),
//!         }
//!     }
//! }
//! assert_eq!(delivered, Some((RequestId(1), Via::Fetched(Source::Origin))));
//! ```

pub mod content;
pub mod peer;
pub mod sim;
pub mod site;
pub mod time;
pub mod wire;
