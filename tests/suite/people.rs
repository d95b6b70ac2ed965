//! The commands for people, groups, policies, plans and tokens against a running server.

use anyhow::{Context, ensure};
use harness::Stack;
use serde_json::{Value, json};

struct Admin(Stack);

/// The words of a command line without spaces in them.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

impl Admin {
    /// What a command prints as JSON.
    async fn json(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let with_json = [arguments, &["--json"]].concat();
        let done = self.0.dms.run(&with_json).await?;
        ensure!(done.code == 0, "{arguments:?}: {}", done.stderr);
        let read = serde_json::from_str(&done.stdout);
        let value: Value = read.with_context(|| format!("{arguments:?}: {}", done.stdout))?;
        assert_eq!(value["schema"], 1, "{arguments:?}");
        Ok(value)
    }

    /// What a command for people prints.
    async fn said(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let done = self.0.dms.run(arguments).await?;
        ensure!(done.code == 0, "{arguments:?}: {}", done.stderr);
        Ok(done.stdout)
    }

    /// A command that must be refused with this exit code; what it complains.
    async fn refused(&self, code: i32, arguments: &[&str]) -> anyhow::Result<String> {
        let done = self.0.dms.run(arguments).await?;
        ensure!(
            done.code == code,
            "{arguments:?}: {} {}",
            done.code,
            done.stderr
        );
        Ok(done.stderr)
    }

    fn file(&self, name: &str, text: &str) -> anyhow::Result<String> {
        let path = self.0.folder().join(name);
        std::fs::write(&path, text)?;
        Ok(path.to_str().context("UTF-8")?.to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_groups_and_tokens_are_kept_from_the_command_line() -> anyhow::Result<()> {
    let admin = Admin(Stack::builder().start().await?);
    let ana = people(&admin).await?;
    groups(&admin, &ana).await?;
    leaving(&admin).await?;
    tokens(&admin).await?;
    admin.0.end().await
}

/// Adds somebody and changes their roles; answers who it is.
async fn people(admin: &Admin) -> anyhow::Result<Value> {
    let password = admin.file("password", "correct horse battery\n")?;
    let ana = [
        "people",
        "add",
        "ana@example.com",
        "--name",
        "Ana",
        "--password-file",
        &password,
    ];
    let ana = admin.json(&ana).await?;
    assert_eq!(ana["roles"], json!(["viewer"]));
    let added = ["people", "roles", "Ana@Example.com", "--add", "publisher"];
    assert_eq!(
        admin.json(&added).await?["roles"],
        json!(["viewer", "publisher"])
    );
    let less = ["people", "roles", "ana@example.com", "--remove", "owner"];
    let said = admin.refused(5, &less).await?;
    ensure!(said.contains("has not the role owner"), "{said}");
    let said = admin.refused(3, &["people", "disable", "anna"]).await?;
    ensure!(
        said.contains("anna") && said.contains("ana@example.com"),
        "{said}"
    );
    Ok(ana)
}

async fn groups(admin: &Admin, ana: &Value) -> anyhow::Result<()> {
    admin
        .json(&["groups", "add", "On call", "--role", "operator"])
        .await?;
    admin
        .json(&["groups", "join", "On call", "ana@example.com"])
        .await?;
    let members = admin.said(&["groups", "members", "On call"]).await?;
    ensure!(members.contains("Ana"), "{members}");
    let in_group = admin
        .json(&["people", "list", "--group", "On call"])
        .await?;
    assert_eq!(in_group["items"][0]["id"], ana["id"]);
    let said = admin
        .refused(3, &["groups", "join", "On cal", "ana@example.com"])
        .await?;
    ensure!(said.contains("On call"), "{said}");
    let said = admin
        .refused(3, &["groups", "leave", "On call", "zoe"])
        .await?;
    ensure!(said.contains("zoe"), "{said}");
    let renamed = [
        "groups",
        "change",
        "On call",
        "--name",
        "Nights",
        "--no-roles",
    ];
    assert_eq!(admin.json(&renamed).await?["roles"], json!([]));
    admin
        .json(&["groups", "leave", "Nights", "ana@example.com"])
        .await?;
    Ok(())
}

async fn leaving(admin: &Admin) -> anyhow::Result<()> {
    let off = admin
        .json(&["people", "disable", "ana@example.com"])
        .await?;
    assert_eq!(off["active"], false);
    let listed = admin.said(&["people"]).await?;
    ensure!(listed.contains("disabled"), "{listed}");
    let weak = admin.file("weak", "short\n")?;
    let change = [
        "people",
        "password",
        "ana@example.com",
        "--password-file",
        &weak,
    ];
    let said = admin.refused(5, &change).await?;
    ensure!(said.contains("at least 12 characters"), "{said}");
    admin.said(&["people", "enable", "ana@example.com"]).await?;
    admin.said(&["people", "remove", "ana@example.com"]).await?;
    assert_eq!(admin.json(&["people"]).await?["items"], json!([]));
    Ok(())
}

async fn tokens(admin: &Admin) -> anyhow::Result<()> {
    let made = words("token create --name CI --role viewer --days 1");
    let made = admin.json(&made).await?;
    let listed = admin.said(&["token", "list"]).await?;
    ensure!(
        listed.contains("CI") && !listed.contains("dms_"),
        "{listed}"
    );
    let id = made["id"].as_str().context("an id")?;
    admin.said(&["token", "revoke", id]).await?;
    ensure!(!admin.said(&["token", "list"]).await?.contains("CI"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_set_shown_and_tried_from_the_command_line() -> anyhow::Result<()> {
    let admin = Admin(Stack::builder().start().await?);
    let file = admin.file("handbook.txt", "Read me.\n")?;
    let publish = [
        "publish", &file, "--title", "Handbook", "--kind", "file", "--wait",
    ];
    admin.said(&publish).await?;
    for login in ["ana", "ben"] {
        admin
            .json(&["people", "add", login, "--name", login])
            .await?;
    }
    let board = admin.json(&["groups", "add", "Board"]).await?;
    admin.json(&["groups", "join", "Board", "ana"]).await?;
    admin.0.dms.add_site("lyon", "10.20.0.0/16").await?;

    let said = admin.said(&["policy", "show", "Handbook"]).await?;
    ensure!(said.contains("who       everyone"), "{said}");
    set_policy(&admin, &board).await?;
    try_policy(&admin).await?;
    policy_files(&admin).await?;
    admin.0.end().await
}

async fn set_policy(admin: &Admin, board: &Value) -> anyhow::Result<()> {
    let set = words(
        "policy set Handbook --group Board --site lyon --embargo 2030-12-01T08:00Z --offline-days 3 --plan subscription:Talks",
    );
    let said = admin.refused(3, &set).await?;
    ensure!(said.contains("no collection Talks"), "{said}");
    let talks = admin.json(&["plans", "add", "Talks"]).await?;
    let dry = admin.json(&[&set[..], &["--dry-run"]].concat()).await?;
    assert_eq!(dry["updated_by"], Value::Null);
    let written = admin.json(&set).await?;
    let policy = &written["policy"];
    assert_eq!(policy["audience"]["groups"], json!([board["id"]]));
    assert_eq!(policy["plan"]["collection"], talks["id"]);
    assert_eq!(policy["embargo_ms"], 1_922_342_400_000_u64);
    assert_eq!(
        admin.json(&["policy", "show", "Handbook"]).await?["policy"],
        *policy
    );
    for unknown in [
        ["--group", "Bord"],
        ["--person", "anna"],
        ["--site", "lyons"],
    ] {
        let set = [&["policy", "set", "Handbook"][..], &unknown].concat();
        let said = admin.refused(3, &set).await?;
        ensure!(said.contains(unknown[1]), "{said}");
    }
    Ok(())
}

/// What it says to whom, as plans come and go.
async fn try_policy(admin: &Admin) -> anyhow::Result<()> {
    let try_as = async |who, on| {
        let arguments = [
            "policy", "preview", "Handbook", "--as", who, "--at", "lyon", "--on", on,
        ];
        let outcome = admin.json(&arguments).await?;
        anyhow::Ok(outcome["code"].as_str().unwrap_or("yes").to_owned())
    };
    assert_eq!(try_as("ben", "2030-12-02").await?, "not_in_audience");
    assert_eq!(try_as("ana", "2030-11-30").await?, "embargo");
    assert_eq!(try_as("ana", "2030-12-02").await?, "needs_subscription");
    let subscribe = words("plans subscribe Talks --group Board --until 2031-12-31");
    let subscription = admin.json(&subscribe).await?;
    assert_eq!(try_as("ana", "2030-12-02").await?, "yes");
    let here = words("policy preview Handbook --as ana --on 2030-12-02");
    let said = admin.said(&here).await?;
    ensure!(said.starts_with("no (not_here)"), "{said}");
    let id = subscription["id"].as_str().context("an id")?;
    admin.said(&["plans", "unsubscribe", id]).await?;
    let rental = words("policy set Handbook --plan rental:48h --embargo none");
    admin.json(&rental).await?;
    assert_eq!(try_as("ana", "2030-12-02").await?, "needs_rental");
    admin.json(&["plans", "rent", "Handbook", "ana"]).await?;
    assert_eq!(try_as("ana", "2030-12-02").await?, "yes");
    Ok(())
}

/// From a file, whole; and nonsense is told where it stands.
async fn policy_files(admin: &Admin) -> anyhow::Result<()> {
    let whole = admin.file("policy.json", r#"{"streams": 2}"#)?;
    let replaced = ["policy", "set", "Handbook", "--file", &whole];
    let replaced = admin.json(&replaced).await?;
    assert_eq!(
        (
            &replaced["policy"]["streams"],
            &replaced["policy"]["audience"]
        ),
        (&json!(2), &Value::Null)
    );
    let wrong = admin.file("wrong.json", r#"{"stream": 2}"#)?;
    let said = admin
        .refused(5, &["policy", "set", "Handbook", "--file", &wrong])
        .await?;
    ensure!(said.contains("unknown field `stream`"), "{said}");
    let backwards = ["policy", "set", "Handbook", "--from", "2d", "--until", "1d"];
    let said = admin.refused(5, &backwards).await?;
    ensure!(
        said.contains("/until_ms") || said.contains("/from_ms"),
        "{said}"
    );
    Ok(())
}
