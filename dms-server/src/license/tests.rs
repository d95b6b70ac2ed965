//! Licences that open, and those that are not given.

use drm::license::{Contact, Expect, RecipientKeyPair, verify};
use drm::segment::{self, SegmentContext};
use http::Method;
use serde_json::json;
use uuid::Uuid;

use super::db;
use crate::testing::device::Device;
use crate::testing::title::{self, Video};
use crate::testing::{Server, refusal};

async fn server() -> (Server, Video) {
    let server = Server::with(|config| config.media.jobs = 0).await;
    let video = title::video(&server).await;
    (server, video)
}

fn body(video: &Video, recipient: &RecipientKeyPair) -> serde_json::Value {
    json!({"title": video.title.to_string(), "recipient_key": recipient.public()})
}

fn of_title(video: &Video) -> db::Filter {
    db::Filter {
        title: Some(Uuid::from_bytes(video.title.0)),
        ..db::Filter::default()
    }
}

/// Checks the licence and opens every segment of the video with it.
fn open(
    server: &Server,
    video: &Video,
    recipient: &RecipientKeyPair,
    license: &[u8],
    device: [u8; 16],
) {
    let expect = Expect {
        tenant: "default",
        title: video.title.0,
        version: Some(video.manifest.version),
        device: Some(device),
        contact: Contact::Online,
    };
    let now = server.app.clock.now_ms().unsigned_abs();
    let keys = server.app.keys.license_keys();
    let license = verify(license, &keys, &expect, now).expect("a valid licence");
    let track_keys = license.open(recipient).expect("sealed to this key");
    for (track, segments) in video.sealed.iter().enumerate() {
        let track = track as u16 + 1;
        let key = track_keys.get(track).expect("the track's key");
        for (index, sealed) in segments.iter().enumerate() {
            let context = SegmentContext {
                tenant: "default",
                title: video.title.0,
                version: video.manifest.version,
                track,
                segment: index as u32,
            };
            let chunks: Vec<&[u8]> = sealed.chunks(segment::MAX_CHUNK_LEN).collect();
            let clear = segment::open(key, &context, &chunks).expect("it opens");
            assert_eq!(
                clear.as_slice(),
                &video.clear[usize::from(track) - 1][index][..]
            );
        }
    }
}

#[tokio::test]
async fn a_licence_for_a_device_opens_every_track_and_is_recorded() {
    let (server, video) = server().await;
    let device = Device::enroll(&server, "pc 7").await;
    let recipient = RecipientKeyPair::generate(&mut rand::rng());
    let asked = device
        .client()
        .post(device.url("/v1/license"))
        .json(&body(&video, &recipient));
    let answer = asked.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/cose");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    open(
        &server,
        &video,
        &recipient,
        &answer.bytes().await.expect("a body"),
        device.id.0,
    );

    let recorded = db::list(&server.app.db, of_title(&video), None, 10).await;
    let recorded = recorded.expect("the database");
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].subject, "pc 7");
    assert_eq!(recorded[0].device, Some(Uuid::from_bytes(device.id.0)));
    assert_eq!(
        recorded[0].expires_ms - recorded[0].issued_ms,
        12 * 3600 * 1000
    );
    server.stop().await;
}

#[tokio::test]
async fn a_licence_for_a_page_opens_with_the_pages_key_only() {
    let (server, video) = server().await;
    let token = server.token(crate::auth::Role::Viewer).await;
    let recipient = RecipientKeyPair::generate(&mut rand::rng());
    let path = format!("/api/v1/titles/{}/license", video.title);
    let asked = server.anonymous(Method::POST, &path).bearer_auth(token);
    let answer = asked
        .json(&body(&video, &recipient))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let license = answer.bytes().await.expect("a body");
    open(&server, &video, &recipient, &license, [0; 16]);
    let stranger = RecipientKeyPair::generate(&mut rand::rng());
    let expect = Expect {
        tenant: "default",
        title: video.title.0,
        version: Some(1),
        device: Some([0; 16]),
        contact: Contact::Online,
    };
    let now = server.app.clock.now_ms().unsigned_abs();
    let keys = server.app.keys.license_keys();
    let verified = verify(&license, &keys, &expect, now).expect("valid");
    assert!(verified.open(&stranger).is_err());
    server.stop().await;
}

#[tokio::test]
async fn no_licence_for_revoked_devices_unknown_titles_or_useless_keys() {
    let (server, video) = server().await;
    let device = Device::enroll(&server, "pc").await;
    let recipient = RecipientKeyPair::generate(&mut rand::rng());
    let ask = |body: serde_json::Value| device.client().post(device.url("/v1/license")).json(&body);
    let good = body(&video, &recipient);
    for (field, value, status, code) in [
        ("title", json!("nonsense"), 400, "invalid_body"),
        (
            "title",
            json!(Uuid::nil().to_string()),
            404,
            "title_not_found",
        ),
        ("recipient_key", json!("AAAA"), 422, "invalid_body"),
        (
            "recipient_key",
            json!("A".repeat(43)),
            400,
            "invalid_recipient_key",
        ),
    ] {
        let mut wrong = good.clone();
        wrong[field] = value;
        let (got, problem) = refusal(ask(wrong.clone())).await;
        assert_eq!(problem.code, code, "{wrong}");
        assert_eq!(got, status, "{wrong}");
    }
    let path = format!("/api/v1/titles/{}/license", Uuid::nil());
    let mismatch = server.request(Method::POST, &path).json(&good);
    assert_eq!(refusal(mismatch).await.1.errors[0].pointer, "/title");

    let path = format!("/api/v1/devices/{}", device.id);
    server
        .request(Method::DELETE, &path)
        .send()
        .await
        .expect("an answer");
    let (status, problem) = refusal(ask(good)).await;
    assert_eq!((status, problem.code.as_str()), (403, "device_revoked"));
    let recorded = db::list(&server.app.db, of_title(&video), None, 10).await;
    assert!(recorded.expect("the database").is_empty());
    server.stop().await;
}
