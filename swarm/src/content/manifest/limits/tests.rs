//! Every maximum of a manifest, from both sides.

use super::*;
use crate::content::{Break, ChunkId, ChunkRef, TrackId, sample};

fn refused(change: impl FnOnce(&mut Manifest)) -> &'static str {
    let mut manifest = sample::video();
    change(&mut manifest);
    match manifest.check() {
        Err(ManifestError::Malformed(rule)) => rule,
        other => panic!("accepted: {other:?}"),
    }
}

#[test]
fn samples_are_valid() {
    assert_eq!(sample::video().check(), Ok(()));
    assert_eq!(sample::file().check(), Ok(()));
}

#[test]
fn counts_and_orders_are_bounded() {
    assert_eq!(refused(|m| m.tracks.clear()), "its number of tracks");
    let many = |m: &mut Manifest| {
        m.tracks = (1..=65).map(|n| sample::audio(n, "en")).collect();
    };
    assert_eq!(refused(many), "its number of tracks");
    assert_eq!(refused(|m| m.tracks.swap(0, 1)), "track ids do not ascend");
    assert_eq!(
        refused(|m| m.tracks[1].id = TrackId(1)),
        "track ids do not ascend"
    );
    assert_eq!(
        refused(|m| m.tracks[0].id = TrackId(0)),
        "track ids start at 1"
    );
    let long = |m: &mut Manifest| {
        let one = m.tracks[0].segments[1].clone();
        m.tracks[0].segments.resize(MAX_SEGMENTS + 1, one);
    };
    assert_eq!(refused(long), "a track's number of segments");
    let wide = |m: &mut Manifest| {
        let one = m.tracks[0].segments[1].chunks[0];
        m.tracks[0].segments[1].chunks.resize(MAX_CHUNKS + 1, one);
    };
    assert_eq!(refused(wide), "a segment's number of chunks");
    assert_eq!(refused(|m| m.version = 0), "versions start at 1");
}

#[test]
fn sizes_agree() {
    let chunk = |m: &mut Manifest, len| m.tracks[0].segments[1].chunks[0].len = len;
    assert_eq!(refused(|m| chunk(m, 0)), "a chunk's length");
    assert_eq!(refused(|m| chunk(m, MAX_CHUNK_LEN + 1)), "a chunk's length");
    assert_eq!(
        refused(|m| m.tracks[0].segments[1].plain_len += 200),
        "a segment's length does not fit its chunks"
    );
    assert_eq!(
        refused(|m| m.tracks[0].segments[1].plain_len -= 200),
        "a segment's length does not fit its chunks"
    );
    assert_eq!(
        refused(|m| m.tracks[0].segments[1].chunks.clear()),
        "a segment without chunks"
    );
    let doubled = |m: &mut Manifest| {
        let id = m.tracks[0].segments[1].chunks[0].id;
        m.tracks[1].segments[1].chunks[0].id = id;
    };
    assert_eq!(refused(doubled), "one chunk has two lengths");
}

#[test]
fn media_has_a_header_a_clock_and_plain_text() {
    assert_eq!(
        refused(|m| m.tracks[0].timescale = 0),
        "a media track without a timescale"
    );
    assert_eq!(
        refused(|m| m.tracks[0].segments.truncate(1)),
        "a media track without media"
    );
    assert_eq!(
        refused(|m| m.tracks[0].segments.clear()),
        "a media track without a header"
    );
    assert_eq!(
        refused(|m| m.tracks[0].segments[0].duration = 1),
        "a header with a duration"
    );
    assert_eq!(
        refused(|m| m.tracks[0].segments[1].duration = 0),
        "a media segment without a duration"
    );
    let huge = |m: &mut Manifest| m.tracks[0].segments[1].duration = u64::MAX;
    assert_eq!(refused(huge), "a duration beyond counting");
    assert_eq!(
        refused(|m| m.tracks[0].codecs.clear()),
        "a media track without a codec string"
    );
    for hostile in ["a\"b", "a\nb", "\u{202e}", "\0", &"x".repeat(129)] {
        assert_eq!(
            refused(|m| m.tracks[0].codecs = hostile.into()),
            "a codec string"
        );
    }
}

#[test]
fn a_title_is_one_kind_of_thing() {
    assert_eq!(
        refused(|m| m.kind = TitleKind::File),
        "a file has one track of bytes and no playing time"
    );
    let mixed = |m: &mut Manifest| {
        let file = sample::file().tracks.remove(0);
        m.tracks[2] = Track {
            id: TrackId(3),
            ..file
        };
    };
    assert_eq!(
        refused(mixed),
        "a video has media tracks and a playing time"
    );
    assert_eq!(
        refused(|m| m.duration_ms = 0),
        "a video has media tracks and a playing time"
    );
}

#[test]
fn breaks_ascend_within_the_playing_time() {
    let breaks = |m: &mut Manifest, at: &[(u32, u64)]| {
        m.breaks = at
            .iter()
            .map(|&(id, at_ms)| Break {
                id,
                at_ms,
                ..Break::default()
            })
            .collect();
    };
    let late = "breaks do not ascend within the playing time";
    assert_eq!(refused(|m| breaks(m, &[(1, 2000), (2, 1000)])), late);
    assert_eq!(refused(|m| breaks(m, &[(1, 10_001)])), late);
    assert_eq!(
        refused(|m| breaks(m, &[(1, 1000), (1, 2000)])),
        "two breaks have one id"
    );
    let mut manifest = sample::video();
    breaks(&mut manifest, &[(2, 0), (1, 10_000)]);
    assert_eq!(manifest.check(), Ok(()));
}

#[test]
fn one_chunk_may_stand_at_two_places() {
    let mut manifest = sample::video();
    let same = manifest.tracks[0].segments[1].clone();
    manifest.tracks[0].segments[2] = same;
    assert_eq!(manifest.check(), Ok(()));
    let other = ChunkRef {
        id: ChunkId([9; 32]),
        len: 1,
    };
    assert_ne!(manifest.tracks[0].segments[1].chunks[0], other);
}
