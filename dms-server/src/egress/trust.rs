//! Whose certificates are believed.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use rustls::client::Resumption;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::sync::OnceCell;

use super::error::EgressError;

/// The authorities of the system and those of a file, read when the first secure connection needs them.
#[derive(Debug)]
pub(super) struct Trust {
    extra: Vec<CertificateDer<'static>>,
    config: OnceCell<Arc<ClientConfig>>,
}

impl Trust {
    /// The system's authorities and these.
    pub(super) fn new(extra: Vec<CertificateDer<'static>>) -> Self {
        Self {
            extra,
            config: OnceCell::new(),
        }
    }

    /// The system's authorities and those of a PEM file; an empty path is no file.
    pub(super) fn open(file: &Path) -> anyhow::Result<Self> {
        if file.as_os_str().is_empty() {
            return Ok(Self::new(Vec::new()));
        }
        let extra = CertificateDer::pem_file_iter(file)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .with_context(|| format!("egress.ca_file {}", file.display()))?;
        anyhow::ensure!(
            !extra.is_empty(),
            "egress.ca_file {} holds no certificate",
            file.display()
        );
        Ok(Self::new(extra))
    }

    /// How to speak TLS.
    pub(super) async fn config(&self) -> Result<Arc<ClientConfig>, EgressError> {
        let make = || async {
            let extra = self.extra.clone();
            // The system's authorities are files, hundreds of them on some systems.
            let read = tokio::task::spawn_blocking(move || config(extra)).await;
            read.map_err(|_| EgressError::NoAuthorities)?
        };
        self.config.get_or_try_init(make).await.map(Arc::clone)
    }
}

fn config(extra: Vec<CertificateDer<'static>>) -> Result<Arc<ClientConfig>, EgressError> {
    let mut roots = RootCertStore::empty();
    // What cannot be read is no authority; when none can, nothing is believed.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots.add_parsable_certificates(extra);
    if roots.is_empty() {
        return Err(EgressError::NoAuthorities);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| EgressError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Each exchange stands alone: nothing of one reaches the next.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}
