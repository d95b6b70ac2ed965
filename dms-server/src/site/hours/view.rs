//! Hours as the API says them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Day, Hours, HoursError, Window, stamp, text};

/// Hours of the week in which another WAN cap holds at a site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WanHours {
    /// How far the site's clock is from UTC, minutes to the east: 60 is UTC+1. It stays so all year.
    #[serde(default)]
    pub utc_offset_minutes: i32,
    /// The windows, at most 50; no two may hold at once.
    #[serde(default)]
    pub windows: Vec<WanWindow>,
}

/// A time of some days of the week, and the cap that holds then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WanWindow {
    /// On which days it begins.
    pub days: Vec<Day>,
    /// When it begins, such as `08:00`.
    pub from: String,
    /// When it ends, such as `18:00` or `24:00`; at or before `from`: on the next day.
    pub until: String,
    /// The cap, bytes per second; 0 is none.
    pub wan_cap_bytes_per_second: u64,
}

/// A fault: where, its code, and what puts it right.
pub type Wrong = (String, &'static str, String);

impl WanHours {
    /// What the API shows of hours.
    #[must_use]
    pub fn of(hours: &Hours) -> Self {
        let window = |window: &Window| WanWindow {
            days: window.days.clone(),
            from: stamp(window.from),
            until: stamp(window.until),
            wan_cap_bytes_per_second: window.cap,
        };
        Self {
            utc_offset_minutes: hours.offset(),
            windows: hours.windows().iter().map(window).collect(),
        }
    }

    /// The hours that these are.
    ///
    /// # Errors
    /// The first fault.
    pub fn read(&self) -> Result<Hours, Wrong> {
        let mut windows = Vec::with_capacity(self.windows.len().min(super::WINDOWS_MAX));
        for (index, given) in self.windows.iter().enumerate() {
            let time = |name: &str, value: &str| {
                let fix = "Give a time such as 08:00, up to 24:00.".to_owned();
                text::time(value).ok_or((format!("/windows/{index}/{name}"), "invalid_time", fix))
            };
            let mut days = given.days.clone();
            days.sort_unstable();
            if i64::try_from(given.wan_cap_bytes_per_second).is_err() {
                let pointer = format!("/windows/{index}/wan_cap_bytes_per_second");
                return Err((pointer, "range", "Give 0 for no cap.".to_owned()));
            }
            windows.push(Window {
                days,
                from: time("from", &given.from)?,
                until: time("until", &given.until)?,
                cap: given.wan_cap_bytes_per_second,
            });
        }
        Hours::new(self.utc_offset_minutes, windows).map_err(|error| match error {
            HoursError::Offset => (
                "/utc_offset_minutes".to_owned(),
                "range",
                "Give -840 to 840.".to_owned(),
            ),
            HoursError::TooMany => (
                "/windows".to_owned(),
                "too_many",
                format!("Give at most {} windows.", super::WINDOWS_MAX),
            ),
            HoursError::Window(at) => (
                format!("/windows/{at}"),
                "invalid_window",
                "Name each day once, and an end that differs from the beginning.".to_owned(),
            ),
            HoursError::Overlap(at) => (
                format!("/windows/{at}"),
                "overlap",
                "Let it begin when the earlier one has ended.".to_owned(),
            ),
        })
    }
}
