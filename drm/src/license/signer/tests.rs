//! Ed25519 against Wycheproof, and the keys' text forms.
#![allow(
    clippy::disallowed_methods,
    reason = "tests read their vectors from files"
)]

use rand::{SeedableRng, rngs::StdRng};
use serde_json::Value;

use super::*;

const CASES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/vectors/wycheproof/ed25519_test.json"
);

/// The key of RFC 8410 section 10.3.
const RFC_8410: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
const RFC_8410_PUBLIC: &str = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";

fn bytes(case: &Value, field: &str) -> Vec<u8> {
    hex::decode(case[field].as_str().unwrap()).unwrap()
}

#[test]
fn wycheproof() {
    let file: Value = serde_json::from_str(&std::fs::read_to_string(CASES).unwrap()).unwrap();
    let mut count = 0;
    for group in file["testGroups"].as_array().unwrap() {
        let public = bytes(&group["publicKey"], "pk").try_into().unwrap();
        let key = VerifyingKey::from_bytes(&public).unwrap();
        for case in group["tests"].as_array().unwrap() {
            let accepted = key.verify(&bytes(case, "msg"), &bytes(case, "sig"));
            assert_eq!(accepted, case["result"] == "valid", "case {}", case["tcId"]);
            count += 1;
        }
    }
    assert_eq!(file["numberOfTests"], count);
    assert_eq!(count, 151);
}

#[test]
fn a_signature_is_for_one_key_and_message() {
    let mut rng = StdRng::seed_from_u64(1);
    let (one, other) = (
        SigningKey::generate(&mut rng),
        SigningKey::generate(&mut rng),
    );
    let signature = one.sign(b"message");
    assert!(one.verifying_key().verify(b"message", &signature));
    assert!(!one.verifying_key().verify(b"messagf", &signature));
    assert!(!other.verifying_key().verify(b"message", &signature));
    assert!(!one.verifying_key().verify(b"message", &signature[..63]));
}

#[test]
fn pem_of_others_is_read_and_ours_is_the_same_form() {
    let key = SigningKey::from_pkcs8_pem(RFC_8410).unwrap();
    assert_eq!(key.verifying_key().to_string(), RFC_8410_PUBLIC);
    assert_eq!(*key.to_pkcs8_pem().unwrap(), RFC_8410);
}

#[test]
fn what_is_no_key_is_refused() {
    for text in [
        "",
        "-----BEGIN PRIVATE KEY-----",
        &RFC_8410.replace("PRIVATE", "PUBLIC"),
    ] {
        assert_eq!(
            SigningKey::from_pkcs8_pem(text).unwrap_err(),
            SigningKeyError
        );
    }
    // Not hexadecimal, too short, too long, not a point, and the neutral element.
    let neutral = "01".to_owned() + &"00".repeat(31);
    let no_point = "02".to_owned() + &"00".repeat(31);
    for text in [
        "",
        "zz",
        &"00".repeat(31),
        &"19".repeat(33),
        &no_point,
        &neutral,
    ] {
        assert_eq!(
            text.parse::<VerifyingKey>(),
            Err(VerifyingKeyError),
            "{text}"
        );
    }
}

#[test]
fn debug_shows_no_private_key() {
    let key = SigningKey::from_pkcs8_pem(RFC_8410).unwrap();
    let public: VerifyingKey = RFC_8410_PUBLIC.parse().unwrap();
    assert_eq!(public.key_id(), key.key_id());
    let id = hex::encode(key.key_id());
    assert_eq!(format!("{key:?}"), format!("SigningKey({id}, ..)"));
    assert_eq!(
        format!("{public:?}"),
        format!("VerifyingKey({RFC_8410_PUBLIC})")
    );
}
