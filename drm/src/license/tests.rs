//! Licences open for whom, where and when they say, and for nobody else.

use std::collections::BTreeSet;

use coset::{CborSerializable, CoseSign1, TaggedCborSerializable, iana};
use rand::{SeedableRng, rngs::StdRng};

use super::{
    claims::{Claims, hpke_info},
    *,
};
use crate::key::{TitleKey, TrackKey};

const NOW: u64 = 1_800_000_000_000;
const HOUR: u64 = 3_600_000;

struct Setup {
    rng: StdRng,
    signer: SigningKey,
    recipient: RecipientKeyPair,
    title_key: TitleKey,
}

fn setup() -> Setup {
    let mut rng = StdRng::seed_from_u64(6);
    let signer = SigningKey::generate(&mut rng);
    let recipient = RecipientKeyPair::generate(&mut rng);
    let title_key = TitleKey::generate(&mut rng);
    Setup {
        rng,
        signer,
        recipient,
        title_key,
    }
}

fn grant() -> Grant {
    Grant {
        license_id: [1; 16],
        tenant: "acme".into(),
        title: [2; 16],
        version: 3,
        device: [4; 16],
        subject: "ada@acme.example".into(),
        issued_ms: NOW,
        not_before_ms: NOW - HOUR,
        not_after_ms: NOW + 24 * HOUR,
        offline_until_ms: NOW + 8 * HOUR,
        third_party_players: false,
    }
}

fn expect() -> Expect<'static> {
    Expect {
        tenant: "acme",
        title: [2; 16],
        version: Some(3),
        device: Some([4; 16]),
        contact: Contact::Online,
    }
}

impl Setup {
    fn issue(&mut self, grant: &Grant, tracks: &[u16]) -> Result<Vec<u8>, IssueError> {
        let keys: Vec<(u16, TrackKey)> = tracks
            .iter()
            .map(|&track| (track, self.title_key.track(track)))
            .collect();
        let keys: Vec<(u16, &TrackKey)> = keys.iter().map(|(track, key)| (*track, key)).collect();
        issue(
            grant,
            self.recipient.public(),
            &keys,
            &self.signer,
            &mut self.rng,
        )
    }

    fn trusted(&self) -> Vec<VerifyingKey> {
        vec![self.signer.verifying_key()]
    }
}

#[test]
fn a_licence_hands_over_its_track_keys() {
    let mut setup = setup();
    let bytes = setup.issue(&grant(), &[9, 1, 300]).unwrap();
    let license = verify(&bytes, &setup.trusted(), &expect(), NOW).unwrap();
    assert_eq!(license.grant(), &grant());
    assert_eq!(license.tracks(), [1, 9, 300]);
    let keys = license.open(&setup.recipient).unwrap();
    for track in [1, 9, 300] {
        assert_eq!(keys.get(track), Some(&setup.title_key.track(track)));
    }
    assert_eq!(keys.get(2), None);
}

#[test]
fn of_ten_thousand_tries_with_anothers_key_none_opens() {
    let mut setup = setup();
    let strangers: Vec<_> = (0..100)
        .map(|_| RecipientKeyPair::generate(&mut setup.rng))
        .collect();
    let info = hpke_info(&grant());
    for _ in 0..100 {
        let bytes = setup.issue(&grant(), &[1]).unwrap();
        let license = verify(&bytes, &setup.trusted(), &expect(), NOW).unwrap();
        let claims = license.claims();
        for other in &strangers {
            assert_eq!(license.open(other), Err(OpenError::OtherRecipient));
            // Past the check of the recipient's hash, too: the keys are sealed to somebody else.
            let opened = other.open(&claims.encapsulated_key, &info, &claims.sealed_keys);
            assert!(opened.is_none());
        }
    }
    let bytes = setup.issue(&grant(), &[1]).unwrap();
    let license = verify(&bytes, &setup.trusted(), &expect(), NOW).unwrap();
    let stored = RecipientKeyPair::from_bytes(&setup.recipient.to_bytes()).unwrap();
    license.open(&stored).unwrap();
}

#[test]
fn only_trusted_keys_sign() {
    let mut setup = setup();
    let bytes = setup.issue(&grant(), &[1]).unwrap();
    let other = SigningKey::generate(&mut setup.rng).verifying_key();
    let verify = |trusted: &[VerifyingKey]| verify(&bytes, trusted, &expect(), NOW).map(|_| ());
    assert_eq!(verify(&[]), Err(LicenseError::Untrusted));
    assert_eq!(
        verify(std::slice::from_ref(&other)),
        Err(LicenseError::Untrusted)
    );
    assert_eq!(verify(&[other, setup.signer.verifying_key()]), Ok(()));
}

#[test]
fn every_flipped_bit_and_every_length_is_refused() {
    let mut setup = setup();
    let mut bytes = setup.issue(&grant(), &[1, 2]).unwrap();
    let trusted = setup.trusted();
    let refused = |bytes: &[u8]| {
        let error = verify(bytes, &trusted, &expect(), NOW).unwrap_err();
        assert!(
            matches!(error, LicenseError::Malformed | LicenseError::Untrusted),
            "{error:?}"
        );
    };
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        refused(&bytes);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    for len in 0..bytes.len() {
        refused(&bytes[..len]);
    }
    refused(&[&bytes[..], &[0]].concat());
    refused(&vec![0; MAX_LICENSE_LEN + 1]);
}

type Change = (&'static str, fn(&mut Claims));

/// Every field of a licence, changed to another value that is valid in itself.
fn changes() -> Vec<Change> {
    vec![
        ("licence id", |claims| claims.license_id[0] ^= 1),
        ("tenant", |claims| claims.tenant.push('x')),
        ("title", |claims| claims.title[15] ^= 1),
        ("version", |claims| claims.version += 1),
        ("device", |claims| claims.device[0] ^= 1),
        ("subject", |claims| claims.subject.push('x')),
        ("recipient", |claims| claims.recipient_hash[0] ^= 1),
        ("issued", |claims| claims.issued_ms += 1),
        ("not before", |claims| claims.not_before_ms -= 1),
        ("not after", |claims| claims.not_after_ms += 1),
        ("offline until", |claims| claims.offline_until_ms += 1),
        ("third-party players", |claims| {
            claims.third_party_players = true
        }),
        ("tracks", |claims| claims.tracks.push(1000)),
        ("encapsulated key", |claims| claims.encapsulated_key[0] ^= 1),
        ("sealed keys", |claims| claims.sealed_keys[0] ^= 1),
    ]
}

#[test]
fn every_field_is_signed() {
    let mut setup = setup();
    let bytes = setup.issue(&grant(), &[1, 2]).unwrap();
    for (field, change) in changes() {
        let mut message = CoseSign1::from_slice(&bytes).unwrap();
        let mut claims = Claims::from_bytes(message.payload.as_ref().unwrap()).unwrap();
        change(&mut claims);
        message.payload = Some(claims.to_bytes());
        let changed = message.to_vec().unwrap();
        let refused = verify(&changed, &setup.trusted(), &expect(), NOW);
        assert_eq!(refused, Err(LicenseError::Untrusted), "{field}");
    }
}

/// Even the DMS's own signature does not move sealed keys into another licence.
#[test]
fn the_keys_are_sealed_to_their_licence() {
    let mut setup = setup();
    let bytes = setup.issue(&grant(), &[1, 2]).unwrap();
    let message = CoseSign1::from_slice(&bytes).unwrap();
    let original = Claims::from_bytes(message.payload.as_ref().unwrap()).unwrap();
    let bound = [
        "licence id",
        "tenant",
        "title",
        "version",
        "device",
        "recipient",
        "tracks",
    ];
    let sealed = ["encapsulated key", "sealed keys"];
    for (field, change) in changes() {
        let mut claims = original.clone();
        change(&mut claims);
        let bytes = cose::sign(claims.to_bytes(), &setup.signer).unwrap();
        let grant = claims.grant();
        let expected = Expect {
            tenant: &grant.tenant,
            title: grant.title,
            version: Some(grant.version),
            device: Some(grant.device),
            contact: Contact::Online,
        };
        let license = verify(&bytes, &setup.trusted(), &expected, NOW).unwrap();
        let opens = license.open(&setup.recipient).is_ok();
        assert_eq!(
            opens,
            !bound.contains(&field) && !sealed.contains(&field),
            "{field}"
        );
    }
}

#[test]
fn a_licence_is_for_one_place() {
    let mut setup = setup();
    let bytes = setup.issue(&grant(), &[1]).unwrap();
    let verify = |expected: Expect<'_>| {
        verify(&bytes, &setup.trusted(), &expected, NOW).map(|license| license.grant().clone())
    };
    let other_version = LicenseError::OtherVersion {
        licensed: 3,
        expected: 4,
    };
    let expected = expect();
    for (expected, error) in [
        (
            Expect {
                tenant: "acme2",
                ..expected
            },
            LicenseError::OtherTenant,
        ),
        (
            Expect {
                title: [9; 16],
                ..expected
            },
            LicenseError::OtherTitle,
        ),
        (
            Expect {
                version: Some(4),
                ..expected
            },
            other_version,
        ),
        (
            Expect {
                device: Some([0; 16]),
                ..expected
            },
            LicenseError::OtherDevice,
        ),
    ] {
        assert_eq!(verify(expected), Err(error));
    }
    assert_eq!(
        verify(Expect {
            version: None,
            device: None,
            ..expected
        }),
        Ok(grant())
    );
}

#[test]
fn a_licence_has_its_time() {
    let mut setup = setup();
    let grant = grant();
    let bytes = setup.issue(&grant, &[1]).unwrap();
    let at = |contact, now| {
        let expected = Expect {
            contact,
            ..expect()
        };
        verify(&bytes, &setup.trusted(), &expected, now).map(|_| ())
    };
    let not_yet = |starts_in_ms| Err(LicenseError::NotYetValid { starts_in_ms });
    let expired = Err(LicenseError::Expired {
        not_after_ms: grant.not_after_ms,
    });
    let offline = Err(LicenseError::OfflineExpired {
        offline_until_ms: grant.offline_until_ms,
    });
    for contact in [Contact::Online, Contact::Offline] {
        assert_eq!(at(contact, 0), not_yet(grant.not_before_ms));
        assert_eq!(at(contact, grant.not_before_ms - 1), not_yet(1));
        assert_eq!(at(contact, grant.not_before_ms), Ok(()));
        assert_eq!(at(contact, grant.offline_until_ms - 1), Ok(()));
        assert_eq!(at(contact, grant.not_after_ms), expired);
        assert_eq!(at(contact, u64::MAX), expired);
    }
    for now in [grant.offline_until_ms, grant.not_after_ms - 1] {
        assert_eq!(at(Contact::Online, now), Ok(()));
        assert_eq!(at(Contact::Offline, now), offline);
    }
}

#[test]
fn only_one_spelling_is_accepted() {
    let mut setup = setup();
    let bytes = setup.issue(&grant(), &[1, 2]).unwrap();
    let message = CoseSign1::from_slice(&bytes).unwrap();
    let payload = message.payload.clone().unwrap();
    let refused = |bytes: &[u8], what: &str| {
        let refused = verify(bytes, &setup.trusted(), &expect(), NOW);
        assert_eq!(refused, Err(LicenseError::Malformed), "{what}");
    };
    refused(&message.clone().to_tagged_vec().unwrap(), "tag 18");
    let mut unprotected = message.clone();
    unprotected.unprotected.key_id = vec![1];
    refused(&unprotected.to_vec().unwrap(), "an unprotected header");
    let mut detached = message.clone();
    detached.payload = None;
    refused(&detached.to_vec().unwrap(), "no payload");
    for alg in [
        iana::Algorithm::ES256,
        iana::Algorithm::HMAC_256_256,
        iana::Algorithm::ES512,
    ] {
        let mut other = message.clone();
        other.protected.original_data = None;
        other.protected.header.alg = Some(coset::Algorithm::Assigned(alg));
        refused(&other.to_vec().unwrap(), "another algorithm");
    }
    let mut other = message.clone();
    other.protected.original_data = None;
    other.protected.header.key_id.push(0);
    refused(&other.to_vec().unwrap(), "a longer key id");

    // The payloads below carry the DMS's true signature.
    let resigned = |payload: Vec<u8>| cose::sign(payload, &setup.signer).unwrap();
    verify(&resigned(payload.clone()), &setup.trusted(), &expect(), NOW).unwrap();
    assert_eq!(payload[..3], [0xB0, 0x00, 0x01]);
    let indefinite = [&[0xBF], &payload[1..], &[0xFF]].concat();
    refused(&resigned(indefinite), "a map of indefinite length");
    let long_head = [&[0xB0, 0x00, 0x18, 0x01], &payload[3..]].concat();
    refused(&resigned(long_head), "a long head");
    let repeated = [&[0xB1, 0x00, 0x01], &payload[1..]].concat();
    refused(&resigned(repeated), "a repeated key");
    let unknown = [&[0xB1], &payload[1..], &[0x10, 0x00]].concat();
    refused(&resigned(unknown), "an unknown key");
    let newer = [&[0xB0, 0x00, 0x02], &payload[3..]].concat();
    refused(&resigned(newer), "another format");
    refused(&resigned([&payload[..], &[0]].concat()), "a byte more");
    for (what, change) in [
        (
            "tracks out of order",
            (|claims| claims.tracks.reverse()) as fn(&mut Claims),
        ),
        ("too many tracks", |claims| {
            claims.tracks = (0..=MAX_TRACKS as u16).collect()
        }),
        ("a long subject", |claims| {
            claims.subject = "x".repeat(MAX_TEXT_LEN + 1)
        }),
        ("times out of order", |claims| {
            claims.not_before_ms = claims.not_after_ms
        }),
    ] {
        let mut claims = Claims::from_bytes(&payload).unwrap();
        change(&mut claims);
        refused(&resigned(claims.to_bytes()), what);
    }
}

#[test]
fn what_makes_no_sense_is_not_issued() {
    let mut setup = setup();
    let grant = grant();
    let mut refused = |grant: &Grant, tracks: &[u16]| setup.issue(grant, tracks).unwrap_err();
    let text = "x".repeat(MAX_TEXT_LEN + 1);
    let too_many: Vec<u16> = (0..=MAX_TRACKS as u16).collect();
    let never = Grant {
        not_after_ms: grant.not_before_ms,
        ..grant.clone()
    };
    let longer_offline = Grant {
        offline_until_ms: grant.not_after_ms + 1,
        ..grant.clone()
    };
    assert_eq!(refused(&never, &[1]), IssueError::Times);
    assert_eq!(refused(&longer_offline, &[1]), IssueError::Times);
    let long_tenant = Grant {
        tenant: text.clone(),
        ..grant.clone()
    };
    let long_subject = Grant {
        subject: text,
        ..grant.clone()
    };
    assert_eq!(refused(&long_tenant, &[1]), IssueError::TextTooLong);
    assert_eq!(refused(&long_subject, &[1]), IssueError::TextTooLong);
    assert_eq!(refused(&grant, &[]), IssueError::Tracks);
    assert_eq!(refused(&grant, &[1, 2, 1]), IssueError::Tracks);
    assert_eq!(refused(&grant, &too_many), IssueError::Tracks);
    let key = TrackKey::from_bytes([0; 32]);
    let nobody = RecipientPublicKey::from_bytes([0; 32]);
    let refused = issue(&grant, &nobody, &[(1, &key)], &setup.signer, &mut setup.rng);
    assert_eq!(refused, Err(IssueError::RecipientKey));
}

#[test]
fn the_greatest_licence_fits() {
    let mut setup = setup();
    let tracks: Vec<u16> = (0..MAX_TRACKS as u16)
        .map(|track| 65_535 - track)
        .rev()
        .collect();
    let longest = Grant {
        subject: "x".repeat(MAX_TEXT_LEN),
        version: u64::MAX,
        ..grant()
    };
    let bytes = setup.issue(&longest, &tracks).unwrap();
    let expected = Expect {
        version: None,
        ..expect()
    };
    let license = verify(&bytes, &setup.trusted(), &expected, NOW).unwrap();
    let keys = license.open(&setup.recipient).unwrap();
    assert!(keys.tracks().eq(tracks));
}

#[test]
fn an_endless_licence_is_refused_though_signed() {
    let mut setup = setup();
    let bytes = setup.issue(&grant(), &[1]).unwrap();
    let message = CoseSign1::from_slice(&bytes).unwrap();
    let mut claims = Claims::from_bytes(message.payload.as_ref().unwrap()).unwrap();
    let rest = bytes.len() - claims.sealed_keys.len();
    for (len, accepted) in [
        (MAX_LICENSE_LEN - rest - 100, true),
        (MAX_LICENSE_LEN, false),
    ] {
        claims.sealed_keys = vec![0; len];
        let bytes = cose::sign(claims.to_bytes(), &setup.signer).unwrap();
        let verified = verify(&bytes, &setup.trusted(), &expect(), NOW);
        assert_eq!(verified.is_ok(), accepted, "{} bytes", bytes.len());
    }
}

#[test]
fn two_licences_of_one_grant_share_no_encapsulated_key() {
    let mut setup = setup();
    let mut seen = BTreeSet::new();
    for _ in 0..1000 {
        let bytes = setup.issue(&grant(), &[1]).unwrap();
        let license = verify(&bytes, &setup.trusted(), &expect(), NOW).unwrap();
        assert!(seen.insert(license.claims().encapsulated_key));
    }
}

#[test]
fn a_request_is_the_json_of_the_protocol() {
    let setup = setup();
    let key = setup.recipient.public().clone();
    let request = LicenseRequest::new("a-title".into(), key.clone());
    let json = format!(r#"{{"title":"a-title","recipient_key":"{key}"}}"#);
    assert_eq!(serde_json::to_string(&request).unwrap(), json);
    assert_eq!(
        serde_json::from_str::<LicenseRequest>(&json).unwrap(),
        request
    );
    let full = format!(
        r#"{{"title":"a-title","recipient_key":"{key}","person":"dms_x","renews":"id","offline":true}}"#
    );
    let request: LicenseRequest = serde_json::from_str(&full).unwrap();
    assert_eq!(serde_json::to_string(&request).unwrap(), full);
    assert!(!format!("{request:?}").contains("dms_x"), "a secret");
}

#[test]
fn debug_shows_no_key() {
    let mut setup = setup();
    let bytes = setup.issue(&grant(), &[1, 7]).unwrap();
    let license = verify(&bytes, &setup.trusted(), &expect(), NOW).unwrap();
    let keys = license.open(&setup.recipient).unwrap();
    assert_eq!(format!("{keys:?}"), "TrackKeys([1, 7])");
}
