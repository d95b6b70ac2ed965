//! Both migration folders tell the same story.

use std::collections::BTreeSet;

use super::*;

fn numbers(migrator: &Migrator) -> BTreeSet<(i64, String)> {
    migrator
        .iter()
        .map(|m| (m.version, m.description.to_string()))
        .collect()
}

#[test]
fn both_engines_have_the_same_migrations() {
    assert_eq!(numbers(&SQLITE_MIGRATIONS), numbers(&POSTGRES_MIGRATIONS));
    assert!(!numbers(&SQLITE_MIGRATIONS).is_empty());
}

#[tokio::test]
async fn migrations_run_twice_on_both_engines() {
    for test in testing::engines().await {
        test.db.migrate().await.expect("up to date is no error");
    }
}

#[tokio::test]
async fn a_full_disk_is_told_as_such_on_both_engines() {
    for test in testing::engines().await {
        let refused = match &test.db {
            Db::Sqlite { write, .. } => {
                // As on a full disk: the file may not grow by another page.
                let full = sqlx::query("PRAGMA max_page_count = 1").execute(write);
                full.await.expect("the least it may have");
                let big = sqlx::query("CREATE TABLE big AS SELECT randomblob(1 << 20)");
                big.execute(write).await.map(drop)
            }
            Db::Pg(pool) => {
                let raise = "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'disk_full'; END $$";
                sqlx::query(raise).execute(pool).await.map(drop)
            }
        };
        let error = refused.expect_err("full");
        assert!(is_full(&error), "{}: {error}", test.name);
        let problem = crate::problem::Problem::from(error);
        assert_eq!(
            (problem.status.as_u16(), problem.code),
            (507, "storage_full")
        );
    }
}
