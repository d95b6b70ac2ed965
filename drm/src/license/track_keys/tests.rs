//! The map of keys is what the licence names, in one spelling.

use super::*;

fn map(head: u8, tracks: &[u8]) -> Vec<u8> {
    let mut bytes = vec![head];
    for track in tracks {
        bytes.extend([*track, 0x58, 32]);
        bytes.extend([*track; 32]);
    }
    bytes
}

#[test]
fn what_was_encoded_is_read_back() {
    let (one, two) = (TrackKey::from_bytes([1; 32]), TrackKey::from_bytes([2; 32]));
    let encoded = encode(&[(1, &one), (2, &two)]);
    assert_eq!(*encoded, map(0xA2, &[1, 2]));
    let keys = TrackKeys::decode(&encoded, &[1, 2]).unwrap();
    assert_eq!(
        (keys.get(1), keys.get(2), keys.get(3)),
        (Some(&one), Some(&two), None)
    );
}

#[test]
fn any_other_map_is_refused() {
    let whole = map(0xA2, &[1, 2]);
    for (what, bytes) in [
        ("nothing", vec![]),
        ("a track less", map(0xA1, &[1])),
        ("a track more", map(0xA3, &[1, 2, 3])),
        ("more tracks than its head says", map(0xA2, &[1, 2, 3])),
        ("fewer tracks than its head says", map(0xA3, &[1, 2])),
        ("another track", map(0xA2, &[1, 3])),
        ("descending tracks", map(0xA2, &[2, 1])),
        ("an array", map(0x82, &[1, 2])),
        (
            "a map of indefinite length",
            [map(0xBF, &[1, 2]), vec![0xFF]].concat(),
        ),
        ("a byte more", [whole.clone(), vec![0]].concat()),
        ("a byte less", whole[..whole.len() - 1].to_vec()),
        ("a short key", vec![0xA2, 1, 0x41, 7, 2, 0x41, 7]),
    ] {
        assert_eq!(TrackKeys::decode(&bytes, &[1, 2]), None, "{what}");
    }
}
