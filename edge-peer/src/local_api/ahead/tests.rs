//! What lies in the window behind a player.

use super::*;
use crate::titles::Edition;
use bytes::Bytes;
use ed25519_dalek::SigningKey;
use swarm::content::{
    Expect, Manifest, Segment, TitleId, TitleKind, Track, TrackKind, VerifiedManifest,
};

/// Segments of 4 s, two chunks each, after a header.
fn edition() -> Edition {
    let segment = |n: u8| Segment {
        duration: if n == 0 { 0 } else { 4_000 },
        samples: 1,
        plain_len: 20,
        chunks: [n * 2, n * 2 + 1].map(chunk).to_vec(),
    };
    let manifest = Manifest {
        format: Manifest::FORMAT,
        tenant: "acme".into(),
        title: TitleId([1; 16]),
        version: 1,
        kind: TitleKind::Video,
        created_ms: 0,
        expires_ms: 10,
        duration_ms: 24_000,
        tracks: vec![Track {
            id: TrackId(1),
            kind: TrackKind::Subtitle {
                language: "en".into(),
            },
            codecs: "wvtt".into(),
            bandwidth: 1,
            average_bandwidth: 1,
            timescale: 1_000,
            segments: (0..=6).map(segment).collect(),
        }],
        breaks: Vec::new(),
    };
    let key = SigningKey::from_bytes(&[1; 32]);
    let signed = manifest.sign(&key);
    let expect = Expect {
        tenant: "acme",
        title: manifest.title,
        min_version: 1,
    };
    let verified = VerifiedManifest::verify(&signed, &[key.verifying_key()], &expect, 5).unwrap();
    Edition::new(verified, Bytes::from(signed))
}

fn chunk(n: u8) -> ChunkRef {
    ChunkRef {
        id: ChunkId([n; 32]),
        len: 10,
    }
}

fn window(segment: u32, seconds: u64) -> Vec<(u8, u64)> {
    let due = due(
        &edition(),
        TrackId(1),
        segment,
        Duration::from_secs(seconds),
    );
    due.iter()
        .map(|(c, wait)| (c.id.0[0], wait.as_secs()))
        .collect()
}

#[test]
fn the_window_is_playing_time_and_each_chunk_knows_when_it_plays() {
    assert_eq!(window(2, 8), [(6, 4), (7, 4), (8, 8), (9, 8)]);
    assert_eq!(window(5, 30), [(12, 4), (13, 4)]);
    assert_eq!(window(6, 30), []);
    assert_eq!(window(99, 30), []);
    // Behind the header comes what plays first, and that is needed soonest.
    assert_eq!(window(0, 4), [(2, 4), (3, 4), (4, 4), (5, 4)]);
    assert_eq!(window(1, 0), []);
    assert!(due(&edition(), TrackId(9), 1, Duration::MAX).is_empty());
}
