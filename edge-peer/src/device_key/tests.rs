//! A key that is kept, refused when others may read it, and used without its bytes.

use std::{
    os::unix::fs::PermissionsExt,
    sync::atomic::{AtomicUsize, Ordering},
};

use swarm::content::DeviceId;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::*;
use crate::net::{
    authority::{Authority, DAY},
    identity::{Identity, peer_name},
};

fn folder() -> (tempfile::TempDir, StateFolder) {
    let dir = tempfile::tempdir().unwrap();
    let state = StateFolder::at(dir.path().join("state"));
    state.create().unwrap();
    (dir, state)
}

#[test]
fn a_key_is_made_once_and_is_the_owners() {
    let (_dir, state) = folder();
    let store = SoftwareStore::new(&state);
    assert!(matches!(store.load(), Err(KeyError::State(_))), "none yet");
    let made = store.load_or_make().unwrap();
    let again = store.load_or_make().unwrap();
    assert_eq!(made.public_point(), again.public_point());
    assert_eq!(made.public_point().len(), 65);
    assert_eq!(made.level().name(), "software");
    let mode = fs::metadata(state.path(names::KEY)).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    assert_eq!(format!("{made:?}"), "SoftwareKey(..)");
}

#[test]
fn a_key_that_others_may_read_or_that_is_none_is_refused_with_the_way_out() {
    let (_dir, state) = folder();
    let store = SoftwareStore::new(&state);
    store.load_or_make().unwrap();
    let path = state.path(names::KEY);
    for mode in [0o640, 0o604, 0o620, 0o601, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        for refused in [store.load(), store.load_or_make()] {
            let said = refused.unwrap_err().to_string();
            assert!(
                said.contains("chmod 600") && said.contains("device.key"),
                "{said}"
            );
        }
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    store.load().unwrap();
    let other = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    for wrong in [b"nothing".to_vec(), other.serialize_pem().into_bytes()] {
        fs::write(&path, wrong).unwrap();
        assert!(matches!(store.load(), Err(KeyError::Damaged(_))));
    }
}

/// A key that only signs, as one in hardware: how often it was asked is counted.
#[derive(Debug)]
struct Sealed {
    inside: SoftwareKey,
    asked: AtomicUsize,
    broken: bool,
}

impl DeviceKey for Sealed {
    fn level(&self) -> Level {
        self.inside.level()
    }

    fn public_point(&self) -> &[u8] {
        self.inside.public_point()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.broken {
            return Err(SignError);
        }
        self.inside.sign(message)
    }
}

fn sealed(broken: bool) -> Arc<Sealed> {
    let pair = KeyPair::generate().unwrap();
    Arc::new(Sealed {
        inside: SoftwareKey(pair),
        asked: AtomicUsize::new(0),
        broken,
    })
}

#[tokio::test]
async fn enrolling_and_handshakes_need_signatures_and_no_bytes() {
    let (authority, device, other) = (Authority::new(), DeviceId([1; 16]), DeviceId([2; 16]));
    let key = sealed(false);
    let request = signing_request(&*key).unwrap();
    assert_eq!(key.asked.load(Ordering::Relaxed), 1);
    let certificate = authority.sign_request(&request, device);
    let ca = authority.pem();
    let identity = Identity::new(device, certificate.as_bytes(), key.clone(), ca.as_bytes());
    let (a, b) = (identity.unwrap(), authority.identity(other));

    let (near, far) = duplex(1 << 16);
    let acceptor = TlsAcceptor::from(Arc::new(b.server_config().unwrap()));
    let connector = TlsConnector::from(Arc::new(a.client_config().unwrap()));
    let serving = async { acceptor.accept(far).await.unwrap().write_all(b"!").await };
    let asking = async {
        let name = peer_name(other).try_into().unwrap();
        let mut tls = connector.connect(name, near).await.unwrap();
        tls.read_u8().await
    };
    let (served, asked) = tokio::join!(serving, asking);
    served.unwrap();
    assert_eq!(asked.unwrap(), b'!');
    assert_eq!(key.asked.load(Ordering::Relaxed), 2, "the handshake's");

    let broken = sealed(true);
    assert!(signing_request(&*broken).is_err());
    let (certificate, _) = authority.device(device, DAY);
    let foreign = Identity::new(device, certificate.as_bytes(), key, ca.as_bytes());
    assert!(foreign.is_err(), "a certificate for another key");
}
