//! Who is who, and who is refused.

use super::*;
use crate::net::authority::{Authority, DAY, dns, software, uri};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio_rustls::{TlsAcceptor, TlsConnector};

const A: DeviceId = DeviceId([0xa; 16]);
const B: DeviceId = DeviceId([0xb; 16]);

/// What the server learns of the client when `client` connects to `server` by `name`.
async fn meet(client: &Identity, server: &Identity, name: &str) -> Result<DeviceId, String> {
    let (near, far) = duplex(1 << 16);
    let acceptor = TlsAcceptor::from(Arc::new(server.server_config().unwrap()));
    let connector = TlsConnector::from(Arc::new(client.client_config().unwrap()));
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let serving = async {
        let mut tls = acceptor.accept(far).await.map_err(|e| e.to_string())?;
        tls.write_all(b"!").await.map_err(|e| e.to_string())?;
        let certificate = tls.get_ref().1.peer_certificates().unwrap()[0].clone();
        device_of(&certificate).map_err(|e| e.to_string())
    };
    let asking = async {
        let mut tls = connector
            .connect(name, near)
            .await
            .map_err(|e| e.to_string())?;
        // In TLS 1.3 a server's refusal of the client's certificate comes with the first read.
        let mut byte = [0];
        tls.read_exact(&mut byte).await.map_err(|e| e.to_string())
    };
    let (served, asked) = tokio::join!(serving, asking);
    asked?;
    served
}

#[tokio::test]
async fn peers_know_each_other_by_certificate_and_name() {
    let authority = Authority::new();
    let (a, b) = (authority.identity(A), authority.identity(B));
    assert_eq!(meet(&a, &b, &peer_name(B)).await, Ok(A));
    assert!(meet(&a, &b, &peer_name(A)).await.is_err(), "B is not A");
    assert!(meet(&a, &b, ORIGIN_NAME).await.is_err(), "B is not the DMS");
}

#[tokio::test]
async fn another_authority_and_an_old_certificate_are_refused() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (a, b) = (authority.identity(A), authority.identity(B));
    assert!(meet(&other.identity(A), &b, &peer_name(B)).await.is_err());
    assert!(meet(&a, &other.identity(B), &peer_name(B)).await.is_err());
    let (certificate, key) = authority.device(A, 0);
    let ca = authority.pem();
    let old = Identity::new(A, certificate.as_bytes(), software(&key), ca.as_bytes()).unwrap();
    assert!(meet(&old, &b, &peer_name(B)).await.is_err());
    assert!(meet(&b, &old, &peer_name(A)).await.is_err());
}

#[tokio::test]
async fn a_new_certificate_is_used_by_the_next_handshake() {
    let authority = Authority::new();
    let b = authority.identity(B);
    let (old, old_key) = authority.device(A, 0);
    let ca = authority.pem();
    let a = Identity::new(A, old.as_bytes(), software(&old_key), ca.as_bytes()).unwrap();
    assert!(meet(&a, &b, &peer_name(B)).await.is_err());
    let (other, other_key) = authority.device(B, DAY);
    assert!(a.replace(other.as_bytes(), software(&other_key)).is_err());
    let (new, new_key) = authority.device(A, DAY);
    assert!(
        a.replace(new.as_bytes(), software(&old_key)).is_err(),
        "another key"
    );
    a.replace(new.as_bytes(), software(&new_key)).unwrap();
    assert_eq!(meet(&a, &b, &peer_name(B)).await, Ok(A));
    let life = a.validity();
    assert_eq!(
        life.until.duration_since(life.from).unwrap(),
        Duration::from_secs(24 * 3_600)
    );
    assert_eq!(life.renew_at(), life.from + Duration::from_secs(12 * 3_600));
}

#[test]
fn a_certificate_names_exactly_one_device() {
    let authority = Authority::new();
    let named = |names: &[rcgen::SanType]| {
        let (pem, _) = authority.sign(names, DAY);
        device_of(&certificates(pem.as_bytes(), "test").unwrap()[0])
    };
    let device = format!("urn:dms:device:{A}");
    assert_eq!(named(&[dns("x.example"), uri(&device)]).unwrap(), A);
    assert!(named(&[dns(&peer_name(A))]).is_err(), "only a DNS name");
    assert!(named(&[uri(&device), uri(&format!("urn:dms:device:{B}"))]).is_err());
    assert!(named(&[uri(&device), uri("https://example.com")]).is_err());
    assert!(named(&[uri("urn:dms:device:ABC")]).is_err());
    assert!(named(&[uri(&format!("urn:other:{A}"))]).is_err());
    assert!(device_of(&CertificateDer::from(vec![1, 2, 3])).is_err());
}

/// What kind of handshake the client had, and whom the server saw.
async fn handshake(
    client: &TlsConnector,
    server: &TlsAcceptor,
) -> (rustls::HandshakeKind, DeviceId) {
    let (near, far) = duplex(1 << 16);
    let name = ServerName::try_from(peer_name(B)).unwrap();
    let serving = async {
        let mut tls = server.accept(far).await.unwrap();
        tls.write_all(b"!").await.unwrap();
        let certificate = tls.get_ref().1.peer_certificates().unwrap()[0].clone();
        device_now(&certificate, SystemTime::now()).unwrap()
    };
    let asking = async {
        let mut tls = client.connect(name, near).await.unwrap();
        // Tickets come with the first bytes.
        tls.read_exact(&mut [0]).await.unwrap();
        tls.get_ref().1.handshake_kind().unwrap()
    };
    let (device, kind) = tokio::join!(serving, asking);
    (kind, device)
}

#[tokio::test]
async fn a_session_is_resumed_until_the_certificate_changes() {
    use rustls::HandshakeKind::{Full, Resumed};
    let authority = Authority::new();
    let (a, b) = (authority.identity(A), authority.identity(B));
    let client = TlsConnector::from(Arc::new(a.client_config().unwrap()));
    let server = TlsAcceptor::from(Arc::new(b.server_config().unwrap()));
    assert_eq!(handshake(&client, &server).await, (Full, A));
    assert_eq!(handshake(&client, &server).await, (Resumed, A));
    let (new, key) = authority.device(A, DAY);
    a.replace(new.as_bytes(), software(&key)).unwrap();
    assert_eq!(handshake(&client, &server).await, (Full, A));
    assert_eq!(handshake(&client, &server).await, (Resumed, A));
}

#[test]
fn a_certificate_is_looked_at_again_when_its_session_is_resumed() {
    let authority = Authority::new();
    let (pem, _) = authority.device(A, DAY);
    let certificate = certificates(pem.as_bytes(), "test").unwrap().remove(0);
    let until = validity_of(&certificate).unwrap().until;
    assert_eq!(device_now(&certificate, until).unwrap(), A);
    assert!(device_now(&certificate, until + Duration::from_secs(1)).is_err());
    assert!(device_now(&certificate, UNIX_EPOCH).is_err());
}
