//! The installation's own certificate authority for devices: EC P-256, one level.
//!
//! The server writes every name in a certificate. What a signing request asks for is not read; its
//! signature proves that the asker holds the key, and the key is all that is taken from it.

use std::path::Path;
use std::time::Duration;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateSigningRequestParams, CidrSubnet,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateSigningRequestDer};
use sha2::{Digest, Sha256};
use swarm::content::DeviceId;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;
use zeroize::Zeroizing;

use super::identity::{self, DOMAIN};
use crate::keys::{self, KeyError};

/// Life of the authority, milliseconds: ten years.
const CA_MS: i64 = 3650 * 24 * 3600 * 1000;

/// How far a device's clock may be behind the server's, milliseconds.
const CLOCK_SLACK_MS: i64 = 5 * 60 * 1000;

/// The longest signing request, bytes of PEM.
pub const CSR_MAX: usize = 8 * 1024;

/// Length of an uncompressed point on P-256, bytes.
const P256_POINT_LEN: usize = 65;

/// Why no certificate was issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaError {
    /// The key file.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The files of the authority do not fit together.
    #[error(
        "the device authority in {folder} is damaged: restore ca.key and ca.pem from the backup"
    )]
    Damaged {
        /// The keys folder.
        folder: String,
    },
    /// The request is not a signing request, or its signature does not fit its key.
    #[error(
        "csr_pem is not a valid signing request: make one for an EC P-256 key, signed by that key"
    )]
    Request,
    /// The key is of another kind.
    #[error("the key must be EC P-256")]
    KeyKind,
    /// Signing failed.
    #[error("cannot sign: {0}")]
    Sign(#[from] rcgen::Error),
}

/// The authority.
pub struct Ca {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

impl std::fmt::Debug for Ca {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ca(..)")
    }
}

/// A signing request whose signature was checked. Only [`Request::check`] makes one.
pub struct Request {
    key: rcgen::PublicKey,
}

impl Request {
    /// Checks that the request is signed by the EC P-256 key it is for.
    ///
    /// # Errors
    /// [`CaError::Request`] or [`CaError::KeyKind`].
    pub fn check(csr_pem: &str) -> Result<Self, CaError> {
        if csr_pem.len() > CSR_MAX {
            return Err(CaError::Request);
        }
        // The library below takes any label and ignores what follows the request.
        let der = CertificateSigningRequestDer::from_pem_slice(csr_pem.as_bytes())
            .map_err(|_| CaError::Request)?;
        if !X509CertificationRequest::from_der(&der).is_ok_and(|(rest, _)| rest.is_empty()) {
            return Err(CaError::Request);
        }
        let request =
            CertificateSigningRequestParams::from_der(&der).map_err(|_| CaError::Request)?;
        let key = request.public_key;
        let point = key.der_bytes();
        let uncompressed = point.len() == P256_POINT_LEN && point.first() == Some(&4);
        if key.algorithm() != &PKCS_ECDSA_P256_SHA256 || !uncompressed {
            return Err(CaError::KeyKind);
        }
        Ok(Self { key })
    }

    /// SHA-256 of the public key.
    #[must_use]
    pub fn key_hash(&self) -> [u8; 32] {
        Sha256::digest(self.key.der_bytes()).into()
    }
}

impl Ca {
    /// Reads the authority, making it when it is not there.
    ///
    /// # Errors
    /// [`CaError`] when a file is unreadable or damaged.
    pub fn load(folder: &Path, tenant: &str, now_ms: i64) -> Result<Self, CaError> {
        let damaged = || CaError::Damaged {
            folder: folder.display().to_string(),
        };
        let key_pem = keys::secret_text(&folder.join("ca.key"), || {
            // Without a key there is no text, which the reading below reports.
            Zeroizing::new(
                KeyPair::generate()
                    .map(|k| k.serialize_pem())
                    .unwrap_or_default(),
            )
        })?;
        let key = KeyPair::from_pem(&key_pem).map_err(|_| damaged())?;
        let made = ca_params(tenant, now_ms)?.self_signed(&key)?;
        let pem = keys::secret_text(&folder.join("ca.pem"), || Zeroizing::new(made.pem()))?;
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| damaged())?;
        if !certifies(&certificate, &key) {
            return Err(damaged());
        }
        let issuer = Issuer::from_ca_cert_der(&certificate, key).map_err(|_| damaged())?;
        Ok(Self {
            issuer,
            certificate,
            pem: pem.to_string(),
        })
    }

    /// The authority's certificate, PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The authority's certificate, DER.
    #[must_use]
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The authority's public key, which stays when its certificate is renewed.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        self.issuer.key().der_bytes()
    }

    /// Issues a device's certificate until `not_after_ms`.
    ///
    /// # Errors
    /// [`CaError::Sign`].
    pub fn issue_device(
        &self,
        device: DeviceId,
        request: &Request,
        now_ms: i64,
        not_after_ms: i64,
    ) -> Result<String, CaError> {
        let names = vec![
            uri(&identity::uri_of(device))?,
            dns(&identity::dns_name_of(device))?,
        ];
        let params = leaf_params(device.to_string(), names, now_ms, not_after_ms);
        Ok(params.signed_by(&request.key, &self.issuer)?.pem())
    }

    /// Issues the device listener's own certificate with a fresh key.
    ///
    /// # Errors
    /// [`CaError::Sign`].
    pub fn issue_server(
        &self,
        now_ms: i64,
        not_after_ms: i64,
    ) -> Result<(Certificate, KeyPair), CaError> {
        let key = KeyPair::generate()?;
        let name = identity::ORIGIN_NAME;
        let mut params = leaf_params(name.to_owned(), vec![dns(name)?], now_ms, not_after_ms);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        Ok((params.signed_by(&key, &self.issuer)?, key))
    }
}

/// Whether the certificate is for this key.
fn certifies(certificate: &CertificateDer<'_>, key: &KeyPair) -> bool {
    use x509_parser::prelude::X509Certificate;
    X509Certificate::from_der(certificate)
        .is_ok_and(|(_, parsed)| parsed.public_key().subject_public_key.data == key.der_bytes())
}

fn ca_params(tenant: &str, now_ms: i64) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(format!("DMS device authority of {tenant}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // Were the key stolen, it could still certify no address and no name outside the domain.
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName(DOMAIN.to_owned())],
        excluded_subtrees: vec![
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([0; 4], 0)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix([0; 16], 0)),
        ],
    });
    set_validity(&mut params, now_ms - CLOCK_SLACK_MS, now_ms + CA_MS);
    Ok(params)
}

fn leaf_params(
    name: String,
    names: Vec<SanType>,
    now_ms: i64,
    not_after_ms: i64,
) -> CertificateParams {
    let mut params = CertificateParams::default();
    // Another name than the authority's: OpenSSL takes a leaf of the same name for self-signed.
    params.distinguished_name = named(name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ClientAuth,
        ExtendedKeyUsagePurpose::ServerAuth,
    ];
    params.subject_alt_names = names;
    params.use_authority_key_identifier_extension = true;
    params.serial_number = Some(serial());
    set_validity(&mut params, now_ms - CLOCK_SLACK_MS, not_after_ms);
    params
}

/// Positive, and unpredictable: a renewed certificate must not share its predecessor's.
fn serial() -> SerialNumber {
    let mut bytes = rand::random::<[u8; 16]>();
    bytes[0] = (bytes[0] & 0x7f) | 1;
    SerialNumber::from_slice(&bytes)
}

fn named(common_name: String) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn uri(text: &str) -> Result<SanType, rcgen::Error> {
    Ok(SanType::URI(text.try_into()?))
}

fn dns(text: &str) -> Result<SanType, rcgen::Error> {
    Ok(SanType::DnsName(text.try_into()?))
}

fn set_validity(params: &mut CertificateParams, not_before_ms: i64, not_after_ms: i64) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let at = |ms: i64| epoch + Duration::from_millis(ms.unsigned_abs());
    params.not_before = at(not_before_ms);
    params.not_after = at(not_after_ms);
}
