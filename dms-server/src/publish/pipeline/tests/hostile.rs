//! Files that are no videos, or pretend to be.

use super::*;

async fn fate(bench: &Bench, folder: &Path, name: &str, bytes: &[u8]) -> (String, String) {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    let title = bench.publish(&path, "video").await;
    let (over, _) = bench.over(title).await;
    let error = &over["error"];
    let sentence = error["message"].as_str().unwrap_or_default();
    assert!(
        over["state"] == "complete" || sentence.ends_with('.'),
        "{over}"
    );
    let code = error["code"].as_str().unwrap_or("none").to_owned();
    (over["state"].as_str().unwrap().to_owned(), code)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_ends_with_a_code_of_the_list_and_the_server_goes_on() {
    let (folder, bench) = bench(1).await;
    let folder = folder.path();
    let clip = std::fs::read(clip(folder).await).unwrap();
    let playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n";
    let concat = "ffconcat version 1.0\nfile /etc/passwd\n";
    let mut flipped = clip.clone();
    for byte in flipped.iter_mut().skip(48).step_by(97) {
        *byte ^= 0x55;
    }
    let cases: [(&str, &[u8], &[&str]); 7] = [
        ("empty.mp4", b"", &["not_video"]),
        ("notes.txt", b"Agenda\n1. Welcome\n", &["not_video"]),
        ("list.m3u8", playlist.as_bytes(), &["not_video"]),
        ("list.ffconcat", concat.as_bytes(), &["not_video"]),
        ("cut.mp4", &clip[..clip.len() / 2], &["corrupt_container"]),
        (
            "header.mp4",
            &clip[..40],
            &["not_video", "corrupt_container", "no_video_track"],
        ),
        (
            "flipped.mp4",
            &flipped,
            &[
                "not_video",
                "corrupt_container",
                "no_video_track",
                "unsupported_codec",
                "none",
            ],
        ),
    ];
    for (name, bytes, expected) in cases {
        let (state, code) = fate(&bench, folder, name, bytes).await;
        assert!(expected.contains(&code.as_str()), "{name}: {state} {code}");
    }
    publish::sweep::sweep(&bench.app).await.unwrap();
    let (state, code) = fate(&bench, folder, "good.mp4", &clip).await;
    assert_eq!((state.as_str(), code.as_str()), ("complete", "none"));
    bench.end().await;
}
