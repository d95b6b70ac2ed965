//! Times of VAST: `HH:MM:SS`, `HH:MM:SS.mmm`, and parts of the whole in percent.

/// The longest time that is read: a day.
const TIME_MAX_MS: u64 = 24 * 3_600_000;

/// A moment of a creative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offset {
    /// After so many milliseconds.
    Time(u64),
    /// After so many thousandths of a percent of it.
    Percent(u32),
}

impl Offset {
    /// Reads `00:00:10`, `00:00:10.500` or `25%`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let Some(part) = text.strip_suffix('%') else {
            return duration_ms(text).map(Self::Time);
        };
        let (whole, fraction) = part.trim().split_once('.').unwrap_or((part.trim(), "0"));
        let whole: u32 = digits(whole, 3)?.try_into().ok()?;
        let thousandths = whole * 1_000 + thousandths(fraction)?;
        (thousandths <= 100_000).then_some(Self::Percent(thousandths))
    }

    /// The moment in a creative of this length, milliseconds.
    #[must_use]
    pub fn of(self, duration_ms: u64) -> u64 {
        match self {
            Self::Time(ms) => ms,
            Self::Percent(part) => {
                let ms = u128::from(duration_ms) * u128::from(part) / 100_000;
                u64::try_from(ms).unwrap_or(u64::MAX)
            }
        }
    }
}

/// Reads `HH:MM:SS` or `HH:MM:SS.mmm`; milliseconds.
#[must_use]
pub fn duration_ms(text: &str) -> Option<u64> {
    let mut parts = text.trim().split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let (hours, minutes, seconds) = (digits(hours, 2)?, digits(minutes, 2)?, digits(seconds, 2)?);
    if minutes > 59 || seconds > 59 {
        return None;
    }
    let ms = ((hours * 60 + minutes) * 60 + seconds) * 1_000 + u64::from(thousandths(fraction)?);
    (ms <= TIME_MAX_MS).then_some(ms)
}

fn digits(text: &str, most: usize) -> Option<u64> {
    let is_number = !text.is_empty() && text.len() <= most;
    (is_number && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// The first three digits behind a point.
fn thousandths(text: &str) -> Option<u32> {
    digits(text, 9)?;
    let padded: String = text.chars().chain("00".chars()).take(3).collect();
    padded.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_others_are_not() {
        for (text, ms) in [
            ("00:00:15", 15_000),
            (" 00:01:00.5 ", 60_500),
            ("01:02:03.004", 3_723_004),
            ("0:0:7", 7_000),
            ("24:00:00", 86_400_000),
            ("00:00:01.123456", 1_123),
        ] {
            assert_eq!(duration_ms(text), Some(ms), "{text}");
        }
        for text in [
            "",
            "15",
            "00:15",
            "00:00:60",
            "00:60:00",
            "-00:00:15",
            "00:00:15.",
            "24:00:01",
            "a:b:c",
            "00:00:00:15",
            "00:00:+5",
            "999:00:00",
            "00:00:15.5s",
        ] {
            assert_eq!(duration_ms(text), None, "{text}");
        }
    }

    #[test]
    fn offsets_are_times_or_parts() {
        for (text, at) in [
            ("00:00:10", 10_000),
            ("25%", 3_750),
            ("12.5%", 1_875),
            ("100%", 15_000),
            ("0%", 0),
        ] {
            assert_eq!(
                Offset::parse(text).map(|o| o.of(15_000)),
                Some(at),
                "{text}"
            );
        }
        for text in ["", "%", "101%", "100.1%", "-1%", "1e1%", "ten"] {
            assert_eq!(Offset::parse(text), None, "{text}");
        }
    }
}
