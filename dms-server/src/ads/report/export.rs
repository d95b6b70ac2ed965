//! Receipts as JSON lines that anyone can check: the authority's certificate first, then one receipt a line with the
//! certificate of its device.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::db::ReceiptRow;
use crate::ads::count::{AdEvent, receipt};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// Who issued the certificates.
    Authority {
        /// Its certificate, PEM.
        ca_pem: String,
    },
    /// One event that a device signed.
    Receipt(Box<Signed>),
}

/// One event that a device signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The instance.
    pub instance: Uuid,
    /// The ad campaign or decision server.
    pub source: Option<Uuid>,
    /// The event.
    pub event: String,
    /// Media time, milliseconds.
    pub media_ms: i64,
    /// When, by the player's clock.
    pub at_ms: i64,
    /// Of an error, its VAST code.
    pub code: Option<u16>,
    /// The device.
    pub device: Uuid,
    /// The signature: ECDSA over P-256 and SHA-256, DER in base64url.
    pub signature: String,
    /// The device's certificate: DER in base64url.
    pub certificate: String,
}

impl From<ReceiptRow> for Signed {
    fn from(row: ReceiptRow) -> Self {
        Self {
            instance: row.instance,
            source: row.source,
            event: row.event,
            media_ms: row.media_ms,
            at_ms: row.at_ms,
            code: row.code.and_then(|code| u16::try_from(code).ok()),
            device: row.device,
            signature: URL_SAFE_NO_PAD.encode(row.signature),
            certificate: URL_SAFE_NO_PAD.encode(row.certificate),
        }
    }
}

impl Signed {
    /// What is wrong with it, if anything is.
    fn complaint(&self, authority: &[u8]) -> Option<&'static str> {
        let event = serde_json::from_value(serde_json::Value::String(self.event.clone()));
        let Ok(event) = event else {
            return Some("its event is none");
        };
        let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let (Some(certificate), Some(signature)) =
            (decoded(&self.certificate), decoded(&self.signature))
        else {
            return Some("its certificate or signature is no base64url");
        };
        if !receipt::issued(&certificate, authority) {
            return Some("its certificate is of another authority");
        }
        let event = AdEvent {
            instance: self.instance,
            event,
            media_ms: self.media_ms,
            at_ms: self.at_ms,
            code: self.code,
            receipt: None,
        };
        let message = receipt::message(&event, self.device);
        let fits = receipt::signs(&certificate, self.device, &message, &signature);
        (!fits).then_some("its signature does not fit")
    }
}

/// What a check of an export came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Receipts that hold.
    pub good: usize,
    /// The lines that do not, and why.
    pub bad: Vec<(usize, String)>,
}

/// Checks an export. `authority`: the PEM to trust instead of the one that the export brings along.
#[must_use]
pub fn verify(text: &str, authority: Option<&str>) -> Verified {
    let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).ok();
    let mut trusted = authority.and_then(der);
    let mut verified = Verified::default();
    for (index, text) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let complaint = match serde_json::from_str(text) {
            Err(error) => Some(error.to_string()),
            Ok(Line::Authority { ca_pem }) => {
                if trusted.is_none() {
                    trusted = der(&ca_pem);
                }
                continue;
            }
            Ok(Line::Receipt(signed)) => match &trusted {
                None => Some("no authority stands before it".to_owned()),
                Some(authority) => signed.complaint(authority).map(str::to_owned),
            },
        };
        match complaint {
            None => verified.good += 1,
            Some(why) => verified.bad.push((index + 1, why)),
        }
    }
    verified
}
