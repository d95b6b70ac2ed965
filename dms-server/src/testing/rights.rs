//! People of a test, what they may see, and the licences they get.

use drm::license::{Contact, Expect, Grant, RecipientKeyPair, verify};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::title::Video;
use super::{Server, json, text};
use crate::auth::Role;

/// The password of everybody.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A person and a token of theirs.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) token: String,
}

impl Server {
    pub(crate) async fn someone(&self, login: &str, role: Role) -> Person {
        let new = json!({"login": login, "name": login, "roles": [role], "password": PASSWORD,
                         "department": format!("{login}'s")});
        let made = self.post("/api/v1/people", new).await;
        let body = json!({"login": login, "password": PASSWORD});
        let session = self.anonymous(Method::POST, "/session").json(&body);
        let session = session.send().await.expect("an answer");
        let cookie = session.headers()["set-cookie"].to_str().expect("text");
        let token = self
            .anonymous(Method::POST, "/api/v1/tokens")
            .header("cookie", cookie.split(';').next().expect("a pair"))
            .header("origin", self.app.public_origin())
            .json(&json!({"name": "player", "roles": [role]}));
        Person {
            id: text(&made["id"]).parse().expect("an id"),
            token: text(&json(token).await["token"]),
        }
    }

    pub(crate) async fn group(&self, name: &str) -> Uuid {
        let made = self.post("/api/v1/groups", json!({ "name": name })).await;
        text(&made["id"]).parse().expect("an id")
    }

    pub(crate) async fn member(&self, group: Uuid, person: Uuid, is_in: bool) {
        let path = format!("/api/v1/groups/{group}/members/{person}");
        let method = if is_in { Method::PUT } else { Method::DELETE };
        let answer = self.request(method, &path).send().await;
        assert_eq!(answer.expect("an answer").status(), 204);
    }

    pub(crate) async fn set_policy(&self, video: &Video, policy: Value) {
        let path = format!("/api/v1/titles/{}/policy", video.title);
        json(self.request(Method::PUT, &path).json(&policy)).await;
    }

    /// A request for a licence by who holds this token.
    pub(crate) fn license(
        &self,
        video: &Video,
        token: &str,
        more: Value,
    ) -> reqwest::RequestBuilder {
        let key = RecipientKeyPair::generate(&mut rand::rng());
        let mut body = json!({"title": video.title.to_string(), "recipient_key": key.public()});
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let path = format!("/api/v1/titles/{}/license", video.title);
        let asked = self.anonymous(Method::POST, &path);
        asked.bearer_auth(token).json(&body)
    }

    /// What a licence says, and its tracks.
    pub(crate) fn read(&self, video: &Video, license: &[u8]) -> (Grant, Vec<u16>) {
        let expect = Expect {
            tenant: "default",
            title: video.title.0,
            version: Some(video.manifest.version),
            device: None,
            contact: Contact::Online,
        };
        let now = self.app.clock.now_ms().unsigned_abs();
        let keys = self.app.keys.license_keys();
        let verified = verify(license, &keys, &expect, now).expect("a valid licence");
        (verified.grant().clone(), verified.tracks().to_vec())
    }

    /// The licence that comes of a request; fails unless it is given.
    pub(crate) async fn given(
        &self,
        video: &Video,
        asked: reqwest::RequestBuilder,
    ) -> (Grant, Vec<u16>) {
        let answer = asked.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        self.read(video, &answer.bytes().await.expect("a body"))
    }
}
