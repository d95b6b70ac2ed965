//! HKDF-SHA-384 against Wycheproof's cases.
#![allow(
    clippy::disallowed_methods,
    reason = "tests read their vectors from files"
)]

use hmac::Mac;
use serde_json::Value;

use super::{MAX_OUTPUT_LEN, expand, expand_into, mac};

const CASES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/vectors/wycheproof/hkdf_sha384_test.json"
);

fn bytes(case: &Value, field: &str) -> Vec<u8> {
    hex::decode(case[field].as_str().unwrap()).unwrap()
}

#[test]
fn wycheproof() {
    let file: Value = serde_json::from_str(&std::fs::read_to_string(CASES).unwrap()).unwrap();
    let mut count = 0;
    for case in file["testGroups"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|group| group["tests"].as_array().unwrap().iter())
    {
        let id = &case["tcId"];
        let size = usize::try_from(case["size"].as_u64().unwrap()).unwrap();
        if case["result"] == "valid" {
            let mut extract = mac(&bytes(case, "salt"));
            extract.update(&bytes(case, "ikm"));
            let key = extract.finalize().into_bytes();
            let info = bytes(case, "info");
            // The pieces of `info` are concatenated, wherever it is cut.
            let (start, end) = info.split_at(info.len() / 2);
            let mut out = vec![0; size];
            expand_into(&key, &[start, end], &mut out);
            assert_eq!(out, bytes(case, "okm"), "case {id}");
        } else {
            // `expand` refuses such lengths when it is compiled.
            assert!(size > MAX_OUTPUT_LEN, "case {id}");
        }
        count += 1;
    }
    assert_eq!(file["numberOfTests"], count);
    assert_eq!(count, 83);
}

#[test]
fn keys_of_every_length_expand() {
    // Zero padding makes a short key and the same key with zeros appended equal, as HMAC says.
    let short: [u8; 32] = expand(&[7; 32], &[b"info"]);
    let mut padded = [0; 64];
    padded[..32].fill(7);
    assert_eq!(short, expand::<32>(&padded, &[b"info"]));
    assert_ne!(short, expand::<32>(&[7; 33], &[b"info"]));
}
