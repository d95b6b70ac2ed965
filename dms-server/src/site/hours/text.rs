//! Hours as people write them in a cell of a sheet, and as the database keeps them.

use std::fmt;
use std::str::FromStr;

use super::{DAY, DAYS, Day, Hours, HoursError, OFFSET_MAX, Window};

/// How they are written.
pub const FORM: &str =
    "Write it like: UTC+01:00 mon-fri 08:00-18:00 10; sat 09:00-12:00 20 (in Mbit/s; 0 is no cap).";

/// Bytes per second in a megabit per second.
const MBIT: f64 = 125_000.0;
/// The fastest WAN that is no typing error, Mbit/s.
const MBIT_MAX: f64 = 1_000_000.0;

/// Why a text is no hours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// This word cannot be read.
    #[error("\u{201c}{0}\u{201d} cannot be read.")]
    Word(String),
    /// It can be read, and cannot be.
    #[error(transparent)]
    Hours(#[from] HoursError),
}

/// `08:30` of minutes after midnight.
#[must_use]
pub fn stamp(minutes: u32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Minutes after midnight of `8:30` or `24:00`.
pub(super) fn time(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, most: u32| {
        let fits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let number: u32 = fits.then(|| text.parse().ok()).flatten()?;
        (number <= most).then_some(number)
    };
    let minutes = (minutes.len() == 2).then_some(minutes)?;
    let all = number(hours, 24)? * 60 + number(minutes, 59)?;
    (all <= DAY).then_some(all)
}

fn offset(text: &str) -> Option<i32> {
    if text.is_empty() {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let rest = text.get(1..)?;
    let padded;
    let rest = if rest.contains(':') {
        rest
    } else {
        padded = format!("{rest}:00");
        &padded
    };
    let minutes = i32::try_from(time(rest)?).ok()?;
    (minutes <= OFFSET_MAX).then_some(sign * minutes)
}

fn name(day: Day) -> &'static str {
    match day {
        Day::Mon => "mon",
        Day::Tue => "tue",
        Day::Wed => "wed",
        Day::Thu => "thu",
        Day::Fri => "fri",
        Day::Sat => "sat",
        Day::Sun => "sun",
    }
}

/// The days of `mon-fri,sun`; a range may go over Sunday.
fn days(text: &str) -> Option<Vec<Day>> {
    let day = |text: &str| DAYS.iter().position(|day| name(*day) == text);
    let mut found = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        let count = (last + 7 - first) % 7 + 1;
        found.extend(DAYS.iter().cycle().skip(first).take(count).copied());
    }
    found.sort_unstable();
    Some(found)
}

fn rate(text: &str) -> Option<u64> {
    let mbit: f64 = text.replace(',', ".").parse().ok()?;
    let bytes = (0.0..=MBIT_MAX)
        .contains(&mbit)
        .then(|| (mbit * MBIT).round())?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 1.25e11"
    )]
    let bytes = bytes as u64;
    Some(bytes)
}

fn window(text: &str) -> Result<Window, TextFault> {
    let mut words = text.split_whitespace();
    let mut next = || words.next().unwrap_or_default();
    let bad = |word: &str| {
        let shown = if word.is_empty() { text } else { word };
        TextFault::Word(shown.chars().take(40).collect())
    };
    let (on, times, cap) = (next(), next(), next());
    let rest = next();
    let days = days(on).ok_or_else(|| bad(on))?;
    let (from, until) = times
        .split_once('-')
        .and_then(|(from, until)| Some((time(from)?, time(until)?)))
        .ok_or_else(|| bad(times))?;
    let cap = rate(cap).ok_or_else(|| bad(cap))?;
    if !rest.is_empty() {
        return Err(bad(rest));
    }
    Ok(Window {
        days,
        from,
        until,
        cap,
    })
}

impl FromStr for Hours {
    type Err = TextFault;

    fn from_str(text: &str) -> Result<Self, TextFault> {
        let text = text.trim().to_lowercase();
        if text.is_empty() || text == "none" {
            return Ok(Self::default());
        }
        let first = text.split_whitespace().next().unwrap_or_default();
        let (from_utc, rest) = match first.strip_prefix("utc") {
            Some(distance) => {
                let bad = || TextFault::Word(first.chars().take(40).collect());
                let rest = text.get(first.len()..).unwrap_or_default();
                (offset(distance).ok_or_else(bad)?, rest)
            }
            None => (0, text.as_str()),
        };
        let parts = rest
            .split([';', '|'])
            .filter(|part| !part.trim().is_empty());
        let windows: Vec<Window> = parts.map(window).collect::<Result<_, _>>()?;
        if windows.is_empty() {
            return Err(TextFault::Word(first.chars().take(40).collect()));
        }
        Ok(Self::new(from_utc, windows)?)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.windows.is_empty() {
            return Ok(());
        }
        let sign = if self.offset < 0 { '-' } else { '+' };
        write!(f, "UTC{sign}{}", stamp(self.offset.unsigned_abs()))?;
        for (index, window) in self.windows.iter().enumerate() {
            let days: Vec<&str> = window.days.iter().map(|day| name(*day)).collect();
            let times = format!("{}-{}", stamp(window.from), stamp(window.until));
            #[expect(clippy::cast_precision_loss, reason = "caps are far below 2^52")]
            let mbit = window.cap as f64 / MBIT;
            let end = if index == 0 { "" } else { ";" };
            write!(f, "{end} {} {times} {mbit}", days.join(","))?;
        }
        Ok(())
    }
}
