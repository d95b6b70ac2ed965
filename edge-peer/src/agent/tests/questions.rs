//! What players ask the DMS through the agent.

use swarm::{content::DeviceId, wire::question::MAX_QUESTION};

use super::{Dms, Peer};

impl Peer {
    async fn ask_license(&self, body: String) -> (u16, String, String) {
        let request = self.http.post(format!("{}/v1/license", self.base));
        let answer = request.bearer_auth(&self.token).body(body).send().await;
        let answer = answer.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap();
        let (status, kind) = (answer.status().as_u16(), kind.to_owned());
        (status, kind, answer.text().await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_go_over_the_control_connection_and_over_http_without_one() {
    let dms = Dms::start().await;
    let state = tempfile::tempdir().unwrap();
    let device = DeviceId([1; 16]);
    dms.enrol(device, state.path());
    let peer = Peer::start_on(state, device, &[]).await;
    peer.until("the DMS", |s| s["connected"] == true).await;

    let (status, kind, text) = peer.ask_license("{}".into()).await;
    assert_eq!((status, kind.as_str()), (403, "text/x-test"));
    assert_eq!(text, "asked by message: {}");
    let id = "00000000-0000-4000-8000-0000000000ff";
    let standing = peer.get(&format!("/v1/licenses/{id}")).await;
    let bytes = uuid::Uuid::parse_str(id).unwrap();
    assert_eq!(standing.bytes().await.unwrap(), &bytes.as_bytes()[..]);

    let long = "x".repeat(MAX_QUESTION + 1);
    let (_, _, text) = peer.ask_license(long.clone()).await;
    assert_eq!(text, format!("asked by request: {long}"));

    dms.until("what it sees", |dms| dms.seen(device).is_some())
        .await;
    let seen = dms.seen(device).unwrap();
    assert!(seen.rtt_ms.is_some() && seen.subnets.is_empty(), "{seen:?}");

    dms.revoke(device);
    peer.until("the refusal", |s| s["refused"] == true).await;
    let (status, _, text) = peer.ask_license("{}".into()).await;
    assert_eq!((status, text.as_str()), (403, "asked by request: {}"));
    peer.end().await;
}
