//! A segment opens from its own chunks, in its own place, and from nothing else.

use std::collections::BTreeSet;

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::*;
use crate::floe::HEADER_LEN;

const CONTEXT: SegmentContext<'_> = SegmentContext {
    tenant: "acme",
    title: [2; 16],
    version: 3,
    track: 4,
    segment: 5,
};
const PLAIN: usize = PARAMS.plain_segment_len();

fn random(len: usize, rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = vec![0; len];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn setup() -> (StdRng, TrackKey) {
    let mut rng = StdRng::seed_from_u64(7);
    let mut key = [0; 32];
    rng.fill_bytes(&mut key);
    (rng, TrackKey::from_bytes(key))
}

#[test]
fn the_associated_data_is_what_the_protocol_says() {
    let expected = "8601".to_owned() + "6461636d65" + "50" + &"02".repeat(16) + "03" + "04" + "05";
    assert_eq!(hex::encode(CONTEXT.aad()), expected);
    let wide = SegmentContext {
        version: u64::MAX,
        track: 256,
        segment: 65_536,
        ..CONTEXT
    };
    let tail = "1bffffffffffffffff".to_owned() + "190100" + "1a00010000";
    assert!(hex::encode(wide.aad()).ends_with(&tail));
}

#[test]
fn every_boundary_size_opens_from_chunks_of_at_most_1_mib() {
    let (mut rng, key) = setup();
    for len in [
        0,
        1,
        15,
        16,
        17,
        PLAIN - 1,
        PLAIN,
        PLAIN + 1,
        2 * PLAIN,
        2 * PLAIN + 1,
    ] {
        let plaintext = random(len, &mut rng);
        let chunks = seal(&key, &CONTEXT, &plaintext, &mut rng).unwrap();
        assert_eq!(chunks.len(), len.div_ceil(PLAIN).max(1), "{len} bytes");
        assert!(chunks.iter().all(|chunk| chunk.len() <= MAX_CHUNK_LEN));
        let message = chunks.concat();
        assert_eq!(PARAMS.sealed_len(len as u64), message.len() as u64);
        assert!(
            *open(&key, &CONTEXT, &chunks).unwrap() == plaintext,
            "{len} bytes"
        );
        assert!(
            *open_message(&key, &CONTEXT, &message).unwrap() == plaintext,
            "{len} bytes"
        );
    }
}

#[test]
fn a_full_chunk_has_exactly_1_mib() {
    let (mut rng, key) = setup();
    let chunks = seal(&key, &CONTEXT, &vec![0; PLAIN + 1], &mut rng).unwrap();
    assert_eq!(chunks[0].len(), MAX_CHUNK_LEN);
}

#[test]
fn a_chunk_opens_on_its_own() {
    let (mut rng, key) = setup();
    let plaintext = random(2 * PLAIN + 9, &mut rng);
    let chunks = seal(&key, &CONTEXT, &plaintext, &mut rng).unwrap();
    let (header, first) = chunks[0].split_at(HEADER_LEN);
    let opener = opener(&key, &CONTEXT, header).unwrap();
    assert!(*opener.open_segment(2, true, &chunks[2]).unwrap() == plaintext[2 * PLAIN..]);
    assert!(*opener.open_segment(0, false, first).unwrap() == plaintext[..PLAIN]);
    assert!(*opener.open_segment(1, false, &chunks[1]).unwrap() == plaintext[PLAIN..2 * PLAIN]);
}

#[test]
fn another_place_is_refused() {
    let (mut rng, key) = setup();
    let chunks = seal(&key, &CONTEXT, b"a picture", &mut rng).unwrap();
    for place in [
        SegmentContext {
            tenant: "acm",
            ..CONTEXT
        },
        SegmentContext {
            tenant: "",
            ..CONTEXT
        },
        SegmentContext {
            title: [0; 16],
            ..CONTEXT
        },
        SegmentContext {
            version: 2,
            ..CONTEXT
        },
        SegmentContext {
            track: 5,
            ..CONTEXT
        },
        SegmentContext {
            segment: 4,
            ..CONTEXT
        },
        SegmentContext {
            track: 5,
            segment: 4,
            ..CONTEXT
        },
    ] {
        let refused = open(&key, &place, &chunks).unwrap_err();
        assert_eq!(refused, OpenError::HeaderTag, "{place:?}");
    }
    let other = TrackKey::from_bytes([9; 32]);
    assert_eq!(
        open(&other, &CONTEXT, &chunks).unwrap_err(),
        OpenError::HeaderTag
    );
}

#[test]
fn dropped_repeated_and_reordered_chunks_are_refused() {
    let (mut rng, key) = setup();
    let plaintext = random(3 * PLAIN + 100, &mut rng);
    let chunks = seal(&key, &CONTEXT, &plaintext, &mut rng).unwrap();
    let other = seal(&key, &CONTEXT, &plaintext, &mut rng).unwrap();
    let whole: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
    let refuse = |chunks: &[&[u8]], what: &str| {
        assert!(open(&key, &CONTEXT, chunks).is_err(), "{what}");
        assert!(
            open_message(&key, &CONTEXT, &chunks.concat()).is_err(),
            "{what}, in one piece"
        );
    };
    refuse(&[], "no chunks");
    for index in 0..whole.len() {
        let mut dropped = whole.clone();
        dropped.remove(index);
        refuse(&dropped, "a dropped chunk");
        let mut repeated = whole.clone();
        repeated.insert(index, whole[index]);
        refuse(&repeated, "a repeated chunk");
        let mut replaced = whole.clone();
        replaced[index] = &other[index];
        refuse(&replaced, "a chunk of another sealing");
        for with in 0..index {
            let mut swapped = whole.clone();
            swapped.swap(index, with);
            refuse(&swapped, "swapped chunks");
        }
    }
    for kept in 1..whole.len() {
        refuse(&whole[..kept], "the last chunks cut off");
    }
    let empty_more = [whole.as_slice(), &[b""]].concat();
    assert!(
        open(&key, &CONTEXT, &empty_more).is_err(),
        "an empty chunk more"
    );
    // Cut elsewhere the bytes are the message still, but these are not its chunks.
    let (half, rest) = whole[0].split_at(whole[0].len() / 2);
    let recut = [&[half, rest], &whole[1..]].concat();
    assert!(open(&key, &CONTEXT, &recut).is_err());
    assert!(open_message(&key, &CONTEXT, &recut.concat()).is_ok());
}

/// Every bit of the first and the last KiB with all that frames the ciphertext, and one bit of
/// every byte between them. (All 525,136 bits take half a minute; `floe` flips all of a smaller one.)
#[test]
fn flipped_bits_of_64_kib_are_refused() {
    const EDGE: usize = 1024 + HEADER_LEN;
    let (mut rng, key) = setup();
    let plaintext = random(64 * 1024, &mut rng);
    let mut message = seal(&key, &CONTEXT, &plaintext, &mut rng).unwrap().concat();
    let inner = EDGE..message.len() - EDGE;
    for index in 0..message.len() {
        let bits = if inner.contains(&index) {
            index % 8..index % 8 + 1
        } else {
            0..8
        };
        for bit in bits {
            message[index] ^= 1 << bit;
            assert!(
                open_message(&key, &CONTEXT, &message).is_err(),
                "bit {bit} of byte {index}"
            );
            message[index] ^= 1 << bit;
        }
    }
    assert!(*open_message(&key, &CONTEXT, &message).unwrap() == plaintext);
}

#[test]
fn no_two_sealings_share_an_iv_or_a_nonce() {
    const SEALINGS: usize = 100_000;
    let (mut rng, key) = setup();
    let mut ivs = BTreeSet::new();
    let mut nonces = BTreeSet::new();
    for _ in 0..SEALINGS {
        let chunks = seal(&key, &CONTEXT, b"the same input", &mut rng).unwrap();
        let message = &chunks[0];
        ivs.insert(message[10..42].to_vec());
        nonces.insert(message[HEADER_LEN + 4..HEADER_LEN + 16].to_vec());
    }
    assert_eq!((ivs.len(), nonces.len()), (SEALINGS, SEALINGS));
}
