//! TLS of the listeners.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use rustls::crypto::CryptoProvider;
use rustls::server::{
    ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::ca::Ca;
use crate::clock::Clock;

/// Life of the device listener's certificate, milliseconds. A new one is made at half of it.
const SERVER_MS: i64 = 24 * 3600 * 1000;

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// The device listener: TLS 1.3 only, a certificate of the authority required.
///
/// # Errors
/// When the first server certificate cannot be made.
pub fn device_listener(ca: &Arc<Ca>, clock: &Clock) -> anyhow::Result<Arc<ServerConfig>> {
    let provider = provider();
    let mut roots = RootCertStore::empty();
    roots.add(ca.certificate().clone())?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()?;
    let names = OwnCertificate::new(Arc::clone(ca), clock.clone(), Arc::clone(&provider));
    names.current()?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(names));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A resumed session would outlive the certificate it began with.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// The public listener with the operator's certificate.
///
/// # Errors
/// When a file cannot be read or the two do not fit together.
pub fn public_listener(certificate: &Path, key: &Path) -> anyhow::Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("public.tls_certificate {}", certificate.display()))?;
    let key = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("public.tls_key {}", key.display()))?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("public.tls_certificate and public.tls_key do not fit together")?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The device listener's certificate, made anew before it ends.
#[derive(Debug)]
struct OwnCertificate {
    ca: Arc<Ca>,
    clock: Clock,
    provider: Arc<CryptoProvider>,
    /// The newest, and when to make the next. Held for a signature at most, never over an await.
    newest: Mutex<Option<(Arc<CertifiedKey>, i64)>>,
}

impl OwnCertificate {
    fn new(ca: Arc<Ca>, clock: Clock, provider: Arc<CryptoProvider>) -> Self {
        Self {
            ca,
            clock,
            provider,
            newest: Mutex::new(None),
        }
    }

    fn current(&self) -> anyhow::Result<Arc<CertifiedKey>> {
        let now = self.clock.now_ms();
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((key, renew_ms)) = newest.as_ref()
            && now < *renew_ms
        {
            return Ok(Arc::clone(key));
        }
        let (certificate, key) = self.ca.issue_server(now, now + SERVER_MS)?;
        let der = PrivatePkcs8KeyDer::from(key.serialize_der());
        let signer = self.provider.key_provider.load_private_key(der.into())?;
        let made = Arc::new(CertifiedKey::new(vec![certificate.der().clone()], signer));
        *newest = Some((Arc::clone(&made), now + SERVER_MS / 2));
        Ok(made)
    }
}

impl ResolvesServerCert for OwnCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current()
            .inspect_err(|error| tracing::error!(%error, "no certificate for the device listener"))
            .ok()
    }
}
