//! Rotations: killed anywhere, beside licences, and with several servers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use drm::key::{TitleKey, WrapContext};
use drm::license::{Contact, Expect, RecipientKeyPair, verify};
use drm::segment::{self, SegmentContext};
use http::Method;
use serde_json::{Value, json};
use swarm::content::ChunkId;
use uuid::Uuid;

use super::*;
use crate::keys::db::{self, Kind};
use crate::keys::rotation::REST_MS;
use crate::people::totp;
use crate::testing::title::{self, Video};
use crate::testing::{Server, json, refusal, text};
use crate::webhook;

const KEYS: &str = "/api/v1/keys";
const ROTATE: &str = "/api/v1/keys/rotate";

/// Versions beside the one that is played: two full batches and a half.
const VERSIONS: i64 = 250;

/// A title that plays, many versions, a person with codes and a webhook.
struct Treasure {
    video: Video,
    title_keys: Vec<(Uuid, i64, TitleKey)>,
    codes: Vec<u8>,
    webhook: Zeroizing<String>,
    chunks: BTreeMap<ChunkId, Vec<u8>>,
}

impl Treasure {
    async fn bury(server: &Server) -> Self {
        let app = &server.app;
        let video = title::video(server).await;
        let kek = app.current_kek().await.expect("a KEK");
        let (name, title) = (kek.id().to_string(), Uuid::now_v7());
        let (mut rows, mut title_keys) = (Vec::new(), Vec::new());
        for version in 1..=VERSIONS {
            let key = TitleKey::generate(&mut rand::rng());
            let wrapped = kek.wrap(&key, &place(title, version)).expect("wrapped");
            rows.push((title, version, name.clone(), wrapped));
            title_keys.push((title, version, key));
        }
        db::add_versions(&app.db, &rows).await.expect("added");

        let person = json!({"login": "ana", "name": "Ana", "roles": ["viewer"], "password": "a long enough one"});
        let person = server.post("/api/v1/people", person).await;
        let person: Uuid = text(&person["id"]).parse().expect("an id");
        let fresh = totp::draw(&kek, person, "ana", "acme").expect("drawn");
        let note = crate::audit::testing::note(1);
        let note = crate::audit::Note::new(app.keys.audit(), note.into_entry());
        let sealed = Some((name.as_str(), &fresh.sealed[..]));
        let set = crate::people::db::set_totp(&app.db, person, sealed, &note).await;
        assert!(set.expect("the database"));
        let codes = kek.open_secret(&totp::place(person), &fresh.sealed);

        let (id, secret) = (Uuid::now_v7(), webhook::Secret::draw());
        let row = webhook::db::WebhookRow {
            id,
            url: "https://hooks.example/1".into(),
            secret: secret.seal(&kek, id).expect("sealed"),
            secret_kek: name,
            events: "[]".into(),
            enabled: 0,
            disabled_reason: None,
            dead_in_row: 0,
            created_by: "owner".into(),
            created_ms: 1,
        };
        let added = webhook::db::add(&app.db, &row, &note).await;
        assert_eq!(added.expect("the database"), webhook::db::Added::Yes);
        Self {
            chunks: stored(server, &video).await,
            video,
            title_keys,
            codes: codes.expect("opened").to_vec(),
            webhook: secret.reveal(),
        }
    }

    /// Everything opens with the KEK that it names, wherever a rotation is.
    async fn is_whole(&self, server: &Server) {
        play(server, &self.video).await;
        assert_eq!(stored(server, &self.video).await, self.chunks, "not a byte");
        let app = &server.app;
        let rows = db::everything(&app.db, Kind::TitleKey).await;
        assert_eq!(rows.len() as i64, VERSIONS + 1);
        for row in rows {
            let kek = app.keys.keks().named(&row.kek).await.expect("the KEK");
            let key = kek.unwrap(&row.bytes, &place(row.id, row.version));
            let key = key.expect("it opens");
            let was = self.title_keys.iter();
            let mut was = was.filter(|(id, version, _)| (*id, *version) == (row.id, row.version));
            assert!(was.all(|(.., was)| *was == key), "the same title key");
        }
        let codes = db::everything(&app.db, Kind::Codes).await;
        let kek = app.keys.keks().named(&codes[0].kek).await.expect("the KEK");
        let opened = kek.open_secret(&totp::place(codes[0].id), &codes[0].bytes);
        assert_eq!(opened.expect("opened").as_slice(), self.codes);
        let hooks = db::everything(&app.db, Kind::Webhook).await;
        let kek = app.keys.keks().named(&hooks[0].kek).await.expect("the KEK");
        let secret = webhook::Secret::open(&kek, hooks[0].id, &hooks[0].bytes);
        assert_eq!(secret.expect("opened").reveal(), self.webhook);
    }
}

fn place(title: Uuid, version: i64) -> WrapContext<'static> {
    WrapContext {
        tenant: "default",
        title: title.into_bytes(),
        version: version.unsigned_abs(),
    }
}

/// The bytes of every chunk of the title, as they are in the store.
async fn stored(server: &Server, video: &Video) -> BTreeMap<ChunkId, Vec<u8>> {
    let mut chunks = BTreeMap::new();
    let segments = video.manifest.tracks.iter().flat_map(|t| &t.segments);
    for chunk in segments.flat_map(|segment| &segment.chunks) {
        let bytes = server.app.store.chunk(chunk.id).await.expect("the store");
        chunks.insert(chunk.id, bytes.expect("stored").to_vec());
    }
    assert!(chunks.len() > 4);
    chunks
}

/// Gets a licence and opens a segment with it.
async fn play(server: &Server, video: &Video) {
    let recipient = RecipientKeyPair::generate(&mut rand::rng());
    let path = format!("/api/v1/titles/{}/license", video.title);
    let body = json!({"title": video.title.to_string(), "recipient_key": recipient.public()});
    let asked = server.request(Method::POST, &path).json(&body);
    let answer = asked.send().await.expect("an answer");
    let status = answer.status();
    let license = answer.bytes().await.expect("a body");
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&license));
    let expect = Expect {
        tenant: "default",
        title: video.title.0,
        version: Some(video.manifest.version),
        device: Some([0; 16]),
        contact: Contact::Online,
    };
    let now = server.app.clock.now_ms().unsigned_abs();
    let keys = server.app.keys.license_keys();
    let license = verify(&license, &keys, &expect, now).expect("valid");
    let keys = license.open(&recipient).expect("opened");
    let context = SegmentContext {
        tenant: "default",
        title: video.title.0,
        version: video.manifest.version,
        track: 1,
        segment: 0,
    };
    let sealed: Vec<&[u8]> = video.sealed[0][0].chunks(segment::MAX_CHUNK_LEN).collect();
    let clear = segment::open(keys.get(1).expect("the key"), &context, &sealed);
    assert_eq!(clear.expect("opened").as_slice(), &video.clear[0][0][..]);
}

async fn states(server: &Server) -> Vec<(String, i64)> {
    let list = server.get(KEYS).await;
    let items = list["items"].as_array().expect("items").iter();
    let state = |kek: &Value| {
        (
            text(&kek["state"]),
            kek["needed_by"].as_i64().expect("so many"),
        )
    };
    let mut states: Vec<_> = items.map(state).collect();
    states.sort();
    states
}

/// Waits until the rotation is over.
async fn over(server: &Server) {
    let wait = async {
        while server.get(KEYS).await["rewrapping"] == true {
            server.app.rotation.stir();
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("it ends");
}

#[tokio::test]
async fn a_rotation_that_is_killed_anywhere_loses_nothing_on_both_databases() {
    let steps = [
        Step::Made,
        Step::Announced,
        Step::Wrapped,
        Step::Written,
        Step::Rewrapped,
        Step::Retired,
    ];
    for mut server in Server::both_with(|config| config.media.jobs = 0).await {
        let treasure = Treasure::bury(&server).await;
        for step in steps {
            server.app.rotation.steps.halt_at(step);
            let asked = server.request(Method::POST, ROTATE);
            let mut asked = tokio::spawn(asked.send());
            if !matches!(step, Step::Made | Step::Announced) {
                // Announced: what the last rotation still had to do is not taken for this one.
                let answer = (&mut asked).await.expect("no panic").expect("an answer");
                assert_eq!(answer.status(), 202);
            }
            server.app.rotation.steps.wait_for(step).await;
            treasure.is_whole(&server).await;
            if matches!(step, Step::Announced | Step::Wrapped | Step::Written) {
                let again = refusal(server.request(Method::POST, ROTATE)).await.1;
                assert_eq!(again.code, "rotation_under_way", "never two at once");
            }
            asked.abort();
            server = server.restart().await;
            treasure.is_whole(&server).await;
            over(&server).await;
            treasure.is_whole(&server).await;
            let states = states(&server).await;
            let current = ("current".to_owned(), VERSIONS + 3);
            assert_eq!(states[0], current, "{step:?}");
            assert!(
                states[1..].iter().all(|s| *s == ("retired".into(), 0)),
                "{states:?}"
            );
        }
        // The first was killed before anybody was told, the others after: five rotations were.
        assert_eq!(states(&server).await.len(), 6);
        let log = server.get("/api/v1/audit?action=kek.&limit=100").await;
        let acts = log["items"].as_array().expect("rows").iter();
        let acts: Vec<_> = acts.map(|row| text(&row["action"])).collect();
        let count = |act: &str| acts.iter().filter(|a| *a == act).count();
        assert_eq!((count("kek.rotated"), count("kek.retired")), (5, 5));
        server.stop().await;
    }
}

#[tokio::test]
async fn licences_are_issued_all_the_time_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let treasure = Treasure::bury(&server).await;
        let (issued, stop) = (AtomicU32::new(0), AtomicBool::new(false));
        let licences = async {
            while !stop.load(Ordering::Relaxed) {
                play(&server, &treasure.video).await;
                issued.fetch_add(1, Ordering::Relaxed);
            }
        };
        let rotations = async {
            for _ in 0..5 {
                json(server.request(Method::POST, ROTATE)).await;
                over(&server).await;
            }
            while issued.load(Ordering::Relaxed) < 20 {
                tokio::task::yield_now().await;
            }
            stop.store(true, Ordering::Relaxed);
        };
        tokio::join!(licences, rotations);
        println!("{} licences during 5 rotations", issued.into_inner());
        treasure.is_whole(&server).await;
        server.stop().await;
    }
}

#[tokio::test]
async fn only_a_rested_key_that_nothing_needs_is_removed() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    let treasure = Treasure::bury(&server).await;
    let first = server.app.keys.keks().first().id();
    let path = format!("{KEYS}/{first}");
    let remove = || server.request(Method::DELETE, &path);
    assert_eq!(refusal(remove()).await.1.code, "kek_needed");
    json(server.request(Method::POST, ROTATE)).await;
    over(&server).await;
    assert_eq!(refusal(remove()).await.1.code, "kek_needed", "a moment ago");
    server.app.clock.advance_ms(REST_MS);
    let file = server.app.keys.folder().join("kek.key");
    assert!(file.exists());
    for _ in 0..2 {
        assert_eq!(remove().send().await.expect("an answer").status(), 204);
        assert!(!file.exists());
    }
    let nobody = format!("{KEYS}/0123456789abcdef");
    let asked = server.request(Method::DELETE, &nobody);
    assert_eq!(refusal(asked).await.0, 404);
    treasure.is_whole(&server).await;
    let server = server.restart().await;
    assert!(!file.exists(), "none is drawn in its place");
    treasure.is_whole(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn a_database_from_before_keks_had_names_goes_on_on_both() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let treasure = Treasure::bury(&server).await;
        let app = &server.app;
        let former = app.keys.former_fingerprints(app.ca.public_key());
        let set = crate::auth::db::set_fingerprint(&app.db, &former[0]).await;
        set.expect("the database");
        db::forget_names(&app.db).await.expect("the database");
        let server = server.restart().await.restart().await;
        treasure.is_whole(&server).await;
        json(server.request(Method::POST, ROTATE)).await;
        over(&server).await;
        treasure.is_whole(&server).await;
        let current = ("current".to_owned(), VERSIONS + 3);
        assert_eq!(states(&server).await, [current, ("retired".to_owned(), 0)]);
        server.stop().await;
    }
}

/// A second server over the same database and store, with its own keys folder.
async fn second(server: &Server, keys: &Path) -> Server {
    let first = server.app.config.clone();
    let keys = keys.to_path_buf();
    Server::with(|config| {
        config.database = first.database;
        config.storage = first.storage;
        config.keys.folder = keys;
        config.media.jobs = 0;
        make_folder(&config.data).expect("a folder");
        std::fs::write(config.owner_token_file(), &server.owner).expect("the owner's token");
    })
    .await
}

fn copy_keys(from: &Path, to: &Path) {
    make_folder(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("listed") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

#[tokio::test]
async fn a_second_server_finds_the_new_key_or_says_what_it_lacks_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let treasure = Treasure::bury(&server).await;
        let folder = tempfile::tempdir().expect("a folder");
        let shared = second(&server, server.app.keys.folder()).await;
        let own = folder.path().join("own");
        copy_keys(server.app.keys.folder(), &own);
        let apart = second(&server, &own).await;

        json(server.request(Method::POST, ROTATE)).await;
        over(&server).await;
        play(&shared, &treasure.video).await;
        let path = format!("/api/v1/titles/{}/license", treasure.video.title);
        let recipient = RecipientKeyPair::generate(&mut rand::rng());
        let title = treasure.video.title.to_string();
        let body = json!({"title": title, "recipient_key": recipient.public()});
        let asked = apart.request(Method::POST, &path).json(&body);
        assert_eq!(refusal(asked).await.0, 503);
        let current = server.app.current_kek().await.expect("a KEK").id();
        let lacks = apart.app.current_kek().await.expect_err("it lacks it");
        let said = lacks.to_string();
        assert!(
            said.contains(&format!("lacks the key encryption key {current}")),
            "{said}"
        );
        assert!(said.contains(&own.display().to_string()), "{said}");
        let config = apart.app.config.clone();
        apart.stop().await;
        let refused = crate::serve::Dms::load(config.clone()).await.err();
        let said = refused.expect("refused").to_string();
        assert!(said.contains("lacks the key encryption key"), "{said}");

        copy_keys(server.app.keys.folder(), &own);
        let apart = second(&server, &own).await;
        play(&apart, &treasure.video).await;
        apart.stop().await;
        shared.stop().await;
        server.stop().await;
    }
}
