//! How people and files spell messages: base64, or hexadecimal with `0x` before it or not.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{MAX_LEN, SpliceError};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes that a text spells; no more than a message has.
///
/// # Errors
/// [`SpliceError::Text`] or [`SpliceError::TooLong`].
pub fn bytes(text: &str) -> Result<Vec<u8>, SpliceError> {
    let text = text.trim();
    if text.len() > 2 * MAX_LEN + 2 {
        return Err(SpliceError::TooLong);
    }
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    // Every message begins with fc, which base64 never does.
    let bare = text.get(..2).filter(|two| two.eq_ignore_ascii_case("fc"));
    let found = match (digits, bare) {
        (Some(digits), _) => hexadecimal(digits),
        (None, Some(_)) => hexadecimal(text),
        (None, None) => BASE64.decode(text).ok(),
    };
    let found = found.ok_or(SpliceError::Text)?;
    if found.len() > MAX_LEN {
        return Err(SpliceError::TooLong);
    }
    Ok(found)
}

fn hexadecimal(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pairs = digits.as_bytes().chunks(2);
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some((digit(high)? << 4 | digit(low)?) as u8),
        _ => None,
    };
    pairs.map(pair).collect()
}
