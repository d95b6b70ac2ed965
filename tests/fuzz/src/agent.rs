//! What an agent reads: requests of pages, programs and other agents, and its own journal.

use std::net::SocketAddr;
use std::time::Duration;

use edge_peer::cache::journal::{Change, RECORD, encode, read_from};
use edge_peer::local_api::Guard;
use edge_peer::local_api::guard::{Asker, Verdict};
use edge_peer::net::{chunks, client};
use http::{HeaderMap, Method, header};
use swarm::wire::http::CHUNK_PATH;
use swarm::wire::{MAX_DEADLINE_MS, MAX_REFERRAL};

use crate::input::Input;

/// Where the target's agent listens.
pub(crate) const LISTENS: &str = "127.0.0.1:7747";
/// The page that may ask.
pub(crate) const PORTAL: &str = "https://portal.example";
/// The bearer of programs.
pub(crate) const TOKEN: &str = "native-token-native-token-native-token-0";

fn all<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Vec<&'a [u8]> {
    let values = headers.get_all(name).iter();
    values.map(|value| value.as_bytes()).collect()
}

/// A request to the loopback API: a line `METHOD path`, then headers.
pub(crate) fn guard(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let first = String::from_utf8_lossy(input.line()).into_owned();
    let (method, path) = first.split_once(' ').unwrap_or((&first, "/"));
    let Ok(method) = Method::from_bytes(method.as_bytes()) else {
        return false;
    };
    let headers = input.headers();
    let address: SocketAddr = LISTENS.parse().expect("an address");
    let guard = Guard::new(address, vec![PORTAL.to_owned()], TOKEN);
    let verdict = guard.judge(&method, path, &headers);
    if matches!(verdict, Verdict::WrongHost | Verdict::Forbidden) {
        return false;
    }
    let hosts = all(&headers, &header::HOST);
    assert!(
        hosts == [LISTENS.as_bytes()] || hosts == [b"localhost:7747"],
        "another host"
    );
    let origins = all(&headers, &header::ORIGIN);
    assert!(
        origins.is_empty() || origins == [PORTAL.as_bytes()],
        "another origin"
    );
    let admitted = matches!(verdict, Verdict::Admitted(_));
    if let Verdict::Admitted(asker) = verdict {
        assert_eq!(asker == Asker::Native, origins.is_empty());
        let open = [
            ("GET", "/v1/hello"),
            ("POST", "/v1/session"),
            ("POST", "/v1/ui/session"),
            ("POST", "/v1/watch/session"),
        ];
        let files = ["/ui", "/watch/", "/assets/", "/favicon.svg"];
        let is_file = matches!(method, Method::GET | Method::HEAD)
            && files.iter().any(|folder| path.starts_with(folder));
        if !is_file && !open.contains(&(method.as_str(), path)) {
            // No session was opened, so only programs have a bearer.
            let bearer = format!("Bearer {TOKEN}");
            assert!(origins.is_empty(), "a page without a session");
            assert_eq!(all(&headers, &header::AUTHORIZATION), [bearer.as_bytes()]);
        }
    }
    admitted
}

/// Another agent's request for a chunk, the path in the first line; the headers also as an answer's.
pub(crate) fn chunk_request(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let path = String::from_utf8_lossy(input.line()).into_owned();
    let headers = input.headers();
    let wanted = chunks::wanted(&path, &headers);
    if let Ok(wanted) = &wanted {
        assert_eq!(
            path,
            format!("{CHUNK_PATH}{}", wanted.chunk),
            "one path a chunk"
        );
        assert!(wanted.wait <= Duration::from_millis(MAX_DEADLINE_MS));
    }
    assert!(client::referred(&headers).len() <= MAX_REFERRAL);
    wanted.is_ok()
}

/// Way 0: any journal. Way 1: any records, each with its checksum.
pub(crate) fn journal(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let journal = if input.way(2) == 0 {
        input.0.to_vec()
    } else {
        let mut journal = b"dmschnk\x01".to_vec();
        for body in input.0.chunks_exact(RECORD - 8) {
            journal.extend_from_slice(body);
            journal.extend_from_slice(&crc_fast::crc64_nvme(body).to_le_bytes());
        }
        journal
    };
    let mut changes: Vec<Change> = Vec::new();
    let found = read_from(&mut journal.as_slice(), |change| changes.push(change));
    let Some(found) = found.expect("memory can be read") else {
        assert!(changes.is_empty());
        return false;
    };
    assert_eq!(changes.len() as u64, found.records);
    let records = (journal.len() - 8).div_ceil(RECORD) as u64;
    assert_eq!(
        found.records + found.damaged,
        records,
        "each record counts once"
    );
    let mut written = b"dmschnk\x01".to_vec();
    changes
        .iter()
        .for_each(|change| written.extend_from_slice(&encode(change)));
    let mut again = Vec::new();
    let whole = read_from(&mut written.as_slice(), |change| again.push(change));
    assert_eq!(whole.expect("memory").map(|found| found.damaged), Some(0));
    assert_eq!(again, changes, "written and read again");
    !changes.is_empty()
}
