//! HKDF-Expand with SHA-384 (RFC 5869 section 2.3).
//!
//! FLOE and the key hierarchy expand keys of 32 bytes, shorter than the 48 bytes that HKDF crates
//! demand of a pseudorandom key. HMAC pads either to its block with zeros, so the construction is
//! the same; it is written out here over `hmac`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha384;
use zeroize::Zeroize;

/// Bytes that one HMAC-SHA-384 yields.
const BLOCK_LEN: usize = 48;
/// The longest output RFC 5869 allows, bytes.
pub(crate) const MAX_OUTPUT_LEN: usize = 255 * BLOCK_LEN;

/// Fills `N` bytes from `key` and the concatenation of `info`.
pub(crate) fn expand<const N: usize>(key: &[u8], info: &[&[u8]]) -> [u8; N] {
    const { assert!(N <= MAX_OUTPUT_LEN) };
    let mut out = [0; N];
    expand_into(key, info, &mut out);
    out
}

/// Fills `out`, at most [`MAX_OUTPUT_LEN`] bytes, from `key` and the concatenation of `info`.
fn expand_into(key: &[u8], info: &[&[u8]], out: &mut [u8]) {
    let keyed = mac(key);
    let mut previous = [0; BLOCK_LEN];
    for (counter, part) in (1_u8..=255).zip(out.chunks_mut(BLOCK_LEN)) {
        let mut block = keyed.clone();
        if counter > 1 {
            block.update(&previous);
        }
        for piece in info {
            block.update(piece);
        }
        block.update(&[counter]);
        previous = block.finalize().into_bytes().into();
        for (to, from) in part.iter_mut().zip(&previous) {
            *to = *from;
        }
    }
    previous.zeroize();
}

fn mac(key: &[u8]) -> Hmac<Sha384> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of every length")
}

#[cfg(test)]
mod tests;
