//! Prints how fast segments are sealed and opened on one core:
//! `cargo run --release -p drm --example speed`
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a program, not the library"
)]

use std::{hint::black_box, time::Instant};

use drm::{
    key::TitleKey,
    segment::{self, SegmentContext},
};
use rand::{SeedableRng, rngs::StdRng};

/// Roughly how much is sealed and opened for each size, bytes.
const TOTAL: usize = 512 << 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = StdRng::seed_from_u64(0);
    let key = TitleKey::generate(&mut rng).track(1);
    let context = SegmentContext {
        tenant: "acme",
        title: [0; 16],
        version: 1,
        track: 1,
        segment: 1,
    };
    println!("{:>12} {:>12} {:>12}", "bytes", "seal MB/s", "open MB/s");
    for len in [1_000, 64 << 10, 1_000_000, 4_000_000] {
        let plaintext = vec![7; len];
        let rounds = TOTAL / len;
        let start = Instant::now();
        for _ in 0..rounds {
            black_box(segment::seal(
                &key,
                &context,
                black_box(&plaintext),
                &mut rng,
            )?);
        }
        let seal = start.elapsed();
        let chunks = segment::seal(&key, &context, &plaintext, &mut rng)?;
        let start = Instant::now();
        for _ in 0..rounds {
            black_box(segment::open(&key, &context, black_box(&chunks))?);
        }
        let open = start.elapsed();
        let rate =
            |elapsed: std::time::Duration| (len * rounds) as f64 / 1e6 / elapsed.as_secs_f64();
        println!("{len:>12} {:>12.0} {:>12.0}", rate(seal), rate(open));
    }
    Ok(())
}
