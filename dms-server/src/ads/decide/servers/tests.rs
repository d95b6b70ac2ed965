//! Decision servers over the real server: how they are described, what becomes of their answers, and that none of them holds
//! a break.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dms_ads::decision::{Ad, Decision, MediaFile};
use futures_util::future::BoxFuture;
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ads::decide::breaker::{FAILURES_MAX, REST_MS};
use crate::ads::decide::db::{BreakRow, add_break};
use crate::ads::server::{Asked, DecisionHook, Failure};
use crate::testing::receiver::{Receiver, reply};
use crate::testing::title::{Video, video};
use crate::testing::{Server, json as answer, refusal, text};

const SERVERS: &str = "/api/v1/ads/servers";

/// Where receivers listen.
const AT: &str = "127.77.0.1:0";

/// What a stand-in does, and how often it was asked.
#[derive(Debug)]
struct StandIn {
    asked: AtomicUsize,
    says: Option<Decision>,
}

impl DecisionHook for StandIn {
    fn decide<'a>(&'a self, _: &'a Asked, _: Duration) -> BoxFuture<'a, Result<Decision, Failure>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async {
            match &self.says {
                Some(decision) => Ok(decision.clone()),
                // It keeps to no budget.
                None => std::future::pending().await,
            }
        })
    }
}

impl StandIn {
    fn of(server: &Server, made: &Value, says: Option<Decision>) -> Arc<Self> {
        let own = Arc::new(Self {
            asked: AtomicUsize::new(0),
            says,
        });
        let id = text(&made["id"]).parse().expect("an id");
        let mut all = server.app.filling.stand_ins.lock().expect("no panic");
        all.insert(id, own.clone());
        own
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn servers() -> [Server; 2] {
    Server::both_with(|config| {
        config.media.jobs = 0;
        config.egress.allow = vec!["127.77.0.0/16".to_owned()];
    })
    .await
}

async fn content(server: &Server) -> Video {
    let content = video(server).await;
    let row = BreakRow {
        at_ms: 500,
        length_ms: None,
        resume_ms: 0,
        hold: 0,
    };
    let title = Uuid::from_bytes(content.title.0);
    add_break(&server.app.db, title, 1, row)
        .await
        .expect("the database");
    content
}

async fn assets(server: &Server, content: &Video, session: u128) -> Value {
    let session = Uuid::from_u128(session);
    let path = format!(
        "/api/v1/titles/{}/breaks/1/assets?session={session}",
        content.title
    );
    server.get(&path).await
}

fn ad(url: String, errors: Vec<String>) -> Decision {
    let media = MediaFile {
        url,
        media_type: "video/mp4".into(),
        width: 640,
        height: 360,
        bitrate: 0,
        progressive: true,
    };
    let ad = Ad {
        id: "ad".into(),
        title: Some("Soap".into()),
        advertiser: None,
        universal_id: None,
        duration_ms: 15_000,
        skip_after_ms: None,
        click: None,
        media: vec![media],
        tracking: Vec::new(),
        errors,
        companions: Vec::new(),
    };
    Decision {
        ads: vec![ad],
        errors: Vec::new(),
    }
}

#[tokio::test]
async fn a_server_is_made_changed_and_removed_and_its_secret_shown_once() {
    for server in servers().await {
        let far = Receiver::http(AT, |_, _| reply(200, "", b"")).await;
        let body = json!({"name": "Acme", "kind": "webhook", "url": far.url("/?[CACHEBUSTING]")});
        let made = server.post(SERVERS, body.clone()).await;
        assert!(text(&made["secret"]).starts_with("whsec_"));
        assert_eq!(
            (&made["forward_viewer"], &made["timeout_ms"]),
            (&json!(false), &json!(1_000))
        );
        let path = format!("{SERVERS}/{}", text(&made["id"]));
        let shown = server.get(&path).await;
        assert_eq!((shown.get("secret"), &shown["alert"]), (None, &Value::Null));
        let mut vast = body.clone();
        vast["kind"] = json!("vast");
        assert!(
            server
                .post(SERVERS, vast.clone())
                .await
                .get("secret")
                .is_none()
        );
        let other_kind = server.request(Method::PUT, &path).json(&vast);
        assert_eq!(refusal(other_kind).await.1.errors[0].pointer, "/kind");
        let mut slow = body.clone();
        (slow["timeout_ms"], slow["url"]) = (json!(9_000), json!("https://10.0.0.1/"));
        let places = refusal(server.request(Method::POST, SERVERS).json(&slow))
            .await
            .1
            .errors;
        let places: Vec<_> = places
            .iter()
            .map(|e| (e.pointer.as_str(), e.code.as_str()))
            .collect();
        assert_eq!(places, [("/timeout_ms", "range"), ("/url", "refused")]);
        let mut off = body.clone();
        off["enabled"] = json!(false);
        let put = |tag: &str| {
            server
                .request(Method::PUT, &path)
                .header("if-match", tag)
                .json(&off)
        };
        assert_eq!(answer(put("\"1\"")).await["enabled"], false);
        assert_eq!(refusal(put("\"1\"")).await.0, 412);
        let settings = json!({"hooks": [made["id"], "campaigns"], "report": "player"});
        let put = server
            .request(Method::PUT, "/api/v1/ads/settings")
            .json(&settings);
        assert_eq!(answer(put).await["hooks"][0], made["id"]);
        let gone = server.request(Method::DELETE, &path).send().await;
        assert_eq!(gone.expect("an answer").status(), 204);
        assert_eq!(
            refusal(server.request(Method::GET, &path)).await.1.code,
            "ad_server_not_found"
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn a_server_that_never_answers_holds_no_break_and_is_left_alone() {
    for server in servers().await {
        let (content, slate) = (content(&server).await, video(&server).await);
        let far = Receiver::http(AT, |_, _| reply(200, "", b"")).await;
        let slate = json!({"title": slate.title.to_string()});
        let slate = server.post("/api/v1/ads/creatives", slate).await;
        let settings = json!({"hooks": ["campaigns"], "slate": slate["id"], "report": "server"});
        answer(
            server
                .request(Method::PUT, "/api/v1/ads/settings")
                .json(&settings),
        )
        .await;
        let body = json!({"name": "Acme", "kind": "vast", "url": far.url("/"), "timeout_ms": 100});
        let made = server.post(SERVERS, body).await;
        let silent = StandIn::of(&server, &made, None);
        for session in 0..u128::from(FAILURES_MAX) + 3 {
            let list = assets(&server, &content, session).await;
            assert_eq!(list["ASSETS"][0]["X-DMS"]["why"]["kind"], "slate", "{list}");
        }
        assert_eq!(silent.asked(), FAILURES_MAX as usize, "then it rests");
        let path = format!("{SERVERS}/{}", text(&made["id"]));
        let shown = server.get(&path).await;
        assert!(text(&shown["alert"]).contains("301"), "{shown}");
        server.app.clock.advance_ms(REST_MS + 1);
        for session in 100..103 {
            assets(&server, &content, session).await;
        }
        assert_eq!(
            silent.asked(),
            FAILURES_MAX as usize + 1,
            "one question tries it"
        );
        server.app.clock.advance_ms(REST_MS + 1);
        StandIn::of(&server, &made, Some(Decision::default()));
        assets(&server, &content, 200).await;
        assert_eq!(server.get(&path).await["alert"], Value::Null);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_creative_at_a_url_is_fetched_once_and_one_that_cannot_be_is_told() {
    for server in servers().await {
        let content = content(&server).await;
        let far = Receiver::http(AT, |_, received| match received.line.contains("/gone") {
            true => reply(404, "", b""),
            false => reply(200, "", b"no video, but that is for the transcoder to say"),
        })
        .await;
        let body = json!({"name": "Acme", "kind": "vast", "url": far.url("/vast")});
        let made = server.post(SERVERS, body).await;
        StandIn::of(
            &server,
            &made,
            Some(ad(far.url("/soap.mp4?cb=1"), Vec::new())),
        );
        let asked = (0..6).map(|session| assets(&server, &content, session));
        let lists = futures_util::future::join_all(asked).await;
        assert!(
            lists.iter().all(|list| list == &json!({"ASSETS": []})),
            "not ready: the content plays on"
        );
        StandIn::of(
            &server,
            &made,
            Some(ad(far.url("/soap.mp4?cb=2"), Vec::new())),
        );
        assets(&server, &content, 10).await;
        let soap = until(&server, |creative| creative["title"] != Value::Null).await;
        assert_eq!(
            (&soap["state"], &soap["listed"]),
            (&json!("preparing"), &json!(false))
        );
        let title = server
            .get(&format!("/api/v1/titles/{}", text(&soap["title"])))
            .await;
        assert_eq!(title["title"], "Soap");
        assets(&server, &content, 11).await;
        let times = |part: &str| {
            far.requests()
                .iter()
                .filter(|r| r.line.contains(part))
                .count()
        };
        assert_eq!(times("/soap"), 1);

        let errors = vec![far.url("/told?code=[ERRORCODE]")];
        StandIn::of(&server, &made, Some(ad(far.url("/gone.mp4"), errors)));
        assets(&server, &content, 20).await;
        let gone = until(&server, |creative| creative["state"] == "failed").await;
        assert_eq!(
            (&gone["error_code"], &gone["reason"]),
            (&json!(401), &json!("the host answered 404"))
        );
        assets(&server, &content, 21).await;
        let told = async {
            while times("/told?code=401") == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(crate::testing::PATIENCE, told)
            .await
            .expect("it is told");
        assert_eq!(
            times("/gone"),
            1,
            "what is not there is not asked for again"
        );
        server.stop().await;
    }
}

/// Waits until a creative is as wanted.
async fn until(server: &Server, is_wanted: impl Fn(&Value) -> bool) -> Value {
    let wait = async {
        loop {
            let page = server.get("/api/v1/ads/creatives").await;
            let all = page["items"].as_array().expect("items").clone();
            if let Some(found) = all.into_iter().find(|creative| is_wanted(creative)) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::testing::PATIENCE, wait)
        .await
        .expect("as wanted in time")
}
