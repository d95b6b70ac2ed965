//! HTTPS with a certificate of the company's own authority.

use std::time::Duration;

use harness::{Authority, Clip, Stack, play::Play, process::run};

#[tokio::test(flavor = "multi_thread")]
async fn programs_believe_the_companys_own_authority_when_told_to() -> anyhow::Result<()> {
    let clip = Clip::new(2).make().await?;
    let mut stack = Stack::builder().start().await?;
    let title = stack.dms.publish(&clip.path, "All hands").await?;
    stack.dms.end().await?;
    let folder = tempfile::tempdir()?;
    let authority = Authority::make(folder.path()).await?;
    stack.dms.start_again_with_tls(&authority).await?;

    let player = Play::new(&title.id, &folder.path().join("player"))
        .with(&["--no-agent"])
        .dms(&stack.dms);
    let refused = player.output(&[]).await?;
    assert_eq!(
        refused.code, 7,
        "a stranger's certificate: {}",
        refused.stderr
    );
    assert!(refused.stderr.contains("certificate"), "{}", refused.stderr);
    let ca = authority.certificate().display().to_string();
    let report = player.with(&["--ca-file", &ca]).run().await?;
    assert_eq!(
        (report.path.as_str(), report.frames_decoded),
        ("dms", clip.frames)
    );
    let stranger = stack.dms.run(&["titles"]).await?;
    assert_eq!(stranger.code, 7, "{}", stranger.stderr);
    let titles = stack.dms.command(&["titles", "--ca-file", &ca])?;
    let listed = run(titles, Duration::from_secs(60)).await?;
    assert!(listed.stdout.contains(&title.id), "{}", listed.stderr);
    stack.end().await
}
