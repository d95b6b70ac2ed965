//! Signatures of devices over the events they tell, and how anyone checks one.

use std::collections::BTreeMap;

use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs;
use swarm::wire::receipt::Receipt;
use uuid::Uuid;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{AdEvent, name, signature};
use crate::device::db::{self, CertificateRow};
use crate::device::{device_id, identity};
use crate::problem::Result;
use crate::state::App;

/// How many of a device's keys may have signed what comes late.
const KEYS_MAX: i64 = 4;

/// A signature that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The device that signed.
    pub device: Uuid,
    /// SHA-256 of the key that it signed with.
    pub key_hash: Vec<u8>,
    /// The signature, DER.
    pub signature: Vec<u8>,
}

/// The keys of the devices that a request speaks of; each is asked for once.
#[derive(Default)]
pub struct Keys(BTreeMap<Uuid, Vec<CertificateRow>>);

impl Keys {
    /// The signature of an event when it is one of the device's; an event whose signature does not fit counts without.
    ///
    /// # Errors
    /// The database's.
    pub async fn check(
        &mut self,
        app: &App,
        device: Option<Uuid>,
        event: &AdEvent,
    ) -> Result<Option<Checked>> {
        let (Some(device), Some(receipt)) = (device, &event.receipt) else {
            return Ok(None);
        };
        let Some(signature) = signature(receipt) else {
            return Ok(None);
        };
        if !self.0.contains_key(&device) {
            let rows = db::certificates(&app.db, device, KEYS_MAX).await?;
            self.0.insert(device, rows);
        }
        let message = message(event, device);
        let rows = self.0.get(&device).map(Vec::as_slice).unwrap_or_default();
        let fits = |row: &&CertificateRow| signs(&row.certificate, device, &message, &signature);
        let key_hash = rows.iter().find(fits).map(|row| row.key_hash.clone());
        if key_hash.is_none() {
            tracing::info!(device.id = %device, ad.instance = %event.instance, "a receipt does not fit its device");
        }
        Ok(key_hash.map(|key_hash| Checked {
            device,
            key_hash,
            signature,
        }))
    }
}

/// The bytes that a device signs for an event.
#[must_use]
pub fn message(event: &AdEvent, device: Uuid) -> Vec<u8> {
    let receipt = Receipt {
        instance: event.instance.into_bytes(),
        event: name(event.event),
        media_ms: event.media_ms,
        at_ms: event.at_ms,
        code: event.code,
        device: device.into_bytes(),
    };
    receipt.message()
}

/// Whether the certificate names this device and its key made the signature.
#[must_use]
pub fn signs(certificate: &[u8], device: Uuid, message: &[u8], signature: &[u8]) -> bool {
    let der = certificate.into();
    if identity::device_of(&der) != Some(device_id(device)) {
        return false;
    }
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else {
        return false;
    };
    verify(
        &parsed.public_key().subject_public_key.data,
        message,
        signature,
    )
}

/// Whether an authority issued a certificate, whenever it was valid.
#[must_use]
pub fn issued(certificate: &[u8], authority: &[u8]) -> bool {
    let parse = |der| X509Certificate::from_der(der).ok();
    let (Some((_, leaf)), Some((_, issuer))) = (parse(certificate), parse(authority)) else {
        return false;
    };
    let key = &issuer.public_key().subject_public_key.data;
    verify(
        key,
        leaf.tbs_certificate.as_ref(),
        &leaf.signature_value.data,
    )
}

/// ECDSA over P-256 and SHA-256.
fn verify(point: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let provider = aws_lc_rs::default_provider();
    let schemes = provider.signature_verification_algorithms.mapping;
    let scheme = schemes
        .iter()
        .find(|(scheme, _)| *scheme == SignatureScheme::ECDSA_NISTP256_SHA256);
    scheme.is_some_and(|(_, algorithms)| {
        let mut verifiers = algorithms.iter();
        verifiers.any(|a| a.verify_signature(point, message, signature).is_ok())
    })
}
