//! AES-256-GCM in place: the one spot where the cipher is called.

use aes_gcm::{AeadInOut, Aes256Gcm};

use super::{NONCE_LEN, TAG_LEN};

/// The cipher refused: for sealing, a length beyond its limits; for opening, a wrong tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused;

/// Encrypts `buffer` in place and returns the tag.
pub(super) fn seal(
    cipher: &Aes256Gcm,
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    buffer: &mut [u8],
) -> Result<[u8; TAG_LEN], Refused> {
    let tag = cipher.encrypt_inout_detached(nonce.into(), aad, buffer.into());
    tag.map(Into::into).map_err(|_| Refused)
}

/// Checks the tag, then decrypts `buffer` in place. A refused buffer is left encrypted.
pub(super) fn open(
    cipher: &Aes256Gcm,
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    buffer: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), Refused> {
    let opened = cipher.decrypt_inout_detached(nonce.into(), aad, buffer.into(), tag.into());
    opened.map_err(|_| Refused)
}
