//! Times of cues.

/// The greatest time, milliseconds: hours have at most three digits.
const MAX_MS: u64 = 1000 * 3_600_000 - 1;

/// A time as WebVTT writes it.
#[must_use]
pub fn stamp(ms: u64) -> String {
    let (s, ms) = (ms / 1000, ms % 1000);
    format!("{:02}:{:02}:{:02}.{ms:03}", s / 3600, s / 60 % 60, s % 60)
}

/// Reads `[hh:]mm:ss.mmm`; SubRip has a comma where WebVTT has a full stop.
#[must_use]
pub fn timestamp(text: &str, comma: bool) -> Option<u64> {
    let (whole, millis) = text.split_once(if comma { ',' } else { '.' })?;
    let mut parts = whole.split(':').rev();
    let seconds = digits(parts.next()?, 2..=2)?;
    let minutes = digits(parts.next()?, 2..=2)?;
    let hours = match parts.next() {
        Some(hours) => digits(hours, 1..=3)?,
        None => 0,
    };
    let millis = digits(millis, 3..=3)?;
    let ms = ((hours * 60 + minutes) * 60 + seconds) * 1000 + millis;
    let fits = parts.next().is_none() && minutes < 60 && seconds < 60 && ms <= MAX_MS;
    fits.then_some(ms)
}

fn digits(text: &str, long: std::ops::RangeInclusive<usize>) -> Option<u64> {
    let fits = long.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}
