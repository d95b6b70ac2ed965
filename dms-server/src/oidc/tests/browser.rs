//! What browsers do with the cookies: a real one, sent back and forth between two sites.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use serde_json::json;
use tokio::process::Command;
use tokio::time::timeout;

use super::issuer::{Issuer, Key};
use super::{connect, says};
use crate::testing::{PATIENCE, Server};

/// How often a Chromium that shows nothing at all is started again: on a busy machine its budget ends on the way.
const STARTS: usize = 4;

/// What Chromium shows in the end of whom a page of the provider's site sends to `to`.
async fn sent(profile: &Path, issuer: &Issuer, to: &str) -> String {
    for _ in 1..STARTS {
        let shown = sent_once(profile, issuer, to).await;
        if shown.contains('{') {
            return shown;
        }
    }
    sent_once(profile, issuer, to).await
}

async fn sent_once(profile: &Path, issuer: &Issuer, to: &str) -> String {
    let mut url = url::Url::parse(&format!("{}/start", issuer.url)).expect("a URL");
    url.query_pairs_mut().append_pair("to", to);
    let browser = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
        ])
        .args([
            "--no-proxy-server",
            "--virtual-time-budget=10000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(url.as_str())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let shown = timeout(PATIENCE, browser).await.expect("it ends in time");
    let shown = shown.expect("run `make setup`: Chromium is missing");
    String::from_utf8_lossy(&shown.stdout).into_owned()
}

#[tokio::test]
async fn a_browser_that_comes_back_is_signed_in() {
    let key = Arc::new(Key::draw("one", "ES256"));
    let issuer = Issuer::start(&[&key]).await;
    let server = Server::with(connect(&issuer)).await;
    says(&server, &issuer, &key, json!({}));
    let profile = tempfile::tempdir().expect("a folder");
    let me = format!("{}/session", server.url);
    let before = sent(profile.path(), &issuer, &me).await;
    assert!(before.contains("unauthenticated"), "{before}");
    let way = format!("{}/session/oidc?next=/session", server.url);
    let after = sent(profile.path(), &issuer, &way).await;
    assert!(after.contains("\"subject\":\"Ana Lima\""), "{after}");
    // The cookie is there, and does not go along with what another site causes: had the way back ended in
    // a redirect, the page behind it would not have known who comes.
    let again = sent(profile.path(), &issuer, &me).await;
    assert!(again.contains("unauthenticated"), "{again}");
    server.stop().await;
}
