//! What sealer and opener of one message share: its keys and the shape of a segment's inputs.

use aes_gcm::{Aes256Gcm, KeyInit};
use zeroize::Zeroizing;

use super::{HEADER_TAG_LEN, IV_LEN, Key, Params};
use crate::kdf;

const MESSAGE_KEY_LEN: usize = 48;

/// The keys of one message.
pub(super) struct SegmentKeys {
    params: Params,
    message_key: Zeroizing<[u8; MESSAGE_KEY_LEN]>,
    iv: [u8; IV_LEN],
    aad: Vec<u8>,
    /// The cipher of the first 2^20 segments, which is all that most messages have.
    first: Aes256Gcm,
}

impl SegmentKeys {
    pub(super) fn derive(params: Params, key: &Key, iv: [u8; IV_LEN], aad: &[u8]) -> Self {
        let message_key =
            Zeroizing::new(floe_kdf(params, key.as_bytes(), &iv, b"MESSAGE_KEY:", aad));
        let first = cipher(params, &message_key, &iv, aad, 0);
        Self {
            params,
            message_key,
            iv,
            aad: aad.to_vec(),
            first,
        }
    }

    pub(super) fn params(&self) -> Params {
        self.params
    }

    /// Calls `with` on the cipher for the segment at `position`.
    pub(super) fn with_cipher<T>(&self, position: u64, with: impl FnOnce(&Aes256Gcm) -> T) -> T {
        let epoch = position >> self.params.rotation_mask << self.params.rotation_mask;
        if epoch == 0 {
            return with(&self.first);
        }
        with(&cipher(
            self.params,
            &self.message_key,
            &self.iv,
            &self.aad,
            epoch,
        ))
    }
}

/// The AES key of all segments from position `epoch` to the next rotation.
fn cipher(
    params: Params,
    message_key: &[u8; MESSAGE_KEY_LEN],
    iv: &[u8; IV_LEN],
    aad: &[u8],
    epoch: u64,
) -> Aes256Gcm {
    let [a, b, c, d, e, f, g, h] = epoch.to_be_bytes();
    let purpose = [b'D', b'E', b'K', b':', a, b, c, d, e, f, g, h];
    let key: Zeroizing<[u8; 32]> = Zeroizing::new(floe_kdf(params, message_key, iv, &purpose, aad));
    Aes256Gcm::new((&*key).into())
}

/// The tag that commits a header to key, IV and associated data.
pub(super) fn header_tag(
    params: Params,
    key: &Key,
    iv: &[u8; IV_LEN],
    aad: &[u8],
) -> [u8; HEADER_TAG_LEN] {
    floe_kdf(params, key.as_bytes(), iv, b"HEADER_TAG:", aad)
}

/// `FLOE_KDF` of the specification.
fn floe_kdf<const N: usize>(
    params: Params,
    key: &[u8],
    iv: &[u8; IV_LEN],
    purpose: &[u8],
    aad: &[u8],
) -> [u8; N] {
    kdf::expand(key, &[&params.encode(), iv, purpose, aad])
}

/// The associated data of one internal segment: its position and whether it is the last.
pub(super) fn segment_aad(position: u64, is_last: bool) -> [u8; 9] {
    let [a, b, c, d, e, f, g, h] = position.to_be_bytes();
    [a, b, c, d, e, f, g, h, u8::from(is_last)]
}
