//! Uploads and jobs in lists, armed, cancelled and tried again, over both databases.

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::auth::Role;
use crate::publish::jobs;
use crate::publish::jobs::db::Ending;
use crate::testing::{Server, refusal, text, title};
use dms_transcoder_protocol::FailureCode;

async fn declare(server: &Server, length: usize, body: &[u8]) -> String {
    let made = server
        .request(Method::POST, "/api/v1/uploads")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", length)
        .header("content-type", "application/offset+octet-stream")
        .body(body.to_vec());
    let made = made.send().await.expect("an answer");
    assert_eq!(made.status(), 201);
    made.headers()["location"]
        .to_str()
        .expect("text")
        .to_owned()
}

async fn only_job(server: &Server) -> Value {
    let list = server.get("/api/v1/jobs").await;
    assert_eq!(list["items"].as_array().expect("items").len(), 1);
    list["items"][0].clone()
}

async fn act(server: &Server, job: &Value, verb: &str) -> u16 {
    let path = format!("/api/v1/jobs/{}/{verb}", text(&job["id"]));
    let answer = server.request(Method::POST, &path).send().await;
    answer.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn uploads_are_listed_and_armed_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let whole = title::upload(&server, "file", b"all").await;
        let upload = declare(&server, 10, b"1234").await;
        let list = server.get("/api/v1/uploads").await;
        let items = list["items"].as_array().expect("items");
        assert_eq!(
            (items.len(), &items[0]["offset"], &items[0]["bytes"]),
            (2, &json!(4), &json!(10))
        );
        assert_eq!(
            (&items[1]["offset"], &items[1]["title"]),
            (&json!(3), &json!(whole.to_string()))
        );
        let first = server.get("/api/v1/uploads?limit=1").await;
        let rest = format!(
            "/api/v1/uploads?limit=1&cursor={}",
            text(&first["next_cursor"])
        );
        assert_eq!(server.get(&rest).await["items"][0], items[1]);
        let coming = server.get("/api/v1/uploads?unfinished=true").await;
        assert_eq!(coming["items"].as_array().expect("items").len(), 1);
        let other = server.token(Role::Publisher).await;
        let theirs = server
            .anonymous(Method::GET, "/api/v1/uploads")
            .bearer_auth(&other);
        assert_eq!(crate::testing::json(theirs).await["items"], json!([]));

        let group = server.group("board").await;
        let path = format!("{upload}/policy");
        let arm = |body: Value| server.request(Method::PUT, &path).json(&body);
        let unknown = json!({"audience": {"groups": [Uuid::nil()]}});
        assert_eq!(
            refusal(arm(unknown)).await.1.errors[0].pointer,
            "/audience/groups/0"
        );
        let foreign = server.anonymous(Method::PUT, &path).bearer_auth(&other);
        assert_eq!(refusal(foreign.json(&json!({}))).await.0, 404);
        let armed = arm(json!({"audience": {"groups": [group]}})).send().await;
        assert_eq!(armed.expect("an answer").status(), 204);
        assert_eq!(
            server.get("/api/v1/uploads").await["items"][0]["armed"],
            true
        );
        let last = server
            .request(Method::PATCH, &upload)
            .header("tus-resumable", "1.0.0")
            .header("upload-offset", 4)
            .header("content-type", "application/offset+octet-stream")
            .body("567890");
        let last = last.send().await.expect("an answer");
        let made = last.headers()["dms-title"]
            .to_str()
            .expect("text")
            .to_owned();
        let policy = server.get(&format!("/api/v1/titles/{made}/policy")).await;
        assert_eq!(policy["policy"]["audience"]["groups"], json!([group]));
        let late = refusal(arm(json!({}))).await;
        assert_eq!((late.0, late.1.code.as_str()), (409, "upload_finished"));
        server.stop().await;
    }
}

#[tokio::test]
async fn a_job_is_cancelled_and_tried_again_while_its_source_is_there_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let title = title::upload(&server, "file", b"source").await;
        let job = only_job(&server).await;
        assert_eq!(
            (&job["state"], &job["can_cancel"], &job["can_retry"]),
            (&json!("queued"), &json!(true), &json!(false))
        );
        assert_eq!(
            act(&server, &job, "retry").await,
            409,
            "it goes on by itself"
        );
        let (app, node) = (&server.app, &server.app.publish.node);
        let now = app.clock.now_ms();
        let claim = jobs::db::claim(&app.db, node, "test", now, now + 60_000).await;
        let claim = claim.expect("the database").expect("a job");
        assert_eq!(act(&server, &job, "cancel").await, 204);
        let beat = jobs::db::heartbeat(&app.db, &claim, now + 90_000).await;
        assert!(!beat.expect("the database"), "its worker has lost it");
        assert_eq!(act(&server, &job, "cancel").await, 409);
        let failed = only_job(&server).await;
        assert_eq!(
            (&failed["error"]["code"], &failed["can_retry"]),
            (&json!("cancelled"), &json!(true))
        );
        // Tidying up leaves the source.
        crate::publish::upload::reap(app).await.expect("tidied");
        assert_eq!(act(&server, &job, "retry").await, 202);
        assert_eq!(only_job(&server).await["state"], "queued");
        let view = server.get(&format!("/api/v1/titles/{title}")).await;
        assert_eq!(
            (&view["state"], &view["error"]),
            (&json!("queued"), &Value::Null)
        );
        // What is the file's fault is not tried again, and its source goes.
        let now = app.clock.now_ms();
        let claim = jobs::db::claim(&app.db, node, "test", now, now + 60_000).await;
        let claim = claim.expect("the database").expect("a job");
        let ending = Ending::Failed(FailureCode::NotVideo);
        assert!(
            jobs::db::end(&app.db, &claim, ending, "", now)
                .await
                .expect("done")
        );
        assert_eq!(act(&server, &job, "retry").await, 409);
        crate::publish::upload::reap(app).await.expect("tidied");
        let log = server.get("/api/v1/audit?action=job.").await;
        assert_eq!(log["items"].as_array().expect("rows").len(), 2);
        let other = server.token(Role::Publisher).await;
        let path = format!("/api/v1/jobs/{}/cancel", text(&job["id"]));
        let foreign = server.anonymous(Method::POST, &path).bearer_auth(other);
        assert_eq!(refusal(foreign).await.0, 403);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_kept_source_goes_with_its_upload() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    title::upload(&server, "file", b"source").await;
    let job = only_job(&server).await;
    assert_eq!(act(&server, &job, "cancel").await, 204);
    let hours = i64::from(server.app.config.media.upload_hours);
    server.app.clock.advance_ms((hours + 1) * 3_600_000);
    assert_eq!(only_job(&server).await["can_retry"], false);
    crate::publish::upload::reap(&server.app)
        .await
        .expect("tidied");
    assert_eq!(server.get("/api/v1/uploads").await["items"], json!([]));
    assert_eq!(act(&server, &job, "retry").await, 409);
    server.stop().await;
}
