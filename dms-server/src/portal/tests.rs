//! The portal over the real server and both databases.

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::db;
use crate::auth::Role;
use crate::testing::rights::Person;
use crate::testing::{Server, json as answer, refusal, text, title};

impl Server {
    /// A request of a person.
    fn of(&self, person: &Person, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.anonymous(method, path).bearer_auth(&person.token)
    }

    async fn put(&self, person: &Person, path: &str, body: Value) {
        answer(self.of(person, Method::PUT, path).json(&body)).await;
    }

    async fn theirs(&self, person: &Person, path: &str) -> Value {
        answer(self.of(person, Method::GET, path)).await
    }
}

fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().expect("items").iter();
    let id = |item: &Value| item.pointer("/title/id").or(item.get("id")).map(text);
    items.map(|item| id(item).expect("an id")).collect()
}

#[tokio::test]
async fn people_go_on_save_and_rate_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let ana = server.someone("ana", Role::Viewer).await;
        let bob = server.someone("bob", Role::Viewer).await;
        let title = title::video(&server).await.title;
        let id = Uuid::from_bytes(title.0);
        db::stretch(&server.app.db, id, 100_000)
            .await
            .expect("done");
        let at = |what: &str| format!("/api/v1/me/{what}/{title}");
        let nothing = json!({"seconds": null, "saved": false, "rating": null});
        assert_eq!(server.theirs(&ana, &at("titles")).await, nothing);
        for (seconds, goes_on) in [(9, false), (42, true), (95, false), (50, true)] {
            let body = json!({"seconds": seconds});
            server.put(&ana, &at("progress"), body).await;
            let list = server.theirs(&ana, "/api/v1/me/continue").await;
            assert_eq!(ids(&list).len(), usize::from(goes_on), "{seconds}");
        }
        let list = server.theirs(&ana, "/api/v1/me/continue").await;
        assert_eq!(list["items"][0]["seconds"], 50);
        server.put(&ana, &at("saved"), json!({})).await;
        server.put(&ana, &at("saved"), json!({})).await;
        server
            .put(&ana, &at("ratings"), json!({"rating": -1}))
            .await;
        server.put(&ana, &at("ratings"), json!({"rating": 1})).await;
        let mine = json!({"seconds": 50, "saved": true, "rating": 1});
        assert_eq!(server.theirs(&ana, &at("titles")).await, mine);
        assert_eq!(
            ids(&server.theirs(&ana, "/api/v1/me/saved").await),
            [title.to_string()]
        );
        // Nothing of it is anybody else's.
        assert_eq!(server.theirs(&bob, &at("titles")).await, nothing);
        for list in ["continue", "saved"] {
            let list = server.theirs(&bob, &format!("/api/v1/me/{list}")).await;
            assert_eq!(list["items"], json!([]));
        }
        for what in ["progress", "saved", "ratings"] {
            let gone = server.of(&ana, Method::DELETE, &at(what)).send().await;
            assert_eq!(gone.expect("an answer").status(), 204);
        }
        assert_eq!(server.theirs(&ana, &at("titles")).await, nothing);
        // What is wrong, is said; a token of the installation stands for nobody.
        let wrong = server
            .of(&ana, Method::PUT, &at("ratings"))
            .json(&json!({"rating": 2}));
        assert_eq!(refusal(wrong).await.1.errors[0].pointer, "/rating");
        let wrong = server
            .of(&ana, Method::PUT, &at("progress"))
            .json(&json!({"seconds": 9_999_999}));
        assert_eq!(refusal(wrong).await.1.code, "invalid_position");
        let nobody = server.request(Method::GET, "/api/v1/me/continue");
        assert_eq!(refusal(nobody).await.1.code, "no_account");
        let unknown = format!("/api/v1/me/saved/{}", Uuid::nil());
        assert_eq!(refusal(server.of(&ana, Method::PUT, &unknown)).await.0, 404);
        server.stop().await;
    }
}

#[tokio::test]
async fn what_others_with_the_same_taste_like_is_proposed_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let mut people = Vec::new();
        for name in ["ana", "bob", "cid", "dan"] {
            people.push(server.someone(name, Role::Viewer).await);
        }
        let (first, second) = (title::video(&server).await, title::video(&server).await);
        let like = async |person: &Person, title: &title::Video| {
            let path = format!("/api/v1/me/ratings/{}", title.title);
            server.put(person, &path, json!({"rating": 1})).await;
        };
        let [ana, bob, cid, dan] = people.as_slice() else {
            panic!("four people")
        };
        let proposed = async || server.theirs(ana, "/api/v1/me/for-you").await;
        assert_eq!(proposed().await["why_empty"], "nothing_liked");
        like(ana, &first).await;
        like(bob, &first).await;
        like(bob, &second).await;
        assert_eq!(
            proposed().await["why_empty"],
            "too_few_likes",
            "one person stays unknown"
        );
        like(cid, &first).await;
        like(cid, &second).await;
        let found = proposed().await;
        assert_eq!(
            (ids(&found), &found["why_empty"]),
            (vec![second.title.to_string()], &Value::Null)
        );
        // Only what the caller may see.
        let board =
            json!({"audience": {"groups": [server.group("board").await], "people": [dan.id]}});
        server.set_policy(&second, board).await;
        assert_eq!(ids(&proposed().await), Vec::<String>::new());
        like(dan, &first).await;
        assert_eq!(
            ids(&server.theirs(dan, "/api/v1/me/for-you").await),
            [second.title.to_string()]
        );
        // The company's switch.
        let switch = |on: bool| {
            let request = server.request(Method::PUT, "/api/v1/settings/portal");
            request.json(&json!({"for_you": on}))
        };
        answer(switch(false)).await;
        assert_eq!(
            server.get("/api/v1/settings/portal").await["for_you"],
            false
        );
        let off = server.theirs(dan, "/api/v1/me/for-you").await;
        assert_eq!(
            (&off["items"], &off["why_empty"]),
            (&json!([]), &json!("switched_off"))
        );
        answer(switch(true)).await;
        let log = server.get("/api/v1/audit?action=setting.").await;
        assert_eq!(log["items"].as_array().expect("rows").len(), 2);
        server.stop().await;
    }
}

impl Server {
    /// Asks for a title as a person; the status and the body of the answer.
    async fn ask(&self, person: &Person, title: &str, note: &str) -> (u16, String) {
        let path = format!("/api/v1/titles/{title}/access-requests");
        let asked = self
            .of(person, Method::POST, &path)
            .json(&json!({"note": note}));
        let answer = asked.send().await.expect("an answer");
        (
            answer.status().as_u16(),
            answer.text().await.expect("a text"),
        )
    }

    /// What waits for an answer.
    async fn waiting(&self) -> Vec<Value> {
        let list = self.get("/api/v1/access-requests?state=open").await;
        list["items"].as_array().expect("items").clone()
    }

    /// Answers a request as the owner; the status.
    async fn answer(&self, request: &Value, verb: &str) -> u16 {
        let path = format!("/api/v1/access-requests/{}/{verb}", text(&request["id"]));
        let answer = self.request(Method::POST, &path).send().await;
        answer.expect("an answer").status().as_u16()
    }

    /// What the log says of requests, the newest first.
    async fn access_log(&self) -> Vec<String> {
        let log = self.get("/api/v1/audit?action=access.").await;
        let rows = log["items"].as_array().expect("rows").iter();
        rows.map(|row| text(&row["action"])).collect()
    }
}

#[tokio::test]
async fn who_may_not_watch_asks_and_learns_nothing_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let ana = server.someone("ana", Role::Viewer).await;
        let video = title::video(&server).await;
        let id = video.title.to_string();
        assert!(server.ask(&ana, &id, "").await.1.contains("has_access"));
        let board = json!({"audience": {"groups": [server.group("board").await]}});
        server.set_policy(&video, board).await;
        assert!(server.ask(&ana, &id, "\u{0}").await.1.contains("/note"));
        let there = server.ask(&ana, &id, "for the audit").await;
        let elsewhere = server.ask(&ana, &Uuid::nil().to_string(), "x").await;
        assert_eq!((there.0, &there), (202, &elsewhere));
        assert_eq!(there, server.ask(&ana, &id, "again").await);
        let waiting = server.waiting().await;
        assert_eq!(
            (waiting.len(), &waiting[0]["note"]),
            (1, &json!("for the audit"))
        );
        assert_eq!(waiting[0]["person_name"], "ana");
        let mine = server.theirs(&ana, "/api/v1/me/access-requests").await;
        assert_eq!(
            mine["items"],
            json!([]),
            "that it waits would tell that it is there"
        );
        // Another publisher neither sees nor answers it.
        let other = server.someone("eve", Role::Publisher).await;
        for list in ["/api/v1/access-requests", "/api/v1/me/access-requests"] {
            assert_eq!(server.theirs(&other, list).await["items"], json!([]));
        }
        let path = format!("/api/v1/access-requests/{}/grant", text(&waiting[0]["id"]));
        assert_eq!(refusal(server.of(&other, Method::POST, &path)).await.0, 403);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_refusal_holds_for_a_day_and_a_grant_lets_in_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let ana = server.someone("ana", Role::Viewer).await;
        let video = title::video(&server).await;
        let id = video.title.to_string();
        let board =
            json!({"audience": {"groups": [server.group("board").await]}, "max_height": 360});
        server.set_policy(&video, board).await;
        server.ask(&ana, &id, "").await;
        let first = server.waiting().await;
        assert_eq!(server.answer(&first[0], "deny").await, 204);
        assert_eq!(server.answer(&first[0], "grant").await, 409);
        let mine = server.theirs(&ana, "/api/v1/me/access-requests").await;
        let (state, name) = (&mine["items"][0]["state"], &mine["items"][0]["title_name"]);
        assert_eq!((state, name), (&json!("denied"), &Value::Null));
        server.ask(&ana, &id, "").await;
        assert!(server.waiting().await.is_empty());
        server.app.clock.advance_ms(super::requests::AGAIN_MS + 1);
        server.ask(&ana, &id, "").await;
        let second = server.waiting().await;
        assert_eq!(server.answer(&second[0], "grant").await, 204);
        let policy = server.get(&format!("/api/v1/titles/{id}/policy")).await;
        assert_eq!(policy["policy"]["audience"]["people"], json!([ana.id]));
        assert_eq!(policy["policy"]["max_height"], 360);
        let mine = server.theirs(&ana, "/api/v1/me/access-requests").await;
        assert_eq!(mine["items"][0]["state"], "granted");
        assert!(mine["items"][0]["title_name"].is_string(), "{mine}");
        assert_eq!(ids(&server.theirs(&ana, "/api/v1/titles").await), [id]);
        let want = ["granted", "requested", "denied", "requested"];
        assert_eq!(
            server.access_log().await,
            want.map(|act| format!("access.{act}"))
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn what_stands_between_somebody_and_a_title_is_told_to_its_audience_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let ana = server.someone("ana", Role::Viewer).await;
        let eve = server.someone("eve", Role::Viewer).await;
        let video = title::video(&server).await;
        let path = format!("/api/v1/me/access/{}", video.title);
        let nowhere = format!("/api/v1/me/access/{}", Uuid::nil());
        let now = u64::try_from(server.app.clock.now_ms()).expect("after 1970");
        let (opens, ends) = (now + 60_000, now + 90_000);
        let policy = json!({"audience": {"people": [ana.id]}, "from_ms": opens, "until_ms": ends,
                            "max_height": 480});
        server.set_policy(&video, policy).await;
        let hers = server.theirs(&ana, &path).await;
        assert_eq!(hers["seen"], true);
        assert_eq!(
            (&hers["opens_ms"], &hers["ends_ms"], &hers["max_height"]),
            (&json!(opens), &json!(ends), &json!(480))
        );
        assert!(
            hers["owner"].is_string() && hers["answer"].is_null(),
            "{hers}"
        );
        let nothing = |mut answer: Value| {
            answer["now_ms"] = json!(0);
            answer
        };
        let unseen = nothing(server.theirs(&eve, &nowhere).await);
        assert_eq!(nothing(server.theirs(&eve, &path).await), unseen);
        // That it waits is not told: a title that is not there has no request that could.
        server.ask(&eve, &video.title.to_string(), "").await;
        assert_eq!(nothing(server.theirs(&eve, &path).await), unseen);
        let waiting = server.waiting().await;
        assert_eq!(server.answer(&waiting[0], "deny").await, 204);
        let denied = server.theirs(&eve, &path).await;
        assert_eq!(
            (&denied["seen"], &denied["answer"]["state"]),
            (&json!(false), &json!("denied"))
        );
        assert!(
            denied["opens_ms"].is_null() && denied["owner"].is_null(),
            "{denied}"
        );
        server.app.clock.advance_ms(61_000);
        assert!(server.theirs(&ana, &path).await["opens_ms"].is_null());
        server.stop().await;
    }
}
