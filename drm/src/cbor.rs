//! Deterministic CBOR (RFC 8949 section 4.2.1): shortest heads, definite lengths, keys ascending.

use minicbor::{Decode, Encode};

/// The bytes of `value`. Whoever derives `Encode` here numbers the fields ascending.
pub(crate) fn to_vec<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).expect("a Vec takes every byte and no field's encoder refuses")
}

/// Reads `bytes`, and refuses every spelling but the one [`to_vec`] writes: unknown or repeated
/// keys, long heads, trailing bytes.
pub(crate) fn from_slice<'b, T: Encode<()> + Decode<'b, ()>>(bytes: &'b [u8]) -> Option<T> {
    let value = minicbor::decode(bytes).ok()?;
    (to_vec(&value) == bytes).then_some(value)
}
