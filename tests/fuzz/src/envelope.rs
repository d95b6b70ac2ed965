//! Envelopes around payloads that nobody honest would sign.

use coset::{CborSerializable, CoseSign1Builder, HeaderBuilder, iana};
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};

/// The key of every target that needs one.
#[must_use]
pub fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// The COSE_Sign1 of docs/PROTOCOL.md around any payload.
///
/// # Panics
/// Never: bytes and integers always encode.
#[must_use]
pub fn signed(payload: &[u8], content_type: &str, aad: &[u8]) -> Vec<u8> {
    let key = key();
    let digest = Sha256::digest(key.verifying_key().as_bytes());
    let header = HeaderBuilder::new()
        .algorithm(iana::Algorithm::EdDSA)
        .content_type(content_type.to_owned())
        .key_id(digest[..8].to_vec())
        .build();
    CoseSign1Builder::new()
        .protected(header)
        .payload(payload.to_vec())
        .create_signature(aad, |message| key.sign(message).to_vec())
        .build()
        .to_vec()
        .expect("bytes and integers always encode")
}
