//! Beacons at a server that records them: each once, whatever is told twice and whenever a server is killed.

use std::collections::BTreeMap;

use dms_ads::decision::Event;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::db::{self, Claim, Ended};
use super::fire::{TRIED_MS, WAITS_MS, again_ms, fire};
use super::runner::LEASE_MS;
use crate::ads::count::db::{InstanceRow, add_instance};
use crate::ads::count::tests::{instance, trackers};
use crate::ads::count::{AdEvent, AdEvents, Outcome, Teller, take};
use crate::config::Config;
use crate::db::testing::postgres_url;
use crate::serve::Dms;
use crate::state::App;
use crate::testing::receiver::{Receiver, reply};

const AT: &str = "127.77.0.1:0";

const EVENTS: [(Event, i64); 6] = [
    (Event::Impression, 0),
    (Event::Start, 0),
    (Event::FirstQuartile, 2_500),
    (Event::Midpoint, 5_000),
    (Event::ThirdQuartile, 7_500),
    (Event::Complete, 10_000),
];

/// A server that is loaded and does nothing by itself.
async fn loaded(url: Option<String>) -> (App, Dms, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut config = Config::in_folder(&folder.path().join("data"));
    let free = "127.0.0.1:0".parse().expect("an address");
    (config.public.listen, config.device.listen) = (free, free);
    config.metrics.listen = free;
    config.egress.allow = vec!["127.77.0.0/16".to_owned()];
    if let Some(url) = url {
        config.database.url = url;
    }
    let dms = Dms::load(config).await.expect("the server loads");
    (dms.app().clone(), dms, folder)
}

fn event(instance: Uuid, event: Event, media_ms: i64, at_ms: i64) -> AdEvent {
    AdEvent {
        instance,
        event,
        media_ms,
        at_ms,
        code: (event == Event::Error).then_some(405),
        receipt: None,
    }
}

/// How often each path was asked.
fn asked(receiver: &Receiver) -> BTreeMap<String, usize> {
    let mut asked = BTreeMap::new();
    for request in receiver.requests() {
        let path = request.line.split(' ').nth(1).expect("a path").to_owned();
        *asked.entry(path).or_default() += 1;
    }
    asked
}

async fn a_title(app: &App) -> Uuid {
    // Decisions belong to a title; which one does not matter here.
    crate::ads::count::db::add_title(&app.db)
        .await
        .expect("a title")
}

async fn claim_all(app: &App, most: i64) -> Vec<Claim> {
    let now = app.clock.now_ms();
    let mut claims = Vec::new();
    for host in db::hosts(&app.db, now).await.expect("hosts") {
        claims.extend(
            db::claim(&app.db, &host, most, now, now + LEASE_MS)
                .await
                .expect("claims"),
        );
    }
    claims
}

/// Tells a viewing as bad networks do: in pieces, some of them twice, some answers lost.
async fn view(app: App, instance: Uuid, seed: u64, upto: usize) {
    let mut random = StdRng::seed_from_u64(seed);
    let now = app.clock.now_ms();
    let mut waiting: Vec<AdEvent> = EVENTS[..upto]
        .iter()
        .map(|(kind, media)| event(instance, *kind, *media, now))
        .collect();
    while !waiting.is_empty() {
        let most = random.random_range(1..=waiting.len());
        let events = waiting[..most].to_vec();
        let told = take(&app, &Teller::default(), &AdEvents { events })
            .await
            .expect("counted");
        assert!(
            told.results
                .iter()
                .all(|result| *result != Outcome::Unknown)
        );
        if random.random_range(0..3) > 0 {
            waiting.drain(..most);
        }
    }
}

/// Fires everything; at random a try ends as a kill would end it: before anything left, or after the request was
/// answered and before that was noted. Leases pass by the clock.
async fn fire_all(app: &App, seed: u64) -> usize {
    let mut random = StdRng::seed_from_u64(seed);
    let mut kills = 0;
    loop {
        let claims = claim_all(app, 32).await;
        if claims.is_empty() {
            let states = db::states(&app.db).await.expect("states");
            if states.iter().all(|(state, _)| state == "done") {
                return kills;
            }
            app.clock.advance_ms(LEASE_MS + 1);
            db::end_cut_off(&app.db, app.clock.now_ms())
                .await
                .expect("ended");
            continue;
        }
        let mut tries = JoinSet::new();
        for claim in claims {
            let fate = random.random_range(0..10);
            kills += usize::from(fate < 2);
            let app = app.clone();
            tries.spawn(async move {
                if fate == 0 {
                    return;
                }
                let ended = fire(&app, &claim).await;
                assert!(
                    matches!(ended, Ended::Fired(Some(200 | 503), None)),
                    "{ended:?}"
                );
                if fate > 1 {
                    db::end(&app.db, &claim, &ended, app.clock.now_ms())
                        .await
                        .expect("noted");
                }
            });
        }
        while let Some(ended) = tries.join_next().await {
            ended.expect("no panic");
        }
    }
}

async fn every_beacon_is_fired_once(url: Option<String>, viewings: u64) {
    // An answer of 5xx is one: it saw the request.
    let receiver = Receiver::http(AT, |n, _| {
        reply(if n % 7 == 0 { 503 } else { 200 }, "", b"")
    })
    .await;
    let (app, _dms, _folder) = loaded(url).await;
    let title = a_title(&app).await;
    let mut expected = BTreeMap::new();
    let mut views = JoinSet::new();
    for number in 0..viewings {
        let upto = usize::try_from(number % 6).expect("small") + 1;
        let url = |event: Event| receiver.url(&format!("/{number}/{event:?}"));
        let wanted = [
            Event::Impression,
            Event::Start,
            Event::Midpoint,
            Event::Complete,
        ];
        let row = InstanceRow {
            tracking: trackers(&wanted.map(|event| (event, None, url(event)))),
            ..instance(title)
        };
        add_instance(&app.db, &row, app.clock.now_ms())
            .await
            .expect("added");
        for (event, _) in EVENTS[..upto]
            .iter()
            .filter(|(event, _)| wanted.contains(event))
        {
            expected.insert(format!("/{number}/{event:?}"), 1);
        }
        if views.len() >= 16 {
            views.join_next().await.expect("a view").expect("no panic");
        }
        views.spawn(view(app.clone(), row.id, number, upto));
    }
    while let Some(ended) = views.join_next().await {
        ended.expect("no panic");
    }
    let kills = fire_all(&app, 7).await;
    assert!(kills > expected.len() / 10, "{kills} tries were cut off");
    let asked = asked(&receiver);
    assert_eq!(asked.len(), expected.len());
    assert_eq!(asked, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_viewings_every_beacon_is_fired_once() {
    every_beacon_is_fired_once(None, 1_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_beacon_is_fired_once_on_postgres() {
    every_beacon_is_fired_once(Some(postgres_url().await), 200).await;
}

#[tokio::test]
async fn what_was_about_to_be_written_is_never_written_again() {
    for url in [None, Some(postgres_url().await)] {
        let receiver = Receiver::http(AT, |_, _| reply(200, "", b"")).await;
        let (app, _dms, _folder) = loaded(url).await;
        let row = InstanceRow {
            tracking: trackers(&[(Event::Start, None, receiver.url("/start"))]),
            ..instance(a_title(&app).await)
        };
        add_instance(&app.db, &row, app.clock.now_ms())
            .await
            .expect("added");
        let events = vec![event(row.id, Event::Start, 0, app.clock.now_ms())];
        take(&app, &Teller::default(), &AdEvents { events })
            .await
            .expect("counted");
        let claims = claim_all(&app, 4).await;
        assert_eq!(claims.len(), 1);
        assert!(
            claim_all(&app, 4).await.is_empty(),
            "another server finds nothing"
        );
        app.clock.advance_ms(LEASE_MS + 1);
        // The lease is over: who comes back too late may not write.
        let late = &claims[0];
        assert!(
            !db::leave(&app.db, late, app.clock.now_ms())
                .await
                .expect("asked")
        );
        let claims = claim_all(&app, 4).await;
        assert!(
            !db::leave(&app.db, late, app.clock.now_ms())
                .await
                .expect("asked")
        );
        assert!(
            db::leave(&app.db, &claims[0], app.clock.now_ms())
                .await
                .expect("asked")
        );
        app.clock.advance_ms(LEASE_MS + 1);
        assert!(claim_all(&app, 4).await.is_empty());
        assert_eq!(
            db::end_cut_off(&app.db, app.clock.now_ms())
                .await
                .expect("ended"),
            1
        );
        assert!(claim_all(&app, 4).await.is_empty());
        assert_eq!(receiver.connections(), 0);
    }
}

#[tokio::test]
async fn what_never_left_is_tried_for_three_days_and_what_may_not_be_called_fails() {
    let (app, _dms, _folder) = loaded(None).await;
    let closed = std::net::TcpListener::bind(AT).expect("a port");
    let nobody = format!("http://{}/", closed.local_addr().expect("its address"));
    drop(closed);
    // Takes the connection and says nothing: the request was written.
    let silent = Receiver::http(AT, |_, _| Vec::new()).await;
    let title = a_title(&app).await;
    let urls = [
        (Event::Start, None, nobody),
        (Event::Start, None, "http://192.0.2.1/".to_owned()),
        (Event::Start, None, "ftp://127.77.0.1/".to_owned()),
        (Event::Start, None, silent.url("/")),
    ];
    let row = InstanceRow {
        tracking: trackers(&urls),
        ..instance(title)
    };
    add_instance(&app.db, &row, app.clock.now_ms())
        .await
        .expect("added");
    let events = vec![event(row.id, Event::Start, 0, app.clock.now_ms())];
    take(&app, &Teller::default(), &AdEvents { events })
        .await
        .expect("counted");
    let mut tries = 0;
    loop {
        let claims = claim_all(&app, 8).await;
        if claims.is_empty() {
            let states = db::states(&app.db).await.expect("states");
            if states
                .iter()
                .all(|(state, _)| state == "done" || state == "failed")
            {
                assert_eq!(states, [("done".to_owned(), 1), ("failed".to_owned(), 3)]);
                break;
            }
            app.clock.advance_ms(300_000);
        }
        for claim in claims {
            tries += 1;
            let ended = fire(&app, &claim).await;
            db::end(&app.db, &claim, &ended, app.clock.now_ms())
                .await
                .expect("noted");
        }
    }
    assert!((60..=110).contains(&tries), "{tries} tries in three days");
    assert_eq!(silent.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_and_errors_have_urls_of_their_own() {
    let receiver = Receiver::http(AT, |_, _| reply(200, "", b"")).await;
    let (app, _dms, _folder) = loaded(None).await;
    let title = a_title(&app).await;
    let url = |path: &str| receiver.url(path);
    let row = InstanceRow {
        tracking: trackers(&[
            (Event::Progress, Some(2_000), url("/two")),
            (Event::Progress, Some(4_000), url("/four")),
            (Event::Progress, Some(9_999), url("/late")),
        ]),
        errors: serde_json::to_string(&[url("/e?c=[ERRORCODE]"), url("/f")]).expect("JSON"),
        ..instance(title)
    };
    let players = InstanceRow {
        id: Uuid::now_v7(),
        report: "player".to_owned(),
        ..row.clone()
    };
    for row in [&row, &players] {
        add_instance(&app.db, row, app.clock.now_ms())
            .await
            .expect("added");
    }
    let now = app.clock.now_ms();
    let events = vec![
        event(row.id, Event::Progress, 2_000, now),
        event(row.id, Event::Midpoint, 5_000, now),
        event(row.id, Event::Error, 5_000, now),
        event(players.id, Event::Error, 5_000, now),
    ];
    let told = take(&app, &Teller::default(), &AdEvents { events })
        .await
        .expect("counted");
    assert_eq!(told.results, [Outcome::Counted; 4]);
    fire_all(&app, 3).await;
    let once = ["/e?c=405", "/f", "/four", "/two"].map(|path| (path.to_owned(), 1));
    assert_eq!(asked(&receiver), BTreeMap::from(once));
}

#[test]
fn the_waits_grow_and_end_after_three_days() {
    let claim = |attempts| Claim {
        id: Uuid::nil(),
        url: String::new(),
        viewer_address: None,
        viewer_agent: None,
        attempts,
        made_ms: 0,
    };
    for (attempts, wait) in (1..).zip(WAITS_MS) {
        let again = again_ms(&claim(attempts), 0).expect("again");
        assert!((wait * 4 / 5..=wait * 6 / 5).contains(&again));
    }
    assert!(again_ms(&claim(99), TRIED_MS - 1).is_some());
    assert_eq!(again_ms(&claim(99), TRIED_MS), None);
}
