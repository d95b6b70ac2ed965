//! Chunks, playlists and segments as they really leave, and what is counted.

use http::Method;
use reqwest::Response;
use serde_json::Value;
use swarm::content::{ChunkId, Expect, TitleId, VerifiedManifest};

use crate::testing::device::Device;
use crate::testing::{Server, refusal, text, title};

fn chunk_path(id: ChunkId) -> String {
    format!("/v1/chunks/{id}")
}

/// The chunks of a title's newest version, from its signed manifest.
async fn chunks(server: &Server, id: TitleId) -> Vec<ChunkId> {
    let path = format!("/api/v1/titles/{id}/manifest");
    let answer = server
        .request(Method::GET, &path)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.headers()["content-type"], "application/cose");
    let signed = answer.bytes().await.expect("a body");
    let expect = Expect {
        tenant: "default",
        title: id,
        min_version: 1,
    };
    let now = server.app.clock.now_ms().unsigned_abs();
    let keys = server.app.keys.manifest_keys();
    let manifest = VerifiedManifest::verify(&signed, &keys, &expect, now).expect("verified");
    manifest.chunks().map(|(_, _, chunk)| chunk.id).collect()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().expect("text"))
}

#[tokio::test]
async fn a_published_chunk_is_the_same_on_both_listeners_and_databases() {
    for server in Server::both().await {
        let title = title::file(&server, &vec![7; 2_500_000]).await;
        let device = Device::enroll(&server, "pc").await;
        let client = device.client();
        for id in chunks(&server, title).await {
            let path = chunk_path(id);
            let public = server
                .request(Method::GET, &path)
                .send()
                .await
                .expect("an answer");
            let device = client
                .get(device.url(&path))
                .send()
                .await
                .expect("an answer");
            for answer in [public, device] {
                assert_eq!(answer.status(), 200);
                assert_eq!(
                    header(&answer, "cache-control"),
                    "public, max-age=31536000, immutable"
                );
                assert_eq!(header(&answer, "etag"), format!("\"{id}\""));
                let length: usize = header(&answer, "content-length").parse().expect("a number");
                let bytes = answer.bytes().await.expect("a body");
                assert_eq!(bytes.len(), length);
                assert_eq!(ChunkId::of(&bytes), id);
            }
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn parts_validators_and_heads_follow_the_standard() {
    let server = Server::start().await;
    let title = title::file(&server, &[1; 5_000]).await;
    let id = chunks(&server, title).await[0];
    let path = chunk_path(id);
    let get = || server.request(Method::GET, &path);
    let whole = get()
        .send()
        .await
        .expect("an answer")
        .bytes()
        .await
        .expect("a body");
    let len = whole.len();

    let part = get()
        .header("range", "bytes=10-19")
        .send()
        .await
        .expect("an answer");
    assert_eq!(part.status(), 206);
    assert_eq!(header(&part, "content-range"), format!("bytes 10-19/{len}"));
    assert_eq!(part.bytes().await.expect("a body"), whole.slice(10..20));
    let stale = get()
        .header("range", "bytes=10-19")
        .header("if-range", "\"other\"");
    assert_eq!(stale.send().await.expect("an answer").status(), 200);
    let beyond = get()
        .header("range", format!("bytes={len}-"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(header(&beyond, "content-range"), format!("bytes */{len}"));
    assert_eq!(beyond.status(), 416);
    assert_eq!(header(&beyond, "content-type"), "application/problem+json");
    let same = get()
        .header("if-none-match", format!("\"{id}\""))
        .send()
        .await
        .expect("an answer");
    assert_eq!(same.status(), 304);
    let head = server
        .request(Method::HEAD, &path)
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        (head.status().as_u16(), header(&head, "content-length")),
        (200, &*len.to_string())
    );
    server.stop().await;
}

#[tokio::test]
async fn only_chunks_of_complete_titles_leave() {
    let server = Server::start().await;
    let stray = bytes::Bytes::from_static(b"of an attempt that did not publish");
    let id = ChunkId::of(&stray);
    server.app.store.put_chunk(id, stray).await.expect("stored");
    let (status, problem) = refusal(server.request(Method::GET, &chunk_path(id))).await;
    assert_eq!((status, problem.code.as_str()), (404, "chunk_not_found"));
    for wrong in [
        "abc",
        &"A".repeat(64),
        &"g".repeat(64),
        "..%2f..%2fkeys%2fkek.key",
    ] {
        let path = format!("/v1/chunks/{wrong}");
        let (status, problem) = refusal(server.request(Method::GET, &path)).await;
        assert_eq!(
            (status, problem.code.as_str()),
            (400, "invalid_chunk_id"),
            "{wrong}"
        );
    }

    let title = title::file(&server, b"some bytes").await;
    let id = chunks(&server, title).await[0];
    let path = format!("/api/v1/titles/{title}");
    server
        .request(Method::DELETE, &path)
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        refusal(server.request(Method::GET, &chunk_path(id)))
            .await
            .0,
        404,
        "deleted"
    );
    server.stop().await;
}

#[tokio::test]
async fn rot_in_the_store_does_not_leave() {
    let server = Server::with(|config| config.storage.hot_bytes = 0).await;
    let title = title::file(&server, b"some bytes").await;
    let id = chunks(&server, title).await[0];
    let hex = id.to_string();
    let file = server
        .app
        .config
        .data
        .join("store/chunks")
        .join(&hex[..2])
        .join(&hex);
    let mut bytes = std::fs::read(&file).expect("the chunk's file");
    bytes[50] ^= 1;
    std::fs::write(&file, bytes).expect("damaged");
    let (status, problem) = refusal(server.request(Method::GET, &chunk_path(id))).await;
    assert_eq!((status, problem.code.as_str()), (500, "internal"));
    assert!(!problem.detail.contains(&hex), "the cause stays in the log");
    server.stop().await;
}

#[tokio::test]
async fn a_chunk_read_again_comes_from_its_file_until_that_is_damaged() {
    let server = Server::with(|config| config.storage.hot_bytes = 0).await;
    let title = title::file(&server, &vec![7; 700_000]).await;
    let id = chunks(&server, title).await[0];
    let first = server.request(Method::GET, &chunk_path(id)).send().await;
    let first = first.expect("an answer").bytes().await.expect("a body");
    assert_eq!(ChunkId::of(&first), id);
    assert!(server.app.checked.contains(id, std::time::Instant::now()));
    let again = server.request(Method::GET, &chunk_path(id)).send().await;
    let again = again.expect("an answer");
    assert_eq!(again.content_length(), Some(first.len() as u64));
    assert_eq!(again.bytes().await.expect("a body"), first);
    let part = server
        .request(Method::GET, &chunk_path(id))
        .header("range", "bytes=300000-600000");
    let part = part.send().await.expect("an answer");
    assert_eq!(part.status(), 206);
    assert_eq!(
        part.bytes().await.expect("a body"),
        first[300_000..=600_000]
    );

    let hex = id.to_string();
    let folder = server.app.config.data.join("store/chunks").join(&hex[..2]);
    std::fs::write(folder.join(&hex), &first[1..]).expect("cut short");
    let (status, _) = refusal(server.request(Method::GET, &chunk_path(id))).await;
    assert_eq!(status, 500);
    assert!(!server.app.checked.contains(id, std::time::Instant::now()));
    server.stop().await;
}

#[tokio::test]
async fn what_a_site_is_sent_is_counted_by_payload() {
    let server = Server::start().await;
    server.site("Lyon", "127.0.0.0/24").await;
    let title = title::file(&server, &vec![3; 1_500_000]).await;
    let device = Device::enroll(&server, "pc").await;
    let client = device.client();
    let ids = chunks(&server, title).await;
    let mut total = 0;
    for id in &ids {
        let answer = client
            .get(device.url(&chunk_path(*id)))
            .send()
            .await
            .expect("an answer");
        total += answer.bytes().await.expect("a body").len() as u64;
    }
    let site = async || server.get("/api/v1/sites").await["items"][0].clone();
    let once = site().await;
    assert_eq!(
        (&once["origin_bytes"], &once["distinct_bytes"]),
        (&total.into(), &total.into())
    );
    assert_eq!(once["wan_copies"], 1.0);

    client
        .head(device.url(&chunk_path(ids[0])))
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        site().await["origin_bytes"],
        Value::from(total),
        "a head is no payload"
    );
    let first = server
        .request(Method::GET, &chunk_path(ids[0]))
        .send()
        .await
        .expect("an answer");
    let again = first.bytes().await.expect("a body").len() as u64;
    let twice = site().await;
    assert_eq!(twice["origin_bytes"], Value::from(total + again));
    assert_eq!(twice["distinct_bytes"], Value::from(total));
    server.stop().await;
}

#[tokio::test]
async fn the_hls_tree_is_drawn_from_the_manifest_and_its_segments_are_the_sealed_messages() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    let video = title::video(&server).await;
    let token = server.token(crate::auth::Role::Viewer).await;
    let get = |path: String| {
        let request = server.anonymous(Method::GET, &format!("/hls/{}/{path}", video.title));
        request.bearer_auth(&token)
    };
    let master = get("master.m3u8".into()).send().await.expect("an answer");
    assert_eq!(
        header(&master, "content-type"),
        "application/vnd.apple.mpegurl"
    );
    let master = master.text().await.expect("text");
    assert!(
        master.contains("DATA-ID=\"dms.sealing\",VALUE=\"floe1\""),
        "{master}"
    );
    assert!(
        master.contains("1/1/index.m3u8") && master.contains("1/2/index.m3u8"),
        "{master}"
    );
    let media = get("1/1/index.m3u8".into())
        .send()
        .await
        .expect("an answer");
    let media = media.text().await.expect("text");
    assert!(
        media.contains("#EXT-X-MAP:URI=\"0.m4s\"\n") && media.contains("\n1.m4s\n"),
        "{media}"
    );
    for (track, segments) in video.sealed.iter().enumerate() {
        for (index, sealed) in segments.iter().enumerate() {
            let path = format!("1/{}/{index}.m4s", track + 1);
            let segment = get(path.clone()).send().await.expect("an answer");
            assert_eq!(
                header(&segment, "content-length"),
                sealed.len().to_string(),
                "{path}"
            );
            assert_eq!(&segment.bytes().await.expect("a body"), sealed, "{path}");
        }
    }
    for (path, code) in [
        ("2/1/index.m3u8", "version_not_found"),
        ("2/1/0.m4s", "version_not_found"),
        ("1/9/index.m3u8", "track_not_found"),
        ("1/1/2.m4s", "segment_not_found"),
        ("1/1/+1.m4s", "segment_not_found"),
        ("1/1/x.m4s", "segment_not_found"),
        ("1/1/1", "segment_not_found"),
        ("1/x/1.m4s", "invalid_path"),
    ] {
        assert_eq!(refusal(get(path.into())).await.1.code, code, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn titles_that_are_not_there_not_ready_or_not_playable_say_so() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    let nobody = TitleId([0; 16]);
    let waiting = title::upload(&server, "video", b"x").await;
    for (title, status, code) in [
        (nobody, 404, "title_not_found"),
        (waiting, 409, "title_not_ready"),
    ] {
        for path in [
            format!("/hls/{title}/master.m3u8"),
            format!("/api/v1/titles/{title}/manifest"),
        ] {
            let (got, problem) = refusal(server.request(Method::GET, &path)).await;
            assert_eq!((got, problem.code.as_str()), (status, code), "{path}");
        }
    }
    server.stop().await;
    let server = Server::start().await;
    let file = title::file(&server, b"a file").await;
    let asked = server.request(Method::GET, &format!("/hls/{file}/master.m3u8"));
    assert_eq!(refusal(asked).await.1.code, "not_playable");
    assert_eq!(
        text(&server.get(&format!("/api/v1/titles/{file}")).await["kind"]),
        "file"
    );
    server.stop().await;
}
