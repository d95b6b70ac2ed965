//! Enrolment against a small DMS that speaks the protocol.

use std::sync::Arc;

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::post};
use serde_json::{Value, json};

use super::*;
use crate::{device_key::SoftwareStore, net::authority::Authority};

const DEVICE: DeviceId = DeviceId([7; 16]);

async fn enroll(
    State(authority): State<Arc<Authority>>,
    Json(body): Json<Value>,
) -> axum::response::Response {
    if body["token"] != "good" {
        let problem =
            json!({"status": 401, "code": "token_spent", "detail": "This token was used up."});
        return (StatusCode::UNAUTHORIZED, Json(problem)).into_response();
    }
    assert_eq!(body["kind"], "edge_peer");
    assert_eq!(body["key_level"], "software");
    assert_eq!(body["name"], "desk-1");
    let certificate = authority.sign_request(body["csr_pem"].as_str().unwrap(), DEVICE);
    Json(json!({
        "device_id": DEVICE,
        "certificate_pem": certificate,
        "ca_pem": authority.pem(),
        "device_url": "https://127.0.0.1:8443",
        "portal_origins": ["http://127.0.0.1:8080"],
        "tenant": "acme",
        "manifest_keys": ["00"],
        "license_keys": [],
    }))
    .into_response()
}

async fn small_dms() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/api/v1/devices/enroll", post(enroll));
    let router = router.with_state(Arc::new(Authority::new()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/")
}

fn enrolment(dms: &str, token: &str) -> Enrolment {
    Enrolment {
        dms: dms.into(),
        token: token.into(),
        name: "desk-1".into(),
        dms_ca: None,
        bind: None,
    }
}

#[tokio::test]
async fn a_token_becomes_a_device_once() {
    let dms = small_dms().await;
    let dir = tempfile::tempdir().unwrap();
    let state = StateFolder::at(dir.path().join("state"));
    let trust = enrolment(&dms, " good\n")
        .run(&state, &SoftwareStore::new(&state))
        .await
        .unwrap();
    assert_eq!(trust.device_id, DEVICE);
    assert_eq!(state.trust().unwrap(), trust);
    assert_eq!(trust.dms_url, dms.trim_end_matches('/'));
    let identity = crate::agent::read_identity(&state, &trust).unwrap();
    assert_eq!(identity.device(), DEVICE);
    let key = state.read(names::KEY).unwrap();
    assert!(key.starts_with(b"-----BEGIN PRIVATE KEY-----"));

    let again = enrolment(&dms, "good")
        .run(&state, &SoftwareStore::new(&state))
        .await;
    assert!(matches!(
        again,
        Err(EnrolmentError::State(StateError::AlreadyEnrolled(_)))
    ));
    assert_eq!(state.read(names::KEY).unwrap(), key);
}

#[tokio::test]
async fn refusals_say_what_to_do_and_leave_nothing_enrolled() {
    let dms = small_dms().await;
    let dir = tempfile::tempdir().unwrap();
    let state = StateFolder::at(dir.path());
    let refused = enrolment(&dms, "spent")
        .run(&state, &SoftwareStore::new(&state))
        .await
        .unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("This token was used up. (401)"), "{text}");
    let bare = Problem {
        status: 403,
        ..Problem::default()
    };
    let text = EnrolmentError::Refused(bare).to_string();
    assert!(text.contains("ask for a new one"), "{text}");
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let away = enrolment(&nobody, "good")
        .run(&state, &SoftwareStore::new(&state))
        .await;
    assert!(matches!(away, Err(EnrolmentError::Unreachable { .. })));
    assert!(!state.is_enrolled());
}

#[test]
fn a_token_never_crosses_the_network_in_clear() {
    for good in [
        "https://dms.example",
        "https://dms.example:8443/",
        "http://127.0.0.1:1",
        "http://[::1]:1",
        "http://localhost:1",
    ] {
        assert!(checked_url(good).is_ok(), "{good}");
    }
    for open in [
        "http://dms.example",
        "http://10.0.0.1:8080",
        "http://127.0.0.1.example",
    ] {
        assert!(
            matches!(checked_url(open), Err(EnrolmentError::Insecure(_))),
            "{open}"
        );
    }
    for wrong in [
        "dms.example",
        "ftp://x",
        "https://u:p@x",
        "https://x/y",
        "https://x/?a=b",
        "",
    ] {
        assert!(
            matches!(checked_url(wrong), Err(EnrolmentError::Url(_))),
            "{wrong}"
        );
    }
}
