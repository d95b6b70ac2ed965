//! FLOE messages, and the watch that a player keeps sealed.

use std::sync::OnceLock;

use drm::floe::{Key, Opener, Params, open, seal};
use drm::lease::{MAX_SEALED_LEN, SealKey, Watch};
use rand::{SeedableRng, rngs::StdRng};

use crate::input::Input;

/// Bytes of a FLOE header.
const HEADER: usize = drm::floe::HEADER_LEN;
/// Internal segments so short that a small input has many.
const SEGMENT: u32 = 64;
const AAD: &[u8] = b"fuzz";
const DEVICE: [u8; 16] = [2; 16];

fn key() -> Key {
    Key::from_bytes([5; 32])
}

fn params() -> Params {
    Params::new(SEGMENT).expect("in range")
}

fn sealed(plain: &[u8]) -> Vec<u8> {
    let mut rng = StdRng::seed_from_u64(plain.len() as u64);
    seal(params(), &key(), AAD, plain, &mut rng).expect("a short message")
}

/// Messages that are true, of lengths around the borders of segments.
pub(crate) fn true_messages() -> &'static [Vec<u8>] {
    static MESSAGES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    MESSAGES.get_or_init(|| {
        let plain: Vec<u8> = (0..=255).collect();
        let lengths = [0, 1, 31, 32, 33, 64, 65, 200];
        lengths.map(|len| sealed(&plain[..len])).into()
    })
}

/// Way 0: any bytes, of which only the true messages open. Way 1: any plaintext, sealed and then cut, turned or
/// put together anew as the next bytes say.
pub(crate) fn floe(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    if input.way(2) == 0 {
        let message = input.0;
        let _ = Params::from_header(message);
        let opened = open(params(), &key(), AAD, message).is_ok();
        if opened {
            let known = true_messages().iter().any(|known| known == message);
            assert!(known, "a forged message opens");
        }
        segments(message);
        return opened;
    }
    let (at, change) = (input.number(), input.way(5));
    let plain = &input.0[..input.0.len().min(1 << 12)];
    let whole = sealed(plain);
    let opened = open(params(), &key(), AAD, &whole).expect("what was sealed opens");
    assert_eq!(opened.as_slice(), plain);
    let place = usize::try_from(at % whole.len() as u64).unwrap_or(0);
    let mut changed = whole.clone();
    match change {
        0 => changed[place] ^= 1 << (at >> 61),
        1 => changed.truncate(place),
        2 => changed.extend_from_slice(&whole[place..]),
        3 => drop(changed.remove(place)),
        _ => changed[HEADER..].rotate_left((at as usize) % (whole.len() - HEADER)),
    }
    let refused = open(params(), &key(), AAD, &changed).is_err();
    assert!(refused || changed == whole, "a changed message opens");
    assert!(open(params(), &key(), b"other", &whole).is_err());
    true
}

/// The body's segments at wrong places; none opens but where a true message has it.
fn segments(message: &[u8]) {
    let Some((header, body)) = message.split_at_checked(HEADER) else {
        return;
    };
    let Ok(opener) = Opener::new(params(), &key(), AAD, header) else {
        return;
    };
    for (index, segment) in (0u64..64).zip(body.chunks(SEGMENT as usize)) {
        for place in [index, index + 1, u64::MAX] {
            for is_last in [false, true] {
                let opened = opener.open_segment(place, is_last, segment).is_ok();
                let true_place = || {
                    true_messages().iter().any(|known| {
                        let mut known = known[HEADER..].chunks(SEGMENT as usize);
                        let at = usize::try_from(place).unwrap_or(usize::MAX);
                        let found = known.len() > at && known.nth(at) == Some(segment);
                        found && (known.len() == 0) == is_last
                    })
                };
                assert!(!opened || true_place(), "a segment opens elsewhere");
            }
        }
    }
}

/// Way 0: any bytes. Way 1: any state, well sealed.
pub(crate) fn lease_state(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let key = SealKey::from_bytes([6; 32]);
    let mut rng = StdRng::seed_from_u64(3);
    let sealed = match input.way(2) {
        0 => input.0.to_vec(),
        _ => {
            let params = Params::new(1 << 16).expect("in range");
            // docs/PROTOCOL.md: the array ["dms watch v1", device].
            let mut aad = vec![0x82, 0x6c];
            aad.extend_from_slice(b"dms watch v1\x50");
            aad.extend_from_slice(&DEVICE);
            let plain = &input.0[..input.0.len().min(1 << 15)];
            seal(params, &Key::from_bytes([6; 32]), &aad, plain, &mut rng).expect("short")
        }
    };
    let Ok(mut watch) = Watch::from_sealed(&sealed, &key, DEVICE) else {
        return false;
    };
    assert!(sealed.len() <= MAX_SEALED_LEN);
    assert!(Watch::from_sealed(&sealed, &key, [3; 16]).is_err());
    let stored = watch.to_sealed(&key, DEVICE, &mut rng).expect("it fits");
    let again = Watch::from_sealed(&stored, &key, DEVICE);
    assert_eq!(again.as_ref(), Ok(&watch), "stored and read again");
    // Time goes on from any state without a panic.
    for license in 0..4 {
        let _ = watch.left_ms([license; 16]);
        let _ = watch.play([license; 16], u64::MAX / 2);
    }
    watch.ran(u64::MAX);
    let _ = watch.seen(0);
    watch.server_says(u64::MAX);
    let _ = watch.server_answers(5, u64::MAX);
    let _ = watch.seen(u64::MAX);
    true
}
