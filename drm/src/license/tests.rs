//! Licences open for whom, where and when they say, and for nobody else.

use rand::{SeedableRng, rngs::StdRng};

use super::*;
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
