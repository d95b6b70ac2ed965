//! The device's certificate and key, and the TLS configurations made of them.
//!
//! TLS 1.3 only, both ends with certificates of the DMS's own authority. The certificate can be
//! exchanged while connections live: the next handshake uses the new one.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::sessions::Sessions;
use crate::device_key::{DeviceKey, TlsKey};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, SignatureScheme,
    client::{ResolvesClientCert, Resumption},
    crypto::CryptoProvider,
    crypto::aws_lc_rs::Ticketer,
    server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use swarm::content::DeviceId;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// What a device's identity in a certificate begins with.
const DEVICE_URN: &str = "urn:dms:device:";
/// The name of the DMS's device listener in its certificate.
pub const ORIGIN_NAME: &str = "origin.dms.internal";
/// What follows the device id in a peer's name.
pub const PEER_SUFFIX: &str = ".peer.dms.internal";

/// Tickets given with each handshake: one for the next connection, one for the one beside it.
const TICKETS: usize = 2;

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Not PEM, or not what the PEM says.
    #[error("{what} is not a readable PEM file")]
    Malformed {
        /// Which one.
        what: &'static str,
    },
    /// The certificate names no device, more than one, or another one.
    #[error("the certificate does not name exactly one device: {0}")]
    Name(&'static str),
    /// rustls refused.
    #[error("the certificate, its key or the authority cannot be used: {0}")]
    Tls(#[from] rustls::Error),
    /// The authority's certificate is not one.
    #[error("the authority's certificate cannot be used: {0}")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

/// From when until when a certificate is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// Not before.
    pub from: SystemTime,
    /// Not after.
    pub until: SystemTime,
}

impl Validity {
    /// When to ask for the next one: at half of the life.
    #[must_use]
    pub fn renew_at(&self) -> SystemTime {
        let life = self.until.duration_since(self.from).unwrap_or_default();
        self.from + life / 2
    }
}

/// The device's identity; clones share it.
#[derive(Clone)]
pub struct Identity {
    device: DeviceId,
    provider: Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
    current: Arc<Current>,
}

/// The certificate in use. The lock guards the pointer only.
struct Current {
    key: RwLock<(Arc<CertifiedKey>, Validity)>,
    /// Grows with each certificate.
    number: Arc<AtomicU64>,
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Current(certificate)")
    }
}

impl Identity {
    /// The identity of these certificates, in PEM, and this key.
    ///
    /// # Errors
    /// [`IdentityError`] when one is unreadable, they do not belong together, or the certificate
    /// names another device.
    pub fn new(
        device: DeviceId,
        certificate_pem: &[u8],
        key: Arc<dyn DeviceKey>,
        ca_pem: &[u8],
    ) -> Result<Self, IdentityError> {
        let provider = Arc::new(crypto());
        let mut roots = RootCertStore::empty();
        for root in certificates(ca_pem, "the authority's certificate")? {
            roots.add(root)?;
        }
        let loaded = load(device, certificate_pem, key)?;
        Ok(Self {
            device,
            provider,
            roots: Arc::new(roots),
            current: Arc::new(Current {
                key: RwLock::new(loaded),
                number: Arc::default(),
            }),
        })
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// How long the certificate in use is good.
    #[must_use]
    pub fn validity(&self) -> Validity {
        let current = &self.current.key;
        current.read().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Uses another certificate from the next handshake on.
    ///
    /// # Errors
    /// [`IdentityError`]; then the old one stays.
    pub fn replace(
        &self,
        certificate_pem: &[u8],
        key: Arc<dyn DeviceKey>,
    ) -> Result<(), IdentityError> {
        let loaded = load(self.device, certificate_pem, key)?;
        let current = &self.current.key;
        *current.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        self.current.number.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// How to connect to the DMS and to peers. The server must have the name it is asked by.
    ///
    /// # Errors
    /// [`IdentityError::Tls`].
    pub fn client_config(&self) -> Result<ClientConfig, IdentityError> {
        let mut config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(self.roots.clone())
            .with_client_cert_resolver(self.current.clone());
        let sessions = Sessions::new(self.current.number.clone());
        config.resumption = Resumption::store(Arc::new(sessions));
        Ok(config)
    }

    /// How to accept peers: a certificate of the same authority is required.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn server_config(&self) -> Result<ServerConfig, IdentityError> {
        let verifier =
            WebPkiClientVerifier::builder_with_provider(self.roots.clone(), self.provider.clone())
                .build()?;
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(self.current.clone());
        // What a session needs to be resumed is in its ticket, sealed under a key that lives for
        // hours: nothing is kept here. The certificate in it is looked at again each time.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = Ticketer::new()?;
        config.send_tls13_tickets = TICKETS;
        Ok(config)
    }
}

impl Current {
    fn key(&self) -> Arc<CertifiedKey> {
        let key = self.key.read().unwrap_or_else(PoisonError::into_inner);
        key.0.clone()
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.key())
    }
}

impl ResolvesClientCert for Current {
    fn resolve(&self, _hints: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.key())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The device a certificate names. The chain was verified before.
///
/// # Errors
/// [`IdentityError::Name`] when it has no device URI, several, or another kind of URI.
pub fn device_of(certificate: &CertificateDer<'_>) -> Result<DeviceId, IdentityError> {
    let parsed = parse(certificate)?;
    let names = parsed
        .subject_alternative_name()
        .map_err(|_| IdentityError::Name("its alternative names are malformed"))?
        .ok_or(IdentityError::Name("it has no alternative names"))?;
    let mut uris = names.value.general_names.iter().filter_map(|n| match n {
        GeneralName::URI(uri) => Some(*uri),
        _ => None,
    });
    let (first, second) = (uris.next(), uris.next());
    match (first.and_then(|u| u.strip_prefix(DEVICE_URN)), second) {
        (Some(id), None) => id
            .parse()
            .map_err(|_| IdentityError::Name("its device is not an id")),
        (_, Some(_)) => Err(IdentityError::Name("it has several URIs")),
        (None, None) => Err(IdentityError::Name("it has no device URI")),
    }
}

/// The device a certificate names, unless its time is over: a resumed session was verified when
/// it began, maybe hours ago.
///
/// # Errors
/// [`IdentityError::Name`] as [`device_of`] has it, and when `now` is not within its dates.
pub fn device_now(
    certificate: &CertificateDer<'_>,
    now: SystemTime,
) -> Result<DeviceId, IdentityError> {
    let validity = validity_of(certificate)?;
    if now < validity.from || now > validity.until {
        return Err(IdentityError::Name("its time is over"));
    }
    device_of(certificate)
}

/// The name of a peer's chunk listener in its certificate.
#[must_use]
pub fn peer_name(device: DeviceId) -> String {
    format!("{device}{PEER_SUFFIX}")
}

/// What TLS is made of. What chunks carry is sealed with 256 bits already: the shorter key comes
/// first, a quarter cheaper a byte.
fn crypto() -> CryptoProvider {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    let first = rustls::CipherSuite::TLS13_AES_128_GCM_SHA256;
    provider
        .cipher_suites
        .sort_by_key(|suite| suite.suite() != first);
    provider
}

fn load(
    device: DeviceId,
    certificate_pem: &[u8],
    key: Arc<dyn DeviceKey>,
) -> Result<(Arc<CertifiedKey>, Validity), IdentityError> {
    let chain = certificates(certificate_pem, "the device's certificate")?;
    let leaf = chain.first().ok_or(IdentityError::Malformed {
        what: "the device's certificate",
    })?;
    if device_of(leaf)? != device {
        return Err(IdentityError::Name("it names another device"));
    }
    let validity = validity_of(leaf)?;
    let key = CertifiedKey::new(chain, Arc::new(TlsKey(key)));
    key.keys_match()?;
    Ok((Arc::new(key), validity))
}

fn validity_of(certificate: &CertificateDer<'_>) -> Result<Validity, IdentityError> {
    let parsed = parse(certificate)?;
    let time =
        |seconds: i64| UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    Ok(Validity {
        from: time(parsed.validity().not_before.timestamp()),
        until: time(parsed.validity().not_after.timestamp()),
    })
}

fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, IdentityError> {
    match X509Certificate::from_der(certificate) {
        Ok((_, parsed)) => Ok(parsed),
        Err(_) => Err(IdentityError::Name("it is not an X.509 certificate")),
    }
}

fn certificates(
    pem: &[u8],
    what: &'static str,
) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(IdentityError::Malformed { what }),
    }
}

#[cfg(test)]
mod tests;
