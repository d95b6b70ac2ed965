//! Identities: fixed-size byte strings with one text form each.

use std::{fmt, str::FromStr};

use minicbor::{CborLen, Decode, Encode};
use sha2::{Digest, Sha256};

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text has the wrong length.
    #[error("an id of {expected} characters was expected")]
    Length {
        /// The number of characters of the right form.
        expected: usize,
    },
    /// A character is not a lower-case hexadecimal digit (or a hyphen is misplaced).
    #[error("an id has only lower-case hexadecimal digits")]
    Digit,
}

/// The identity of a chunk: the SHA-256 of its ciphertext. Text form: 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub struct ChunkId(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 32],
);

impl ChunkId {
    /// The id of these bytes.
    #[must_use]
    pub fn of(ciphertext: &[u8]) -> Self {
        Self(Sha256::digest(ciphertext).into())
    }
}

impl fmt::Display for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChunkId({})", hex::encode(&self.0[..6]))
    }
}

impl FromStr for ChunkId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != 64 {
            return Err(IdError::Length { expected: 64 });
        }
        Ok(Self(lower_hex(text)?))
    }
}

fn lower_hex<const N: usize>(text: &str) -> Result<[u8; N], IdError> {
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(IdError::Digit);
    }
    let mut out = [0; N];
    hex::decode_to_slice(text, &mut out).map_err(|_| IdError::Digit)?;
    Ok(out)
}

/// A chunk's id together with its exact length in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct ChunkRef {
    /// SHA-256 of the ciphertext.
    #[n(0)]
    pub id: ChunkId,
    /// Length of the ciphertext, bytes, 1 to [`super::MAX_CHUNK_LEN`].
    #[n(1)]
    pub len: u32,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, CborLen)]
        #[cbor(transparent)]
        pub struct $name(
            #[n(0)]
            #[cbor(with = "minicbor::bytes")]
            pub [u8; 16],
        );

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let h = hex::encode(self.0);
                write!(f, "{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                if text.len() != 36 || !text.is_ascii() {
                    return Err(IdError::Length { expected: 36 });
                }
                if [8, 13, 18, 23].iter().any(|&i| text.as_bytes()[i] != b'-') {
                    return Err(IdError::Digit);
                }
                let digits: String = text.chars().filter(|&c| c != '-').collect();
                if digits.len() != 32 {
                    return Err(IdError::Digit);
                }
                Ok(Self(lower_hex(&digits)?))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

uuid_id!(
    /// A title. Text form: a lower-case UUID.
    TitleId
);
uuid_id!(
    /// An enrolled device; in a swarm, a peer. Text form: a lower-case UUID.
    DeviceId
);
uuid_id!(
    /// A site. Text form: a lower-case UUID.
    SiteId
);

/// A track of a title: small, dense, assigned by the packager from 1.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Encode,
    Decode,
    CborLen,
    serde::Serialize,
    serde::Deserialize,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct TrackId(#[n(0)] pub u16);

impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms_round_trip_and_reject_other_spellings() {
        let id = ChunkId::of(b"abc");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(
            id.to_string().to_uppercase().parse::<ChunkId>(),
            Err(IdError::Digit)
        );
        let title = TitleId([0xab; 16]);
        assert_eq!(title.to_string().parse(), Ok(title));
        assert!("ab".parse::<TitleId>().is_err());
        assert!(
            title
                .to_string()
                .replace('-', "a")
                .parse::<TitleId>()
                .is_err()
        );
    }
}
