//! The names in certificates.

use rustls_pki_types::CertificateDer;
use swarm::content::DeviceId;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// What a device's URI SAN begins with.
const URI_PREFIX: &str = "urn:dms:device:";

/// The domain every DNS name lies in. It is reserved for private use and never resolved.
pub const DOMAIN: &str = "dms.internal";

/// The name of the device listener.
pub const ORIGIN_NAME: &str = "origin.dms.internal";

/// A device's URI SAN: its identity.
#[must_use]
pub fn uri_of(device: DeviceId) -> String {
    format!("{URI_PREFIX}{device}")
}

/// A device's DNS SAN: the name its peers verify.
#[must_use]
pub fn dns_name_of(device: DeviceId) -> String {
    format!("{device}.peer.{DOMAIN}")
}

/// The device a verified certificate names: its only URI SAN. `None` when it names none or
/// several.
#[must_use]
pub fn device_of(certificate: &CertificateDer<'_>) -> Option<DeviceId> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let names = parsed.subject_alternative_name().ok()??;
    let mut uris = names
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::URI(uri) => Some(*uri),
            _ => None,
        });
    let device = uris.next()?.strip_prefix(URI_PREFIX)?.parse().ok()?;
    uris.next().is_none().then_some(device)
}
