//! Sizes and lengths of time as people write them: `10GiB`, `90s`, `1h`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer};

/// Why a text is not a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a number with a known unit.
    #[error("{text:?} is not a quantity; write for example {example}")]
    Malformed {
        /// What was given.
        text: String,
        /// What would be right.
        example: &'static str,
    },
    /// It does not fit.
    #[error("{0:?} is too large")]
    TooLarge(String),
}

/// A number of bytes; text form `1048576`, `512MiB`, `10GiB`, `2TiB`, also `MB` and `GB` of 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteSize(pub u64);

/// A length of time; text form `90s`, `10m`, `1h`, `2d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl FromStr for ByteSize {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        const UNITS: &[(&str, u64)] = &[
            ("", 1),
            ("B", 1),
            ("KiB", 1 << 10),
            ("MiB", 1 << 20),
            ("GiB", 1 << 30),
            ("TiB", 1 << 40),
            ("kB", 1_000),
            ("MB", 1_000_000),
            ("GB", 1_000_000_000),
            ("TB", 1_000_000_000_000),
        ];
        quantity(text, UNITS, "10GiB").map(Self)
    }
}

impl FromStr for Span {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        const UNITS: &[(&str, u64)] = &[
            ("ms", 1),
            ("s", 1_000),
            ("m", 60_000),
            ("min", 60_000),
            ("h", 3_600_000),
            ("d", 86_400_000),
        ];
        quantity(text, UNITS, "1h").map(|ms| Self(Duration::from_millis(ms)))
    }
}

fn quantity(text: &str, units: &[(&str, u64)], example: &'static str) -> Result<u64, UnitError> {
    let malformed = || UnitError::Malformed {
        text: text.to_owned(),
        example,
    };
    let trimmed = text.trim();
    let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = trimmed.split_at_checked(digits).ok_or_else(malformed)?;
    if number.is_empty() {
        return Err(malformed());
    }
    let factor = units.iter().find(|(name, _)| *name == unit.trim());
    let (_, factor) = factor.ok_or_else(malformed)?;
    number
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(*factor))
        .ok_or_else(|| UnitError::TooLarge(text.to_owned()))
}

/// Bytes for people: `12.3 MB`, units of 1000.
#[must_use]
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = bytes as f64 / 1_000.0;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        if value < 999.95 {
            break;
        }
        value /= 1_000.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&human_bytes(self.0))
    }
}

macro_rules! from_text_or_number {
    ($name:ident, $number:expr) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                #[derive(Deserialize)]
                #[serde(untagged)]
                enum Either {
                    Number(u64),
                    Text(String),
                }
                match Either::deserialize(d)? {
                    Either::Number(n) => Ok($number(n)),
                    Either::Text(text) => text.parse().map_err(serde::de::Error::custom),
                }
            }
        }
    };
}
from_text_or_number!(ByteSize, ByteSize);
from_text_or_number!(Span, |s| Span(Duration::from_secs(s)));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_people_write_them() {
        assert_eq!("10GiB".parse(), Ok(ByteSize(10 << 30)));
        assert_eq!("5 MB".parse(), Ok(ByteSize(5_000_000)));
        assert_eq!("1048576".parse(), Ok(ByteSize(1 << 20)));
        assert_eq!("1h".parse(), Ok(Span(Duration::from_secs(3_600))));
        assert_eq!("90s".parse(), Ok(Span(Duration::from_secs(90))));
        for wrong in ["", "GiB", "-1h", "1.5GiB", "1 fortnight", "1é"] {
            assert!(wrong.parse::<ByteSize>().is_err(), "{wrong}");
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
        assert!("99999999999TiB".parse::<ByteSize>().is_err());
    }

    #[test]
    fn bytes_are_written_for_people() {
        assert_eq!(human_bytes(0), "0 B");
        assert_eq!(human_bytes(12_345_678), "12.3 MB");
        assert_eq!(human_bytes(999_960), "1.0 MB");
        assert_eq!(human_bytes(3_000_000_000_000), "3.0 TB");
    }
}
