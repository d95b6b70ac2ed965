//! Refuses ad campaigns that cannot be, with every wrong field and its fix. Pure.

use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problem::{Problem, Result};

/// The longest name, characters.
pub const NAME_MAX: usize = 200;
/// The longest reason for viewers, characters.
const WHY_MAX: usize = 300;
/// The longest URL, bytes.
pub const URL_MAX: usize = 2_000;
/// The most of one kind that an audience names.
const AUDIENCE_MAX: usize = 200;
/// The greatest priority.
pub const PRIORITY_MAX: i64 = 100;
/// Priority unless somebody says otherwise.
const PRIORITY: i64 = 50;
/// The greatest cap.
const CAP_MAX: i64 = 1_000_000_000;
/// The latest moment that makes sense, milliseconds from now: ten years. Beyond it somebody confused units.
const FAR_MS: i64 = 10 * 366 * 24 * 3_600_000;
/// The latest moment to skip after, milliseconds.
const SKIP_MAX_MS: i64 = 3_600_000;

/// An ad campaign to be made or to replace one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdCampaignBody {
    /// What people call it.
    pub name: String,
    /// The creative.
    pub creative: Uuid,
    /// For viewers at these sites; empty is everywhere.
    #[serde(default)]
    pub sites: Vec<Uuid>,
    /// For members of one of these groups; empty is everybody.
    #[serde(default)]
    pub groups: Vec<Uuid>,
    /// In breaks of these titles; empty, with `collections` too, is all.
    #[serde(default)]
    pub titles: Vec<Uuid>,
    /// In breaks of titles of these collections.
    #[serde(default)]
    pub collections: Vec<Uuid>,
    /// When it begins, milliseconds since the Unix epoch; null is now.
    #[serde(default)]
    pub from_ms: Option<i64>,
    /// When it is over; null is when somebody ends it.
    #[serde(default)]
    pub until_ms: Option<i64>,
    /// How often one viewer is to see it in a day.
    #[serde(default)]
    pub cap_viewer_day: Option<i64>,
    /// How often one viewer is to see it.
    #[serde(default)]
    pub cap_viewer: Option<i64>,
    /// How often it is to be seen.
    #[serde(default)]
    pub cap_total: Option<i64>,
    /// 0 to 100; the greater one goes first.
    #[serde(default = "priority")]
    pub priority: i64,
    /// Whether seeking over its break plays it first.
    #[serde(default)]
    pub must_see: bool,
    /// When it may be skipped, milliseconds of its media time; null: never.
    #[serde(default)]
    pub skip_after_ms: Option<i64>,
    /// Whether it comes before everything else, once in each playback, also where there is no break at the beginning.
    #[serde(default)]
    pub emergency: bool,
    /// Where a click leads; null: where the creative says.
    #[serde(default)]
    pub click: Option<String>,
    /// What viewers are told of why they see it; null: a sentence made of the audience.
    #[serde(default)]
    pub why: Option<String>,
}

const fn priority() -> i64 {
    PRIORITY
}

/// What there is for an audience to name.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Of those that were named.
    pub sites: Vec<Uuid>,
    /// Of those that were named.
    pub groups: Vec<Uuid>,
    /// Of those that were named.
    pub titles: Vec<Uuid>,
    /// Of those that were named.
    pub collections: Vec<Uuid>,
}

/// Refuses an ad campaign that cannot be.
///
/// # Errors
/// 400 with every wrong field.
pub fn check(body: &AdCampaignBody, known: &Known, now_ms: i64) -> Result<()> {
    let mut problem = Problem::invalid(
        "invalid_ad_campaign",
        "The ad campaign cannot be saved like this.",
    );
    problem = text(problem, "/name", &body.name, NAME_MAX);
    if let Some(why) = &body.why {
        problem = text(problem, "/why", why, WHY_MAX);
    }
    problem = click(problem, "/click", body.click.as_deref());
    let audiences = [
        ("sites", &body.sites, &known.sites),
        ("groups", &body.groups, &known.groups),
        ("titles", &body.titles, &known.titles),
        ("collections", &body.collections, &known.collections),
    ];
    for (kind, named, there) in audiences {
        problem = members(problem, kind, named, there);
    }
    problem = window(problem, body, now_ms);
    let caps = [
        ("/cap_viewer_day", body.cap_viewer_day),
        ("/cap_viewer", body.cap_viewer),
        ("/cap_total", body.cap_total),
    ];
    for (pointer, cap) in caps {
        if cap.is_some_and(|cap| !(1..=CAP_MAX).contains(&cap)) {
            let fix = format!("Give 1 to {CAP_MAX}, or null for no end.");
            problem = problem.at(pointer, "range", fix);
        }
    }
    if !(0..=PRIORITY_MAX).contains(&body.priority) {
        problem = problem.at("/priority", "range", format!("Give 0 to {PRIORITY_MAX}."));
    }
    if body
        .skip_after_ms
        .is_some_and(|ms| !(0..=SKIP_MAX_MS).contains(&ms))
    {
        let fix = "Give milliseconds of its playing time up to an hour, or null for never.";
        problem = problem.at("/skip_after_ms", "range", fix);
    }
    if body.must_see && body.skip_after_ms.is_some() {
        let fix = "What must be seen cannot be skipped: leave one of the two out.";
        problem = problem.at("/skip_after_ms", "contradiction", fix);
    }
    if problem.errors.is_empty() {
        Ok(())
    } else {
        Err(problem)
    }
}

fn window(mut problem: Problem, body: &AdCampaignBody, now_ms: i64) -> Problem {
    let begins = body.from_ms.unwrap_or(now_ms);
    if body.until_ms.is_some_and(|until| until <= begins) {
        problem = problem.at(
            "/until_ms",
            "order",
            "It must come after from_ms, and after now.",
        );
    }
    for (pointer, moment) in [("/from_ms", body.from_ms), ("/until_ms", body.until_ms)] {
        if moment.is_some_and(|moment| moment < 0 || moment > now_ms.saturating_add(FAR_MS)) {
            let fix = "Give milliseconds since 1970, at most ten years from now.";
            problem = problem.at(pointer, "range", fix);
        }
    }
    problem
}

fn members(mut problem: Problem, kind: &str, named: &[Uuid], there: &[Uuid]) -> Problem {
    if named.len() > AUDIENCE_MAX {
        let fix = format!("Name at most {AUDIENCE_MAX}.");
        return problem.at(format!("/{kind}"), "length", fix);
    }
    for (index, id) in named.iter().enumerate() {
        let pointer = format!("/{kind}/{index}");
        if named.iter().take(index).any(|other| other == id) {
            problem = problem.at(pointer, "repeated", "Name each once.");
        } else if !there.contains(id) {
            problem = problem.at(
                pointer,
                "unknown",
                format!("There is no such id among the {kind}."),
            );
        }
    }
    problem
}

/// Refuses a text that is empty, too long or not one line.
#[must_use]
pub fn text(problem: Problem, pointer: &str, text: &str, most: usize) -> Problem {
    let fits = !text.trim().is_empty()
        && text.chars().count() <= most
        && !text.chars().any(char::is_control);
    if fits {
        return problem;
    }
    let fix = format!("Give one line of 1 to {most} characters.");
    problem.at(pointer, "text", fix)
}

/// Refuses a click that leads to something else than a page.
#[must_use]
pub fn click(problem: Problem, pointer: &str, click: Option<&str>) -> Problem {
    let Some(click) = click else { return problem };
    let parsed = Url::parse(click).ok().filter(|_| click.len() <= URL_MAX);
    let is_page = parsed.is_some_and(|url| {
        url.scheme() == "https"
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    });
    if is_page {
        return problem;
    }
    problem.at(
        pointer,
        "url",
        format!("Give an https:// URL of at most {URL_MAX} bytes."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: i64 = 1_700_000_000_000;

    fn body(change: Value) -> AdCampaignBody {
        let mut body = json!({"name": "a", "creative": Uuid::nil()});
        for (name, value) in change.as_object().expect("an object") {
            body[name] = value.clone();
        }
        serde_json::from_value(body).expect("a body")
    }

    fn wrong(change: Value) -> Vec<(String, String)> {
        match check(&body(change), &Known::default(), NOW) {
            Ok(()) => Vec::new(),
            Err(problem) => problem
                .errors
                .into_iter()
                .map(|e| (e.pointer, e.code))
                .collect(),
        }
    }

    #[test]
    fn the_least_that_is_said_is_enough() {
        assert!(wrong(json!({})).is_empty());
        assert!(
            wrong(json!({"skip_after_ms": 5000, "cap_total": 1, "click": "https://a.example/b"}))
                .is_empty()
        );
    }

    #[test]
    fn every_wrong_field_is_named() {
        for (change, pointer, code) in [
            (json!({"name": " "}), "/name", "text"),
            (json!({"name": "x".repeat(201)}), "/name", "text"),
            (json!({"why": "a\nb"}), "/why", "text"),
            (json!({"click": "javascript:alert(1)"}), "/click", "url"),
            (json!({"click": "http://a.example"}), "/click", "url"),
            (json!({"click": "https://me:pw@a.example"}), "/click", "url"),
            (json!({"sites": [Uuid::nil()]}), "/sites/0", "unknown"),
            (json!({"until_ms": NOW}), "/until_ms", "order"),
            (json!({"from_ms": NOW * 1000}), "/from_ms", "range"),
            (json!({"cap_total": 0}), "/cap_total", "range"),
            (json!({"cap_viewer": -1}), "/cap_viewer", "range"),
            (json!({"priority": 101}), "/priority", "range"),
            (json!({"skip_after_ms": -1}), "/skip_after_ms", "range"),
            (
                json!({"must_see": true, "skip_after_ms": 1}),
                "/skip_after_ms",
                "contradiction",
            ),
        ] {
            let found = wrong(change.clone());
            assert_eq!(found, [(pointer.to_owned(), code.to_owned())], "{change}");
        }
        let all = wrong(json!({"name": "", "priority": -1, "cap_total": 0}));
        assert_eq!(all.len(), 3, "{all:?}");
    }

    #[test]
    fn an_audience_names_each_once() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let known = Known {
            groups: vec![a, b],
            ..Known::default()
        };
        assert!(check(&body(json!({"groups": [a, b]})), &known, NOW).is_ok());
        let twice = check(&body(json!({"groups": [a, a]})), &known, NOW);
        assert_eq!(twice.expect_err("refused").errors[0].code, "repeated");
        let many: Vec<Uuid> = (0..201).map(Uuid::from_u128).collect();
        let many = check(&body(json!({"groups": many})), &known, NOW);
        assert_eq!(many.expect_err("refused").errors[0].code, "length");
    }
}
