//! The outbox in both databases: what is handed out once, claimed once, bounded and forgotten.

use std::collections::BTreeSet;

use super::*;
use crate::db::Db;
use crate::db::testing::engines;

async fn webhook(db: &Db, number: u8) -> Uuid {
    let id = Uuid::now_v7();
    let row = db::WebhookRow {
        id,
        url: format!("https://hooks.example/{number}"),
        secret: vec![number],
        secret_kek: "0123456789abcdef".to_owned(),
        events: "[]".to_owned(),
        enabled: 1,
        disabled_reason: None,
        dead_in_row: 0,
        created_by: "owner".to_owned(),
        created_ms: 1,
    };
    let kek = crate::keys::db::begin(db, &row.secret_kek, 1).await;
    assert!(kek.expect("the database").contains(&row.secret_kek));
    let added = db::add(db, &row, &crate::audit::testing::note(1)).await;
    assert_eq!(added.expect("the database"), db::Added::Yes);
    id
}

async fn note(db: &Db, number: i64) {
    let note = Note::new(Kind::TitleDeleted, number, json!({"n": number}));
    db::add_note(db, &note).await.expect("the database");
}

async fn hand_out(db: &Db, limit: i64, waiting_max: i64, now_ms: i64) -> usize {
    let write = |note: &db::NoteRow| note.data.clone();
    let done = db::hand_out(db, limit, waiting_max, now_ms, |_, _| true, write).await;
    done.expect("the database")
}

async fn log(db: &Db, webhook: Uuid) -> Vec<db::DeliveryRow> {
    db::deliveries(db, webhook, None, 1_000)
        .await
        .expect("the database")
}

async fn claim(db: &Db, webhook: Uuid, now_ms: i64) -> Option<db::Claim> {
    db::claim(db, webhook, now_ms, now_ms + 100)
        .await
        .expect("the database")
}

fn delivered() -> db::Ended {
    db::Ended {
        status: Some(200),
        error: None,
        again_ms: None,
    }
}

#[tokio::test]
async fn a_note_becomes_one_delivery_a_webhook_however_many_hand_out() {
    for test in engines().await {
        let db = &test.db;
        note(db, 0).await;
        let webhooks = [webhook(db, 1).await, webhook(db, 2).await];
        assert_eq!(
            hand_out(db, 10, 99, 5).await,
            0,
            "{}: nobody listened",
            test.name
        );
        for number in 1..=20 {
            note(db, number).await;
        }
        let servers = (0..6).map(|_| {
            let db = db.clone();
            tokio::spawn(async move { hand_out(&db, 4, 99, 5).await })
        });
        let taken = futures_util::future::join_all(servers).await;
        let mut taken: usize = taken.into_iter().map(|n| n.expect("no panic")).sum();
        while taken < 20 {
            taken += hand_out(db, 4, 99, 5).await;
        }
        assert_eq!(hand_out(db, 100, 99, 5).await, 0, "{}", test.name);
        for webhook in webhooks {
            let mut bodies = BTreeSet::new();
            while let Some(claim) = claim(db, webhook, 5).await {
                assert!(bodies.insert(claim.body), "{}: once", test.name);
            }
            assert_eq!(bodies.len(), 20, "{}", test.name);
        }
    }
}

#[tokio::test]
async fn of_many_servers_one_sends_a_delivery_until_its_lease_ends() {
    for test in engines().await {
        let db = &test.db;
        let webhook = webhook(db, 1).await;
        for number in 0..12 {
            note(db, number).await;
        }
        hand_out(db, 100, 99, 5).await;
        assert_eq!(db::due(db, 5).await.expect("due"), [webhook]);
        let servers = (0..8).map(|_| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut claims = Vec::new();
                while let Some(claim) = claim(&db, webhook, 5).await {
                    claims.push(claim.id);
                }
                claims
            })
        });
        let claims = futures_util::future::join_all(servers).await;
        let mut ids: Vec<Uuid> = claims
            .into_iter()
            .flat_map(|c| c.expect("no panic"))
            .collect();
        while let Some(claim) = claim(db, webhook, 5).await {
            ids.push(claim.id);
        }
        let distinct: BTreeSet<_> = ids.iter().collect();
        assert_eq!((ids.len(), distinct.len()), (12, 12), "{}", test.name);
        assert!(
            db::due(db, 104).await.expect("due").is_empty(),
            "{}",
            test.name
        );
        assert_eq!(
            db::due(db, 105).await.expect("due"),
            [webhook],
            "{}",
            test.name
        );
        let second = claim(db, webhook, 105).await.expect("the lease has ended");
        assert_eq!(second.attempts, 2);
        // The first server's word comes too late.
        let late = db::Claim {
            attempts: 1,
            ..second.clone()
        };
        db::end(db, &late, &delivered(), 106, 5, None)
            .await
            .expect("the database");
        let of = |log: &[db::DeliveryRow]| log.iter().find(|d| d.id == second.id).cloned();
        assert_eq!(
            of(&self::log(db, webhook).await).expect("it").state,
            "pending"
        );
        db::end(db, &second, &delivered(), 107, 5, None)
            .await
            .expect("the database");
        let row = of(&self::log(db, webhook).await).expect("it");
        assert_eq!(
            (row.state.as_str(), row.done_ms, row.last_status),
            ("delivered", Some(107), Some(200))
        );
    }
}

#[tokio::test]
async fn more_than_may_wait_is_dead_and_says_so() {
    for test in engines().await {
        let db = &test.db;
        let webhook = webhook(db, 1).await;
        for number in 0..5 {
            note(db, number).await;
        }
        hand_out(db, 100, 3, 5).await;
        let log = log(db, webhook).await;
        let states: Vec<_> = log.iter().rev().map(|d| d.state.as_str()).collect();
        assert_eq!(
            states,
            ["pending", "pending", "pending", "dead", "dead"],
            "{}",
            test.name
        );
        let error = log[0].last_error.as_deref().expect("a reason");
        assert!(error.contains("too many"), "{error}");
        let row = db::one(db, webhook)
            .await
            .expect("the database")
            .expect("it");
        assert_eq!((row.enabled, row.dead_in_row), (1, 0), "no attempt failed");
    }
}

#[tokio::test]
async fn what_is_old_or_too_much_is_forgotten() {
    for test in engines().await {
        let db = &test.db;
        let (webhook, other) = (webhook(db, 1).await, webhook(db, 2).await);
        for number in 0..6 {
            note(db, number).await;
            hand_out(db, 100, 99, 10 + number).await;
        }
        for _ in 0..5 {
            let claim = claim(db, webhook, 50).await.expect("due");
            db::end(db, &claim, &delivered(), 51, 5, None)
                .await
                .expect("the database");
        }
        let forgotten = db::forget(db, 0, 2).await.expect("the database");
        assert_eq!(
            forgotten, 3,
            "{}: the newest two that are done stay",
            test.name
        );
        let kept = log(db, webhook).await;
        let states: Vec<_> = kept.iter().map(|d| d.state.as_str()).collect();
        assert_eq!(
            states,
            ["pending", "delivered", "delivered"],
            "{}",
            test.name
        );
        assert_eq!(kept[2].created_ms, 13);
        assert_eq!(log(db, other).await.len(), 6, "what waits stays");
        let forgotten = db::forget(db, 15, 2).await.expect("the database");
        assert_eq!(forgotten, 2 + 5, "{}: both had older ones", test.name);
        assert!(
            db::delete(db, other, &crate::audit::testing::note(1))
                .await
                .expect("the database")
        );
        assert!(
            log(db, other).await.is_empty(),
            "{}: gone with it",
            test.name
        );
    }
}

#[tokio::test]
async fn a_note_is_undone_with_its_transaction() {
    for test in engines().await {
        let db = &test.db;
        let webhook = webhook(db, 1).await;
        let undone: sqlx::Result<()> = async {
            crate::tx!(db, |tx| {
                db::note!(tx, Note::new(Kind::PeerRevoked, 1, json!({})));
                Err::<(), _>(sqlx::Error::RowNotFound)?;
            });
            Ok(())
        }
        .await;
        assert!(undone.is_err());
        assert_eq!(hand_out(db, 10, 10, 5).await, 0, "{}", test.name);
        assert!(log(db, webhook).await.is_empty());
    }
}
