//! A certificate authority for tests, as the DMS has one.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use swarm::content::DeviceId;
use time::{Duration, OffsetDateTime};

use super::identity::{Identity, ORIGIN_NAME, peer_name};
use crate::device_key::{DeviceKey, SoftwareKey};

/// Minutes of a day.
pub(crate) const DAY: i64 = 24 * 60;

/// An authority that signs whatever a test needs.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        Self {
            issuer: CertifiedIssuer::self_signed(params, key).unwrap(),
        }
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Certificate and key of a device, valid from an hour ago for `minutes` minutes.
    pub(crate) fn device(&self, device: DeviceId, minutes: i64) -> (String, String) {
        self.sign(&device_names(device), minutes)
    }

    /// Certificate and key of the device listener.
    pub(crate) fn origin(&self) -> (String, String) {
        self.sign(&[dns(ORIGIN_NAME)], DAY)
    }

    pub(crate) fn sign(&self, names: &[SanType], minutes: i64) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = params(names, minutes)
            .signed_by(&key, &self.issuer)
            .unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// What the DMS does with a request: it keeps the key and nothing else.
    pub(crate) fn sign_request(&self, csr_pem: &str, device: DeviceId) -> String {
        let mut request = CertificateSigningRequestParams::from_pem(csr_pem).unwrap();
        request.params = params(&device_names(device), DAY);
        request.signed_by(&self.issuer).unwrap().pem()
    }

    /// The identity of a device, ready to be used.
    pub(crate) fn identity(&self, device: DeviceId) -> Identity {
        let (certificate, key) = self.device(device, DAY);
        let ca = self.pem();
        Identity::new(
            device,
            certificate.as_bytes(),
            software(&key),
            ca.as_bytes(),
        )
        .unwrap()
    }
}

/// The key in this PEM.
pub(crate) fn software(pem: &str) -> Arc<dyn DeviceKey> {
    Arc::new(SoftwareKey::from_pem(pem).unwrap())
}

pub(crate) fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

pub(crate) fn dns(text: &str) -> SanType {
    SanType::DnsName(text.try_into().unwrap())
}

fn device_names(device: DeviceId) -> [SanType; 2] {
    [
        uri(&format!("urn:dms:device:{device}")),
        dns(&peer_name(device)),
    ]
}

fn params(names: &[SanType], minutes: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    // OpenSSL refuses a leaf whose name is its issuer's.
    params
        .distinguished_name
        .push(DnType::CommonName, "test leaf");
    params.subject_alt_names = names.to_vec();
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ClientAuth,
        ExtendedKeyUsagePurpose::ServerAuth,
    ];
    params.not_before = OffsetDateTime::now_utc() - Duration::hours(1);
    params.not_after = params.not_before + Duration::minutes(minutes);
    params
}
