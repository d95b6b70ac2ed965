//! Named ways to transcode: how tall, with how many bits, how many pictures a second.
//!
//! A title is made with the profile that its publisher chose, or with the default of the moment when its job begins. The
//! media program judges the numbers again.

pub mod db;
pub mod routes;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use dms_transcoder_protocol::LadderLimits;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::Problem;

/// The most profiles of an installation: a list to choose from.
pub const PROFILES_MAX: i64 = 20;
/// The longest name, characters.
pub const NAME_MAX: usize = 60;

/// Lines of the tallest rendition. More than 1080 would need more memory than a job is given.
const HEIGHTS: RangeInclusive<u16> = 240..=1080;
/// Percent of the bits that are usual for a size.
const PERCENTS: RangeInclusive<u16> = 30..=200;
/// Pictures a second.
const FRAME_RATES: RangeInclusive<u16> = 10..=60;
/// Thousand bits a second of stereo sound.
const AUDIO_KBITS: RangeInclusive<u16> = 48..=256;

/// The numbers of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// Lines of the tallest rendition, 240 to 1080; nothing is made taller than its source.
    pub max_height: u16,
    /// Percent of the bits that are usual for a size, 30 to 200.
    pub bit_rate_percent: u16,
    /// Pictures a second, at most; 10 to 60.
    pub max_frame_rate: u16,
    /// Thousand bits a second of stereo sound, 48 to 256.
    pub audio_kbit: u16,
}

impl Numbers {
    /// Says of each number that is out of its range which it may be.
    #[must_use]
    pub fn check(&self, mut problem: Problem) -> Problem {
        let fields = [
            ("/max_height", self.max_height, HEIGHTS),
            ("/bit_rate_percent", self.bit_rate_percent, PERCENTS),
            ("/max_frame_rate", self.max_frame_rate, FRAME_RATES),
            ("/audio_kbit", self.audio_kbit, AUDIO_KBITS),
        ];
        for (pointer, value, range) in fields {
            if !range.contains(&value) {
                let fix = format!("Give {} to {}.", range.start(), range.end());
                problem = problem.at(pointer, "out_of_range", fix);
            }
        }
        problem
    }

    /// What the media program is told.
    #[must_use]
    pub fn limits(&self) -> LadderLimits {
        LadderLimits {
            max_height: self.max_height,
            max_frame_rate_milli: u32::from(self.max_frame_rate) * 1_000,
            bit_rate_percent: self.bit_rate_percent,
            audio_bit_rate: u32::from(self.audio_kbit) * 1_000,
            ..LadderLimits::default()
        }
    }
}

/// With what a title was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MadeWith {
    /// What the profile was called then.
    pub name: String,
    /// Lines of the tallest rendition.
    pub max_height: u16,
    /// Percent of the bits that are usual for a size.
    pub bit_rate_percent: u16,
    /// Pictures a second, at most.
    pub max_frame_rate: u16,
    /// Thousand bits a second of stereo sound.
    pub audio_kbit: u16,
}

impl MadeWith {
    /// A profile's name and numbers of this moment.
    #[must_use]
    pub fn of(name: &str, numbers: Numbers) -> Self {
        let Numbers {
            max_height,
            bit_rate_percent,
            max_frame_rate,
            audio_kbit,
        } = numbers;
        Self {
            name: name.to_owned(),
            max_height,
            bit_rate_percent,
            max_frame_rate,
            audio_kbit,
        }
    }
}

/// The name by which a profile is found: without outer spaces, in lower case.
#[must_use]
pub fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}
