//! Wishes of a policy that contradict one another, for its author.

use super::{Audience, MAX_OFFLINE_DAYS, Places, Plan, Policy};

/// A contradiction in a policy: what its author cannot have meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Nobody is in the audience.
    #[error("nobody is in the audience: name a group or a person, or open it to everyone")]
    EmptyAudience,
    /// There is no place to watch from.
    #[error("there is no place to watch from: name a site, or allow the VPN")]
    NoPlace,
    /// It ends before it begins.
    #[error("it ends before it begins: set the end after the start")]
    EndsBeforeStart,
    /// It ends before its embargo does.
    #[error("it ends before its embargo does: set the embargo before the end")]
    EmbargoAfterEnd,
    /// It may be used offline for longer than is allowed.
    #[error("offline use of more than {MAX_OFFLINE_DAYS} days is not possible: set fewer days")]
    OfflineTooLong,
    /// Nobody may play a single stream.
    #[error("no stream is allowed: allow at least one, or do not limit them")]
    NoStreams,
    /// No picture is low enough.
    #[error("no picture has 0 lines: allow at least one line, or do not limit them")]
    NoHeight,
    /// A rental is over as it begins.
    #[error("a rental of 0 seconds is over as it begins: set its length")]
    EmptyRental,
}

impl Fault {
    /// A name that never changes, for programs to act upon.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyAudience => "empty_audience",
            Self::NoPlace => "no_place",
            Self::EndsBeforeStart => "ends_before_start",
            Self::EmbargoAfterEnd => "embargo_after_end",
            Self::OfflineTooLong => "offline_too_long",
            Self::NoStreams => "no_streams",
            Self::NoHeight => "no_height",
            Self::EmptyRental => "empty_rental",
        }
    }

    /// The field of [`Policy`] to change.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self {
            Self::EmptyAudience => "audience",
            Self::NoPlace => "places",
            Self::EndsBeforeStart => "until_ms",
            Self::EmbargoAfterEnd => "embargo_ms",
            Self::OfflineTooLong => "offline_days",
            Self::NoStreams => "streams",
            Self::NoHeight => "max_height",
            Self::EmptyRental => "plan",
        }
    }
}

impl Policy {
    /// Every contradiction, in the order of the fields; none if the policy can be published.
    ///
    /// [`decide`](super::decide()) takes a policy as it stands, checked or not.
    #[must_use]
    pub fn check(&self) -> Vec<Fault> {
        let nobody = matches!(&self.audience, Audience::Named { groups, people }
            if groups.is_empty() && people.is_empty());
        let nowhere = matches!(&self.places, Places::Within { sites, vpn: false }
            if sites.is_empty());
        let ends_by = |moment: Option<u64>| {
            self.until_ms
                .zip(moment)
                .is_some_and(|(until_ms, moment_ms)| until_ms <= moment_ms)
        };
        [
            (nobody, Fault::EmptyAudience),
            (nowhere, Fault::NoPlace),
            (ends_by(self.from_ms), Fault::EndsBeforeStart),
            (ends_by(self.embargo_ms), Fault::EmbargoAfterEnd),
            (self.offline_days > MAX_OFFLINE_DAYS, Fault::OfflineTooLong),
            (self.streams == Some(0), Fault::NoStreams),
            (self.max_height == Some(0), Fault::NoHeight),
            (self.plan == Plan::Rental { seconds: 0 }, Fault::EmptyRental),
        ]
        .into_iter()
        .filter_map(|(wrong, fault)| wrong.then_some(fault))
        .collect()
    }
}

#[cfg(test)]
mod tests;
