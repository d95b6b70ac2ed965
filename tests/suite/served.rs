//! A person goes on watching on the page that their PC's own agent serves: a real Chromium that takes the portal for a
//! page of a wider network, a real DMS, a real agent.

use std::{path::Path, time::Duration};

use anyhow::{Context, ensure};
use harness::{Clip, Stack, process::run};
use serde_json::{Value, json};
use tokio::process::Command;

const PASSWORD: &str = "correct horse battery";

/// What the browser saw.
async fn drive(stack: &Stack, url: &str, person: &str) -> anyhow::Result<Value> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../player/web/dev/served.mjs");
    let mut command = Command::new("node");
    command
        .arg(program)
        .args(["--url", url, "--agent", &stack.peers[0].local_url])
        .args(["--login", "ana", "--password", PASSWORD, "--person", person])
        .arg("--owner-token-file")
        .arg(stack.dms.token_file());
    let done = run(command, Duration::from_secs(420)).await?;
    ensure!(done.code == 0, "{} {}", done.stdout, done.stderr);
    serde_json::from_str(&done.stdout).with_context(|| format!("a report: {}", done.stdout))
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_goes_on_at_the_agents_own_page() -> anyhow::Result<()> {
    let clip = Clip::new(8).make().await?;
    let stack = Stack::builder()
        .site("lyon", "127.1.0.0/16", 1)
        .start()
        .await?;
    let title = stack.dms.publish(&clip.path, "All hands").await?;
    let new = json!({"login": "ana", "name": "Ana", "roles": ["viewer"], "password": PASSWORD});
    let ana = stack.dms.post("/api/v1/people", new).await?;
    let person = ana["id"].as_str().context("an id")?;
    let url = format!("{}/watch/{}", stack.dms.url, title.id);
    let said = drive(&stack, &url, person).await?;

    // The page of the portal plays from the origin; nobody was asked anything, neither before nor after.
    assert_eq!(
        said["before"],
        json!({"permission": "prompt", "path": "origin"}),
        "{said}"
    );
    assert_eq!(said["after"]["permission"], "prompt", "{said}");
    assert_eq!(said["paused"], true, "{said}");
    // The agent's page plays through the agent, and asks nobody else.
    let agent = &stack.peers[0].local_url;
    let played = &said["played"];
    assert_eq!(
        (&played["path"], &played["route"]["reason"]),
        (&json!("agent"), &json!("not_gated")),
        "{said}"
    );
    assert_eq!(said["hosts"], json!([agent]), "{said}");
    assert_eq!(said["refused"], json!([]), "{said}");
    let address = said["address"].as_str().context("an address")?;
    let expected = format!("{agent}/watch/{}?at=", title.id);
    ensure!(
        address.starts_with(&expected) && !address.contains('#'),
        "{address}"
    );
    // Nothing of the DMS's lies in the page: neither code nor session.
    let kept = said["kept"].as_str().context("what is kept")?;
    ensure!(
        kept.contains("dms.here") && !kept.contains("dms_"),
        "{kept}"
    );
    ensure!(
        said["poster"]
            .as_str()
            .is_some_and(|src| src.starts_with("blob:")),
        "{said}"
    );
    misused(&said["misuse"]);
    assert_eq!(said["told"], json!([204, "agent_page"]), "{said}");
    bytes_came_through(&stack, played).await?;
    noted(&stack, person).await?;

    // Who is locked out sees no more, and learns where to go.
    let over = said["over"].as_str().unwrap_or_default();
    ensure!(over.contains("This session is over"), "{said}");
    let back = said["back"].as_str().unwrap_or_default();
    ensure!(back.starts_with(&url), "{said}");
    assert_eq!(said["stopped"], 0, "{said}");
    stack.end().await
}

fn misused(statuses: &Value) {
    let expected = json!({
        "usedAgain": 403,
        "tradedByPortal": 403,
        "tradedElsewhere": 403,
        "tradedByProgram": 403,
        "tradedRebound": 421,
        "readHere": 200,
        "readElsewhere": 403,
        "readRebound": 421,
        "readWithout": 401,
        "readOther": 404,
        "quit": 401,
        "tradedHere": 200,
    });
    assert_eq!(*statuses, expected);
}

/// What the page says it got is what the agent says it gave.
async fn bytes_came_through(stack: &Stack, played: &Value) -> anyhow::Result<()> {
    let status = stack.peers[0].status().await?;
    let of = |name: &str| status["bytes"][name].as_u64().unwrap_or_default();
    let given = of("cache") + of("peers") + of("origin");
    let got = played["bytes"]["total"].as_u64().unwrap_or_default();
    ensure!(got > 0 && given >= got, "{status} {played}");
    Ok(())
}

/// The log says who went on where.
async fn noted(stack: &Stack, person: &str) -> anyhow::Result<()> {
    let log = stack
        .dms
        .get("/api/v1/audit?action=session.handed_over")
        .await?;
    let row = &log["items"][0];
    assert_eq!(
        (&row["actor"], &row["actor_id"]),
        (&json!("Ana"), &json!(person)),
        "{log}"
    );
    assert_eq!(row["detail"]["device_name"], stack.peers[0].name, "{log}");
    Ok(())
}
