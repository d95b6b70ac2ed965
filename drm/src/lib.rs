//! Keys, sealing and licences: everything that reads content, and nothing that moves it.
//!
//! - [`floe`] is the sealed format: AES-256-GCM in the FLOE construction.
//! - [`key`] holds the keys: KEK -> title key -> track key.
//! - [`segment`] seals one segment of a track into chunks and opens it again.
//! - [`rights`] decides who may watch what, from where, when, and for how long.
//! - [`license`] hands track keys to one recipient, signed and bounded in time.
//! - [`lease`] keeps time and a budget for licences that are used without contact.
//!
//! **Invariant:** the crate has no files, sockets, clock or randomness of its own. Randomness is
//! a `&mut impl CryptoRng` parameter, time a `now_ms: u64` parameter (milliseconds since the Unix
//! epoch). `clippy.toml` bans the rest.
//!
//! **Invariant:** no public function takes a nonce or an IV. Every call that seals draws fresh
//! ones, so a retry after a crash can never seal other bytes under a (key, nonce) used before.
//!
//! ```
//! use drm::{key::{Kek, TitleKey, WrapContext}, segment::{self, SegmentContext}};
//! # use rand::{SeedableRng, rngs::StdRng};
//! # let mut rng = StdRng::seed_from_u64(1);
//! let kek = Kek::generate(&mut rng);
//! let title_key = TitleKey::generate(&mut rng);
//! let place = WrapContext { tenant: "acme", title: [7; 16], version: 1 };
//! let wrapped = kek.wrap(&title_key, &place, &mut rng)?;
//!
//! let track_key = kek.unwrap(&wrapped, &place)?.track(2);
//! let context = SegmentContext { tenant: "acme", title: [7; 16], version: 1, track: 2, segment: 5 };
//! let chunks = segment::seal(&track_key, &context, b"moof and mdat", &mut rng)?;
//! assert_eq!(segment::open(&track_key, &context, &chunks)?.as_slice(), b"moof and mdat");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]
// What comes from outside is taken apart without a way to panic.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::get_unwrap
    )
)]

mod cbor;
mod kdf;

pub mod floe;
pub mod key;
pub mod lease;
pub mod license;
pub mod rights;
pub mod segment;

#[cfg(test)]
mod protocol;
