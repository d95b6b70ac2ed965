//! What the server should say, written a second time and as simply as can be: a list of reasons, the first one counts.

use uuid::Uuid;

/// Everything that one try depends on, in plain words.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) now: i64,
    /// None: a device with nobody signed in.
    pub(super) person: Option<Somebody>,
    pub(super) site: Option<Uuid>,
    pub(super) title: Rules,
    pub(super) offline: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Somebody {
    pub(super) id: Uuid,
    pub(super) groups: Vec<Uuid>,
    pub(super) publishes: bool,
    /// Collection, from, until.
    pub(super) subscriptions: Vec<(Uuid, i64, i64)>,
    /// When the newest rental of the title was played first; the inner none: never.
    pub(super) rental: Option<Option<i64>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    pub(super) groups: Vec<Uuid>,
    pub(super) people: Vec<Uuid>,
    pub(super) named: bool,
    pub(super) sites: Option<Vec<Uuid>>,
    pub(super) from: Option<i64>,
    pub(super) until: Option<i64>,
    pub(super) embargo: Option<i64>,
    pub(super) height: Option<u32>,
    pub(super) offline_days: i64,
    pub(super) collection: Option<Uuid>,
    pub(super) rental_s: Option<i64>,
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    No(&'static str),
    /// Tracks, end, end without contact.
    Yes(Vec<u16>, i64, i64),
}

/// Track 1 is a picture of 360 lines, track 2 is sound.
pub(super) fn verdict(world: &World, lease: i64) -> Verdict {
    let (rules, now) = (&world.title, world.now);
    let person = world.person.as_ref();
    let paid = rules.collection.is_some() || rules.rental_s.is_some();
    let is_in = person.is_some_and(|p| {
        rules.people.contains(&p.id) || p.groups.iter().any(|g| rules.groups.contains(g))
    });
    let runs = person.into_iter().flat_map(|p| &p.subscriptions);
    let runs = runs
        .filter(|(c, from, until)| Some(*c) == rules.collection && *from <= now && now < *until);
    let subscribed = runs.map(|(_, _, until)| *until).max();
    let rental = person.and_then(|p| p.rental);
    let rental_end = |seconds: i64| rental.map(|first| first.unwrap_or(now) + seconds * 1000);
    let reasons = [
        ((rules.named || paid) && person.is_none(), "sign_in_needed"),
        (rules.named && !is_in, "not_in_audience"),
        (
            rules
                .sites
                .as_ref()
                .is_some_and(|sites| !world.site.is_some_and(|site| sites.contains(&site))),
            "not_here",
        ),
        (rules.until.is_some_and(|until| until <= now), "over"),
        (rules.embargo.is_some_and(|at| now < at), "embargo"),
        (
            rules.from.is_some_and(|at| now < at) && !person.is_some_and(|p| p.publishes),
            "not_yet",
        ),
        (
            rules.collection.is_some() && subscribed.is_none(),
            "needs_subscription",
        ),
        (rules.rental_s.is_some() && rental.is_none(), "needs_rental"),
        (
            rules
                .rental_s
                .and_then(rental_end)
                .is_some_and(|end| end <= now),
            "rental_over",
        ),
        (
            world.offline && rules.offline_days == 0,
            "offline_not_allowed",
        ),
        (rules.height.is_some_and(|most| most < 360), "quality_none"),
    ];
    if let Some((_, why)) = reasons.into_iter().find(|(wrong, _)| *wrong) {
        return Verdict::No(why);
    }
    let life = if world.offline {
        rules.offline_days * 24 * 3_600_000
    } else {
        lease
    };
    let rented = rules.rental_s.and_then(rental_end);
    let bought = if rules.collection.is_some() {
        subscribed
    } else {
        rented
    };
    let ends = [Some(now + life), rules.until, bought];
    let end = ends.into_iter().flatten().min().unwrap_or_default();
    Verdict::Yes(vec![1, 2], end, if world.offline { end } else { now })
}
