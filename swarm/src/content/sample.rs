//! Small titles for tests.

use ed25519_dalek::SigningKey;

use super::{
    ChunkId, ChunkRef, Expect, MAX_CHUNK_LEN, Manifest, Segment, TitleId, TitleKind, Track,
    TrackId, TrackKind, VerifiedManifest,
};

pub(crate) const NOW_MS: u64 = 1_800_000_000_000;

pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub(crate) fn verified(manifest: &Manifest) -> VerifiedManifest {
    let expect = Expect {
        tenant: &manifest.tenant,
        title: manifest.title,
        min_version: 0,
    };
    let signed = manifest.sign(&key());
    VerifiedManifest::verify(&signed, &[key().verifying_key()], &expect, NOW_MS)
        .expect("a sample is a valid manifest")
}

pub(crate) fn segment(track: u16, index: u16, duration: u64, plain_len: u64) -> Segment {
    let frame = u64::from(MAX_CHUNK_LEN) - 74;
    let frames = plain_len.div_ceil(frame - 32).max(1);
    let mut left = plain_len;
    let mut chunks = Vec::new();
    for n in 0..frames {
        let plain = left.min(frame - 32);
        left -= plain;
        let len = plain + 32 + if n == 0 { 74 } else { 0 };
        let id = ChunkId::of(format!("{track} {index} {n}").as_bytes());
        chunks.push(ChunkRef {
            id,
            len: len as u32,
        });
    }
    Segment {
        duration,
        samples: u32::from(duration > 0),
        plain_len,
        chunks,
    }
}

pub(crate) fn track(id: u16, kind: TrackKind, codecs: &str, bandwidth: u32) -> Track {
    let bytes = u64::from(bandwidth) / 2;
    Track {
        id: TrackId(id),
        kind,
        codecs: codecs.into(),
        bandwidth,
        average_bandwidth: bandwidth / 10 * 9,
        timescale: 90_000,
        segments: vec![
            segment(id, 0, 0, 800),
            segment(id, 1, 360_000, bytes),
            segment(id, 2, 360_000, bytes),
            segment(id, 3, 180_000, bytes / 2),
        ],
    }
}

pub(crate) fn audio(id: u16, language: &str) -> Track {
    let kind = TrackKind::Audio {
        channels: 2,
        sample_rate: 48_000,
        language: language.into(),
    };
    track(id, kind, "mp4a.40.2", 128_000)
}

/// Ten seconds: two renditions of video and one of sound.
pub(crate) fn video() -> Manifest {
    let picture = |width, height| TrackKind::Video {
        width,
        height,
        frame_rate_milli: 29_970,
    };
    Manifest {
        format: Manifest::FORMAT,
        tenant: "acme".into(),
        title: TitleId([3; 16]),
        version: 5,
        kind: TitleKind::Video,
        created_ms: NOW_MS - 1000,
        expires_ms: NOW_MS + 1_000_000,
        duration_ms: 10_000,
        tracks: vec![
            track(1, picture(640, 360), "avc1.64001e", 800_000),
            track(2, picture(1920, 1080), "avc1.640028", 6_000_000),
            audio(3, "en"),
        ],
        breaks: Vec::new(),
    }
}

/// A file of 3 MiB in one part.
pub(crate) fn file() -> Manifest {
    let kind = TrackKind::File {
        media_type: "application/pdf".into(),
    };
    let bytes = segment(1, 0, 0, 3 << 20);
    let part = Segment {
        samples: 0,
        ..bytes
    };
    let track = Track {
        segments: vec![part],
        timescale: 0,
        codecs: String::new(),
        ..track(1, kind, "", 0)
    };
    Manifest {
        kind: TitleKind::File,
        duration_ms: 0,
        tracks: vec![track],
        ..video()
    }
}
