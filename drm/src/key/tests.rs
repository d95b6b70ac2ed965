//! Wrapping and derivation.

use rand::{SeedableRng, rngs::StdRng};

use super::*;

const CONTEXT: WrapContext<'_> = WrapContext {
    tenant: "acme",
    title: [2; 16],
    version: 3,
};

fn counting() -> [u8; 32] {
    std::array::from_fn(|index| u8::try_from(index).unwrap())
}

#[test]
fn a_wrapped_key_unwraps() {
    let mut rng = StdRng::seed_from_u64(1);
    let (kek, title_key) = (Kek::generate(&mut rng), TitleKey::generate(&mut rng));
    let wrapped = kek.wrap(&title_key, &CONTEXT, &mut rng).unwrap();
    assert_eq!(wrapped.len(), WRAPPED_LEN);
    assert_eq!(kek.unwrap(&wrapped, &CONTEXT), Ok(title_key));
}

#[test]
fn wrapping_twice_differs() {
    let mut rng = StdRng::seed_from_u64(1);
    let (kek, title_key) = (Kek::generate(&mut rng), TitleKey::generate(&mut rng));
    let first = kek.wrap(&title_key, &CONTEXT, &mut rng).unwrap();
    let second = kek.wrap(&title_key, &CONTEXT, &mut rng).unwrap();
    assert_ne!(first, second);
}

#[test]
fn another_kek_or_place_is_refused() {
    let mut rng = StdRng::seed_from_u64(2);
    let (kek, title_key) = (Kek::generate(&mut rng), TitleKey::generate(&mut rng));
    let wrapped = kek.wrap(&title_key, &CONTEXT, &mut rng).unwrap();
    let other = Kek::generate(&mut rng);
    assert_eq!(other.unwrap(&wrapped, &CONTEXT), Err(UnwrapError::Refused));
    for place in [
        WrapContext {
            tenant: "acmf",
            ..CONTEXT
        },
        WrapContext {
            title: [3; 16],
            ..CONTEXT
        },
        WrapContext {
            version: 4,
            ..CONTEXT
        },
    ] {
        assert_eq!(
            kek.unwrap(&wrapped, &place),
            Err(UnwrapError::Refused),
            "{place:?}"
        );
    }
}

#[test]
fn every_flipped_bit_and_every_length_is_refused() {
    let mut rng = StdRng::seed_from_u64(3);
    let (kek, title_key) = (Kek::generate(&mut rng), TitleKey::generate(&mut rng));
    let mut wrapped = kek.wrap(&title_key, &CONTEXT, &mut rng).unwrap();
    for bit in 0..wrapped.len() * 8 {
        wrapped[bit / 8] ^= 1 << (bit % 8);
        kek.unwrap(&wrapped, &CONTEXT).unwrap_err();
        wrapped[bit / 8] ^= 1 << (bit % 8);
    }
    for len in 0..wrapped.len() {
        assert_eq!(
            kek.unwrap(&wrapped[..len], &CONTEXT),
            Err(UnwrapError::Malformed)
        );
    }
    wrapped.push(0);
    assert_eq!(kek.unwrap(&wrapped, &CONTEXT), Err(UnwrapError::Malformed));
}

#[test]
fn derivations_are_what_the_protocol_says() {
    // Computed with Python's hmac module: HMAC-SHA-384(key, info || 01), cut to length.
    let title_key = TitleKey(counting());
    let track = |id| hex::encode(title_key.track(id).as_floe().as_bytes());
    assert_eq!(
        track(0),
        "4f27d2640a741a84ea1cf503c7e22196bb64b88e6d97fb290c9a780e599328ed"
    );
    assert_eq!(
        track(258),
        "689302dae72b79d7c6db8a9a57e6f245cc37767ccbd73f7453e015a6ca9b8d88"
    );
    assert_eq!(
        Kek::from_bytes(counting()).id().to_string(),
        "f3e8ad7f8631f4e9"
    );
}

#[test]
fn every_track_has_its_own_key() {
    let mut rng = StdRng::seed_from_u64(4);
    let (one, other) = (TitleKey::generate(&mut rng), TitleKey::generate(&mut rng));
    let keys: std::collections::BTreeSet<[u8; 32]> = (0..=u16::MAX)
        .flat_map(|track| [&one, &other].map(|key| *key.track(track).as_floe().as_bytes()))
        .collect();
    assert_eq!(keys.len(), 2 * 65_536);
}

#[test]
fn debug_shows_no_key() {
    let kek = Kek::from_bytes(counting());
    let title_key = TitleKey(counting());
    let track_key = TrackKey::from_bytes(counting());
    let shown = format!(
        "{kek:?} {title_key:?} {track_key:?} {:?}",
        track_key.as_floe()
    );
    assert_eq!(shown, "Kek(..) TitleKey(..) TrackKey(..) floe::Key(..)");
}

#[test]
fn keys_are_zeroed_when_dropped() {
    fn zeroed<T: ZeroizeOnDrop>() {}
    zeroed::<floe::Key>();
    zeroed::<TitleKey>();
    zeroed::<aes_gcm::Aes256Gcm>();
    zeroed::<ed25519_dalek::SigningKey>();
}
