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
