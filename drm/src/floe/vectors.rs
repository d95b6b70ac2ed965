//! Every message that the reference implementations published opens to its plaintext.
#![allow(
    clippy::disallowed_methods,
    reason = "tests read their vectors from files"
)]

use std::{fs, path::Path};

use aes_gcm::{Aes256Gcm, KeyInit};
use serde_json::Value;

use super::{HEADER_LEN, Key, Opener, Params, aead, open};

const AES_GCM: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/vectors/wycheproof/aes_gcm_test.json"
);
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/floe");
const AAD: &[u8] = b"This is AAD";

fn key() -> Key {
    Key::from_bytes([0; 32])
}

/// The parameters that a file's name stands for; of a new kind of file, those in its header.
fn params(name: &str, message: &[u8]) -> Params {
    let len = match name {
        _ if name.ends_with("_1M") => 1 << 20,
        _ if name.ends_with("_4K") => 4096,
        _ if name.ends_with("_64") => 64,
        _ if name.contains("rotation") || name.contains("lastSeg") => 40,
        _ => return Params::from_header(message).unwrap(),
    };
    let params = Params::new(len).unwrap();
    if name.contains("rotation") {
        params.with_rotation_mask(2)
    } else {
        params
    }
}

fn read_hex(path: &Path) -> Vec<u8> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    hex::decode(text.trim()).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Name, message and plaintext of each pair in the folder.
fn pairs() -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let mut pairs: Vec<_> = fs::read_dir(FOLDER)
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let stem = name.strip_suffix("_ct.txt")?.to_owned();
            let path = |suffix| Path::new(FOLDER).join(format!("{stem}{suffix}"));
            let (message, plaintext) = (read_hex(&path("_ct.txt")), read_hex(&path("_pt.txt")));
            Some((stem, message, plaintext))
        })
        .collect();
    pairs.sort();
    assert!(pairs.len() >= 11, "only {} pairs in {FOLDER}", pairs.len());
    pairs
}

#[test]
fn every_published_message_opens() {
    for (name, message, plaintext) in pairs() {
        let opened = open(params(&name, &message), &key(), AAD, &message);
        assert_eq!(
            opened.as_ref().map(|p| p.as_slice()),
            Ok(plaintext.as_slice()),
            "{name}"
        );
    }
}

#[test]
fn every_published_segment_opens_on_its_own() {
    for (name, message, plaintext) in pairs() {
        let params = params(&name, &message);
        let (header, body) = message.split_at(HEADER_LEN);
        let opener = Opener::new(params, &key(), AAD, header).unwrap();
        let segments: Vec<_> = body.chunks(params.encrypted_segment_len()).collect();
        for (index, segment) in segments.iter().enumerate().rev() {
            let is_last = index + 1 == segments.len();
            let opened = opener.open_segment(index as u64, is_last, segment).unwrap();
            let start = index * params.plain_segment_len();
            let expected = &plaintext[start..start + opened.len()];
            assert_eq!(opened.as_slice(), expected, "{name}, segment {index}");
            opener
                .open_segment(index as u64, !is_last, segment)
                .unwrap_err();
            opener
                .open_segment(index as u64 + 1, is_last, segment)
                .unwrap_err();
        }
    }
}

#[test]
fn headers_tell_the_parameters() {
    for (name, message, _) in pairs() {
        let told = Params::from_header(&message).unwrap();
        assert_eq!(
            told.encrypted_segment_len(),
            params(&name, &message).encrypted_segment_len(),
            "{name}"
        );
    }
}

#[test]
fn rotation_vectors_need_the_other_mask() {
    for (name, message, _) in pairs()
        .into_iter()
        .filter(|(name, ..)| name.contains("rotation"))
    {
        let params = Params::new(40).unwrap();
        assert!(
            message.len() > HEADER_LEN + 4 * 40,
            "{name} has a segment after the first rotation"
        );
        let error = open(params, &key(), AAD, &message).unwrap_err();
        assert_eq!(error, super::OpenError::SegmentTag(4), "{name}");
    }
}

fn bytes(case: &Value, field: &str) -> Vec<u8> {
    hex::decode(case[field].as_str().unwrap()).unwrap()
}

#[test]
fn wycheproof_aes_256_gcm() {
    let file: Value = serde_json::from_str(&fs::read_to_string(AES_GCM).unwrap()).unwrap();
    let groups = file["testGroups"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|group| {
            group["keySize"] == 256 && group["ivSize"] == 96 && group["tagSize"] == 128
        });
    let mut count = 0;
    for case in groups.flat_map(|group| group["tests"].as_array().unwrap()) {
        let id = &case["tcId"];
        let cipher = Aes256Gcm::new_from_slice(&bytes(case, "key")).unwrap();
        let nonce = bytes(case, "iv").try_into().unwrap();
        let tag = bytes(case, "tag").try_into().unwrap();
        let (aad, msg, ct) = (bytes(case, "aad"), bytes(case, "msg"), bytes(case, "ct"));

        let mut buffer = ct.clone();
        let opened = aead::open(&cipher, &nonce, &aad, &mut buffer, &tag);
        if case["result"] == "valid" {
            assert_eq!((opened, &buffer), (Ok(()), &msg), "case {id}");
            assert_eq!(
                aead::seal(&cipher, &nonce, &aad, &mut buffer),
                Ok(tag),
                "case {id}"
            );
            assert_eq!(buffer, ct, "case {id}");
        } else {
            assert_eq!((opened, &buffer), (Err(aead::Refused), &ct), "case {id}");
        }
        count += 1;
    }
    assert_eq!(count, 66);
}
