//! What players ask over their agent's control connection.

use drm::license::RecipientKeyPair;
use serde_json::{Value, json};
use swarm::wire::question::MAX_QUESTION;
use swarm::wire::{Answered, Asked, Question, ToDms, ToPeer};
use uuid::Uuid;

use crate::testing::Server;
use crate::testing::device::{Control, Device};
use crate::testing::title;

impl Control {
    /// Asks, and waits for the answer.
    async fn ask(&mut self, request: u32, question: Question) -> Answered {
        let asked = Asked { request, question };
        self.send(&ToDms::Ask(asked)).await;
        loop {
            if let ToPeer::Answer(answer) = self.expect().await {
                assert_eq!(answer.request, request);
                return answer;
            }
        }
    }
}

fn problem(answer: &Answered) -> Value {
    assert_eq!(answer.media_type, "application/problem+json");
    serde_json::from_slice(&answer.body).expect("JSON")
}

#[tokio::test]
async fn a_licence_asked_by_message_is_the_one_asked_by_http() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    let video = title::video(&server).await;
    let device = Device::enroll(&server, "pc 7").await;
    let mut control = device.control("127.0.0.1").await;
    let recipient = RecipientKeyPair::generate(&mut rand::rng());
    let body = json!({"title": video.title.to_string(), "recipient_key": recipient.public()});
    let question = Question::License(body.to_string().into());
    let by_message = control.ask(5, question).await;
    assert_eq!(by_message.status, 200);
    assert_eq!(by_message.media_type, "application/cose");
    let by_http = device
        .client()
        .post(device.url("/v1/license"))
        .json(&body)
        .send();
    let by_http = by_http
        .await
        .expect("an answer")
        .bytes()
        .await
        .expect("a body");

    let now = server.app.clock.now_ms().unsigned_abs();
    let keys = server.app.keys.license_keys();
    let expect = drm::license::Expect {
        tenant: "default",
        title: video.title.0,
        version: Some(video.manifest.version),
        device: Some(device.id.0),
        contact: drm::license::Contact::Online,
    };
    for license in [&by_message.body[..], &by_http[..]] {
        let license = drm::license::verify(license, &keys, &expect, now).expect("a licence");
        assert!(license.open(&recipient).is_ok(), "sealed to this key");
    }
    let recorded = server.get("/api/v1/licenses").await;
    let recorded = recorded["items"].as_array().expect("items").clone();
    assert_eq!(recorded.len(), 2);
    for license in &recorded {
        assert_eq!(license["subject"], "pc 7");
        let id = Uuid::parse_str(license["id"].as_str().expect("an id")).expect("an id");
        let question = Question::Standing(id.into_bytes());
        let standing = control.ask(6, question).await;
        let standing: Value = serde_json::from_slice(&standing.body).expect("JSON");
        assert_eq!(standing["holds"], true);
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_refused_by_http_is_refused_by_message_and_the_connection_stays() {
    let server = Server::start().await;
    let device = Device::enroll(&server, "pc 7").await;
    let mut control = device.control("127.0.0.1").await;
    let nobody = Uuid::from_u128(7);
    let recipient = RecipientKeyPair::generate(&mut rand::rng());
    let unknown = json!({"title": nobody.to_string(), "recipient_key": recipient.public()});
    let cases = [
        (Question::License(Vec::new()), 400, "invalid_body"),
        (
            Question::License(vec![0xff; MAX_QUESTION]),
            400,
            "invalid_body",
        ),
        (Question::License(b"{}".to_vec()), 422, "invalid_body"),
        (
            Question::License(unknown.to_string().into()),
            404,
            "title_not_found",
        ),
        (
            Question::Standing(nobody.into_bytes()),
            404,
            "license_not_found",
        ),
    ];
    for (number, (question, status, code)) in (1..).zip(cases) {
        let answer = control.ask(number, question).await;
        let problem = problem(&answer);
        assert_eq!((answer.status, &problem["code"]), (status, &json!(code)));
        assert!(problem["request_id"].is_string(), "{problem}");
    }
    server.stop().await;
}
