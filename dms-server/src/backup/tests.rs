//! What was copied while the server ran is an installation again.

use http::Method;
use serde_json::json;

use super::*;
use crate::db::testing::postgres_url;
use crate::testing::{Server, title};

#[tokio::test]
async fn a_copy_beside_a_running_server_is_started_again_with_its_titles_and_keys() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    let video = title::video(&server).await;
    let config = server.app.config.clone();
    let elsewhere = tempfile::tempdir().expect("a folder");
    let to = elsewhere.path().join("copy");
    let copied = run(&config, &to).await.expect("copied");
    assert!(copied.database_bytes > 0 && copied.keys >= 3, "{copied:?}");
    let mode = fs::metadata(to.join("dms.db"))
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    // What comes afterwards is not in it.
    title::upload(&server, "file", b"later").await;
    let again = run(&config, &to)
        .await
        .expect_err("not into a folder with something in it");
    assert!(again.to_string().contains("not empty"), "{again}");
    let owner = server.owner.clone();
    // The store is copied by other means; here it stays where it was.
    let _old = server.stop().await;
    let store = config.storage.url.clone();
    let restored = Server::with(|config| {
        config.media.jobs = 0;
        config.storage.url = store;
        config.keys.folder = to.join("keys");
        config.database.url = format!("sqlite://{}", to.join("dms.db").display());
        // The owner's token is found by its hash, which is in the database.
        fs::create_dir_all(&config.data).expect("a folder");
        fs::set_permissions(&config.data, fs::Permissions::from_mode(0o700)).expect("allowed");
        fs::write(config.owner_token_file(), &owner).expect("written");
    })
    .await;
    let list = restored.get("/api/v1/titles").await;
    let titles = list["items"].as_array().expect("titles");
    assert_eq!(titles.len(), 1, "{list}");
    assert_eq!(titles[0]["id"], video.title.to_string());
    // Its keys are those of before: a licence opens the title key that they wrapped, and the log's chain is whole.
    let key = drm::license::RecipientKeyPair::generate(&mut rand::rng());
    let path = format!("/api/v1/titles/{}/license", video.title);
    let asked = restored.request(Method::POST, &path);
    let asked =
        asked.json(&json!({"title": video.title.to_string(), "recipient_key": key.public()}));
    assert_eq!(asked.send().await.expect("an answer").status(), 200);
    let log = restored.get("/api/v1/audit/verify").await;
    assert_eq!(log["whole"], true, "{log}");
    restored.stop().await;
}

#[tokio::test]
async fn what_cannot_be_copied_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = Config::in_folder(&folder.path().join("none"));
    let to = folder.path().join("copy");
    let none = run(&config, &to).await.expect_err("nothing there");
    assert!(none.to_string().contains("--data"), "{none}");
    assert!(!config.data.exists() && !to.exists(), "nothing was made");
    config.database.url = postgres_url().await;
    let other = run(&config, &to).await.expect_err("no file");
    assert!(other.to_string().contains("pg_dump"), "{other}");
}
