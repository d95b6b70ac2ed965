//! `dms uploads` and `dms jobs` against a running server.

use std::path::Path;

use anyhow::{Context, ensure};
use harness::{Clip, Dms};
use serde_json::{Value, json};

/// What a command prints as JSON.
async fn printed(dms: &Dms, arguments: &[&str]) -> anyhow::Result<Value> {
    let done = dms.run(&[arguments, &["--json"]].concat()).await?;
    ensure!(done.code == 0, "{arguments:?}: {}", done.stderr);
    let value: Value = serde_json::from_str(&done.stdout)?;
    assert_eq!(value["schema"], 1, "{arguments:?}");
    Ok(value)
}

/// A command that must end with this code; what it prints and what it complains.
async fn ends(dms: &Dms, code: i32, arguments: &[&str]) -> anyhow::Result<(String, String)> {
    let done = dms.run(arguments).await?;
    ensure!(
        done.code == code,
        "{arguments:?}: {} {}",
        done.code,
        done.stderr
    );
    Ok((done.stdout, done.stderr))
}

fn id(value: &Value) -> anyhow::Result<String> {
    Ok(value.as_str().context("an id")?.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_and_jobs_are_listed_and_ended_from_the_command_line() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut dms = Dms::start(folder.path(), None).await?;
    let (said, hint) = ends(&dms, 0, &["jobs"]).await?;
    assert!(said.is_empty() && hint.contains("dms publish"), "{hint}");
    uploads(&dms).await?;
    let job = done(&dms, folder.path()).await?;
    failed(&dms, folder.path()).await?;
    cancelled(&dms, folder.path()).await?;
    let none = "00000000-0000-4000-8000-000000000000";
    let (_, why) = ends(&dms, 3, &["jobs", "show", none]).await?;
    assert!(why.contains("job_not_found"), "{why}");
    let (_, why) = ends(&dms, 6, &["jobs", "cancel", &job]).await?;
    assert!(why.contains("job_over"), "{why}");
    for (noun, verbs) in [("jobs", "retry"), ("uploads", "rm")] {
        let (help, _) = ends(&dms, 0, &[noun, "--help"]).await?;
        assert!(help.contains("Examples:") && help.contains(verbs), "{help}");
    }
    ends(&dms, 2, &["jobs", "ls", "--state", "sleeping"]).await?;
    dms.end().await
}

async fn uploads(dms: &Dms) -> anyhow::Result<()> {
    let declared = reqwest::Client::new()
        .post(format!("{}/api/v1/uploads", dms.url))
        .bearer_auth(dms.token()?)
        .header("tus-resumable", "1.0.0")
        .header("upload-length", "1000")
        .header("upload-metadata", "filename dGFsay5tcDQ=")
        .send()
        .await?;
    ensure!(declared.status() == 201, "{}", declared.status());
    let listed = printed(dms, &["uploads", "ls", "--unfinished"]).await?;
    let upload = &listed["items"][0];
    assert_eq!(
        (&upload["offset"], &upload["bytes"]),
        (&json!(0), &json!(1000))
    );
    let upload = id(&upload["id"])?;
    let (said, _) = ends(dms, 0, &["uploads"]).await?;
    assert!(
        said.contains(&upload) && said.contains("0 % of 1000 bytes"),
        "{said}"
    );
    let (_, said) = ends(dms, 0, &["uploads", "rm", &upload]).await?;
    assert!(said.contains("removed"), "{said}");
    let (_, why) = ends(dms, 3, &["uploads", "rm", &upload]).await?;
    assert!(why.contains("upload_not_found"), "{why}");
    assert_eq!(printed(dms, &["uploads"]).await?["items"], json!([]));
    Ok(())
}

/// A job that is done; its id.
async fn done(dms: &Dms, folder: &Path) -> anyhow::Result<String> {
    let clip = folder.join("clip.mp4");
    Clip::new(1).make_at(&clip).await?;
    let file = clip.to_str().context("UTF-8")?;
    let (_, why) = ends(dms, 5, &["publish", file, "--profile", "Cinema"]).await?;
    assert!(
        why.contains("unknown_profile") && why.contains("Small offices"),
        "{why}"
    );
    let title = printed(
        dms,
        &["publish", file, "--profile", "small offices", "--wait"],
    )
    .await?;
    assert_eq!(title["made_with"]["name"], "Small offices", "{title}");
    let jobs = printed(dms, &["jobs", "ls", "--state", "done"]).await?;
    assert_eq!(jobs["items"][0]["title"], title["id"], "{jobs}");
    let job = id(&jobs["items"][0]["id"])?;
    let (said, _) = ends(dms, 0, &["jobs", "show", &job, "--watch"]).await?;
    assert!(
        said.contains("done") && said.contains("attempt 1"),
        "{said}"
    );
    let (_, why) = ends(dms, 6, &["jobs", "retry", &job]).await?;
    assert!(why.contains("job_not_retriable"), "{why}");
    Ok(job)
}

/// A job whose file is at fault: watching it ends with the file's code.
async fn failed(dms: &Dms, folder: &Path) -> anyhow::Result<()> {
    let notes = folder.join("notes.mp4");
    std::fs::write(&notes, "this is no video at all")?;
    let file = notes.to_str().context("UTF-8")?;
    ends(dms, 0, &["publish", file]).await?;
    let jobs = printed(dms, &["jobs"]).await?;
    let job = id(&jobs["items"][0]["id"])?;
    let (said, why) = ends(dms, 5, &["jobs", "show", &job, "--watch"]).await?;
    assert!(
        said.contains("failed (not_video)") && why.contains("not_video"),
        "{said} {why}"
    );
    Ok(())
}

/// A job that takes long enough to be cancelled, begins anew, and is followed.
async fn cancelled(dms: &Dms, folder: &Path) -> anyhow::Result<()> {
    let clip = folder.join("long.mp4");
    Clip::new(60).size(1280, 720).make_at(&clip).await?;
    let file = clip.to_str().context("UTF-8")?;
    ends(dms, 0, &["publish", file]).await?;
    let job = id(&printed(dms, &["jobs"]).await?["items"][0]["id"])?;
    ends(dms, 0, &["jobs", "cancel", &job]).await?;
    let shown = printed(dms, &["jobs", "show", &job]).await?;
    assert_eq!(
        (&shown["state"], &shown["can_retry"]),
        (&json!("failed"), &json!(true))
    );
    let (said, _) = ends(dms, 0, &["jobs", "show", &job]).await?;
    assert!(
        said.contains(&format!("again: dms jobs retry {job}")),
        "{said}"
    );
    ends(dms, 0, &["jobs", "retry", &job]).await?;
    ends(dms, 0, &["jobs", "cancel", &job]).await?;
    Ok(())
}
