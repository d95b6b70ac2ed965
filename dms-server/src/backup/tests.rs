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

/// The backups, once none is being made.
async fn settled(server: &Server) -> serde_json::Value {
    for _ in 0..600 {
        let list = server.get("/api/v1/backups").await;
        if list["making"].is_null() {
            return list;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("a backup takes half a minute");
}

#[tokio::test]
async fn an_owner_makes_backups_on_the_servers_machine_and_removes_them() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    let empty = server.get("/api/v1/backups").await;
    assert_eq!(
        (&empty["items"], &empty["possible"]),
        (&json!([]), &json!(true))
    );
    let folder = kept::folder(&server.app.config);
    // What a killed server left is no backup, and is in nobody's way.
    keys::make_folder(&folder).expect("a folder");
    keys::make_folder(&folder.join(".making")).expect("a folder");
    fs::write(folder.join(".making/dms.db"), b"half").expect("written");

    let begin = || server.request(Method::POST, "/api/v1/backups").send();
    assert_eq!(begin().await.expect("an answer").status(), 202);
    let list = settled(&server).await;
    let items = list["items"].as_array().expect("backups");
    assert_eq!(
        (items.len(), &list["failed"]),
        (1, &serde_json::Value::Null),
        "{list}"
    );
    let name = items[0]["name"].as_str().expect("a name").to_owned();
    assert!(items[0]["keys"].as_u64() >= Some(3) && items[0]["database_bytes"].as_u64() > Some(0));
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder.join(&name)), 0o700);
    assert_eq!(mode(&folder.join(&name).join("dms.db")), 0o600);
    assert!(!folder.join(".making").exists());

    assert!(server.app.backups.begin(0), "as if one were being made");
    let refused = |method: Method, path: String| {
        let asked = server.request(method, &path);
        async move { crate::testing::refusal(asked).await.1.code }
    };
    let backups = || "/api/v1/backups".to_owned();
    assert_eq!(refused(Method::POST, backups()).await, "backup_running");
    server.app.backups.end(kept::Doing::Nothing);
    for wrong in ["none", "..", "%2e%2e", "..%2f..%2fkeys", ".making"] {
        let asked = server.request(Method::DELETE, &format!("/api/v1/backups/{wrong}"));
        assert_eq!(crate::testing::refusal(asked).await.0, 404, "{wrong}");
    }
    for extra in 0..kept::BACKUPS_MAX {
        let more = folder.join(format!("more-{extra}"));
        keys::make_folder(&more).expect("a folder");
        fs::write(more.join("dms.db"), b"x").expect("written");
    }
    assert_eq!(refused(Method::POST, backups()).await, "too_many_backups");
    let gone = server.request(Method::DELETE, &format!("/api/v1/backups/{name}"));
    assert_eq!(gone.send().await.expect("an answer").status(), 204);
    assert!(!folder.join(&name).exists());
    let admin = server.token(crate::auth::Role::ItAdmin).await;
    let asked = server.anonymous(Method::GET, "/api/v1/backups");
    assert_eq!(
        crate::testing::refusal(asked.bearer_auth(admin)).await.0,
        403
    );
    for act in ["backup.made", "backup.removed"] {
        let log = server.get(&format!("/api/v1/audit?action={act}")).await;
        assert_eq!(log["items"].as_array().expect("rows").len(), 1, "{log}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_copied_is_said() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    // A file where the folder should be.
    fs::write(kept::folder(&server.app.config), b"in the way").expect("written");
    let error = kept::make(&server.app.config, 0)
        .await
        .expect_err("no folder");
    assert!(!kept::is_full(&error));
    let full = anyhow::Error::from(std::io::Error::from(std::io::ErrorKind::StorageFull));
    assert!(kept::is_full(&full.context("cannot copy the database")));
    server.stop().await;
}
