//! Sums stay when what they are the sums of goes; a log is compared.

use http::Method;
use serde_json::json;
use uuid::Uuid;

use super::RAW_MS;
use crate::ads::count::db::{InstanceRow, add_instance};
use crate::ads::count::tests::instance;
use crate::testing::{Server, json, title};

/// One break, filled, begun, ended and failed.
fn expected(report: serde_json::Value) {
    let row = &report["items"][0];
    assert_eq!(
        (&row["asked"], &row["filled"]),
        (&json!(1), &json!(1)),
        "{report}"
    );
    assert_eq!((&row["starts"], &row["completes"]), (&json!(1), &json!(1)));
    assert_eq!(row["error_codes"], json!({"405": 1}));
    assert_eq!(row["flagged"], 1, "a complete of nothing played");
}

#[tokio::test]
async fn sums_outlive_decisions_and_a_log_is_compared() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let title = Uuid::from_bytes(title::upload(&server, "video", b"source").await.0);
        let now = server.app.clock.now_ms();
        let row = InstanceRow {
            kind: "campaign".to_owned(),
            ..instance(title)
        };
        add_instance(&server.app.db, &row, now)
            .await
            .expect("added");
        let event = |event: &str, code: Option<u16>| json!({"instance": row.id, "event": event, "media_ms": 0, "at_ms": now, "code": code});
        let body = json!({"events": [event("start", None), event("complete", None), event("error", Some(405))]});
        server.post("/api/v1/ads/events", body).await;

        let log = format!(
            "instance,event,time\n{0},start,1\n{0},start,2\n{0},skip,3\n",
            row.id
        );
        let asked = server
            .request(Method::POST, "/api/v1/ads/reconcile")
            .body(log);
        let compared = json(asked).await;
        assert_eq!(compared["both"], 1);
        assert_eq!(
            (&compared["only_here"], &compared["only_there"]),
            (&json!(2), &json!(2))
        );

        for by in ["campaign", "site", "hour", "title"] {
            expected(server.get(&format!("/api/v1/ads/report?by={by}")).await);
        }
        super::forget(&server.app, now + RAW_MS + 1)
            .await
            .expect("removed");
        let range = format!("from={}&to={}", now - 3_600_000, now + 3_600_000);
        for by in ["campaign", "site", "hour", "title"] {
            expected(
                server
                    .get(&format!("/api/v1/ads/report?by={by}&{range}"))
                    .await,
            );
        }
        let sheet = server.request(Method::GET, "/api/v1/ads/report?format=csv&by=title");
        let sheet = sheet
            .send()
            .await
            .expect("an answer")
            .text()
            .await
            .expect("text");
        assert_eq!(sheet.lines().count(), 2);
        assert!(sheet.contains(",405:1,"), "{sheet}");
        super::forget(&server.app, now + 500 * 24 * 3_600_000)
            .await
            .expect("removed");
        assert_eq!(server.get("/api/v1/ads/report").await["items"], json!([]));
        server.stop().await;
    }
}
