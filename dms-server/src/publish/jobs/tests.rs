//! Leases over both databases.

use dms_transcoder_protocol::FailureCode;
use swarm::content::{ChunkId, ChunkRef, TitleId};
use uuid::Uuid;

use super::db::{self, Claim, Ending, Landed, Publication};
use crate::audit::testing::note;
use crate::db::{Db, testing};
use crate::publish::db::{self as titles, Seen};
use crate::publish::upload::{db as uploads, metadata::Metadata};

const NODE: &str = "node";
const QUOTA: u64 = 1 << 40;

/// A complete upload with its title and job.
async fn job(db: &Db, now_ms: i64) -> TitleId {
    let id = Uuid::new_v4();
    let metadata = Metadata::parse("").unwrap();
    let new = uploads::NewUpload {
        id,
        owner: "owner",
        node: NODE,
        bytes: 10,
        metadata: &metadata,
        profile: None,
        now_ms,
        expires_ms: now_ms + 1_000_000,
    };
    uploads::create(db, &new, QUOTA).await.unwrap();
    let title = uploads::finish(db, id, Uuid::now_v7(), &note(now_ms))
        .await
        .unwrap()
        .unwrap();
    TitleId(title.into_bytes())
}

async fn claim(db: &Db, owner: &str, now_ms: i64) -> Option<Claim> {
    db::claim(db, NODE, owner, now_ms, now_ms + 100)
        .await
        .unwrap()
}

async fn begin(db: &Db, claim: &Claim, now_ms: i64) -> bool {
    let needed = crate::keys::db::begin(db, "kek", 1).await.unwrap();
    assert_eq!(needed, ["kek"]);
    let begun = db::begin(db, claim, "kek", &[1, 2, 3], now_ms, now_ms + 100).await;
    assert_ne!(begun.as_ref().unwrap(), &db::Begun::OtherKek);
    begun.unwrap() == db::Begun::Yes
}

async fn state(db: &Db, title: TitleId) -> String {
    titles::title(db, title).await.unwrap().unwrap().state
}

fn chunk(n: u8) -> ChunkRef {
    ChunkRef {
        id: ChunkId([n; 32]),
        len: 7,
    }
}

const PUBLICATION: Publication<'static> = Publication {
    head: &[0x80],
    sprites: None,
    duration_ms: 5,
    breaks: 0,
};

#[tokio::test]
async fn the_oldest_job_is_claimed_once_and_only_by_its_node() {
    for test in testing::engines().await {
        let db = &test.db;
        let (first, second) = (job(db, 1).await, job(db, 2).await);
        let elsewhere = db::claim(db, "other", "w", 5, 105).await.unwrap();
        assert_eq!(elsewhere, None, "{}", test.name);
        let a = claim(db, "a", 5).await.unwrap();
        let b = claim(db, "b", 5).await.unwrap();
        assert_eq!(
            (a.title.into_bytes(), b.title.into_bytes()),
            (first.0, second.0)
        );
        assert_eq!((a.attempt, a.interruptions), (1, 0));
        assert_eq!(claim(db, "c", 5).await, None, "{}", test.name);
    }
}

#[tokio::test]
async fn many_workers_at_once_get_a_job_each() {
    for test in testing::engines().await {
        for n in 0..6 {
            job(&test.db, n).await;
        }
        let workers = (0..10).map(|n| {
            let db = test.db.clone();
            tokio::spawn(async move { claim(&db, &format!("w{n}"), 10).await })
        });
        let claims = futures_util::future::join_all(workers).await;
        let mut titles: Vec<_> = claims
            .into_iter()
            .filter_map(|c| Some(c.unwrap()?.title))
            .collect();
        titles.sort();
        titles.dedup();
        // On PostgreSQL one that finds its row taken by another may come out empty-handed.
        assert!(!titles.is_empty() && titles.len() <= 6, "{}", test.name);
        while let Some(more) = claim(&test.db, "late", 10).await {
            assert!(
                !titles.contains(&more.title),
                "{}: claimed twice",
                test.name
            );
            titles.push(more.title);
        }
        assert_eq!(titles.len(), 6, "{}", test.name);
    }
}

#[tokio::test]
async fn one_whose_lease_ended_writes_nothing_any_more() {
    for test in testing::engines().await {
        let db = &test.db;
        let title = job(db, 1).await;
        let old = claim(db, "old", 5).await.unwrap();
        assert!(begin(db, &old, 5).await);
        assert!(db::note_chunks(db, &old, &[chunk(1)]).await.unwrap());
        assert!(db::heartbeat(db, &old, 200).await.unwrap());
        assert_eq!(
            claim(db, "new", 150).await,
            None,
            "{}: the lease was lengthened",
            test.name
        );
        let new = claim(db, "new", 201).await.unwrap();
        assert_eq!((new.attempt, new.interruptions), (2, 1), "{}", test.name);
        assert!(begin(db, &new, 201).await);
        assert!(!db::heartbeat(db, &old, 300).await.unwrap());
        assert!(!db::note_chunks(db, &old, &[chunk(2)]).await.unwrap());
        assert_eq!(
            db::publish(db, &old, &PUBLICATION, &note(202))
                .await
                .unwrap(),
            Landed::Lost
        );
        let failed = Ending::Failed(FailureCode::NotVideo);
        assert!(!db::end(db, &old, failed, "", 202).await.unwrap());
        assert_eq!(state(db, title).await, "probing", "{}", test.name);
        assert!(db::note_chunks(db, &new, &[chunk(3)]).await.unwrap());
        assert_eq!(
            db::publish(db, &new, &PUBLICATION, &note(203))
                .await
                .unwrap(),
            Landed::Yes
        );
        assert_eq!(
            db::publish(db, &new, &PUBLICATION, &note(204))
                .await
                .unwrap(),
            Landed::Lost
        );
        let published = titles::published(db, title).await.unwrap().unwrap();
        assert_eq!(
            (published.version, published.duration_ms),
            (2, 5),
            "{}",
            test.name
        );
        let served = |n| titles::published_chunk(db, ChunkId([n; 32]));
        assert_eq!(served(3).await.unwrap(), Some(7));
        assert_eq!(
            served(1).await.unwrap(),
            None,
            "{}: a chunk of an attempt",
            test.name
        );
        assert_eq!(
            titles::abandoned(db, 250).await.unwrap(),
            None,
            "{}",
            test.name
        );
        let swept = titles::abandoned(db, 301).await.unwrap().unwrap();
        assert_eq!(swept.version, 1, "{}", test.name);
        let chunks = titles::swept_chunks(db, &swept, 10).await.unwrap();
        assert_eq!(chunks, [(vec![1; 32], false)], "{}", test.name);
    }
}

#[tokio::test]
async fn a_successor_takes_back_the_jobs_of_a_dead_worker_at_once() {
    for test in testing::engines().await {
        let db = &test.db;
        let title = job(db, 1).await;
        let old = claim(db, "node/0", 5).await.unwrap();
        assert!(begin(db, &old, 5).await);
        assert_eq!(
            db::reclaim(db, "node/1", 6).await.unwrap(),
            Vec::<Uuid>::new()
        );
        let back = db::reclaim(db, "node/0", 6).await.unwrap();
        assert_eq!(back, [Uuid::from_bytes(title.0)], "{}", test.name);
        assert_eq!(state(db, title).await, "queued", "{}", test.name);
        assert!(!db::heartbeat(db, &old, 300).await.unwrap());
        let again = claim(db, "node/0", 6).await.unwrap();
        assert_eq!(
            (again.attempt, again.interruptions),
            (2, 1),
            "{}",
            test.name
        );
        assert!(
            titles::abandoned(db, 6).await.unwrap().is_some(),
            "{}",
            test.name
        );
    }
}

#[tokio::test]
async fn retries_wait_releases_do_not_count_and_a_failure_says_why() {
    for test in testing::engines().await {
        let db = &test.db;
        let title = job(db, 1).await;
        let first = claim(db, "w", 5).await.unwrap();
        let retry = Ending::Retry {
            not_before_ms: 50,
            crashed: true,
        };
        assert!(db::end(db, &first, retry, "boom", 6).await.unwrap());
        assert_eq!(claim(db, "w", 49).await, None, "{}", test.name);
        let second = claim(db, "w", 50).await.unwrap();
        assert_eq!((second.failures, second.crashes, second.attempt), (1, 1, 2));
        assert!(
            db::end(db, &second, Ending::Released, "", 51)
                .await
                .unwrap()
        );
        let third = claim(db, "w", 52).await.unwrap();
        assert_eq!(
            (third.failures, third.crashes, third.interruptions),
            (1, 1, 0)
        );
        let failed = Ending::Failed(FailureCode::UnsupportedCodec);
        assert!(db::end(db, &third, failed, "why", 53).await.unwrap());
        let row = titles::title(db, title).await.unwrap().unwrap();
        assert_eq!(
            (row.state.as_str(), row.error_code.as_deref()),
            ("failed", Some("unsupported_codec"))
        );
        assert_eq!(claim(db, "w", 10_000).await, None, "{}", test.name);
    }
}

#[tokio::test]
async fn a_deleted_title_takes_its_job_and_its_chunks_with_it() {
    for test in testing::engines().await {
        let db = &test.db;
        let title = job(db, 1).await;
        let claim = claim(db, "w", 5).await.unwrap();
        assert!(begin(db, &claim, 5).await);
        assert!(db::note_chunks(db, &claim, &[chunk(1)]).await.unwrap());
        assert!(
            titles::delete_title(db, title, 6, 100, &note(6))
                .await
                .unwrap()
        );
        assert!(
            !titles::delete_title(db, title, 6, 100, &note(6))
                .await
                .unwrap()
        );
        assert!(!db::heartbeat(db, &claim, 300).await.unwrap());
        assert_eq!(
            db::publish(db, &claim, &PUBLICATION, &note(7))
                .await
                .unwrap(),
            Landed::Lost
        );
        assert_eq!(
            titles::abandoned(db, 105).await.unwrap(),
            None,
            "{}: its worker may not know",
            test.name
        );
        let swept = titles::abandoned(db, 106).await.unwrap().unwrap();
        titles::forget_chunks(db, &swept, &[vec![1; 32]])
            .await
            .unwrap();
        titles::forget_version(db, &swept).await.unwrap();
        assert_eq!(
            titles::abandoned(db, 1_000).await.unwrap(),
            None,
            "{}",
            test.name
        );
    }
}

#[tokio::test]
async fn the_quota_holds_however_many_declare_at_once() {
    for test in testing::engines().await {
        let declare = (0..8).map(|_| {
            let db = test.db.clone();
            tokio::spawn(async move {
                let metadata = Metadata::parse("").unwrap();
                let new = uploads::NewUpload {
                    id: Uuid::new_v4(),
                    owner: "o",
                    node: NODE,
                    bytes: 10,
                    metadata: &metadata,
                    profile: None,
                    now_ms: 1,
                    expires_ms: 2,
                };
                uploads::create(&db, &new, 35).await.is_ok()
            })
        });
        let fitted = futures_util::future::join_all(declare).await;
        let fitted = fitted
            .into_iter()
            .filter(|ok| *ok.as_ref().unwrap())
            .count();
        assert_eq!(fitted, 3, "{}", test.name);
    }
}

#[tokio::test]
async fn lists_run_from_the_newest_and_hide_what_is_not_complete() {
    for test in testing::engines().await {
        let db = &test.db;
        let mut made = Vec::new();
        for n in 0..3 {
            made.push(Uuid::from_bytes(job(db, n).await.0));
        }
        let ids = |rows: Vec<titles::TitleRow>| rows.into_iter().map(|r| r.id).collect::<Vec<_>>();
        let all = ids(titles::titles(db, None, &Seen::All.into(), 10)
            .await
            .unwrap());
        assert_eq!(all, [made[2], made[1], made[0]], "{}", test.name);
        let older = ids(titles::titles(db, Some(made[1]), &Seen::All.into(), 10)
            .await
            .unwrap());
        assert_eq!(older, [made[0]], "{}", test.name);
        assert!(
            ids(titles::titles(db, None, &Seen::ByViewer(None).into(), 10)
                .await
                .unwrap())
            .is_empty()
        );
        let claim = claim(db, "w", 5).await.unwrap();
        assert!(begin(db, &claim, 5).await);
        assert_eq!(
            db::publish(db, &claim, &PUBLICATION, &note(7))
                .await
                .unwrap(),
            Landed::Yes
        );
        let complete = ids(titles::titles(db, None, &Seen::ByViewer(None).into(), 10)
            .await
            .unwrap());
        assert_eq!(complete, [made[0]], "{}", test.name);
    }
}
