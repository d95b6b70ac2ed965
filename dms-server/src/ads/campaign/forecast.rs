//! How often an ad campaign is going to be shown, as far as the last weeks say. Pure.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Days that are looked back at.
pub const DAYS: i64 = 28;

/// Days that are looked ahead at where a campaign has no end.
const AHEAD_DAYS: i64 = 28;

const DAY_MS: i64 = 86_400_000;

/// What was watched of one title at one site in the last [`DAYS`].
#[derive(Clone, Debug)]
pub struct Watched {
    /// The title.
    pub title: Uuid,
    /// The collection it is of.
    pub collection: Option<Uuid>,
    /// The site; none: in no site.
    pub site: Option<Uuid>,
    /// Views that began.
    pub views: u64,
    /// Its breaks.
    pub breaks: u64,
}

/// An ad campaign as the forecast sees it.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Empty: everywhere.
    pub sites: BTreeSet<Uuid>,
    /// Empty with `collections`: every title.
    pub titles: BTreeSet<Uuid>,
    /// See `titles`.
    pub collections: BTreeSet<Uuid>,
    /// Whether groups are named: views are counted without names, so they are not told apart.
    pub names_groups: bool,
    /// When it begins, milliseconds since the Unix epoch.
    pub from_ms: i64,
    /// When it is over.
    pub until_ms: Option<i64>,
    /// Showings of one viewer a day.
    pub cap_viewer_day: Option<u64>,
    /// Showings of all that are left.
    pub left: Option<u64>,
    /// Whether it comes once in each playback, break or not.
    pub emergency: bool,
    /// Campaigns of the same or a greater priority that want the same breaks.
    pub rivals: u64,
}

/// What is to be expected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Forecast {
    /// Days of its window that are still to come; four weeks where it has no end.
    pub days: f64,
    /// Views a day of its audience, in the last 28 days.
    pub views_per_day: f64,
    /// Breaks a day that it may fill.
    pub breaks_per_day: f64,
    /// Showings in those days.
    pub showings: u64,
    /// What bounds the showings: `views`, `cap_viewer_day` or `cap_total`.
    pub bounded_by: String,
    /// What the numbers do not know.
    pub notes: Vec<String>,
}

fn is_for(plan: &Plan, watched: &Watched) -> bool {
    let at = plan.sites.is_empty() || watched.site.is_some_and(|site| plan.sites.contains(&site));
    let everything = plan.titles.is_empty() && plan.collections.is_empty();
    let of = plan.titles.contains(&watched.title)
        || watched
            .collection
            .is_some_and(|collection| plan.collections.contains(&collection));
    at && (everything || of)
}

/// What is to be expected of an ad campaign.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate for people"
)]
pub fn forecast(plan: &Plan, watched: &[Watched], now_ms: i64) -> Forecast {
    let begins = plan.from_ms.max(now_ms);
    let ends = plan.until_ms.unwrap_or(begins + AHEAD_DAYS * DAY_MS);
    let days = (ends - begins).max(0) as f64 / DAY_MS as f64;
    let (mut views, mut breaks, mut capped) = (0_u64, 0_u64, 0_u64);
    for watched in watched.iter().filter(|watched| is_for(plan, watched)) {
        let each = if plan.emergency { 1 } else { watched.breaks };
        views += watched.views;
        breaks += watched.views * each;
        // As if everybody watched one title a day: caps bind later than that, never sooner.
        capped += watched.views * each.min(plan.cap_viewer_day.unwrap_or(u64::MAX));
    }
    let a_day = |sum: u64| sum as f64 / DAYS as f64;
    let share = if plan.emergency {
        1.0
    } else {
        1.0 / (plan.rivals + 1) as f64
    };
    let wanted = (a_day(breaks) * share * days).floor() as u64;
    let by_viewer = (a_day(capped) * days).floor() as u64;
    let mut bounded_by = "views";
    let mut showings = wanted;
    if by_viewer < showings {
        (showings, bounded_by) = (by_viewer, "cap_viewer_day");
    }
    if let Some(left) = plan.left.filter(|left| *left < showings) {
        (showings, bounded_by) = (left, "cap_total");
    }
    let mut notes = Vec::new();
    if plan.names_groups {
        notes.push("Views are counted without names: of the groups it is at most this.".to_owned());
    }
    if views == 0 {
        notes.push("Nobody of its audience watched anything in the last 28 days.".to_owned());
    }
    Forecast {
        days,
        views_per_day: a_day(views),
        breaks_per_day: a_day(breaks),
        showings,
        bounded_by: bounded_by.to_owned(),
        notes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LYON: Uuid = Uuid::from_u128(1);
    const TITLE: Uuid = Uuid::from_u128(2);
    const NOW: i64 = 100 * DAY_MS;

    fn watched(title: u128, site: Option<Uuid>, views: u64) -> Watched {
        let collection = Some(Uuid::from_u128(9)).filter(|_| title == 3);
        Watched {
            title: Uuid::from_u128(title),
            collection,
            site,
            views,
            breaks: 2,
        }
    }

    /// Ten views a day of title 2 at Lyon, five elsewhere, one of title 3 at Lyon.
    fn month() -> [Watched; 3] {
        [
            watched(2, Some(LYON), 280),
            watched(2, None, 140),
            watched(3, Some(LYON), 28),
        ]
    }

    fn week() -> Plan {
        Plan {
            from_ms: NOW - DAY_MS,
            until_ms: Some(NOW + 7 * DAY_MS),
            ..Plan::default()
        }
    }

    #[test]
    fn what_was_watched_goes_on() {
        let all = forecast(&week(), &month(), NOW);
        assert_eq!(
            (all.showings, all.bounded_by.as_str()),
            (16 * 2 * 7, "views"),
            "{all:?}"
        );
        let lyon = Plan {
            sites: [LYON].into(),
            ..week()
        };
        assert_eq!(forecast(&lyon, &month(), NOW).showings, 11 * 2 * 7);
        let title = Plan {
            titles: [TITLE].into(),
            ..week()
        };
        assert_eq!(forecast(&title, &month(), NOW).showings, 15 * 2 * 7);
        let collection = Plan {
            collections: [Uuid::from_u128(9)].into(),
            ..week()
        };
        assert_eq!(forecast(&collection, &month(), NOW).showings, 2 * 7);
        let endless = Plan {
            until_ms: None,
            ..week()
        };
        assert_eq!(forecast(&endless, &month(), NOW).showings, 16 * 2 * 28);
    }

    #[test]
    fn caps_and_rivals_bound_it() {
        let rivals = Plan {
            rivals: 1,
            ..week()
        };
        assert_eq!(forecast(&rivals, &month(), NOW).showings, 16 * 7);
        let day = forecast(
            &Plan {
                cap_viewer_day: Some(1),
                ..week()
            },
            &month(),
            NOW,
        );
        assert_eq!(
            (day.showings, day.bounded_by.as_str()),
            (16 * 7, "cap_viewer_day")
        );
        let total = forecast(
            &Plan {
                left: Some(5),
                ..week()
            },
            &month(),
            NOW,
        );
        assert_eq!(
            (total.showings, total.bounded_by.as_str()),
            (5, "cap_total")
        );
        let emergency = forecast(
            &Plan {
                emergency: true,
                rivals: 9,
                ..week()
            },
            &month(),
            NOW,
        );
        assert_eq!(emergency.showings, 16 * 7);
    }

    #[test]
    fn nothing_is_expected_of_nothing() {
        let over = Plan {
            until_ms: Some(NOW - 1),
            ..week()
        };
        assert_eq!(forecast(&over, &month(), NOW).showings, 0);
        let none = forecast(
            &Plan {
                names_groups: true,
                ..week()
            },
            &[],
            NOW,
        );
        assert_eq!((none.showings, none.notes.len()), (0, 2));
    }
}
