//! Titles that somebody keeps, and what was played of them, while the DMS is away.

use serde_json::{Value, json};
use swarm::content::{DeviceId, TitleId};

use super::{Cache, Dms, Peer, names};

impl Peer {
    pub(super) async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        body: &str,
    ) -> (u16, Value) {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = request.bearer_auth(&self.token).body(body.to_owned());
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    async fn keep(&self, dms: &Dms, body: &str) -> (u16, Value) {
        let path = format!("/v1/kept/{}", dms.title());
        self.send(reqwest::Method::PUT, &path, body).await
    }

    /// Waits until all of what is kept is here.
    pub(super) async fn whole(&self) -> Value {
        let start = tokio::time::Instant::now();
        loop {
            let list: Value = self.get("/v1/kept").await.json().await.unwrap();
            let items = list["items"].as_array().unwrap();
            if items.iter().all(|kept| kept["bytes"] == kept["bytes_here"]) {
                return list["items"].clone();
            }
            assert!(start.elapsed() < super::PATIENCE, "{list}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Stops the agent; answers its folder.
    async fn leave(self) -> tempfile::TempDir {
        let Self {
            state, stop, task, ..
        } = self;
        stop.cancel();
        task.await.unwrap().unwrap();
        state
    }

    /// The same agent, started again.
    pub(super) async fn again(self, options: &[(&str, &str)]) -> Self {
        let device = self.device;
        Self::start_on(self.leave().await, device, options).await
    }
}

async fn alone(dms: &Dms, options: &[(&str, &str)]) -> Peer {
    let state = tempfile::tempdir().unwrap();
    let device = DeviceId([1; 16]);
    dms.enrol(device, state.path());
    let peer = Peer::start_on(state, device, options).await;
    peer.until("the DMS", |s| s["connected"] == true).await;
    peer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_title_is_there_without_the_dms_after_a_restart_too() {
    let dms = Dms::start().await;
    let peer = alone(&dms, &[]).await;
    assert_eq!(
        peer.keep(&dms, "{\"tracks\":[9]}").await.1["code"],
        "no_track"
    );
    assert_eq!(
        peer.keep(&dms, "{\"track\":[1]}").await.1["code"],
        "invalid"
    );
    let (status, kept) = peer.keep(&dms, "").await;
    assert_eq!((status, &kept["bytes"]), (200, &json!(dms.bytes())));
    let whole = peer.whole().await;
    assert_eq!(whole[0]["title"], dms.title().to_string());
    // Asked for again it costs nothing.
    let taken: usize = dms.copies().values().map(Vec::len).sum();
    assert_eq!(peer.keep(&dms, "{\"tracks\":[1]}").await.0, 200);
    assert_eq!(peer.whole().await[0]["tracks"], json!([1]));

    dms.go_away();
    let peer = peer.again(&[]).await;
    let chunk = dms.chunks(2)[0].clone();
    let path = format!("/v1/chunks/{}?title={}", chunk.0, dms.title());
    let got = peer.get(&path).await;
    assert_eq!(got.headers()["dms-source"], "cache");
    assert_eq!(got.bytes().await.unwrap(), chunk.1);
    assert_eq!(peer.play(&dms).await, [dms.bytes(), 0, 0]);
    assert_eq!(dms.copies().values().map(Vec::len).sum::<usize>(), taken);

    let path = format!("/v1/kept/{}", dms.title());
    assert_eq!(peer.send(reqwest::Method::DELETE, &path, "").await.0, 204);
    assert_eq!(
        peer.send(reqwest::Method::DELETE, &path, "").await.1["code"],
        "not_kept"
    );
    assert_eq!(peer.whole().await, json!([]));
    peer.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_is_refused_and_what_is_kept_makes_no_room() {
    let dms = Dms::start().await;
    // The title has 660,000 bytes, of which a kept title may take nine tenths.
    let small = [("cache_limit", "730000")];
    let peer = alone(&dms, &small).await;
    let (status, problem) = peer.keep(&dms, "").await;
    assert_eq!((status, &problem["code"]), (507, &json!("no_room")));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("--cache-limit"), "{detail}");
    assert_eq!(peer.whole().await, json!([]));
    let peer = peer.again(&[("cache_limit", "760000")]).await;
    peer.until("the DMS", |s| s["connected"] == true).await;
    assert_eq!(peer.keep(&dms, "").await.0, 200);
    peer.whole().await;
    // The manifest and whatever else came through went, the title did not.
    assert_eq!(peer.play(&dms).await, [dms.bytes(), 0, 0]);
    peer.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_campaign_that_ends_leaves_what_somebody_keeps() {
    let dms = Dms::start().await;
    dms.hold();
    let peer = alone(&dms, &[]).await;
    assert_eq!(peer.keep(&dms, "").await.0, 200);
    peer.whole().await;
    dms.end_campaigns();
    let device = peer.device;
    let peer = peer.again(&[]).await;
    peer.until("the DMS", |s| s["connected"] == true).await;
    // By then the agent has heard that the site is to hold nothing, and acted upon it.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let state = peer.leave().await;
    assert_eq!(pinned(&state), [dms.title()], "as long as it is kept");
    let peer = Peer::start_on(state, device, &[]).await;
    peer.until("the DMS", |s| s["connected"] == true).await;
    let path = format!("/v1/kept/{}", dms.title());
    assert_eq!(peer.send(reqwest::Method::DELETE, &path, "").await.0, 204);
    peer.until("room", |s| s["cache"]["used"].is_u64()).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(pinned(&peer.leave().await), [], "and not after that");
}

/// The titles that the cache of a stopped agent has pinned.
fn pinned(state: &tempfile::TempDir) -> Vec<TitleId> {
    let cache = Cache::open(&state.path().join(names::CACHE), 1 << 30).unwrap();
    cache.pinned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_played_is_told_once_the_dms_hears() {
    let dms = Dms::start().await;
    dms.hears(false);
    let peer = alone(&dms, &[]).await;
    let tell =
        async |peer: &Peer, body: &str| peer.send(reqwest::Method::POST, "/v1/usage", body).await.0;
    for wrong in ["", "[]", "{", "7"] {
        assert_eq!(tell(&peer, wrong).await, 400, "{wrong:?}");
    }
    let long = format!("{{\"plays\":\"{}\"}}", "x".repeat(33_000));
    assert_eq!(tell(&peer, &long).await, 400);
    let reports = [
        "{\"plays\":[1]}",
        "{\"plays\":[2]}",
        "{\"plays\":[\"refused\"]}",
        "{\"plays\":[3]}",
    ];
    for report in reports {
        assert_eq!(tell(&peer, report).await, 202);
    }
    let peer = peer.again(&[]).await;
    assert!(dms.told().is_empty());
    dms.hears(true);
    assert_eq!(tell(&peer, "{\"plays\":[4]}").await, 202);
    dms.until("all that was played", |dms| dms.told().len() == 5)
        .await;
    let wanted = ["[1]", "[2]", "[\"refused\"]", "[3]", "[4]"];
    assert_eq!(
        dms.told(),
        wanted.map(|plays| format!("{{\"plays\":{plays}}}"))
    );
    let peer = peer.again(&[]).await;
    assert_eq!(tell(&peer, "{\"plays\":[5]}").await, 202);
    dms.until("the last", |dms| dms.told().len() >= 6).await;
    assert_eq!(dms.told().len(), 6, "nothing is told twice");
    peer.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_ads_are_signed_kept_and_told_once_the_dms_hears() {
    let dms = Dms::start().await;
    dms.hears(false);
    let peer = alone(&dms, &[]).await;
    let tell = async |peer: &Peer, body: &str| {
        let told = peer.send(reqwest::Method::POST, "/v1/receipts", body);
        told.await.0
    };
    let event = |kind: &str, more: &str| {
        let id = uuid::Uuid::from_u128(7);
        let event = format!(
            "{{\"instance\":\"{id}\",\"event\":\"{kind}\",\"media_ms\":1,\"at_ms\":2{more}}}"
        );
        format!("{{\"events\":[{event}]}}")
    };
    for wrong in ["", "[]", "{\"events\":[7]}"] {
        assert_eq!(tell(&peer, wrong).await, 400, "{wrong:?}");
    }
    assert_eq!(tell(&peer, &event("began", "")).await, 400);
    assert_eq!(tell(&peer, &event("start", ",\"code\":405")).await, 400);
    for kind in ["start", "midpoint", "start"] {
        assert_eq!(tell(&peer, &event(kind, "")).await, 200);
    }
    let peer = peer.again(&[]).await;
    assert_eq!(tell(&peer, &event("error", ",\"code\":405")).await, 200);
    assert!(dms.told().is_empty());
    dms.hears(true);
    let peer = peer.again(&[]).await;
    let events = |dms: &Dms| {
        let told: Vec<serde_json::Value> = dms
            .told()
            .iter()
            .flat_map(|body| {
                let body: serde_json::Value = serde_json::from_str(body).unwrap();
                body["events"].as_array().unwrap().clone()
            })
            .collect();
        told
    };
    dms.until("all that was shown", |dms| events(dms).len() >= 3)
        .await;
    let told = events(&dms);
    let kinds: Vec<&str> = told.iter().filter_map(|e| e["event"].as_str()).collect();
    assert_eq!(kinds, ["start", "midpoint", "error"]);
    assert!(
        told.iter()
            .all(|e| e["receipt"].as_str().unwrap().len() > 80)
    );
    let peer = peer.again(&[]).await;
    assert_eq!(tell(&peer, &event("complete", "")).await, 200);
    dms.until("the last", |dms| events(dms).len() >= 4).await;
    assert_eq!(events(&dms).len(), 4, "nothing is told twice");
    peer.end().await;
}
