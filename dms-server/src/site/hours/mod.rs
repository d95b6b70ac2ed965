//! Hours of the week in which another WAN cap holds at a site. Pure: the moment is an input.
//!
//! Times are the site's own, as a fixed distance from UTC: the same windows hold all year, and whoever moves the
//! clocks for the summer changes the distance.

pub mod follow;
#[cfg(test)]
mod tests;
mod text;
pub mod view;

use serde::{Deserialize, Serialize};
use swarm::wire::Rate;
use utoipa::ToSchema;

pub use self::text::{FORM, TextFault, stamp};

/// The most windows of a site.
pub const WINDOWS_MAX: usize = 50;
/// The farthest that a place's clock is from UTC, minutes.
pub const OFFSET_MAX: i32 = 14 * 60;

const DAY: u32 = 24 * 60;
const WEEK: u32 = 7 * DAY;
const MINUTE_MS: i64 = 60_000;
/// 1970 began on a Thursday: so many minutes into a week that begins on Monday.
const EPOCH: i64 = 3 * DAY as i64;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

/// The days, in order.
pub const DAYS: [Day; 7] = [
    Day::Mon,
    Day::Tue,
    Day::Wed,
    Day::Thu,
    Day::Fri,
    Day::Sat,
    Day::Sun,
];

/// A time of some days of the week, and the cap that holds then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// On which days it begins, in order.
    pub days: Vec<Day>,
    /// Minutes after midnight at which it begins, below 24 h.
    pub from: u32,
    /// Minutes after midnight at which it ends, up to 24 h; not above `from`: on the next day.
    pub until: u32,
    /// Bytes per second; 0 is no cap.
    pub cap: Rate,
}

impl Window {
    fn minutes(&self) -> u32 {
        if self.until > self.from {
            self.until - self.from
        } else {
            DAY - self.from + self.until
        }
    }

    /// The minutes of the week, from Monday's midnight, at which it begins.
    fn begins(&self) -> impl Iterator<Item = u32> + '_ {
        self.days.iter().map(|day| *day as u32 * DAY + self.from)
    }

    fn holds(&self, minute: u32) -> bool {
        self.begins()
            .any(|begin| (minute + WEEK - begin) % WEEK < self.minutes())
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.begins().any(|minute| other.holds(minute))
            || other.begins().any(|minute| self.holds(minute))
    }
}

/// What is wrong with hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// No clock is there.
    #[error("A place's clock is at most 14 hours from UTC.")]
    Offset,
    /// There are more than [`WINDOWS_MAX`].
    #[error("There are more than {WINDOWS_MAX} windows.")]
    TooMany,
    /// It names no day, one twice, or a time that no day has. The window, from 0.
    #[error("Window {} names no day, a day twice, or a time that no day has.", .0 + 1)]
    Window(usize),
    /// Two caps would hold at once. The second window, from 0.
    #[error("Window {} overlaps an earlier one: two caps would hold at once.", .0 + 1)]
    Overlap(usize),
}

/// The hours of a site; none of them: the site's own cap always holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hours {
    offset: i32,
    windows: Vec<Window>,
}

impl Hours {
    /// Hours at `offset` minutes east of UTC.
    ///
    /// # Errors
    /// What speaks against them.
    pub fn new(offset: i32, windows: Vec<Window>) -> Result<Self, HoursError> {
        if offset.abs() > OFFSET_MAX {
            return Err(HoursError::Offset);
        }
        if windows.len() > WINDOWS_MAX {
            return Err(HoursError::TooMany);
        }
        for (at, window) in windows.iter().enumerate() {
            let ordered = window.days.is_sorted_by(|a, b| a < b) && !window.days.is_empty();
            let timed = window.from < DAY && window.until <= DAY && window.until != window.from;
            if !ordered || !timed {
                return Err(HoursError::Window(at));
            }
            // A window that lasts into the next day may meet itself there.
            let meets = |own: u32, other: u32| {
                own != other && (own + WEEK - other) % WEEK < window.minutes()
            };
            let meets_itself = window
                .begins()
                .any(|own| window.begins().any(|other| meets(own, other)));
            let mut earlier = windows.iter().take(at);
            if meets_itself || earlier.any(|earlier| earlier.overlaps(window)) {
                return Err(HoursError::Overlap(at));
            }
        }
        let offset = if windows.is_empty() { 0 } else { offset };
        Ok(Self { offset, windows })
    }

    /// Minutes east of UTC.
    #[must_use]
    pub fn offset(&self) -> i32 {
        self.offset
    }

    /// The windows.
    #[must_use]
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// The minute of the site's week, and when it began, milliseconds since the Unix epoch.
    fn minute(&self, now_ms: i64) -> (u32, i64) {
        let minutes = now_ms.div_euclid(MINUTE_MS);
        let local = minutes + i64::from(self.offset) + EPOCH;
        let minute = u32::try_from(local.rem_euclid(i64::from(WEEK))).unwrap_or(0);
        (minute, minutes * MINUTE_MS)
    }

    /// The cap that holds at a moment, where `otherwise` holds outside of the windows.
    #[must_use]
    pub fn cap_at(&self, now_ms: i64, otherwise: Rate) -> Rate {
        let (minute, _) = self.minute(now_ms);
        let window = self.windows.iter().find(|window| window.holds(minute));
        window.map_or(otherwise, |window| window.cap)
    }

    /// The next moment after this one at which a window begins or ends.
    #[must_use]
    pub fn next_change(&self, now_ms: i64) -> Option<i64> {
        let (minute, began_ms) = self.minute(now_ms);
        let edges = self.windows.iter().flat_map(|window| {
            let minutes = window.minutes();
            window
                .begins()
                .flat_map(move |begin| [begin, (begin + minutes) % WEEK])
        });
        let ahead = edges.map(|edge| match (edge + WEEK - minute) % WEEK {
            0 => WEEK,
            ahead => ahead,
        });
        Some(began_ms + i64::from(ahead.min()?) * MINUTE_MS)
    }
}
