//! Finding, over both databases.

use super::db;
use crate::testing::{Server, title};

#[tokio::test]
async fn titles_of_before_are_indexed_once() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let title = title::upload(&server, "file", b"x").await;
        assert_eq!(
            db::index_missing(&server.app.db, 10).await.expect("done"),
            0
        );
        db::forget(&server.app.db).await.expect("done");
        let found = || server.get("/api/v1/titles?matching=a");
        assert_eq!(found().await["items"], serde_json::json!([]));
        assert_eq!(
            db::index_missing(&server.app.db, 10).await.expect("done"),
            1
        );
        assert_eq!(found().await["items"][0]["id"], title.to_string());
        server.stop().await;
    }
}
