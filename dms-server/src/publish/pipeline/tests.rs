//! Whole attempts with the real media program: what is published plays, what is killed is never
//! half visible, and hostile files end with a code.

mod elsewhere;
mod hostile;
mod killed;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use drm::key::{TitleKey, WrapContext};
use drm::segment::{self, SegmentContext};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use swarm::content::{ChunkId, Manifest, TitleId, Track, TrackKind};
use tokio::process::Command;

use crate::publish::tests::Bench;
use crate::publish::{self, db, upload::headers::OFFSET_STREAM};

/// How long a job over a small clip may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// A three-second clip with sound: 75 frames.
async fn clip(folder: &Path) -> PathBuf {
    let path = folder.join("clip.mp4");
    ffmpeg(
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=640x360:rate=25:duration=3",
            "-f",
            "lavfi",
            "-i",
            "sine=frequency=440:duration=3",
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-c:a",
            "aac",
        ],
        &path,
    )
    .await;
    path
}

async fn ffmpeg(arguments: &[&str], path: &Path) {
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(arguments)
        .arg(path)
        .status()
        .await
        .expect("ffmpeg is installed");
    assert!(made.success());
}

impl Bench {
    /// Uploads a file in one request; answers its title.
    async fn publish(&self, file: &Path, kind: &str) -> TitleId {
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let name = file.file_name().unwrap().to_str().unwrap();
        let metadata = format!("filename {},kind {}", encode(name), encode(kind));
        let bytes = std::fs::read(file).unwrap();
        let response = self
            .request(Method::POST, "/api/v1/uploads")
            .header("tus-resumable", "1.0.0")
            .header("upload-length", bytes.len())
            .header("upload-metadata", metadata)
            .header("content-type", OFFSET_STREAM)
            .body(bytes)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        response.headers()["dms-title"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    async fn title(&self, title: TitleId) -> Value {
        let path = format!("/api/v1/titles/{title}");
        self.request(Method::GET, &path)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    /// Waits until the title's job is over; answers the title and every state it was seen in.
    async fn over(&self, title: TitleId) -> (Value, Vec<String>) {
        let mut events = self.app.events.subscribe();
        let mut states = Vec::new();
        let watch = async {
            loop {
                let now = self.title(title).await;
                let state = now["state"].as_str().unwrap().to_owned();
                if states.last() != Some(&state) {
                    states.push(state.clone());
                }
                if state == "complete" || state == "failed" {
                    return now;
                }
                // Missed events are no matter: the title is asked for anew.
                let _ = tokio::time::timeout(Duration::from_secs(1), events.recv()).await;
            }
        };
        let last = tokio::time::timeout(PATIENCE, watch)
            .await
            .expect("the job ends");
        (last, states)
    }

    /// Every file in the store's chunk folders.
    fn stored_chunks(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.data.join("store/chunks")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path)
                } else {
                    found.push(path)
                }
            }
        }
        found
    }

    /// The track in the clear, opened with nothing but the KEK; every chunk is hashed on the way.
    async fn open(&self, manifest: &Manifest, track: &Track) -> Vec<Vec<u8>> {
        let key = self.title_key(manifest).await;
        let mut segments = Vec::new();
        for (index, part) in track.segments.iter().enumerate() {
            let mut chunks = Vec::new();
            for chunk in &part.chunks {
                let bytes = self
                    .app
                    .store
                    .chunk(chunk.id)
                    .await
                    .unwrap()
                    .expect("stored");
                assert_eq!(
                    (ChunkId::of(&bytes), bytes.len()),
                    (chunk.id, chunk.len as usize)
                );
                let length = publish::published_chunk(&self.app, chunk.id).await.unwrap();
                assert_eq!(length, Some(chunk.len), "it may be served");
                chunks.push(bytes);
            }
            let context = SegmentContext {
                tenant: &manifest.tenant,
                title: manifest.title.0,
                version: manifest.version,
                track: track.id.0,
                segment: index as u32,
            };
            let clear = segment::open(&key.track(track.id.0), &context, &chunks).unwrap();
            assert_eq!(clear.len() as u64, part.plain_len);
            segments.push(clear.to_vec());
        }
        segments
    }

    async fn title_key(&self, manifest: &Manifest) -> TitleKey {
        let row = db::published(&self.app.db, manifest.title)
            .await
            .unwrap()
            .unwrap();
        let context = WrapContext {
            tenant: &manifest.tenant,
            title: manifest.title.0,
            version: manifest.version,
        };
        let kek = self.app.keys.keks().named(&row.kek).await.unwrap();
        kek.unwrap(&row.wrapped_key, &context).unwrap()
    }
}

/// Frames or packets that ffprobe finds in the concatenated segments.
async fn probe(folder: &Path, segments: &[Vec<u8>]) -> u64 {
    let path = folder.join("track.mp4");
    std::fs::write(&path, segments.concat()).unwrap();
    let ffprobe = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-count_frames",
            "-show_entries",
            "stream=nb_read_frames",
        ])
        .args(["-of", "csv=p=0"])
        .arg(&path)
        .stderr(Stdio::inherit())
        .output();
    let said = ffprobe.await.expect("ffprobe is installed");
    assert!(said.status.success());
    String::from_utf8(said.stdout)
        .unwrap()
        .trim()
        .trim_matches(',')
        .parse()
        .unwrap()
}

async fn bench(jobs: usize) -> (tempfile::TempDir, Bench) {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::start(folder.path().join("data"), jobs, |_| {}).await;
    (folder, bench)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_is_published_whole_and_plays() {
    let (folder, bench) = bench(1).await;
    let clip = clip(folder.path()).await;
    let title = bench.publish(&clip, "video").await;
    let (over, states) = bench.over(title).await;
    assert_eq!(over["state"], "complete", "{over}");
    assert_eq!(
        (&over["version"], &over["progress_percent"]),
        (&1.into(), &100.0.into())
    );
    let order = ["queued", "probing", "transcoding", "complete"];
    let places: Vec<_> = states
        .iter()
        .map(|s| order.iter().position(|o| o == s))
        .collect();
    assert!(
        places.is_sorted() && places.iter().all(Option::is_some),
        "{states:?}"
    );

    let published = publish::published(&bench.app, title)
        .await
        .unwrap()
        .unwrap();
    let manifest = published.manifest.manifest();
    assert_eq!((manifest.version, manifest.title), (1, title));
    let head = publish::head(&bench.app, title).await.unwrap().unwrap();
    assert_eq!(
        head.manifest,
        swarm::content::chunks_of_object(&published.signed)
    );
    for chunk in &head.manifest {
        let length = publish::published_chunk(&bench.app, chunk.id)
            .await
            .unwrap();
        assert_eq!(length, Some(chunk.len));
    }
    for track in &manifest.tracks {
        let segments = bench.open(manifest, track).await;
        let frames = probe(folder.path(), &segments).await;
        let samples: u64 = track.segments.iter().map(|s| u64::from(s.samples)).sum();
        match track.kind {
            TrackKind::Video { .. } => assert_eq!((frames, samples), (75, 75)),
            _ => assert!(frames > 100, "{frames} packets of sound"),
        }
    }
    pictures_are_served(&bench, title).await;
    // The source is let go, and no chunk is stored that the manifest does not know.
    let chunks: usize = manifest
        .tracks
        .iter()
        .flat_map(|t| &t.segments)
        .map(|s| s.chunks.len())
        .sum();
    assert_eq!(bench.stored_chunks().len(), chunks + head.manifest.len());
    publish::upload::reap(&bench.app).await.unwrap();
    assert_eq!(
        std::fs::read_dir(bench.data.join("uploads"))
            .unwrap()
            .count(),
        0
    );
    bench.end().await;
}

async fn pictures_are_served(bench: &Bench, title: TitleId) {
    let get = |file: &str| {
        let path = format!("/api/v1/titles/{title}/{file}");
        bench.request(Method::GET, &path).send()
    };
    for file in ["poster.jpg", "sprites.jpg"] {
        let picture = get(file).await.unwrap();
        assert_eq!(picture.headers()["content-type"], "image/jpeg");
        assert!(picture.headers().contains_key("etag"));
        assert!(picture.bytes().await.unwrap().starts_with(&[0xff, 0xd8]));
    }
    let vtt = get("storyboard.vtt").await.unwrap().text().await.unwrap();
    assert!(
        vtt.starts_with("WEBVTT\n") && vtt.contains("sprites.jpg#xywh=0,0,"),
        "{vtt}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_comes_out_as_it_went_in() {
    let (folder, bench) = bench(1).await;
    // One byte more than a segment, so that the last chunk is short.
    let length = 8 * segment::PARAMS.plain_segment_len() + 1;
    let bytes: Vec<u8> = (0..length).map(|i| (i * i % 251) as u8).collect();
    for (name, bytes) in [("policy.pdf", bytes), ("nothing.bin", Vec::new())] {
        let path = folder.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let title = bench.publish(&path, "file").await;
        let (over, _) = bench.over(title).await;
        assert_eq!(over["state"], "complete", "{over}");
        let published = publish::published(&bench.app, title)
            .await
            .unwrap()
            .unwrap();
        let manifest = published.manifest.manifest();
        let segments = bench.open(manifest, &manifest.tracks[0]).await;
        assert!(segments.concat() == bytes, "{name}");
        let poster = format!("/api/v1/titles/{title}/poster.jpg");
        let none = bench.request(Method::GET, &poster).send().await.unwrap();
        assert_eq!(none.status(), StatusCode::NOT_FOUND);
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_publications_of_one_file_share_no_chunk() {
    let (folder, bench) = bench(2).await;
    let path = folder.path().join("same.bin");
    std::fs::write(&path, vec![7; 3_000_000]).unwrap();
    let mut ids = std::collections::BTreeSet::new();
    let mut chunks = 0;
    for _ in 0..2 {
        let title = bench.publish(&path, "file").await;
        bench.over(title).await;
        let published = publish::published(&bench.app, title)
            .await
            .unwrap()
            .unwrap();
        for (_, _, chunk) in published.manifest.chunks() {
            ids.insert(chunk.id);
            chunks += 1;
        }
    }
    assert_eq!(ids.len(), chunks);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_title_leaves_nothing_in_the_store() {
    let (folder, bench) = bench(1).await;
    let path = folder.path().join("leaflet.bin");
    std::fs::write(&path, vec![7; 3_000_000]).unwrap();
    let title = bench.publish(&path, "file").await;
    bench.over(title).await;
    let chunk = publish::head(&bench.app, title)
        .await
        .unwrap()
        .unwrap()
        .manifest[0]
        .id;
    assert!(
        publish::published_chunk(&bench.app, chunk)
            .await
            .unwrap()
            .is_some()
    );
    let delete = bench.request(Method::DELETE, &format!("/api/v1/titles/{title}"));
    assert_eq!(
        delete.send().await.unwrap().status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        publish::published_chunk(&bench.app, chunk).await.unwrap(),
        None
    );
    assert!(
        publish::published(&bench.app, title)
            .await
            .unwrap()
            .is_none()
    );
    publish::sweep::sweep(&bench.app).await.unwrap();
    assert_eq!(bench.stored_chunks(), Vec::<PathBuf>::new());
    assert_eq!(bench.app.store.manifest(title, 1).await.unwrap(), None);
    bench.end().await;
}
