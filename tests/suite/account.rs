//! The first owner on the portal: led to the set-up, signing in, one-time codes.

use std::{path::Path, time::Duration};

use anyhow::{Context, ensure};
use harness::{Stack, process::run};
use serde_json::Value;
use tokio::process::Command;

/// The program that drives Chromium with playwright-core.
fn account() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../player/web/dev/account.mjs")
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_signs_the_first_owner_in_with_a_code() -> anyhow::Result<()> {
    let mut stack = Stack::builder().start().await?;
    let log = stack.dms.process()?.log();
    let token = log
        .split_whitespace()
        .find(|word| word.starts_with("dms_setup_"))
        .context("the first start prints a set-up token")?;
    let mut command = Command::new("node");
    command
        .arg(account())
        .args(["--url", &stack.dms.url, "--setup-token", token]);
    let done = run(command, Duration::from_secs(120)).await?;
    ensure!(done.code == 0, "{} {}", done.stdout, done.stderr);
    let said: Value = serde_json::from_str(&done.stdout)?;
    let says = |step: &str, what: &str| {
        let text = said[step].as_str().unwrap_or_default();
        assert!(text.contains(what), "{step}: {said}");
    };
    says("weak", "at least 12 characters");
    says("wrong", "name or the password is wrong");
    says("code", "six digits");
    says("who", "Olga");
    let audit = stack.dms.get("/api/v1/audit?action=person.made").await?;
    assert_eq!(audit["items"][0]["actor"], "Olga");
    stack.end().await
}
