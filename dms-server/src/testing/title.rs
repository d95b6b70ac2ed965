//! Titles of a test.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use drm::key::{TitleKey, WrapContext};
use drm::segment::{self, SegmentContext};
use http::Method;
use swarm::content::{
    ChunkId, ChunkRef, Manifest, Segment, TitleId, TitleKind, Track, TrackId, TrackKind, cut_object,
};

use super::Server;
use crate::audit::{Actor, act};
use crate::publish::jobs;
use crate::state::App;

/// A video that was published without a transcoder: its segments are what the test says.
pub(crate) struct Video {
    pub(crate) title: TitleId,
    pub(crate) manifest: Manifest,
    /// The sealed message of each segment, by track and segment.
    pub(crate) sealed: Vec<Vec<Bytes>>,
    /// What is inside.
    pub(crate) clear: Vec<Vec<Bytes>>,
}

/// Uploads bytes in one request; answers the title.
pub(crate) async fn upload(server: &Server, kind: &str, bytes: &[u8]) -> TitleId {
    let metadata = format!(
        "filename {},kind {}",
        STANDARD.encode("a.bin"),
        STANDARD.encode(kind)
    );
    let created = server
        .request(Method::POST, "/api/v1/uploads")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", bytes.len())
        .header("upload-metadata", metadata)
        .header("content-type", "application/offset+octet-stream")
        .body(bytes.to_vec())
        .send()
        .await
        .expect("an answer");
    assert_eq!(created.status(), 201, "{:?}", created.text().await);
    let title = created
        .headers()
        .get("dms-title")
        .expect("a title")
        .to_str()
        .expect("text");
    title.parse().expect("an id")
}

/// Publishes a file through the real pipeline.
pub(crate) async fn file(server: &Server, bytes: &[u8]) -> TitleId {
    let title = upload(server, "file", bytes).await;
    server.complete(title).await;
    title
}

/// Publishes two tracks of two segments each. The server must run no jobs of its own.
pub(crate) async fn video(server: &Server) -> Video {
    let app = &server.app;
    assert_eq!(app.config.media.jobs, 0, "the test plays the worker");
    let title = upload(server, "video", b"source").await;
    let now = app.clock.now_ms();
    let claim = jobs::db::claim(&app.db, &app.publish.node, "test", now, now + 60_000);
    let claim = claim.await.expect("the database").expect("a job");
    let version = jobs::db::version(&claim).unsigned_abs();
    let tenant = &app.config.keys.tenant;
    let place = WrapContext {
        tenant,
        title: title.0,
        version,
    };
    let kek = app.current_kek().await.expect("a KEK");
    let key = TitleKey::generate(&mut rand::rng());
    let wrapped = kek.wrap(&key, &place).expect("wrapped");
    let kek_id = kek.id().to_string();
    let begun = jobs::db::begin(&app.db, &claim, &kek_id, &wrapped, now, now);
    assert_eq!(begun.await.expect("the database"), jobs::db::Begun::Yes);

    let mut made = Video {
        title,
        manifest: empty_manifest(app, title, version),
        sealed: Vec::new(),
        clear: Vec::new(),
    };
    for track in 1..=2_u16 {
        made.manifest.tracks.push(empty_track(track));
        made.sealed.push(Vec::new());
        made.clear.push(Vec::new());
        // The second media segment is longer than a chunk.
        for (index, len) in [700_usize, 1_500_000].into_iter().enumerate() {
            let clear = pattern(len, track);
            let context = SegmentContext {
                tenant,
                title: title.0,
                version,
                track,
                segment: index as u32,
            };
            let chunks = segment::seal(&key.track(track), &context, &clear, &mut rand::rng());
            let chunks: Vec<Bytes> = chunks
                .expect("sealed")
                .into_iter()
                .map(Bytes::from)
                .collect();
            let refs = store(app, &claim, &chunks).await;
            made.manifest
                .tracks
                .last_mut()
                .expect("a track")
                .segments
                .push(Segment {
                    duration: if index == 0 { 0 } else { 90_000 },
                    samples: u32::from(index > 0),
                    plain_len: len as u64,
                    chunks: refs,
                });
            made.sealed
                .last_mut()
                .expect("a track")
                .push(chunks.concat().into());
            made.clear.last_mut().expect("a track").push(clear);
        }
    }
    publish(app, &claim, &made.manifest).await;
    made
}

/// Bytes that differ from place to place and from track to track.
fn pattern(len: usize, track: u16) -> Bytes {
    (0..len)
        .map(|i| (i * 7 + usize::from(track)) as u8)
        .collect()
}

async fn publish(app: &App, claim: &jobs::db::Claim, manifest: &Manifest) {
    manifest.check().expect("a valid manifest");
    let signed: Bytes = manifest.sign(app.keys.manifest_signer()).into();
    let chunks: Vec<Bytes> = cut_object(&signed).map(|cut| signed.slice(cut)).collect();
    let refs = store(app, claim, &chunks).await;
    app.store
        .put_manifest(manifest.title, manifest.version, signed)
        .await
        .expect("stored");
    let head = minicbor::to_vec(&refs).expect("CBOR");
    let publication = jobs::db::Publication {
        head: &head,
        sprites: None,
        duration_ms: 1_000,
        breaks: 0,
    };
    let title = ("title", manifest.title);
    let note = app.note(Actor::system(), act::TITLE_PUBLISHED, title);
    let landed = jobs::db::publish(&app.db, claim, &publication, &note).await;
    assert_eq!(landed.expect("the database"), jobs::db::Landed::Yes);
}

async fn store(app: &App, claim: &jobs::db::Claim, chunks: &[Bytes]) -> Vec<ChunkRef> {
    let refs: Vec<ChunkRef> = chunks
        .iter()
        .map(|bytes| ChunkRef {
            id: ChunkId::of(bytes),
            len: bytes.len() as u32,
        })
        .collect();
    assert!(
        jobs::db::note_chunks(&app.db, claim, &refs)
            .await
            .expect("the database")
    );
    for (chunk, bytes) in refs.iter().zip(chunks) {
        app.store
            .put_chunk(chunk.id, bytes.clone())
            .await
            .expect("stored");
    }
    refs
}

fn empty_manifest(app: &App, title: TitleId, version: u64) -> Manifest {
    let now = app.clock.now_ms().unsigned_abs();
    Manifest {
        format: Manifest::FORMAT,
        tenant: app.config.keys.tenant.clone(),
        title,
        version,
        kind: TitleKind::Video,
        created_ms: now,
        expires_ms: now + 400 * 24 * 3_600_000,
        duration_ms: 1_000,
        tracks: Vec::new(),
        breaks: Vec::new(),
    }
}

fn empty_track(id: u16) -> Track {
    let kind = if id == 1 {
        TrackKind::Video {
            width: 640,
            height: 360,
            frame_rate_milli: 25_000,
        }
    } else {
        TrackKind::Audio {
            channels: 2,
            sample_rate: 48_000,
            language: "en".into(),
        }
    };
    Track {
        id: TrackId(id),
        kind,
        codecs: if id == 1 { "avc1.64001e" } else { "mp4a.40.2" }.into(),
        bandwidth: 1_000_000,
        average_bandwidth: 900_000,
        timescale: 90_000,
        segments: Vec::new(),
    }
}
