//! The ring, and streams over the real server.

use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::auth::Role;
use crate::events::Event;
use crate::testing::{PATIENCE, Server, json as answer, refusal, text, title};

#[test]
fn a_reader_goes_on_where_it_was_or_is_told_that_it_missed_something() {
    let live = Live::default();
    let now = live.begin(None);
    assert_eq!((now.number, now.missed), (0, false));
    for n in 0..RING_MAX as i64 + 10 {
        live.push(Happening::Peers(SitePeers::of(None, n, Sent::default())));
    }
    let (all, next) = live.after(now);
    assert_eq!(all, [Happening::Missed], "the ring did not reach");
    live.push(Happening::Missed);
    let (all, _) = live.after(next);
    assert_eq!(all.len(), 1);
    let id = live.id(next);
    assert_eq!(live.begin(Some(&id)), next);
    let first = live.id(Cursor {
        number: 1,
        missed: false,
    });
    for stale in [
        first.as_str(),
        "",
        "x",
        "x-1",
        "1",
        &id.replace('-', "-9"),
        "\u{1f600}-1",
    ] {
        let cursor = live.begin(Some(stale));
        assert!(cursor.missed && cursor.number == next.number + 1, "{stale}");
    }
    assert_eq!(live.after(live.begin(None)).0, []);
}

#[test]
fn places_are_counted_and_given_back() {
    let live = Arc::new(Live::default());
    let mut places: Vec<_> = (0..CALLER_STREAMS_MAX)
        .map(|_| live.take("ana".into()).expect("a place"))
        .collect();
    assert_eq!(live.take("ana".into()).expect_err("full"), Full::Caller);
    places.pop();
    places.push(live.take("ana".into()).expect("a place"));
    for n in 0..STREAMS_MAX - CALLER_STREAMS_MAX {
        places.push(live.take(n.to_string()).expect("a place"));
    }
    assert_eq!(live.take("bob".into()).expect_err("full"), Full::Server);
    drop(places);
    assert!(!live.has_streams() && live.callers.lock().expect("a lock").is_empty());
}

/// A stream as a client reads it.
struct Reader {
    answer: reqwest::Response,
    read: String,
}

impl Reader {
    async fn open(server: &Server, token: &str, last_id: Option<&str>) -> Self {
        let mut asked = server
            .anonymous(Method::GET, "/api/v1/events")
            .bearer_auth(token);
        if let Some(id) = last_id {
            asked = asked.header("last-event-id", id);
        }
        let answer = asked.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self {
            answer,
            read: String::new(),
        }
    }

    /// The next event: its name, data and id; none: the stream ended.
    async fn next(&mut self) -> Option<(String, Value, Option<String>)> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let field = |name: &str| {
                    let mut lines = event.lines();
                    lines.find_map(|line| line.strip_prefix(name).map(|v| v.trim().to_owned()))
                };
                let id = field("id:");
                let found = field("event:").map(|name| {
                    let data = field("data:").expect("data");
                    (name, serde_json::from_str(&data).expect("JSON"), id)
                });
                self.read = rest.to_owned();
                if found.is_some() {
                    return found;
                }
                continue;
            }
            let more = tokio::time::timeout(PATIENCE, self.answer.chunk());
            let more = more.await.expect("in time").expect("bytes")?;
            self.read
                .push_str(std::str::from_utf8(&more).expect("UTF-8"));
        }
    }

    /// The next event of this name.
    async fn named(&mut self, name: &str) -> (Value, Option<String>) {
        loop {
            let (this, data, id) = self.next().await.expect("the stream goes on");
            if this == name {
                return (data, id);
            }
        }
    }
}

#[tokio::test]
async fn what_happens_is_told_to_whom_it_concerns_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let viewer = server.token(Role::Viewer).await;
        let mut owner = Reader::open(&server, &server.owner, None).await;
        let mut other = Reader::open(&server, &viewer, None).await;
        let (_, begun) = owner.named("hello").await;
        other.named("hello").await;
        let video = title::video(&server).await;
        let id = video.title.to_string();
        let (data, _) = owner.named("upload.changed").await;
        assert_eq!(data["offset"], 6);
        let (data, _) = owner.named("title.changed").await;
        assert_eq!(data["id"], json!(id));
        // The board's title is none of a viewer's business; what they see next is the other one's.
        let board = json!({"audience": {"groups": [server.group("board").await]}});
        server.set_policy(&video, board).await;
        let second = title::upload(&server, "file", b"x").await;
        server.app.events.emit(Event::TitleDeleted(second));
        let (data, last) = other.named("title.deleted").await;
        assert_eq!(data["title"], second.to_string());
        // Whoever breaks off goes on behind the last id, and hears again what came since the first.
        let mut again = Reader::open(&server, &server.owner, begun.as_deref()).await;
        assert_eq!(again.named("title.changed").await.0["id"], json!(id));
        let mut lost = Reader::open(&server, &server.owner, Some("elsewhere-1")).await;
        lost.named("missed").await;
        assert!(last.is_some());
        // Lists of administrators: told to who may read them, and to nobody else.
        let site = json!({"name": "Lyon", "subnets": ["10.1.0.0/16"]});
        server.post("/api/v1/sites", site).await;
        owner.named("sites.changed").await;
        server.app.events.emit(Event::ListChanged(List::Devices));
        server.app.events.emit(Event::TitleDeleted(second));
        owner.named("devices.changed").await;
        let (next, ..) = other.next().await.expect("the stream goes on");
        assert_eq!(next, "title.deleted", "no list is told to a viewer");
        let path = format!("/api/v1/titles/{id}");
        let change = server.request(Method::PATCH, &path);
        answer(change.json(&json!({"title": "Renamed"}))).await;
        while owner.named("title.changed").await.0["title"] != "Renamed" {}
        server.stop().await;
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_token_and_with_the_server() {
    let server = Server::start().await;
    let made = json!({"name": "short", "roles": ["viewer"]});
    let made = server.post("/api/v1/tokens", made).await;
    let mut short = Reader::open(&server, &text(&made["token"]), None).await;
    let mut owner = Reader::open(&server, &server.owner.clone(), None).await;
    short.named("hello").await;
    owner.named("hello").await;
    let path = format!("/api/v1/tokens/{}", text(&made["id"]));
    let gone = server.request(Method::DELETE, &path).send().await;
    assert_eq!(gone.expect("an answer").status(), 204);
    assert!(short.next().await.is_none(), "it ends with its token");
    server.stop().await;
    while owner.next().await.is_some() {}
}

#[tokio::test]
async fn a_caller_has_so_many_streams_and_no_more() {
    let server = Server::start().await;
    let mut open = Vec::new();
    for _ in 0..CALLER_STREAMS_MAX {
        open.push(Reader::open(&server, &server.owner, None).await);
    }
    let (status, problem) = refusal(server.request(Method::GET, "/api/v1/events")).await;
    assert_eq!((status, problem.code.as_str()), (429, "too_many_streams"));
    server.stop().await;
}
