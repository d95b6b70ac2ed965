//! Quantities as people write them: "50 Mbit/s", "20 ms", "100 MiB".

use serde::{Deserialize, Deserializer, de::Error};

use crate::time::Micros;

const RATES: [(&str, u64); 6] = [
    ("Gbit/s", 125_000_000),
    ("Mbit/s", 125_000),
    ("kbit/s", 125),
    ("MB/s", 1_000_000),
    ("kB/s", 1_000),
    ("B/s", 1),
];
const SIZES: [(&str, u64); 6] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];
const TIMES: [(&str, u64); 5] = [
    ("ms", 1_000),
    ("us", 1),
    ("min", 60_000_000),
    ("h", 3_600_000_000),
    ("s", 1_000_000),
];

/// Bytes per second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate(pub(super) u64);

/// Bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size(pub(super) u64);

/// A length of time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time(pub(super) Micros);

/// A ratio with up to three decimals, in thousandths.
#[derive(Clone, Copy, Debug)]
pub(super) struct Milli(pub(super) u64);

/// A part of one, written in percent, in millionths.
#[derive(Clone, Copy, Debug)]
pub(super) struct Percent(pub(super) u32);

/// A number and one of the units; at most three decimals, so that nothing is rounded.
fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let (unit, times) = units.iter().find(|(unit, _)| text.ends_with(unit))?;
    let number = text.strip_suffix(unit)?.trim_end();
    thousandths(number)?.checked_mul(*times).map(|n| n / 1000)
}

fn thousandths(number: &str) -> Option<u64> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || part.len() > 3 || !digits(whole) || !digits(part) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let part: u64 = format!("{part:0<3}").parse().ok()?;
    whole.checked_mul(1000)?.checked_add(part)
}

fn read<'de, D: Deserializer<'de>>(
    from: D,
    units: &[(&str, u64)],
    example: &str,
) -> Result<u64, D::Error> {
    let text = String::deserialize(from)?;
    quantity(&text, units).ok_or_else(|| {
        let names: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
        D::Error::custom(format!(
            "\"{text}\" is not a number with a unit like \"{example}\" (units: {})",
            names.join(", ")
        ))
    })
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read(from, &RATES, "50 Mbit/s").map(Self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read(from, &SIZES, "100 MiB").map(Self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read(from, &TIMES, "20 ms").map(|us| Self(Micros(us)))
    }
}

impl<'de> Deserialize<'de> for Milli {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let ratio = f64::deserialize(from)?;
        if !(0.0..1e9).contains(&ratio) {
            return Err(D::Error::custom(format!(
                "{ratio} is no ratio of 0 or more"
            )));
        }
        Ok(Self((ratio * 1000.0).round() as u64))
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let percent = f64::deserialize(from)?;
        if !(0.0..=100.0).contains(&percent) {
            return Err(D::Error::custom(format!(
                "{percent} is no percentage of 0 to 100"
            )));
        }
        Ok(Self((percent * 10_000.0).round() as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units() {
        for (text, units, value) in [
            ("50 Mbit/s", &RATES[..], Some(6_250_000)),
            ("1.5Gbit/s", &RATES, Some(187_500_000)),
            ("16 kB/s", &RATES, Some(16_000)),
            ("50 Mbps", &RATES, None),
            ("100 MiB", &SIZES, Some(104_857_600)),
            ("0.5 KiB", &SIZES, Some(512)),
            ("20 ms", &TIMES, Some(20_000)),
            ("300 us", &TIMES, Some(300)),
            ("2 s", &TIMES, Some(2_000_000)),
            ("1 min", &TIMES, Some(60_000_000)),
            ("-1 s", &TIMES, None),
            ("1.0001 s", &TIMES, None),
            ("s", &TIMES, None),
            ("7", &TIMES, None),
            ("99999999999999999999 s", &TIMES, None),
        ] {
            assert_eq!(quantity(text, units), value, "{text}");
        }
    }
}
