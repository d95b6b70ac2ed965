//! The device's key as TLS wants it.

use std::sync::Arc;

use rustls::{
    SignatureAlgorithm, SignatureScheme,
    sign::{Signer, SigningKey, public_key_to_spki},
};
use rustls_pki_types::{SubjectPublicKeyInfoDer, alg_id};

use super::{DeviceKey, SignError};

/// What the key can do in TLS.
const SCHEME: SignatureScheme = SignatureScheme::ECDSA_NISTP256_SHA256;

/// A device's key in handshakes.
#[derive(Debug, Clone)]
pub struct TlsKey(pub Arc<dyn DeviceKey>);

impl SigningKey for TlsKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&SCHEME)
            .then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        let point = self.0.public_point();
        Some(public_key_to_spki(&alg_id::ECDSA_P256, point))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for TlsKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let signed = self.0.sign(message);
        signed.map_err(|error: SignError| rustls::Error::General(error.to_string()))
    }

    fn scheme(&self) -> SignatureScheme {
        SCHEME
    }
}
