//! Agents of one office, whole, against a small DMS on loopback.

mod dms;
mod face;
mod kept;
mod questions;
mod wan;
mod watching;
mod whole;

use std::time::Duration;

use serde_json::Value;
use swarm::content::DeviceId;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::Settings;
use dms::Dms;

/// How long anything here may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running agent and how to talk to it.
struct Peer {
    device: DeviceId,
    base: String,
    token: String,
    state: tempfile::TempDir,
    stop: CancellationToken,
    task: JoinHandle<Result<(), AgentError>>,
    http: reqwest::Client,
}

impl Peer {
    async fn start(dms: &Dms, n: u8) -> Self {
        let state = tempfile::tempdir().unwrap();
        let device = DeviceId([n; 16]);
        dms.enrol(device, state.path());
        Self::start_on(state, device, &[]).await
    }

    async fn start_on(
        state: tempfile::TempDir,
        device: DeviceId,
        options: &[(&str, &str)],
    ) -> Self {
        Self::start_with(state, device, options, Tail::default()).await
    }

    async fn start_with(
        state: tempfile::TempDir,
        device: DeviceId,
        options: &[(&str, &str)],
        log: Tail,
    ) -> Self {
        let mut toml = String::from(
            "bind = '127.0.0.1'\nchunk_listen = '127.0.0.1:0'\nlocal_listen = '127.0.0.1:0'\n\
             weight = 100\n",
        );
        // Nothing is fetched that a test did not ask for, unless it says so.
        let still = [("look_ahead", "0")].into_iter();
        let still = still.filter(|(key, _)| options.iter().all(|(k, _)| k != key));
        for (key, value) in still.chain(options.iter().copied()) {
            toml.push_str(&format!("{key} = {value}\n"));
        }
        let file = state.path().join("edge.toml");
        std::fs::write(&file, toml).unwrap();
        let settings = Settings {
            state: Some(state.path().to_owned()),
            ..Settings::read(&file).unwrap()
        };
        let agent = Agent::load(Config::from_settings(settings).unwrap()).await;
        let agent = agent.unwrap().with_log(log);
        let base = format!("http://{}", agent.local_address());
        let stop = CancellationToken::new();
        let task = tokio::spawn(agent.run(stop.clone()));
        let mut peer = Self {
            device,
            base,
            token: String::new(),
            state,
            stop,
            task,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        peer.wait("a token", |peer| {
            let token = std::fs::read_to_string(peer.state.path().join(names::LOCAL_TOKEN));
            peer.token = token.unwrap_or_default();
            !peer.token.is_empty()
        })
        .await;
        peer
    }

    async fn wait(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let start = tokio::time::Instant::now();
        while !done(self) {
            assert!(start.elapsed() < PATIENCE, "{what} did not come");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        let request = self.http.get(format!("{}{path}", self.base));
        request.bearer_auth(&self.token).send().await.unwrap()
    }

    async fn status(&self) -> Value {
        self.get("/v1/status").await.json().await.unwrap()
    }

    /// Waits until the status is as wished.
    async fn until(&self, what: &str, done: impl Fn(&Value) -> bool) -> Value {
        let start = tokio::time::Instant::now();
        loop {
            let status = self.status().await;
            if done(&status) {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "{what}: {status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn knows(&self, others: u64) {
        let done = |s: &Value| s["connected"] == true && s["roster"] == others;
        self.until("the roster", done).await;
    }

    /// Plays the whole title; answers the bytes by source.
    async fn play(&self, dms: &Dms) -> [u64; 3] {
        let mut sum = [0; 3];
        for segment in 0..dms.segments() {
            let path = format!(
                "/v1/hls/{}/1/1/{segment}.m4s?deadline_ms=60000",
                dms.title()
            );
            let response = self.get(&path).await;
            assert_eq!(response.status(), 200, "segment {segment}");
            let sources = response.headers()["dms-source"]
                .to_str()
                .unwrap()
                .to_owned();
            let body = response.bytes().await.unwrap();
            assert_eq!(body, dms.segment(segment), "segment {segment}");
            for (total, part) in sum.iter_mut().zip(sources.split(';')) {
                *total += part.split_once('=').unwrap().1.parse::<u64>().unwrap();
            }
        }
        sum
    }

    async fn end(self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(PATIENCE, self.task).await;
        ended.expect("it ends").unwrap().unwrap();
    }
}

async fn office(dms: &Dms, count: u8) -> Vec<Peer> {
    let mut peers = Vec::new();
    for n in 1..=count {
        peers.push(Peer::start(dms, n).await);
    }
    for peer in &peers {
        peer.knows(u64::from(count) - 1).await;
    }
    peers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_office_takes_one_copy_of_each_chunk() {
    let dms = Dms::start().await;
    let peers = office(&dms, 3).await;
    let mut sums = [0; 3];
    for peer in &peers {
        for (sum, part) in sums.iter_mut().zip(peer.play(&dms).await) {
            *sum += part;
        }
    }
    for (chunk, askers) in dms.copies() {
        assert_eq!(
            askers.len(),
            1,
            "{chunk:?} left the origin more than once: {askers:?}"
        );
    }
    // The first player's chunks lie at their homes already when the others ask.
    let [_, from_peers, from_origin] = sums;
    assert!(from_peers > from_origin, "{sums:?}");
    // What was played once is played from the cache.
    let again = peers[0].play(&dms).await;
    assert_eq!([again[1], again[2]], [0, 0]);
    let status = peers[0].status().await;
    let sentence = status["sentence"].as_str().unwrap();
    assert!(
        sentence.starts_with("Sharing with 2 PCs at lyon, nothing over the internet; "),
        "{sentence}"
    );
    assert!(status["bytes"]["cache"].as_u64().unwrap() >= again[0]);
    for peer in peers {
        peer.end().await;
    }
    dms.until("everybody left", |d| d.members() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_office_that_plays_at_once_takes_one_copy_too() {
    let dms = Dms::start().await;
    let peers = office(&dms, 3).await;
    let plays = tokio::join!(
        peers[0].play(&dms),
        peers[1].play(&dms),
        peers[2].play(&dms)
    );
    for (chunk, askers) in dms.copies() {
        assert_eq!(
            askers.len(),
            1,
            "{chunk:?} left the origin more than once: {askers:?}"
        );
    }
    let sum = |at: usize| plays.0[at] + plays.1[at] + plays.2[at];
    assert!(sum(1) > sum(2), "{plays:?}");
    for peer in peers {
        peer.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_sends_other_bytes_is_asked_once_and_reported() {
    let dms = Dms::start().await;
    let liar = DeviceId([0xbb; 16]);
    let asked = dms.start_liar(liar).await;
    let state = tempfile::tempdir().unwrap();
    let device = DeviceId([1; 16]);
    dms.enrol(device, state.path());
    // Chunk by chunk: what is asked at the same moment cannot know of the first lie yet.
    let peer = Peer::start_on(state, device, &[]).await;
    peer.knows(1).await;
    for segment in 1..dms.segments() {
        for (chunk, bytes) in dms.chunks(segment) {
            let path = format!("/v1/chunks/{chunk}?title={}&deadline_ms=9000", dms.title());
            let response = peer.get(&path).await;
            assert_eq!(response.headers()["dms-source"], "origin");
            assert_eq!(response.bytes().await.unwrap(), bytes);
        }
    }
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
    dms.until("the report", |d| !d.reports().is_empty()).await;
    let report = dms.reports()[0].clone();
    assert_eq!(report.from, liar);
    assert_ne!(report.got, report.chunk);
    peer.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_office_works_on_while_the_dms_is_away() {
    let dms = Dms::start().await;
    let peers = office(&dms, 2).await;
    peers[0].play(&dms).await;
    dms.go_away();
    for peer in &peers {
        peer.until("the loss", |s| s["connected"] == false).await;
    }
    // The second has neither the manifest nor the bytes: the one it cannot get without the DMS.
    let path = format!("/v1/titles/{}/manifest", dms.title());
    let refused = peers[1].get(&path).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "dms_away");
    // The first has both, also after a restart, and so has its roster.
    let [first, second] = <[Peer; 2]>::try_from(peers).ok().unwrap();
    let Peer {
        state,
        device,
        stop,
        task,
        ..
    } = first;
    stop.cancel();
    task.await.unwrap().unwrap();
    let first = Peer::start_on(state, device, &[]).await;
    let [cached, _, _] = first.play(&dms).await;
    assert_eq!(cached, dms.bytes());
    let status = first.status().await;
    assert_eq!(status["roster"], 1);
    let sentence = status["sentence"].as_str().unwrap();
    assert!(
        sentence.contains("1 PC at lyon, nothing over the internet (the DMS is away)"),
        "{sentence}"
    );
    first.end().await;
    second.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cache_too_small_for_a_chunk_lets_everything_through() {
    let dms = Dms::start().await;
    let state = tempfile::tempdir().unwrap();
    let device = DeviceId([1; 16]);
    dms.enrol(device, state.path());
    let options = [("cache_limit", "50000"), ("look_ahead", "30")];
    let peer = Peer::start_on(state, device, &options).await;
    peer.until("the DMS", |s| s["connected"] == true).await;
    let [_, _, from_origin] = peer.play(&dms).await;
    assert_eq!(from_origin, dms.bytes());
    let status = peer.status().await;
    assert!(status["cache"]["used"].as_u64() <= Some(50_000), "{status}");
    peer.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rot_is_healed_from_the_site() {
    let dms = Dms::start().await;
    let peers = office(&dms, 2).await;
    for peer in &peers {
        peer.play(&dms).await;
    }
    let (chunk, _) = dms.chunks(3)[0].clone();
    let name = chunk.to_string();
    let file = peers[0]
        .state
        .path()
        .join("cache/chunks")
        .join(&name[..2])
        .join(&name);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[17] ^= 0x40;
    std::fs::write(&file, bytes).unwrap();
    let [_, from_peers, from_origin] = peers[0].play(&dms).await;
    assert_eq!((from_peers, from_origin), (60_000, 0));
    assert_eq!(peers[0].play(&dms).await, [dms.bytes(), 0, 0]);
    for peer in peers {
        peer.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_fetched_ahead_is_not_called_cached() {
    let dms = Dms::start().await;
    let state = tempfile::tempdir().unwrap();
    let device = DeviceId([1; 16]);
    dms.enrol(device, state.path());
    let peer = Peer::start_on(state, device, &[("look_ahead", "30")]).await;
    peer.until("the DMS", |s| s["connected"] == true).await;
    // Segment 0 has no playing time: the whole title of 20 s lies in the window behind it.
    let header = peer
        .get(&format!("/v1/hls/{}/1/1/0.m4s", dms.title()))
        .await;
    assert_eq!(header.status(), 200);
    peer.until("everything", |s| {
        s["cache"]["used"].as_u64() >= Some(dms.bytes())
    })
    .await;
    assert_eq!(peer.status().await["bytes"]["origin"], dms.segment(0).len());
    let [cached, _, from_origin] = peer.play(&dms).await;
    assert_eq!(cached, dms.segment(0).len() as u64);
    assert_eq!(cached + from_origin, dms.bytes());
    assert_eq!(peer.play(&dms).await, [dms.bytes(), 0, 0]);
    peer.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_stops_giving_and_not_playing() {
    let dms = Dms::start().await;
    let peers = office(&dms, 2).await;
    peers[0].play(&dms).await;
    let pause = peers[0].http.post(format!("{}/v1/pause", peers[0].base));
    let pause = pause
        .bearer_auth(&peers[0].token)
        .body("{\"seconds\":3600}");
    assert_eq!(pause.send().await.unwrap().status(), 200);
    peers[0]
        .until("the pause", |s| s["sharing"] == "paused")
        .await;
    let paused = peers[0].device;
    dms.until("weight 0", |d| d.weight(paused) == Some(0)).await;
    let before = peers[0].status().await["bytes"]["given"].clone();
    peers[1].play(&dms).await;
    let after = peers[0].status().await;
    assert_eq!(after["bytes"]["given"], before);
    let sentence = after["sentence"].as_str().unwrap();
    assert!(
        sentence.starts_with("Not sharing: paused for another 60 min"),
        "{sentence}"
    );
    assert_eq!(
        peers[0].play(&dms).await[2],
        0,
        "it still plays from its cache"
    );
    let resume = peers[0].http.post(format!("{}/v1/resume", peers[0].base));
    resume.bearer_auth(&peers[0].token).send().await.unwrap();
    dms.until("weight 100", |d| d.weight(paused) == Some(100))
        .await;
    for peer in peers {
        peer.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_and_old_members_get_nothing() {
    let dms = Dms::start().await;
    let peers = office(&dms, 2).await;
    peers[0].play(&dms).await;
    let stranger = DeviceId([0xcc; 16]);
    assert_eq!(dms.ask_peer(stranger, peers[0].device).await, 403);
    let member = peers[1].device;
    assert_eq!(dms.ask_peer(member, peers[0].device).await, 400);
    let Some(second) = peers.into_iter().nth(1) else {
        unreachable!()
    };
    second.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_device_says_so_and_forgets_its_site() {
    let dms = Dms::start().await;
    let peers = office(&dms, 2).await;
    dms.revoke(peers[1].device);
    let status = peers[1]
        .until("the refusal", |s| s["refused"] == true)
        .await;
    assert_eq!(status["roster"], 0);
    let sentence = status["sentence"].as_str().unwrap();
    assert!(sentence.contains("enrol it anew"), "{sentence}");
    peers[0].until("one less", |s| s["roster"] == 0).await;
    let gone = dms.ask_peer(peers[1].device, peers[0].device).await;
    assert_eq!(gone, 403);
    for peer in peers {
        peer.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expiring_certificate_is_renewed_at_the_start() {
    let dms = Dms::start().await;
    let state = tempfile::tempdir().unwrap();
    let device = DeviceId([1; 16]);
    // Seventy minutes of life, sixty of them over.
    dms.enrol_for(device, state.path(), 70);
    let folder = StateFolder::at(state.path());
    let before = folder.read(names::CERTIFICATE).unwrap();
    let peer = Peer::start_on(state, device, &[]).await;
    let status = peer.until("the renewal", |s| {
        let until = s["certificate_until_ms"].as_u64().unwrap();
        until > crate::policy::epoch_ms(std::time::SystemTime::now()) + 12 * 3_600_000
    });
    status.await;
    let start = tokio::time::Instant::now();
    while folder.read(names::CERTIFICATE).unwrap() == before {
        assert!(start.elapsed() < PATIENCE, "the new certificate is kept");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let trust = folder.trust().unwrap();
    read_identity(&folder, &trust).unwrap();
    peer.end().await;
}

#[tokio::test]
async fn two_agents_never_share_a_state_folder() {
    let dms = Dms::start().await;
    let peer = Peer::start(&dms, 1).await;
    let settings = Settings {
        state: Some(peer.state.path().to_owned()),
        ..Settings::default()
    };
    let second = Agent::load(Config::from_settings(settings).unwrap()).await;
    let locked = matches!(second.err(), Some(AgentError::State(StateError::Locked(_))));
    assert!(locked);
    peer.end().await;
}
