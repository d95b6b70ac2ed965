//! What the store holds, as it is said; over both databases.

use http::Method;
use serde_json::{Value, json};

use crate::auth::Role;
use crate::testing::{Server, json, refusal, text, title};

async fn as_role(server: &Server, role: Role) -> Value {
    let token = server.token(role).await;
    let asked = server.anonymous(Method::GET, "/api/v1/storage");
    json(asked.bearer_auth(token)).await
}

#[tokio::test]
async fn bytes_are_counted_by_what_they_belong_to_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 1).await {
        let empty = server.get("/api/v1/storage").await;
        assert_eq!(empty["bytes"]["titles"], 0, "{empty}");
        assert_eq!(empty["largest"], json!([]));
        let room = &empty["room"];
        assert!(room["size_bytes"].as_u64() >= room["free_bytes"].as_u64());
        assert!(text(&empty["place"]).starts_with("file:///"));
        let small = title::upload(&server, "file", &[1; 5_000]).await;
        let large = title::upload(&server, "file", &[2; 50_000]).await;
        for id in [small, large] {
            server.complete(id).await;
        }
        let full = server.get("/api/v1/storage").await;
        let whole = full["bytes"]["titles"].as_u64().expect("bytes");
        assert!((55_000..200_000).contains(&whole), "{full}");
        assert_eq!(full["bytes"]["waiting"], 0, "{full}");
        let ids: Vec<_> = full["largest"].as_array().expect("titles").iter().collect();
        assert_eq!(ids[0]["id"], large.to_string(), "{full}");
        assert_eq!((ids.len(), &ids[1]["id"]), (2, &json!(small.to_string())));
        let sum: u64 = ids.iter().filter_map(|one| one["bytes"].as_u64()).sum();
        assert_eq!(sum, whole, "nothing is shared: {full}");
        // Who keeps the machines learns the sizes; the name only of what is for them.
        let nobody = json!({"audience": {"groups": [server.group("board").await]}});
        let path = format!("/api/v1/titles/{large}/policy");
        let set = server
            .request(Method::PUT, &path)
            .json(&nobody)
            .send()
            .await;
        assert!(set.expect("an answer").status().is_success());
        let theirs = as_role(&server, Role::Operator).await;
        assert_eq!(theirs["largest"][0]["title"], Value::Null, "{theirs}");
        assert!(theirs["largest"][1]["title"].is_string(), "{theirs}");
        let path = format!("/api/v1/titles/{small}");
        let gone = server.request(Method::DELETE, &path).send().await;
        assert!(gone.expect("an answer").status().is_success());
        let after = server.get("/api/v1/storage").await;
        let left = after["bytes"]["titles"].as_u64().expect("bytes");
        assert!(left < whole - 4_000, "{after}");
        server.stop().await;
    }
}

#[tokio::test]
async fn the_store_is_tried_out_by_who_may_and_the_log_says_so() {
    let server = Server::start().await;
    let done = server.post("/api/v1/storage/test", json!({})).await;
    assert_eq!(done["works"], true, "{done}");
    let steps = done["steps"].as_array().expect("steps");
    let names: Vec<_> = steps.iter().map(|step| text(&step["step"])).collect();
    assert_eq!(names, ["write", "read", "read_range", "delete"]);
    assert!(steps.iter().all(|step| step["took_us"].as_u64() > Some(0)));
    let store = server.app.store.folder().expect("a folder").to_owned();
    std::fs::remove_dir_all(store.join("probe")).expect("removed");
    std::fs::write(store.join("probe"), "in the way").expect("written");
    let failed = server.post("/api/v1/storage/test", json!({})).await;
    let failure = &failed["steps"][0]["failure"];
    assert_eq!(
        (&failed["works"], &failure["code"]),
        (&json!(false), &json!("store_unusable"))
    );
    assert!(!text(&failure["fix"]).is_empty() && !text(&failure["detail"]).is_empty());
    let operator = server.token(Role::Operator).await;
    let asked = server.anonymous(Method::POST, "/api/v1/storage/test");
    let (status, problem) = refusal(asked.bearer_auth(operator)).await;
    assert_eq!((status, problem.code.as_str()), (403, "forbidden"));
    let log = server.get("/api/v1/audit?action=store.tested").await;
    let results: Vec<_> = log["items"].as_array().expect("rows").iter().collect();
    assert_eq!(results.len(), 2, "{log}");
    server.stop().await;
}
