//! The ten attacks of TUF, and hostile CBOR.

use proptest::prelude::*;

use super::*;
use crate::content::{Break, TitleId, sample};

const NOW: u64 = sample::NOW_MS;

fn trusted() -> Vec<VerifyingKey> {
    vec![
        SigningKey::from_bytes(&[8; 32]).verifying_key(),
        sample::key().verifying_key(),
    ]
}

fn read(bytes: &[u8], min_version: u64, now_ms: u64) -> Result<VerifiedManifest, ManifestError> {
    let expect = Expect {
        tenant: "acme",
        title: TitleId([3; 16]),
        min_version,
    };
    VerifiedManifest::verify(bytes, &trusted(), &expect, now_ms)
}

fn refusal(bytes: &[u8]) -> ManifestError {
    read(bytes, 0, NOW).expect_err("it must be refused")
}

/// An envelope with any payload, signed by a trusted key.
fn envelope(payload: Vec<u8>, header: Header) -> Vec<u8> {
    CoseSign1Builder::new()
        .protected(header)
        .payload(payload)
        .create_signature(AAD, |m| sample::key().sign(m).to_vec())
        .build()
        .to_vec()
        .unwrap()
}

fn header() -> Header {
    protected(&sample::key().verifying_key())
}

#[test]
fn what_was_signed_is_read_back() {
    let manifest = sample::video();
    let verified = read(&manifest.sign(&sample::key()), 5, NOW).unwrap();
    assert_eq!(verified.manifest(), &manifest);
    assert_eq!(
        manifest.sign(&sample::key()),
        manifest.sign(&sample::key()),
        "deterministic"
    );
}

/// A manifest of before breaks had more than a place.
#[test]
fn breaks_of_a_place_alone_have_the_bytes_that_they_always_had() {
    let mut manifest = sample::video();
    manifest.breaks = vec![Break {
        id: 3,
        at_ms: 4000,
        ..Break::default()
    }];
    let payload = manifest.encode();
    assert!(payload.ends_with(&[0x09, 0x81, 0xa2, 0x00, 0x03, 0x01, 0x19, 0x0f, 0xa0]));
    assert_eq!(payload.len(), minicbor::len(&manifest));
    let verified = read(&manifest.sign(&sample::key()), 5, NOW).unwrap();
    assert_eq!(verified.manifest(), &manifest);
}

#[test]
fn what_a_break_says_is_read_back_in_one_spelling() {
    let full = Break {
        id: 1,
        at_ms: 5000,
        length_ms: Some(30_000),
        resume_ms: 2000,
        hold: true,
        scte35: vec![0xfc, 0x30, 0],
    };
    let mut manifest = sample::video();
    manifest.breaks = vec![full.clone()];
    assert_eq!(manifest.encode().len(), minicbor::len(&manifest));
    let verified = read(&manifest.sign(&sample::key()), 5, NOW).unwrap();
    assert_eq!(verified.manifest(), &manifest);
    // Zeros that are written out are a second spelling.
    let spelled = [0xa3, 0x00, 0x03, 0x01, 0x19, 0x0f, 0xa0, 0x03, 0x00];
    manifest.breaks = Vec::new();
    let mut payload = manifest.encode();
    assert_eq!(payload.pop(), Some(0x80));
    payload.push(0x81);
    payload.extend_from_slice(&spelled);
    assert!(matches!(
        refusal(&envelope(payload, header())),
        ManifestError::Malformed(_)
    ));
    for wrong in [
        Break {
            resume_ms: 5001,
            ..full.clone()
        },
        Break {
            length_ms: Some(0),
            ..full.clone()
        },
        Break {
            length_ms: Some(u64::MAX),
            ..full.clone()
        },
        Break {
            scte35: vec![0; 4097],
            ..full.clone()
        },
        Break {
            resume_ms: u64::MAX,
            ..full
        },
    ] {
        manifest.breaks = vec![wrong];
        assert!(manifest.check().is_err(), "{:?}", manifest.breaks);
    }
}

#[test]
fn the_envelope_has_the_documented_form() {
    let signed = sample::video().sign(&sample::key());
    let kid = &Sha256::digest(sample::key().verifying_key().as_bytes())[..8];
    let mut start = vec![0x84, 0x58, 0x2d, 0xa3, 0x01, 0x27, 0x03, 0x78, 0x1d];
    start.extend_from_slice(CONTENT_TYPE.as_bytes());
    start.extend_from_slice(&[0x04, 0x48]);
    start.extend_from_slice(kid);
    start.push(0xa0);
    assert_eq!(hex::encode(&signed[..start.len()]), hex::encode(&start));
    assert_eq!(&signed[signed.len() - 66..signed.len() - 64], &[0x58, 0x40]);
}

// The attacks of the TUF specification, section 1.5.2, in its order where they apply to a manifest.

#[test]
fn arbitrary_software_is_refused() {
    let foreign = SigningKey::from_bytes(&[9; 32]);
    let signed = sample::video().sign(&foreign);
    assert_eq!(refusal(&signed), ManifestError::Untrusted);
    // A foreign key that claims a trusted key's id.
    let forged = CoseSign1Builder::new()
        .protected(header())
        .payload(sample::video().encode())
        .create_signature(AAD, |m| foreign.sign(m).to_vec())
        .build();
    assert_eq!(refusal(&forged.to_vec().unwrap()), ManifestError::Untrusted);
}

#[test]
fn endless_data_is_refused_before_it_is_read() {
    let endless = vec![0u8; MAX_MANIFEST_LEN + 1];
    assert_eq!(
        refusal(&endless),
        ManifestError::Malformed("it is longer than allowed")
    );
}

#[test]
fn a_leap_in_versions_is_refused() {
    let leap = Manifest {
        version: u64::MAX,
        ..sample::video()
    }
    .sign(&sample::key());
    let expected = ManifestError::Leap {
        offered: u64::MAX,
        known: 5,
    };
    assert_eq!(read(&leap, 5, NOW).unwrap_err(), expected);
}

#[test]
fn a_frozen_manifest_ends_with_its_validity() {
    let signed = sample::video().sign(&sample::key());
    let expires = sample::video().expires_ms;
    assert!(read(&signed, 0, expires - 1).is_ok());
    assert_eq!(
        read(&signed, 0, expires).unwrap_err(),
        ManifestError::Expired
    );
    let future = Manifest {
        created_ms: NOW + 2 * limits::MAX_SKEW_MS,
        ..sample::video()
    };
    let future = Manifest {
        expires_ms: future.created_ms + 1,
        ..future
    }
    .sign(&sample::key());
    assert_eq!(refusal(&future), ManifestError::FromTheFuture);
}

#[test]
fn parts_of_two_manifests_do_not_mix() {
    let old = sample::video();
    let new = Manifest {
        version: 6,
        ..sample::video()
    };
    let (old, new) = (old.sign(&sample::key()), new.sign(&sample::key()));
    let mut mixed = old.clone();
    let tail = mixed.len() - 64;
    mixed[tail..].copy_from_slice(&new[new.len() - 64..]);
    assert_eq!(refusal(&mixed), ManifestError::Untrusted);
}

#[test]
fn a_rollback_is_refused() {
    let signed = sample::video().sign(&sample::key());
    let expected = ManifestError::Stale {
        offered: 5,
        known: 6,
    };
    assert_eq!(read(&signed, 6, NOW).unwrap_err(), expected);
}

#[test]
fn the_wrong_title_and_the_wrong_tenant_are_refused() {
    for wrong in [
        Manifest {
            title: TitleId([4; 16]),
            ..sample::video()
        },
        Manifest {
            tenant: "evil".into(),
            ..sample::video()
        },
    ] {
        assert_eq!(
            refusal(&wrong.sign(&sample::key())),
            ManifestError::WrongTitle
        );
    }
}

#[test]
fn another_purpose_of_the_same_key_is_refused() {
    // The same key, payload and header under the external data of a licence.
    let other = CoseSign1Builder::new()
        .protected(header())
        .payload(sample::video().encode())
        .create_signature(b"dms license v1", |m| sample::key().sign(m).to_vec())
        .build();
    assert_eq!(refusal(&other.to_vec().unwrap()), ManifestError::Untrusted);
    let other_type = HeaderBuilder::new()
        .algorithm(iana::Algorithm::EdDSA)
        .content_type("application/dms-license+cbor".into())
        .key_id(header().key_id)
        .build();
    let signed = envelope(sample::video().encode(), other_type);
    assert_eq!(refusal(&signed), ManifestError::Untrusted);
}

#[test]
fn a_second_spelling_of_the_same_manifest_is_refused() {
    let plain = sample::video().encode();
    let one_form = "the payload is not in its one deterministic form";
    // The format number 1 spelt in two bytes.
    assert_eq!(plain[1..3], [0, 1]);
    let mut long = plain.clone();
    long.splice(2..3, [0x18, 0x01]);
    assert_eq!(
        refusal(&envelope(long, header())),
        ManifestError::Malformed(one_form)
    );
    // A field nobody knows.
    let mut more = plain.clone();
    more[0] += 1;
    more.extend_from_slice(&[0x18, 0x63, 0x00]);
    assert_eq!(
        refusal(&envelope(more, header())),
        ManifestError::Malformed(one_form)
    );
    // Bytes after the end.
    let mut tail = plain;
    tail.push(0);
    assert_eq!(
        refusal(&envelope(tail, header())),
        ManifestError::Malformed(one_form)
    );
}

#[test]
fn a_second_spelling_of_the_envelope_is_refused() {
    let signed = sample::video().sign(&sample::key());
    let mut long = signed.clone();
    // The signature's length in two bytes instead of one.
    let at = long.len() - 66;
    long.splice(at..at + 2, [0x59, 0x00, 0x40]);
    let expected = ManifestError::Malformed("the envelope is not in its shortest form");
    assert_eq!(refusal(&long), expected);
    let shape = ManifestError::Malformed("not a COSE_Sign1 of four parts");
    let tagged: Vec<u8> = [0xd2].into_iter().chain(signed.iter().copied()).collect();
    assert_eq!(refusal(&tagged), shape);
    let trailing: Vec<u8> = signed.into_iter().chain([0]).collect();
    assert_eq!(refusal(&trailing), shape);
}

#[test]
fn hostile_cbor_costs_nothing_and_breaks_nothing() {
    let deep_array = vec![0x81; 1 << 20];
    let huge_array = [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff].to_vec();
    let huge_bytes = [0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff].to_vec();
    let deep_tags = vec![0xc1; 1 << 20];
    let indefinite = vec![0x9f; 1 << 20];
    for hostile in [
        deep_array,
        huge_array,
        huge_bytes,
        deep_tags,
        indefinite,
        vec![],
    ] {
        assert!(matches!(refusal(&hostile), ManifestError::Malformed(_)));
        // In the place of each part of the envelope.
        let mut as_header = vec![0x84];
        as_header.extend_from_slice(&hostile);
        assert!(matches!(refusal(&as_header), ManifestError::Malformed(_)));
        // Signed by us, as payload: a manifest that declares what it does not have.
        let payload = refusal(&envelope(hostile.clone(), header()));
        assert_eq!(
            payload,
            ManifestError::Malformed("the payload is not a manifest")
        );
        let mut in_tracks = vec![0xaa, 0x08];
        in_tracks.extend_from_slice(&hostile);
        let payload = refusal(&envelope(in_tracks, header()));
        assert_eq!(
            payload,
            ManifestError::Malformed("the payload is not a manifest")
        );
    }
}

proptest! {
    #[test]
    fn any_single_flipped_bit_is_refused(at in any::<proptest::sample::Index>(), bit in 0u8..8) {
        let mut signed = sample::video().sign(&sample::key());
        let at = at.index(signed.len());
        signed[at] ^= 1 << bit;
        prop_assert!(read(&signed, 0, NOW).is_err());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read(&bytes, 0, NOW).is_err());
        prop_assert!(read(&envelope(bytes, header()), 0, NOW).is_err());
    }
}
