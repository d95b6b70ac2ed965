//! Kills: of the media program, and of the whole worker after each named step.

use tokio::process::Command;

use super::super::Step;
use super::*;

async fn sigkill(process: u32) {
    let kill = Command::new("kill")
        .args(["-9", &process.to_string()])
        .status();
    assert!(kill.await.expect("kill runs").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_media_program_killed_once_costs_a_retry_and_killed_twice_the_job() {
    let (folder, bench) = bench(1).await;
    // Long enough that it cannot be done before it is killed.
    let long = folder.path().join("long.mp4");
    let picture = "testsrc2=size=1280x720:rate=25:duration=60";
    ffmpeg(
        &["-f", "lavfi", "-i", picture, "-preset", "ultrafast"],
        &long,
    )
    .await;
    let title = bench.publish(&long, "video").await;
    for _ in 0..2 {
        let child = bench.app.publish.steps.next_child().await;
        bench.app.publish.steps.wait_for(Step::Stored).await;
        sigkill(child).await;
    }
    let (over, states) = bench.over(title).await;
    assert_eq!(over["state"], "failed", "{over}");
    assert_eq!(over["error"]["code"], "transcoder_crashed");
    assert!(
        states
            .iter()
            .any(|state| state == "probing" || state == "transcoding")
    );
    publish::sweep::sweep(&bench.app).await.unwrap();
    assert_eq!(bench.stored_chunks(), Vec::<PathBuf>::new());
    let clip = clip(folder.path()).await;
    let title = bench.publish(&clip, "video").await;
    let (over, _) = bench.over(title).await;
    assert_eq!(over["state"], "complete", "the server goes on: {over}");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_after_any_step_leaves_nothing_half_visible() {
    let folder = tempfile::tempdir().unwrap();
    let clip = clip(folder.path()).await;
    let steps = [
        Step::Begun,
        Step::Opened,
        Step::Noted,
        Step::Stored,
        Step::Made,
        Step::Finished,
        Step::Published,
    ];
    for step in steps {
        let data = folder.path().join(format!("{step:?}"));
        let bench = Bench::start(data.clone(), 1, |_| {}).await;
        bench.app.publish.steps.halt_at(step);
        let title = bench.publish(&clip, "video").await;
        bench.app.publish.steps.wait_for(step).await;
        let visible = publish::published(&bench.app, title)
            .await
            .unwrap()
            .is_some();
        assert_eq!(visible, step == Step::Published, "{step:?}");
        assert_eq!(
            bench.title(title).await["state"] == "complete",
            visible,
            "{step:?}"
        );
        bench.kill().await;

        let bench = Bench::start(data, 1, |_| {}).await;
        let (over, _) = bench.over(title).await;
        assert_eq!(over["state"], "complete", "{step:?}: {over}");
        publish::sweep::sweep(&bench.app).await.unwrap();
        let published = publish::published(&bench.app, title)
            .await
            .unwrap()
            .unwrap();
        let taken_back = u64::from(step != Step::Published);
        assert_eq!(
            published.version,
            1 + taken_back,
            "{step:?}: under another key"
        );
        let head = publish::head(&bench.app, title)
            .await
            .unwrap()
            .unwrap()
            .manifest;
        let wanted = published.manifest.chunks().count() + head.len();
        assert_eq!(
            bench.stored_chunks().len(),
            wanted,
            "{step:?}: exactly what is published"
        );
        let manifest = published.manifest.manifest();
        for track in &manifest.tracks {
            bench.open(manifest, track).await;
        }
        bench.end().await;
    }
}
