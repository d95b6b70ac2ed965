//! A worker with a data folder of its own, as on another machine: same database, store and keys.

use super::*;
use crate::publish::upload::master;

/// Larger than one part of a master, so that it is stored in several.
const BYTES: usize = (16 << 20) + 12_345;

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_on_another_machine_does_the_job_once_the_source_is_handed_over() {
    let (folder, server) = bench(0).await;
    let path = folder.path().join("image.bin");
    let bytes: Vec<u8> = (0..BYTES).map(|i| (i * 31 % 251) as u8).collect();
    std::fs::write(&path, &bytes).unwrap();
    let title = server.publish(&path, "file").await;

    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir_all(&elsewhere).unwrap();
    std::fs::copy(
        server.data.join("owner.token"),
        elsewhere.join("owner.token"),
    )
    .unwrap();
    let shared = server.app.config.clone();
    let worker = Bench::start(elsewhere, 1, move |config| {
        config.database = shared.database;
        config.storage = shared.storage;
        config.keys = shared.keys;
    })
    .await;
    let (node, now_ms) = (&worker.app.publish.node, worker.app.clock.now_ms());
    assert_ne!(node, &server.app.publish.node);
    let claimed = publish::jobs::db::claim(&worker.app.db, node, "w", now_ms, now_ms + 1).await;
    assert_eq!(
        claimed.unwrap(),
        None,
        "the source is in another node's spool"
    );

    master::hand_over_waiting(&server.app).await.unwrap();
    assert_eq!(
        std::fs::read_dir(server.data.join("uploads"))
            .unwrap()
            .count(),
        0
    );
    let (over, _) = worker.over(title).await;
    assert_eq!(over["state"], "complete", "{over}");
    let published = publish::published(&server.app, title)
        .await
        .unwrap()
        .unwrap();
    let manifest = published.manifest.manifest();
    let segments = server.open(manifest, &manifest.tracks[0]).await;
    assert!(segments.concat() == bytes);

    publish::upload::reap(&server.app).await.unwrap();
    let masters = std::fs::read_dir(server.data.join("store/masters"));
    assert_eq!(
        masters.map_or(0, Iterator::count),
        0,
        "the master went with its job"
    );
    worker.end().await;
    server.end().await;
}
