//! The decision: terms, or one reason why not.

use super::{Audience, Id, Place, Places, Plan, Policy, Track, Viewer, Viewing};

const SECOND_MS: u64 = 1000;
const DAY_MS: u64 = 24 * 60 * 60 * SECOND_MS;

/// What a licence may say. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The tracks whose keys it carries, in the order they were stated in.
    pub tracks: Vec<u16>,
    /// First moment after it.
    pub not_after_ms: u64,
    /// First moment from which it needs contact to the DMS; the time of the decision if it always
    /// does.
    pub offline_until_ms: u64,
    /// Whether clear HLS may be served to players that are not ours.
    pub third_party_players: bool,
    /// Whether this is the first play of a rental, whose moment the caller is to note. A licence
    /// counts as a play: once it is out, nobody can tell whether it was used.
    pub starts_rental: bool,
}

/// Why somebody may not watch. The reasons stand in the order in which [`decide`] checks them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// The person's account is suspended.
    #[error("your account is suspended; ask your administrator")]
    Suspended,
    /// Nobody is signed in, and the audience or the plan asks for a person.
    #[error("sign in to watch this")]
    SignInNeeded,
    /// The person is not in the audience.
    #[error("this is not open to you; ask whoever published it")]
    NotInAudience,
    /// It may not be watched from this place.
    #[error("this can be watched only on the company's network; connect to it")]
    NotHere,
    /// Its time is over.
    #[error("this can no longer be watched")]
    Over,
    /// It is under embargo, for everybody.
    #[error("this is under embargo; wait until it is released")]
    Embargo {
        /// When it is released, milliseconds since the Unix epoch.
        until_ms: u64,
    },
    /// Its time has not come.
    #[error("this cannot be watched yet; come back when it opens")]
    NotYet {
        /// When it opens, milliseconds since the Unix epoch.
        from_ms: u64,
    },
    /// No subscription to its collection runs now.
    #[error("this needs a subscription that runs now")]
    NeedsSubscription,
    /// It was not rented.
    #[error("this has to be rented first")]
    NeedsRental,
    /// The rental has ended.
    #[error("your rental is over; rent it again to watch on")]
    RentalOver,
    /// It may not be used without contact to the DMS.
    #[error("this cannot be kept for offline use; watch it while connected")]
    OfflineNotAllowed,
    /// All of its video tracks are higher than allowed.
    #[error("no picture of this is in a quality open to you; ask whoever published it")]
    QualityNone,
    /// The person plays as many streams as allowed already.
    #[error("you are playing {most} streams already, the most allowed; stop one to watch this")]
    TooManyStreams {
        /// The most streams one person may play at a time.
        most: u16,
    },
}

impl Denied {
    /// A name that never changes, for programs to act upon.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Suspended => "suspended",
            Self::SignInNeeded => "sign_in_needed",
            Self::NotInAudience => "not_in_audience",
            Self::NotHere => "not_here",
            Self::Over => "over",
            Self::Embargo { .. } => "embargo",
            Self::NotYet { .. } => "not_yet",
            Self::NeedsSubscription => "needs_subscription",
            Self::NeedsRental => "needs_rental",
            Self::RentalOver => "rental_over",
            Self::OfflineNotAllowed => "offline_not_allowed",
            Self::QualityNone => "quality_none",
            Self::TooManyStreams { .. } => "too_many_streams",
        }
    }
}

/// Decides about one try to watch. `lease_ms` is how long a licence lasts before it is renewed,
/// milliseconds.
///
/// The checks follow one another in the order of [`Denied`], and the first that fails is the
/// answer. Whoever is not concerned learns nothing further: an account that is suspended, then a
/// person outside the audience, then a place outside the network are told that and neither times
/// nor plans. Then come the times, the one that never passes first; what must be bought; what was
/// asked for; and last the streams, which the person can put right at once.
///
/// An empty list of tracks gives terms without tracks, for which no licence can be issued.
///
/// # Errors
/// See [`Denied`].
pub fn decide(policy: &Policy, viewing: &Viewing, lease_ms: u64) -> Result<Terms, Denied> {
    check_person(policy, viewing.person.as_ref())?;
    check_place(&policy.places, viewing.place)?;
    check_time(policy, viewing)?;
    let paid = check_plan(policy.plan, viewing)?;
    if viewing.offline_wanted && policy.offline_days == 0 {
        return Err(Denied::OfflineNotAllowed);
    }
    let tracks = open_tracks(policy.max_height, &viewing.tracks)?;
    check_streams(policy.streams, viewing)?;

    let asked_ms = if viewing.offline_wanted {
        u64::from(policy.offline_days) * DAY_MS
    } else {
        lease_ms
    };
    let not_after_ms = [policy.until_ms, paid.until_ms]
        .into_iter()
        .flatten()
        .fold(viewing.now_ms.saturating_add(asked_ms), u64::min);
    Ok(Terms {
        tracks,
        not_after_ms,
        offline_until_ms: if viewing.offline_wanted {
            not_after_ms
        } else {
            viewing.now_ms
        },
        third_party_players: policy.third_party_players,
        starts_rental: paid.starts_rental,
    })
}

fn check_person(policy: &Policy, person: Option<&Viewer>) -> Result<(), Denied> {
    if person.is_some_and(|person| person.suspended) {
        return Err(Denied::Suspended);
    }
    if person.is_none() && policy.plan != Plan::Free {
        return Err(Denied::SignInNeeded);
    }
    let Audience::Named { groups, people } = &policy.audience else {
        return Ok(());
    };
    let person = person.ok_or(Denied::SignInNeeded)?;
    if people.contains(&person.id) || !groups.is_disjoint(&person.groups) {
        Ok(())
    } else {
        Err(Denied::NotInAudience)
    }
}

fn check_place(places: &Places, place: Place) -> Result<(), Denied> {
    let open = match (places, place) {
        (Places::Anywhere, _) => true,
        (Places::Within { sites, .. }, Place::Site(site)) => sites.contains(&site),
        (Places::Within { vpn, .. }, Place::Vpn) => *vpn,
        (Places::Within { .. }, Place::Elsewhere) => false,
    };
    if open { Ok(()) } else { Err(Denied::NotHere) }
}

fn check_time(policy: &Policy, viewing: &Viewing) -> Result<(), Denied> {
    let now_ms = viewing.now_ms;
    if policy.until_ms.is_some_and(|until_ms| now_ms >= until_ms) {
        return Err(Denied::Over);
    }
    if let Some(until_ms) = policy.embargo_ms
        && now_ms < until_ms
    {
        return Err(Denied::Embargo { until_ms });
    }
    let previews = viewing.person.as_ref().is_some_and(|p| p.previews);
    if let Some(from_ms) = policy.from_ms
        && now_ms < from_ms
        && !previews
    {
        return Err(Denied::NotYet { from_ms });
    }
    Ok(())
}

/// What a purchase allows.
struct Paid {
    until_ms: Option<u64>,
    starts_rental: bool,
}

fn check_plan(plan: Plan, viewing: &Viewing) -> Result<Paid, Denied> {
    match plan {
        Plan::Free => Ok(Paid {
            until_ms: None,
            starts_rental: false,
        }),
        Plan::Subscription { collection } => Ok(Paid {
            until_ms: Some(subscribed_until(collection, viewing)?),
            starts_rental: false,
        }),
        Plan::Rental { seconds } => {
            let rental = viewing.rental.ok_or(Denied::NeedsRental)?;
            let first_play_ms = rental
                .first_play_ms
                .filter(|first_ms| *first_ms >= rental.bought_ms);
            let until_ms = first_play_ms
                .unwrap_or(viewing.now_ms)
                .saturating_add(seconds.saturating_mul(SECOND_MS));
            if until_ms <= viewing.now_ms {
                return Err(Denied::RentalOver);
            }
            Ok(Paid {
                until_ms: Some(until_ms),
                starts_rental: first_play_ms.is_none(),
            })
        }
    }
}

/// The latest end of the subscription's periods that run now. A period that follows is not looked
/// at: it counts when the licence is renewed in it.
fn subscribed_until(collection: Id, viewing: &Viewing) -> Result<u64, Denied> {
    let now_ms = viewing.now_ms;
    viewing
        .subscriptions
        .iter()
        .filter(|s| s.collection == collection && s.from_ms <= now_ms && now_ms < s.until_ms)
        .map(|s| s.until_ms)
        .max()
        .ok_or(Denied::NeedsSubscription)
}

/// The tracks that are not too high. A title that has pictures is not given without one.
fn open_tracks(max_height: Option<u32>, tracks: &[Track]) -> Result<Vec<u16>, Denied> {
    let max_height = max_height.unwrap_or(u32::MAX);
    let fits = |height: u32| height <= max_height;
    let mut heights = tracks.iter().filter_map(|track| track.height).peekable();
    if heights.peek().is_some() && !heights.any(fits) {
        return Err(Denied::QualityNone);
    }
    let open = tracks.iter().filter(|track| track.height.is_none_or(fits));
    Ok(open.map(|track| track.number).collect())
}

fn check_streams(streams: Option<u16>, viewing: &Viewing) -> Result<(), Denied> {
    let others = viewing
        .active_streams
        .saturating_sub(u16::from(viewing.renewal));
    match streams {
        Some(most) if others >= most => Err(Denied::TooManyStreams { most }),
        _ => Ok(()),
    }
}
