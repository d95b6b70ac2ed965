//! HPKE against RFC 9180, X25519 against Wycheproof, and the keys' text forms.
#![allow(
    clippy::disallowed_methods,
    reason = "tests read their vectors from files"
)]

use std::convert::Infallible;

use hmac::{Hmac, KeyInit, Mac};
use hpke::{
    aead::{Aead, AesGcm128},
    setup_receiver,
};
use rand::{SeedableRng, rngs::StdRng};
use rand_core::{TryCryptoRng, TryRng};
use serde_json::Value;

use super::*;

const HPKE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/hpke/rfc9180.json");
const X25519: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/vectors/wycheproof/x25519_test.json"
);

fn cases(path: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes(case: &Value, field: &str) -> Vec<u8> {
    hex::decode(case[field].as_str().unwrap()).unwrap()
}

fn key(case: &Value, field: &str) -> [u8; 32] {
    bytes(case, field).try_into().unwrap()
}

/// Gives the same 32 bytes once, as the RFC's cases prescribe.
struct Once(Option<[u8; 32]>);

impl TryRng for Once {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("key pairs are made from bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("key pairs are made from bytes")
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        to.copy_from_slice(&self.0.take().expect("randomness is drawn once"));
        Ok(())
    }
}

impl TryCryptoRng for Once {}

fn opens<A: Aead>(case: &Value) -> usize {
    let pair = RecipientKeyPair::from_bytes(&key(case, "skRm")).unwrap();
    assert_eq!(pair.public().to_bytes(), key(case, "pkRm"));
    // The private key's bytes are kept as X25519 uses them (RFC 7748 section 5).
    let mut used = key(case, "skRm");
    used[0] &= 0xF8;
    used[31] = used[31] & 0x7F | 0x40;
    assert_eq!(*pair.to_bytes(), used);
    let generated = RecipientKeyPair::generate(&mut Once(Some(key(case, "ikmR"))));
    assert_eq!(*generated.to_bytes(), used);

    let encapsulated = <Kem as hpke::Kem>::EncappedKey::from_bytes(&key(case, "enc")).unwrap();
    let secret = Kem::decap(&pair.private, None, &encapsulated).unwrap();
    assert_eq!(secret.0.as_slice(), bytes(case, "shared_secret"));
    let info = bytes(case, "info");
    let mut context =
        setup_receiver::<A, HkdfSha256, Kem>(&OpModeR::Base, &pair.private, &encapsulated, &info)
            .unwrap();
    let mut opened = 0;
    // The receiver counts messages by the ones it opens; only consecutive cases apply.
    for (sequence, message) in case["encryptions"].as_array().unwrap().iter().enumerate() {
        if message["sequence"] != sequence {
            break;
        }
        let plaintext = context
            .open(&bytes(message, "ct"), &bytes(message, "aad"))
            .unwrap();
        assert_eq!(plaintext, bytes(message, "pt"));
        opened += 1;
    }
    opened
}

#[test]
fn the_cases_of_rfc_9180_open() {
    let cases = cases(HPKE);
    let of = |aead: u64| {
        cases
            .as_array()
            .unwrap()
            .iter()
            .find(|case| case["aead_id"] == aead)
    };
    assert_eq!(opens::<AesGcm128>(of(1).unwrap()), 3);
    assert_eq!(opens::<AesGcm256>(of(2).unwrap()), 2);
}

#[test]
fn sealing_encapsulates_as_rfc_9180_says() {
    let cases = cases(HPKE);
    let case = cases
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["aead_id"] == 2)
        .unwrap();
    let recipient = RecipientPublicKey::from_bytes(key(case, "pkRm"));
    let info = bytes(case, "info");
    let plaintext = bytes(&case["encryptions"][0], "pt");
    let mut rng = Once(Some(key(case, "ikmE")));
    let (encapsulated, ciphertext) = recipient.seal(&info, &plaintext, &mut rng).unwrap();
    assert_eq!(encapsulated, key(case, "enc"));
    // The case has associated data and a licence none; key and nonce, and so all but the tag, agree.
    let expected = bytes(&case["encryptions"][0], "ct");
    assert_eq!(ciphertext[..plaintext.len()], expected[..plaintext.len()]);
    let pair = RecipientKeyPair::from_bytes(&key(case, "skRm")).unwrap();
    assert_eq!(
        *pair.open(&encapsulated, &info, &ciphertext).unwrap(),
        plaintext
    );
}

fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// `ExtractAndExpand` of RFC 9180 section 4.1 for DHKEM(X25519, HKDF-SHA256).
fn extract_and_expand(dh: &[u8], encapsulated: &[u8], public: &[u8]) -> Vec<u8> {
    let suite: &[u8] = b"KEM\x00\x20";
    let eae_prk = hmac_sha256(&[], &[b"HPKE-v1", suite, b"eae_prk", dh]);
    let context = [encapsulated, public].concat();
    hmac_sha256(
        &eae_prk,
        &[
            &[0, 32],
            b"HPKE-v1",
            suite,
            b"shared_secret",
            &context,
            &[1],
        ],
    )
}

/// The Diffie-Hellman results come out of the very decapsulation that opens licences.
#[test]
fn wycheproof_x25519() {
    let file = cases(X25519);
    let mut count = 0;
    for case in file["testGroups"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|group| group["tests"].as_array().unwrap())
    {
        let (public, shared) = (key(case, "public"), bytes(case, "shared"));
        let pair = RecipientKeyPair::from_bytes(&key(case, "private")).unwrap();
        let encapsulated = <Kem as hpke::Kem>::EncappedKey::from_bytes(&public).unwrap();
        let secret = Kem::decap(&pair.private, None, &encapsulated).ok();
        let secret = secret.map(|secret| secret.0.to_vec());
        let expected = (shared != [0; 32])
            .then(|| extract_and_expand(&shared, &public, &pair.public().to_bytes()));
        // Points of low order give no secret: decapsulation refuses them, as RFC 9180 demands.
        assert_eq!(secret, expected, "case {}", case["tcId"]);
        count += 1;
    }
    assert_eq!(file["numberOfTests"], count);
    assert_eq!(count, 518);
}

#[test]
fn nothing_is_sealed_to_a_point_of_low_order() {
    let mut rng = StdRng::seed_from_u64(1);
    let mut one = [0; 32];
    one[0] = 1;
    for point in [[0; 32], one] {
        assert_eq!(
            RecipientPublicKey::from_bytes(point).seal(b"", b"keys", &mut rng),
            None
        );
    }
}

#[test]
fn text_form_round_trips_and_refuses_the_rest() {
    let pair = RecipientKeyPair::generate(&mut StdRng::seed_from_u64(2));
    let text = pair.public().to_string();
    assert_eq!(text.len(), 43);
    assert_eq!(text.parse(), Ok(pair.public().clone()));
    let json = serde_json::to_string(pair.public()).unwrap();
    assert_eq!(json, format!("\"{text}\""));
    assert_eq!(
        serde_json::from_str::<RecipientPublicKey>(&json).unwrap(),
        *pair.public()
    );
    let with_padding = text.clone() + "=";
    for text in [
        "",
        &text[1..],
        &with_padding,
        &"+".repeat(43),
        &"_".repeat(44),
    ] {
        assert_eq!(
            text.parse::<RecipientPublicKey>(),
            Err(RecipientKeyError),
            "{text}"
        );
        serde_json::from_str::<RecipientPublicKey>(&format!("\"{text}\"")).unwrap_err();
    }
}

#[test]
fn debug_shows_no_private_key() {
    let pair = RecipientKeyPair::generate(&mut StdRng::seed_from_u64(3));
    assert_eq!(
        format!("{pair:?}"),
        format!("RecipientKeyPair({}, ..)", pair.public())
    );
}
