//! A title wanted whole: every chunk once, over one answer, however many PCs ask at once.

use std::collections::BTreeMap;

use swarm::{content::ChunkId, wire::http::CHUNK_ROW_HEAD};

use super::{Dms, Peer, office};

/// The chunks of an answer, each with where it was.
fn rows(mut body: &[u8]) -> BTreeMap<ChunkId, (u8, Vec<u8>)> {
    let mut rows = BTreeMap::new();
    while !body.is_empty() {
        let (head, rest) = body.split_at(CHUNK_ROW_HEAD);
        let id = ChunkId(head[..32].try_into().unwrap());
        let len = u32::from_be_bytes(head[32..36].try_into().unwrap()) as usize;
        let (bytes, rest) = rest.split_at(len);
        body = rest;
        if len > 0 {
            let before = rows.insert(id, (head[36], bytes.to_vec()));
            assert!(before.is_none(), "{id:?} came twice");
        }
    }
    rows
}

async fn whole(peer: &Peer, dms: &Dms) -> BTreeMap<ChunkId, (u8, Vec<u8>)> {
    let url = format!("{}/v1/titles/{}/fetch", peer.base, dms.title());
    let request = peer.http.post(url).bearer_auth(&peer.token);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    rows(&response.bytes().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_title_wanted_whole_comes_whole_and_once() {
    let dms = Dms::start().await;
    let peers = office(&dms, 3).await;
    let (a, b, c) = tokio::join!(
        whole(&peers[0], &dms),
        whole(&peers[1], &dms),
        whole(&peers[2], &dms)
    );
    let mut expected = BTreeMap::new();
    for segment in 0..dms.segments() {
        expected.extend(dms.chunks(segment));
    }
    for got in [&a, &b, &c] {
        let bytes = |id: &ChunkId| got.get(id).map(|(_, bytes)| bytes.as_slice());
        assert_eq!(got.len(), expected.len());
        for (id, chunk) in &expected {
            assert_eq!(bytes(id), Some(chunk.as_ref()), "{id:?}");
        }
    }
    for (chunk, askers) in dms.copies() {
        assert_eq!(askers.len(), 1, "{chunk:?} left the origin for {askers:?}");
    }
    // Now all of it is here.
    let again = whole(&peers[0], &dms).await;
    assert!(again.values().all(|(from, _)| *from == 0));
    let none = format!("{}/v1/titles/{}/fetch", peers[0].base, dms.title());
    let refused = peers[0].http.post(none).send().await.unwrap();
    assert_eq!(refused.status(), 401, "without a bearer");
    for peer in peers {
        peer.end().await;
    }
}
