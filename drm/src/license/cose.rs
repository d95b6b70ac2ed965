//! The COSE_Sign1 around a licence's payload.
//!
//! The protected header is fixed: algorithm, content type and key id are what this module writes
//! or the message is refused. A licence cannot choose how it is checked.

use coset::{CborSerializable, CoseSign1, CoseSign1Builder, Header, HeaderBuilder, iana};

use super::signer::{KEY_ID_LEN, SigningKey, VerifyingKey};

const CONTENT_TYPE: &str = "application/dms-license+cbor";
const EXTERNAL_AAD: &[u8] = b"dms license v1";

/// Why a COSE_Sign1 is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CoseError {
    Malformed,
    Untrusted,
}

pub(super) fn sign(payload: Vec<u8>, signer: &SigningKey) -> Option<Vec<u8>> {
    CoseSign1Builder::new()
        .protected(protected(signer.key_id()))
        .payload(payload)
        .create_signature(EXTERNAL_AAD, |message| signer.sign(message).to_vec())
        .build()
        .to_vec()
        .ok()
}

fn protected(key_id: [u8; KEY_ID_LEN]) -> Header {
    HeaderBuilder::new()
        .algorithm(iana::Algorithm::EdDSA)
        .content_type(CONTENT_TYPE.to_owned())
        .key_id(key_id.to_vec())
        .build()
}

/// Checks the signature against the trusted keys and returns the payload.
pub(super) fn verify(bytes: &[u8], trusted: &[VerifyingKey]) -> Result<Vec<u8>, CoseError> {
    let message = CoseSign1::from_slice(bytes).map_err(|_| CoseError::Malformed)?;
    let key_id: [u8; KEY_ID_LEN] = message
        .protected
        .header
        .key_id
        .as_slice()
        .try_into()
        .map_err(|_| CoseError::Malformed)?;
    if !is_canonical(&message, key_id, bytes) {
        return Err(CoseError::Malformed);
    }
    let signed = trusted
        .iter()
        .filter(|key| key.key_id() == key_id)
        .any(|key| {
            let check =
                |signature: &[u8], data: &[u8]| key.verify(data, signature).then_some(()).ok_or(());
            message.verify_signature(EXTERNAL_AAD, check).is_ok()
        });
    if !signed {
        return Err(CoseError::Untrusted);
    }
    message.payload.ok_or(CoseError::Malformed)
}

/// Whether `bytes` are exactly what [`sign`] would have written around this payload and signature.
fn is_canonical(message: &CoseSign1, key_id: [u8; KEY_ID_LEN], bytes: &[u8]) -> bool {
    let Some(payload) = &message.payload else {
        return false;
    };
    let rebuilt = CoseSign1Builder::new()
        .protected(protected(key_id))
        .payload(payload.clone())
        .signature(message.signature.clone())
        .build();
    rebuilt.to_vec().is_ok_and(|rebuilt| rebuilt == bytes)
}
