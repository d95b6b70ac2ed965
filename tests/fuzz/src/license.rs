//! Licences as players read them, and what players ask for them with.

use std::sync::OnceLock;

use drm::key::{Kek, TitleKey};
use drm::license::{
    Contact, Expect, Grant, LicenseRequest, MAX_TRACKS, RecipientKeyPair, SigningKey, VerifyingKey,
    issue, verify,
};
use rand::{SeedableRng, rngs::StdRng};

use crate::envelope::{key, signed};
use crate::input::Input;
use crate::manifest::{NOW_MS, TENANT, TITLE};

/// The version that the licence is for.
const VERSION: u64 = 5;
/// The tracks of the true licence.
const TRACKS: [u16; 2] = [1, 3];

fn recipient() -> RecipientKeyPair {
    RecipientKeyPair::from_bytes(&[9; 32]).expect("32 bytes are a private key")
}

fn grant() -> Grant {
    Grant {
        license_id: [1; 16],
        tenant: TENANT.to_owned(),
        title: TITLE.0,
        version: VERSION,
        device: [0; 16],
        subject: "ana".to_owned(),
        issued_ms: NOW_MS - 1,
        not_before_ms: NOW_MS - 1_000,
        not_after_ms: NOW_MS + 1_000_000,
        offline_until_ms: NOW_MS + 1_000,
        third_party_players: true,
    }
}

/// A licence that opens.
pub(crate) fn true_license() -> &'static [u8] {
    static LICENSE: OnceLock<Vec<u8>> = OnceLock::new();
    LICENSE.get_or_init(|| {
        let mut rng = StdRng::seed_from_u64(1);
        let signer = SigningKey::from_pkcs8_pem(&pem()).expect("a key of ours");
        let title_key = TitleKey::generate(&mut rng);
        let _ = Kek::generate(&mut rng);
        let keys = TRACKS.map(|track| (track, title_key.track(track)));
        let keys: Vec<_> = keys.iter().map(|(track, key)| (*track, key)).collect();
        issue(&grant(), recipient().public(), &keys, &signer, &mut rng).expect("a true licence")
    })
}

fn pem() -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    // PKCS#8 around 32 bytes of Ed25519 (RFC 8410, section 7).
    let mut der = vec![
        0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
    ];
    der.extend_from_slice(key().as_bytes());
    let (begin, end) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
    format!("{begin}\n{}\n{end}\n", STANDARD.encode(der))
}

/// Way 0: any bytes, of which only the true licence is taken. Way 1: any payload, well signed.
pub(crate) fn license(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let forged = input.way(2) == 0;
    let license = if forged {
        input.0.to_vec()
    } else {
        signed(input.0, "application/dms-license+cbor", b"dms license v1")
    };
    let trusted = VerifyingKey::from_bytes(key().verifying_key().as_bytes()).expect("a point");
    let mut taken = false;
    for contact in [Contact::Online, Contact::Offline] {
        let expect = Expect {
            tenant: TENANT,
            title: TITLE.0,
            version: Some(VERSION),
            device: None,
            contact,
        };
        let trusted = std::slice::from_ref(&trusted);
        let Ok(verified) = verify(&license, trusted, &expect, NOW_MS) else {
            continue;
        };
        assert!(!forged || license == true_license(), "a forged licence");
        let grant = verified.grant();
        assert_eq!((grant.tenant.as_str(), grant.title), (TENANT, TITLE.0));
        assert_eq!(grant.version, VERSION);
        assert!(grant.not_before_ms <= NOW_MS && NOW_MS < grant.not_after_ms);
        assert!(contact == Contact::Online || NOW_MS < grant.offline_until_ms);
        assert!(verified.tracks().len() <= MAX_TRACKS);
        let opened = verified.open(&recipient());
        assert!(!forged || opened.is_ok(), "the true licence opens");
        let stranger = RecipientKeyPair::from_bytes(&[8; 32]).expect("32 bytes");
        assert!(verified.open(&stranger).is_err(), "it is for one recipient");
        taken |= opened.is_ok();
    }
    taken
}

/// The JSON that asks for a licence.
pub(crate) fn request(bytes: &[u8]) -> bool {
    let Ok(request) = serde_json::from_slice::<LicenseRequest>(bytes) else {
        return false;
    };
    let text = serde_json::to_vec(&request).expect("a request is JSON");
    let again = serde_json::from_slice::<LicenseRequest>(&text).expect("our own spelling");
    assert_eq!(again, request);
    if let Some(person) = &request.person {
        let shown = format!("{request:?}");
        let secret = person.reveal();
        // Another field may hold the same letters.
        let others = LicenseRequest {
            person: None,
            ..request.clone()
        };
        let elsewhere = format!("{others:?}").contains(secret);
        assert!(
            secret.len() < 8 || elsewhere || !shown.contains(secret),
            "a secret is shown"
        );
    }
    true
}
