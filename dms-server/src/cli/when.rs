//! Moments as people write them: `2h` from now, or `2026-12-01T08:00Z`.

use std::time::{SystemTime, UNIX_EPOCH};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A moment that was written, before anybody asks what it is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// So many milliseconds from now.
    In(i64),
    /// Milliseconds since the Unix epoch.
    At(i64),
}

impl When {
    /// So many seconds from now, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn after_seconds(seconds: i64) -> i64 {
        Self::In(seconds.saturating_mul(1000)).ms()
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn ms(self) -> i64 {
        match self {
            Self::At(ms) => ms,
            Self::In(ms) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH);
                let now = now.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX));
                now.saturating_add(ms)
            }
        }
    }
}

/// Reads a moment.
///
/// # Errors
/// With the ways to write one.
pub fn parse(text: &str) -> Result<When, String> {
    let read = from_now(text).map(When::In);
    read.or_else(|| date(text).map(When::At)).ok_or_else(|| {
        "write 30m, 2h or 3d from now, or a UTC date such as 2026-12-01 or 2026-12-01T08:00Z".into()
    })
}

fn from_now(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
    let unit = match unit {
        'm' => MINUTE,
        'h' => HOUR,
        'd' => DAY,
        _ => return None,
    };
    i64::from(number).checked_mul(unit)
}

fn date(text: &str) -> Option<i64> {
    let (day, time) = match text.split_once('T') {
        Some((day, time)) => (day, time.strip_suffix('Z')?),
        None => (text, "00:00"),
    };
    let mut day = day.splitn(3, '-').map(number);
    let (year, month, day) = (day.next()??, day.next()??, day.next()??);
    let mut time = time.splitn(3, ':').map(number);
    let (hour, minute) = (time.next()??, time.next()??);
    let second = time.next().unwrap_or(Some(0))?;
    let fits = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let time = hour * HOUR + minute * MINUTE + second * 1000;
    fits.then(|| days_before(year, month, day) * DAY + time)
}

/// Digits only: `+1` and ` 1` are none.
fn number(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a day.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let years = year - 1;
    // 1969 whole years, 477 of them leap years, lie before 1970.
    let leaps = years / 4 - years / 100 + years / 400 - 477;
    let months: i64 = (1..month).map(|month| days_in(year, month)).sum();
    (years - 1969) * 365 + leaps + months + day - 1
}

/// A moment as people read it, in UTC: `2026-12-01 08:00:05`.
#[must_use]
pub fn shown(ms: i64) -> String {
    let (mut days, rest) = (ms.div_euclid(DAY), ms.rem_euclid(DAY));
    let mut year = 1970;
    while days >= 365 + i64::from(is_leap(year)) {
        days -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days >= days_in(year, month) {
        days -= days_in(year, month);
        month += 1;
    }
    let (hour, minute, second) = (rest / HOUR, rest % HOUR / MINUTE, rest % MINUTE / 1000);
    format!(
        "{year}-{month:02}-{:02} {hour:02}:{minute:02}:{second:02}",
        days + 1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_people_write_them() {
        for (text, expected) in [
            ("30m", Some(When::In(30 * MINUTE))),
            ("2h", Some(When::In(2 * HOUR))),
            ("3d", Some(When::In(3 * DAY))),
            ("1970-01-01", Some(When::At(0))),
            ("1970-01-02T00:00Z", Some(When::At(DAY))),
            ("2000-02-29T12:00:00Z", Some(When::At(951_825_600_000))),
            ("2026-12-01T08:00Z", Some(When::At(1_796_112_000_000))),
            ("2100-03-01", Some(When::At(4_107_542_400_000))),
            ("2026-02-29", None),
            ("2026-13-01", None),
            ("2026-12-01T08:00", None),
            ("2026-12-01T24:00Z", None),
            ("2026-12-01T08:00+01:00", None),
            ("tomorrow", None),
            ("2", None),
            ("-2h", None),
            ("2w", None),
            ("", None),
            ("é", None),
        ] {
            assert_eq!(parse(text).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn moments_are_shown_as_they_are_written() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2000-02-29T12:00:07Z",
            "2026-12-31T23:59:59Z",
        ] {
            let Ok(When::At(ms)) = parse(text) else {
                panic!("{text}");
            };
            let expected = text.replace('T', " ").replace('Z', "");
            assert_eq!(shown(ms), expected);
        }
    }
}
