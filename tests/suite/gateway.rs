//! Any HLS player plays the clear gateway of `dms-player`.

use std::time::Duration;

use anyhow::ensure;
use harness::{Clip, Stack, clip::count_frames, process::run};
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn ffprobe_mpv_and_ffplay_play_the_gateway() -> anyhow::Result<()> {
    let clip = Clip::new(6).make().await?;
    let stack = Stack::builder()
        .site("lyon", "127.1.0.0/16", 1)
        .start()
        .await?;
    let title = stack.dms.publish(&clip.path, "All hands").await?;
    let player = stack.peers[0].player(&stack.dms, &title.id);
    let gateway = player.serve().await?;
    let url = gateway.url.clone();
    ensure!(
        url.starts_with("http://127.0.0.1:") && url.ends_with("/master.m3u8"),
        "odd URL {url}"
    );
    assert_eq!(count_frames(&url).await?, clip.frames, "ffprobe");
    let mut mpv = Command::new("mpv");
    mpv.args([
        "--no-config",
        "--vo=null",
        "--ao=null",
        "--untimed",
        "--msg-level=all=warn",
        &url,
    ]);
    let played = run(mpv, Duration::from_secs(120)).await?;
    assert_eq!(played.code, 0, "mpv: {} {}", played.stdout, played.stderr);
    let mut ffplay = Command::new("ffplay");
    ffplay.args(["-v", "error", "-autoexit", "-nodisp", &url]);
    ffplay
        .env("SDL_VIDEODRIVER", "dummy")
        .env("SDL_AUDIODRIVER", "dummy");
    let played = run(ffplay, Duration::from_secs(120)).await?;
    assert_eq!(played.code, 0, "ffplay: {}", played.stderr);
    gateway.end().await?;
    stack.end().await
}
