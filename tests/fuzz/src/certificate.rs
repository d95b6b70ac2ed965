//! Signing requests, and the certificates that come of them.

use std::sync::OnceLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use dms_server::device::ca::{CSR_MAX, Ca, Request};
use dms_server::device::identity::{dns_name_of, uri_of};
use rcgen::{CertificateParams, DnType, KeyPair, SanType};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use swarm::content::DeviceId;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::input::Input;

const DEVICE: DeviceId = DeviceId([4; 16]);
/// 2027, milliseconds since the Unix epoch.
const NOW_MS: i64 = 1_800_000_000_000;

fn authority() -> &'static Ca {
    static CA: OnceLock<Ca> = OnceLock::new();
    CA.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder for the authority");
        Ca::load(folder.path(), "acme", NOW_MS).expect("a new authority")
    })
}

fn device_key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate().expect("a key"))
}

/// Way 0: any text. Way 1: any DER. Way 2: a request that is well signed and asks for hostile names, a line each.
pub(crate) fn request(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let pem = match input.way(3) {
        0 => match input.text() {
            Some(text) => text.to_owned(),
            None => return false,
        },
        1 => {
            let label = "CERTIFICATE REQUEST";
            let body = STANDARD.encode(input.0);
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
        }
        _ => match hostile(input) {
            Some(pem) => pem,
            None => return false,
        },
    };
    let Ok(request) = Request::check(&pem) else {
        return false;
    };
    assert!(pem.len() <= CSR_MAX);
    let issued = authority().issue_device(DEVICE, &request, NOW_MS, NOW_MS + 86_400_000);
    let issued = issued.expect("a good request gets a certificate");
    let der = CertificateDer::from_pem_slice(issued.as_bytes()).expect("PEM");
    let (_, certificate) = X509Certificate::from_der(&der).expect("DER");
    assert!(!certificate.is_ca(), "a device certifies nobody");
    assert_eq!(certificate.subject().to_string(), format!("CN={DEVICE}"));
    let names = certificate.subject_alternative_name().expect("readable");
    let names = &names.expect("there").value.general_names;
    let (uri, dns) = (uri_of(DEVICE), dns_name_of(DEVICE));
    let ours = [GeneralName::URI(&uri), GeneralName::DNSName(&dns)];
    assert_eq!(names.as_slice(), ours, "the server sets every name");
    true
}

fn hostile(mut input: Input<'_>) -> Option<String> {
    let mut params = CertificateParams::default();
    while !input.0.is_empty() && params.subject_alt_names.len() < 16 {
        let line = String::from_utf8_lossy(input.line()).into_owned();
        params
            .distinguished_name
            .push(DnType::CommonName, line.clone());
        let name = match line.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => match line.as_str().try_into() {
                Ok(name) if line.contains(':') => SanType::URI(name),
                Ok(name) => SanType::DnsName(name),
                Err(_) => continue,
            },
        };
        params.subject_alt_names.push(name);
    }
    let request = params.serialize_request(device_key()).ok()?;
    request.pem().ok()
}
