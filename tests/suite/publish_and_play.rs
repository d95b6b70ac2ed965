//! The main job: publish at the centre, play at two sites, one WAN copy each.

use harness::{Clip, Stack, StackBuilder, clip::count_frames};

/// A 12-second clip gives each rendition three segments.
const SECONDS: u32 = 12;

async fn two_sites_play_what_was_published(stack: StackBuilder) -> anyhow::Result<()> {
    let clip = Clip::new(SECONDS).make().await?;
    let stack = stack
        .site("lyon", "127.1.0.0/16", 3)
        .site("lima", "127.2.0.0/16", 3)
        .start()
        .await?;
    let title = stack.dms.publish(&clip.path, "All hands").await?;
    let plays = stack.peers.iter().map(|p| p.play(&stack.dms, &title.id));
    let mut from_peers = 0;
    for (peer, report) in stack
        .peers
        .iter()
        .zip(futures_util::future::try_join_all(plays).await?)
    {
        assert_eq!(report.path, "agent", "{} played past its agent", peer.name);
        assert_eq!(
            report.frames_decoded, clip.frames,
            "{} lost frames",
            peer.name
        );
        assert_eq!(
            report.frames_expected, clip.frames,
            "the manifest miscounts"
        );
        from_peers += report.bytes.peer;
    }
    assert!(from_peers > 0, "nobody got anything from a neighbour");
    for name in ["lyon", "lima"] {
        let site = stack.dms.site(name).await?;
        let copies = site["wan_copies"].as_f64().unwrap_or(f64::MAX);
        assert!(
            (1.0..=1.10).contains(&copies),
            "{name}: {copies} WAN copies: {site}"
        );
    }
    // A second round finds everything at home: the origin sends nothing more.
    let before = stack.dms.site("lyon").await?["origin_bytes"].clone();
    let again = stack.peers[1].play(&stack.dms, &title.id).await?;
    assert_eq!(again.frames_decoded, clip.frames);
    assert_eq!(again.bytes.origin, 0, "a warm office asked the origin");
    assert_eq!(stack.dms.site("lyon").await?["origin_bytes"], before);
    stack.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sites_play_what_was_published_on_sqlite() -> anyhow::Result<()> {
    two_sites_play_what_was_published(Stack::builder()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sites_play_what_was_published_on_postgres() -> anyhow::Result<()> {
    two_sites_play_what_was_published(Stack::builder().postgres()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_in_no_site_plays_from_the_origin_and_shares_nothing() -> anyhow::Result<()> {
    let clip = Clip::new(4).make().await?;
    let mut stack = Stack::builder()
        .site("lyon", "127.1.0.0/16", 1)
        .start()
        .await?;
    let folder = stack.folder().to_path_buf();
    let stray = harness::EdgePeer::start(&stack.dms, &folder, "stray", "127.9.0.1").await?;
    let title = stack.dms.publish(&clip.path, "All hands").await?;
    let report = stray.play(&stack.dms, &title.id).await?;
    assert_eq!(report.frames_decoded, clip.frames);
    assert_eq!(
        report.bytes.peer, 0,
        "an address in no site took from a peer"
    );
    assert!(report.bytes.origin > 0);
    stack.peers.push(stray);
    stack.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_goes_on_playing_when_the_dms_is_away() -> anyhow::Result<()> {
    let clip = Clip::new(8).make().await?;
    let mut stack = Stack::builder()
        .site("lyon", "127.1.0.0/16", 2)
        .start()
        .await?;
    let title = stack.dms.publish(&clip.path, "All hands").await?;
    let first = stack.peers[0].play(&stack.dms, &title.id).await?;
    assert_eq!(first.frames_decoded, clip.frames);
    // The second PC takes manifest and licence now, and the chunks when the DMS is gone.
    let player = stack.peers[1].player(&stack.dms, &title.id);
    let gateway = player.serve().await?;
    stack.dms.kill().await?;
    assert_eq!(count_frames(&gateway.url).await?, clip.frames);
    gateway.end().await?;
    stack.dms.start_again().await?;
    stack.peers[1].wait_connected().await?;
    let again = stack.peers[1].play(&stack.dms, &title.id).await?;
    assert_eq!(again.frames_decoded, clip.frames);
    assert_eq!(
        again.bytes.origin, 0,
        "what the office holds was fetched again"
    );
    stack.end().await
}
