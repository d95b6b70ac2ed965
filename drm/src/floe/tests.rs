//! FLOE beyond the published files: sizes, damage, limits.

use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};

use super::*;

const AAD: &[u8] = b"context";

fn key() -> Key {
    Key::from_bytes([5; 32])
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(11)
}

/// Internal segments of 64 bytes, 32 of them plaintext.
fn small() -> Params {
    Params::new(64).unwrap()
}

fn sealed(plain_len: usize) -> (Vec<u8>, Vec<u8>) {
    let plaintext: Vec<u8> = (0..plain_len).map(|index| (index % 251) as u8).collect();
    let message = seal(small(), &key(), AAD, &plaintext, &mut rng()).unwrap();
    (plaintext, message)
}

fn try_open(message: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    open(small(), &key(), AAD, message)
}

#[test]
fn params_are_bounded() {
    for len in [0, 31, 32, u32::MAX] {
        assert_eq!(Params::new(len), Err(ParamsError(len)));
    }
    for len in [33, 64, 1 << 20, u32::MAX - 1] {
        assert_eq!(
            Params::new(len).unwrap().encrypted_segment_len(),
            len as usize
        );
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    let (plaintext, mut message) = sealed(5 * 32 - 3);
    for bit in 0..message.len() * 8 {
        message[bit / 8] ^= 1 << (bit % 8);
        assert!(try_open(&message).is_err(), "bit {bit}");
        message[bit / 8] ^= 1 << (bit % 8);
    }
    assert_eq!(*try_open(&message).unwrap(), plaintext);
}

#[test]
fn every_truncation_and_extension_is_refused() {
    for plain_len in [0, 1, 32, 33, 64, 100] {
        let (_, message) = sealed(plain_len);
        for len in 0..message.len() {
            assert!(
                try_open(&message[..len]).is_err(),
                "{plain_len} bytes cut to {len}"
            );
        }
        for more in 1..=130 {
            for filler in [0x00, 0xFF] {
                let extended = [message.as_slice(), &vec![filler; more]].concat();
                assert!(
                    try_open(&extended).is_err(),
                    "{plain_len} bytes and {more} more"
                );
            }
        }
    }
}

#[test]
fn dropped_repeated_swapped_and_foreign_segments_are_refused() {
    let (_, message) = sealed(4 * 32 + 7);
    let foreign = seal(
        small(),
        &key(),
        AAD,
        &[0; 4 * 32 + 7],
        &mut StdRng::seed_from_u64(12),
    )
    .unwrap();
    let (header, body) = message.split_at(HEADER_LEN);
    let segments: Vec<&[u8]> = body.chunks(64).collect();
    let refuse = |segments: &[&[u8]], what: &str| {
        let changed = [header, &segments.concat()].concat();
        assert!(try_open(&changed).is_err(), "{what}");
    };
    for index in 0..segments.len() {
        let mut changed = segments.clone();
        changed.remove(index);
        refuse(&changed, "dropped");
        let mut changed = segments.clone();
        changed.insert(index, segments[index]);
        refuse(&changed, "repeated");
        for with in 0..index {
            let mut changed = segments.clone();
            changed.swap(index, with);
            refuse(&changed, "swapped");
        }
        let mut changed = segments.clone();
        changed[index] = foreign[HEADER_LEN..].chunks(64).nth(index).unwrap();
        refuse(&changed, "of another message");
    }
    // A segment that is not the last cannot be made the last by rewriting its length.
    let mut cut = [header, segments[0]].concat();
    cut[HEADER_LEN..HEADER_LEN + 4].copy_from_slice(&64_u32.to_be_bytes());
    assert_eq!(try_open(&cut).unwrap_err(), OpenError::SegmentTag(0));
}

#[test]
fn a_wrong_key_context_or_parameter_is_told_apart() {
    let (_, message) = sealed(40);
    let wrong_key = Key::from_bytes([6; 32]);
    let refused = |params, key: &Key, aad| open(params, key, aad, &message).unwrap_err();
    assert_eq!(refused(small(), &wrong_key, AAD), OpenError::HeaderTag);
    assert_eq!(refused(small(), &key(), b"contexu"), OpenError::HeaderTag);
    assert_eq!(refused(small(), &key(), b""), OpenError::HeaderTag);
    assert_eq!(
        refused(Params::new(65).unwrap(), &key(), AAD),
        OpenError::Params
    );
    assert_eq!(
        open(small(), &key(), AAD, &[0; 200]).unwrap_err(),
        OpenError::Header
    );
    assert_eq!(
        open(small(), &key(), AAD, &message[..73]).unwrap_err(),
        OpenError::Header
    );
    assert_eq!(
        open(small(), &key(), AAD, &message[..74]).unwrap_err(),
        OpenError::SegmentLength(0)
    );
}

#[test]
fn header_parameters_of_other_algorithms_are_refused() {
    let (_, message) = sealed(40);
    for (index, value) in [(0, 1), (1, 1), (5, 32), (6, 1), (9, 31), (9, 33)] {
        let mut header = message[..HEADER_LEN].to_vec();
        header[index] = value;
        assert_eq!(
            Params::from_header(&header),
            Err(OpenError::Header),
            "byte {index}"
        );
    }
    assert_eq!(Params::from_header(&message), Ok(small()));
    assert_eq!(Params::from_header(&message[..9]), Err(OpenError::Header));
}

#[test]
fn a_sealer_takes_only_fitting_segments() {
    let (mut sealer, _) = Sealer::start(small(), &key(), AAD, &mut rng());
    let mut out = Vec::new();
    for actual in [0, 31, 33] {
        let refused = sealer.seal_segment(&vec![0; actual], &mut out, &mut rng());
        assert_eq!(
            refused,
            Err(SealError::SegmentLength {
                expected: 32,
                actual
            })
        );
    }
    let refused = sealer.seal_last(&[0; 33], &mut out, &mut rng());
    assert_eq!(
        refused,
        Err(SealError::SegmentLength {
            expected: 32,
            actual: 33
        })
    );
    assert!(out.is_empty());
}

#[test]
fn the_segment_counter_ends() {
    let (mut sealer, header) = Sealer::start(small(), &key(), AAD, &mut rng());
    let mut out = Vec::new();
    sealer.skip_to(MAX_SEGMENTS - 2);
    sealer.seal_segment(&[1; 32], &mut out, &mut rng()).unwrap();
    let refused = sealer.seal_segment(&[2; 32], &mut out, &mut rng());
    assert_eq!(refused, Err(SealError::TooManySegments));
    sealer.seal_last(&[3; 32], &mut out, &mut rng()).unwrap();

    let opener = Opener::new(small(), &key(), AAD, &header).unwrap();
    let (before, last) = out.split_at(64);
    assert_eq!(
        *opener
            .open_segment(MAX_SEGMENTS - 2, false, before)
            .unwrap(),
        [1; 32]
    );
    assert_eq!(
        *opener.open_segment(MAX_SEGMENTS - 1, true, last).unwrap(),
        [3; 32]
    );
    let refused = |index, is_last| opener.open_segment(index, is_last, last).unwrap_err();
    assert_eq!(refused(MAX_SEGMENTS - 1, false), OpenError::TooManySegments);
    assert_eq!(refused(MAX_SEGMENTS, true), OpenError::TooManySegments);
    assert_eq!(refused(u64::MAX, true), OpenError::TooManySegments);
}

#[test]
fn the_key_rotates_after_2_to_the_20_segments() {
    let rotates_sooner = small().with_rotation_mask(19);
    for (position, shares_key) in [(0, true), ((1 << 19) - 1, true), (1 << 19, false)] {
        for epoch in [0_u64, 1 << 20, 5 << 20] {
            let (mut sealer, header) = Sealer::start(small(), &key(), AAD, &mut rng());
            let mut out = Vec::new();
            sealer.skip_to(epoch + position);
            sealer.seal_last(b"far", &mut out, &mut rng()).unwrap();
            let open = |params| {
                let opener = Opener::new(params, &key(), AAD, &header).unwrap();
                opener
                    .open_segment(epoch + position, true, &out)
                    .map(|plain| plain.to_vec())
            };
            assert_eq!(open(small()), Ok(b"far".to_vec()));
            assert_eq!(
                open(rotates_sooner).is_ok(),
                shares_key,
                "at {}",
                epoch + position
            );
        }
    }
    // Nobody may share a key longer than the specification allows.
    assert_eq!(small().with_rotation_mask(21), small());
}

#[test]
fn a_last_segment_longer_than_any_is_refused_for_its_length() {
    let (_, message) = sealed(32);
    let opener = Opener::new(small(), &key(), AAD, &message[..HEADER_LEN]).unwrap();
    for len in [65_u32, 66, 1000] {
        let mut segment = vec![0; len as usize];
        segment[..4].copy_from_slice(&len.to_be_bytes());
        let refused = opener.open_segment(0, true, &segment).unwrap_err();
        assert_eq!(refused, OpenError::SegmentLength(0), "{len} bytes");
    }
}

#[test]
fn an_empty_last_segment_after_a_full_one_opens() {
    let (mut sealer, header) = Sealer::start(small(), &key(), AAD, &mut rng());
    let mut message = header.to_vec();
    sealer
        .seal_segment(&[9; 32], &mut message, &mut rng())
        .unwrap();
    sealer.seal_last(b"", &mut message, &mut rng()).unwrap();
    assert_eq!(*try_open(&message).unwrap(), [9; 32]);
}

/// Segment length, and a plaintext length within 2 bytes of a multiple of what a segment holds.
fn boundary() -> impl Strategy<Value = (u32, usize)> {
    (33_u32..200).prop_flat_map(|len| {
        let plain = len as usize - SEGMENT_OVERHEAD;
        let near = (0_usize..6, 0_usize..5)
            .prop_map(move |(times, offset)| (times * plain + offset).saturating_sub(2));
        (Just(len), prop_oneof![near, 0_usize..1000])
    })
}

proptest! {
    #[test]
    fn sealed_messages_open(
        (segment_len, plain_len) in boundary(),
        aad in proptest::collection::vec(any::<u8>(), 0..200),
        key in any::<[u8; 32]>(),
        seed in any::<u64>(),
    ) {
        let params = Params::new(segment_len).unwrap();
        let key = Key::from_bytes(key);
        let plaintext: Vec<u8> = (0..plain_len).map(|index| (index % 241) as u8).collect();
        let mut rng = StdRng::seed_from_u64(seed);
        let message = seal(params, &key, &aad, &plaintext, &mut rng).unwrap();
        prop_assert_eq!(message.len() as u64, params.sealed_len(plain_len as u64));
        let segments = (message.len() - HEADER_LEN).div_ceil(segment_len as usize);
        prop_assert_eq!(segments as u64, params.segment_count(plain_len as u64));
        let opened = open(params, &key, &aad, &message).unwrap();
        prop_assert_eq!(&*opened, &plaintext);
    }

    #[test]
    fn anything_else_is_refused(message in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(try_open(&message).is_err());
        let (_, sealed) = sealed(20);
        let spliced = [&sealed[..HEADER_LEN], &message].concat();
        prop_assert!(try_open(&spliced).is_err());
    }
}
