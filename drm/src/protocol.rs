//! What a second implementation sealed after `docs/PROTOCOL.md` opens here.
#![allow(
    clippy::disallowed_methods,
    reason = "tests read their vectors from files"
)]

use serde_json::Value;

use crate::{
    key::{Kek, WrapContext},
    license::{Contact, Expect, Grant, RecipientKeyPair, VerifyingKey, verify},
    segment::{self, SegmentContext},
};

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/vectors/protocol/protocol.json"
);

fn file() -> Value {
    serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap()
}

fn bytes(file: &Value, field: &str) -> Vec<u8> {
    hex::decode(file[field].as_str().unwrap()).unwrap()
}

fn array<const N: usize>(file: &Value, field: &str) -> [u8; N] {
    bytes(file, field).try_into().unwrap()
}

#[test]
fn title_key_and_segment() {
    let file = file();
    let tenant = file["tenant"].as_str().unwrap();
    let (title, version) = (array(&file, "title"), file["version"].as_u64().unwrap());
    let kek = Kek::from_bytes(array(&file, "kek"));
    let place = WrapContext {
        tenant,
        title,
        version,
    };
    let title_key = kek
        .unwrap(&bytes(&file, "wrapped_title_key"), &place)
        .unwrap();

    let context = SegmentContext {
        tenant,
        title,
        version,
        track: 258,
        segment: 70_000,
    };
    let message = bytes(&file, "segment_258_70000");
    let opened = segment::open_message(&title_key.track(258), &context, &message).unwrap();
    assert_eq!(*opened, bytes(&file, "segment_plaintext"));
}

#[test]
fn license() {
    let file = file();
    let tenant = file["tenant"].as_str().unwrap();
    let (title, version) = (array(&file, "title"), file["version"].as_u64().unwrap());
    let times: Vec<u64> = serde_json::from_value(file["times"].clone()).unwrap();
    let trusted = VerifyingKey::from_bytes(&array(&file, "verifying_key")).unwrap();
    let recipient = RecipientKeyPair::from_bytes(&array(&file, "recipient_private")).unwrap();
    let device = array(&file, "device");
    let expected = Expect {
        tenant,
        title,
        version: Some(version),
        device: Some(device),
        contact: Contact::Offline,
    };
    let license = verify(&bytes(&file, "license"), &[trusted], &expected, times[0]).unwrap();
    let stated = Grant {
        license_id: array(&file, "license_id"),
        tenant: tenant.to_owned(),
        title,
        version,
        device,
        subject: file["subject"].as_str().unwrap().to_owned(),
        issued_ms: times[0],
        not_before_ms: times[1],
        not_after_ms: times[2],
        offline_until_ms: times[3],
        third_party_players: true,
    };
    assert_eq!(license.grant(), &stated);
    assert_eq!(license.tracks(), [1, 258]);

    let keys = license.open(&recipient).unwrap();
    let context = SegmentContext {
        tenant,
        title,
        version,
        track: 258,
        segment: 70_000,
    };
    let message = bytes(&file, "segment_258_70000");
    let opened = segment::open_message(keys.get(258).unwrap(), &context, &message).unwrap();
    assert_eq!(*opened, bytes(&file, "segment_plaintext"));
    segment::open_message(keys.get(1).unwrap(), &context, &message).unwrap_err();
}
