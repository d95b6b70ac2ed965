//! Readiness tells the part that fails, and probes only once a while.

use super::*;
use crate::observe::testing::TestServer;

/// The parts that a 503 names.
async fn failing_parts(server: &TestServer) -> Vec<String> {
    let answer = server.get("/readyz", None).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let problem: ProblemBody = serde_json::from_str(&answer.body).expect("a problem");
    assert_eq!(problem.code, "not_ready");
    problem.errors.into_iter().map(|e| e.pointer).collect()
}

/// Makes the next request probe again.
async fn forget(server: &TestServer) {
    *server.app().readiness.newest.lock().await = None;
}

#[tokio::test]
async fn a_working_server_is_live_and_ready() {
    let server = TestServer::new().await;
    assert_eq!(server.get("/livez", None).await.status, StatusCode::OK);
    let answer = server.get("/readyz", None).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body, r#"{"status":"ready"}"#);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn a_lost_store_is_named_and_its_return_noticed() {
    let server = TestServer::new().await;
    let data = server.folder.path();
    let (store, away) = (data.join("store"), data.join("away"));
    std::fs::rename(&store, &away).expect("the store goes away");
    // A file in its place: the store cannot make its folders again.
    std::fs::write(&store, b"").expect("a file");
    assert_eq!(failing_parts(&server).await, ["store"]);
    assert_eq!(server.get("/livez", None).await.status, StatusCode::OK);
    std::fs::remove_file(&store).expect("the file goes");
    std::fs::rename(&away, &store).expect("the store comes back");
    forget(&server).await;
    assert_eq!(server.get("/readyz", None).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_missing_step_and_a_closed_database_are_named() {
    let server = TestServer::new().await;
    db::forget_newest_migration(&server.app().db)
        .await
        .expect("the row goes");
    assert_eq!(failing_parts(&server).await, ["migrations"]);
    server.app().db.close().await;
    forget(&server).await;
    assert_eq!(failing_parts(&server).await, ["database"]);
}

#[tokio::test]
async fn an_answer_is_repeated_without_a_new_probe() {
    let server = TestServer::new().await;
    let hour = Duration::from_secs(3600);
    // Dated into the future, so that it is fresh however slow this machine is.
    *server.app().readiness.newest.lock().await = Some(Findings {
        at: Instant::now().checked_add(hour).expect("a moment"),
        failing: vec![Part::Store],
    });
    assert_eq!(failing_parts(&server).await, ["store"]);
}

#[tokio::test]
async fn a_stopping_server_takes_no_new_work() {
    let server = TestServer::new().await;
    server.app().stop.cancel();
    let answer = server.get("/readyz", None).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}
