//! `dms publish` against a server that misbehaves.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{head, post};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};

use crate::cli::client::read_token;
use crate::cli::memory::Memory;
use crate::cli::upload::{Source, send};
use crate::cli::{Client, Failure};
use crate::problem::Problem;

const ADDRESS: &str = "/api/v1/uploads/1";

/// A server that keeps what it is sent, and does what it is told wrong.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    length: usize,
    bytes: Vec<u8>,
    /// The lengths of the pieces that came.
    pieces: Vec<usize>,
    declared: u32,
    deleted: bool,
    /// What is answered to the next pieces instead of keeping them.
    refuse: Vec<Problem>,
    /// HEAD knows no upload.
    forgets: bool,
    /// Written to whenever a piece comes.
    edits: Option<PathBuf>,
}

impl Server {
    /// Serves on a free port of loopback until the test ends; answers the URL.
    async fn start(&self) -> String {
        let routes = Router::new()
            .route("/api/v1/uploads", post(declare))
            .route(ADDRESS, head(status).patch(append).delete(forget))
            .layer(axum::extract::DefaultBodyLimit::max(16 << 20))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        url
    }
}

impl Kept {
    fn standing(&self, status: StatusCode) -> Response {
        let title = (self.bytes.len() == self.length).then_some([("dms-title", "the-title")]);
        let offset = [("upload-offset", self.bytes.len().to_string())];
        match title {
            Some(title) => (status, offset, title).into_response(),
            None => (status, offset).into_response(),
        }
    }
}

async fn declare(State(server): State<Server>, headers: HeaderMap) -> Response {
    let mut kept = server.0.lock().unwrap();
    kept.length = headers["upload-length"].to_str().unwrap().parse().unwrap();
    kept.declared += 1;
    kept.bytes.clear();
    ([("location", ADDRESS)], kept.standing(StatusCode::CREATED)).into_response()
}

async fn status(State(server): State<Server>) -> Response {
    let kept = server.0.lock().unwrap();
    match kept.forgets {
        true => StatusCode::NOT_FOUND.into_response(),
        false => kept.standing(StatusCode::OK),
    }
}

async fn append(State(server): State<Server>, headers: HeaderMap, body: Bytes) -> Response {
    let mut kept = server.0.lock().unwrap();
    kept.pieces.push(body.len());
    let digest = STANDARD.encode(Sha256::digest(&body));
    assert_eq!(
        headers["upload-checksum"],
        format!("sha256 {digest}").as_str()
    );
    if let Some(file) = &kept.edits {
        std::fs::write(file, vec![9; kept.length]).unwrap();
    }
    if let Some(problem) = kept.refuse.pop() {
        return problem.into_response();
    }
    let offset: usize = headers["upload-offset"].to_str().unwrap().parse().unwrap();
    assert_eq!(offset, kept.bytes.len());
    kept.bytes.extend_from_slice(&body);
    kept.standing(StatusCode::NO_CONTENT)
}

async fn forget(State(server): State<Server>) -> StatusCode {
    server.0.lock().unwrap().deleted = true;
    StatusCode::NO_CONTENT
}

async fn publish(server: &Server, file: &Path) -> Result<String, Failure> {
    let url = server.start().await;
    let token = file.with_extension("token");
    std::fs::write(&token, "dms_token").expect("a token");
    let token = read_token(&token).expect("a token");
    let client = Client::of(url.clone(), None).expect("a client");
    let client = client.with_token(&token);
    let found = std::fs::metadata(file).expect("the file");
    let source = Source {
        path: file,
        found: &found,
        title: "Talk",
        kind: "video",
        profile: None,
    };
    let memory = Memory::of(file, &found, &url, "Talk");
    let sent = send(&client, &source, &memory).await;
    assert!(
        sent.is_err() || memory.recall().is_none(),
        "nothing to go on with"
    );
    sent
}

/// A folder with a file of five million bytes: less than a piece, more than half of one.
fn file() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("talk.mp4");
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    std::fs::write(&path, &bytes).expect("the file");
    (folder, path, bytes)
}

fn problem(status: u16, code: &'static str) -> Problem {
    Problem::new(
        StatusCode::from_u16(status).expect("a status"),
        code,
        "A test.",
    )
}

#[tokio::test]
async fn a_piece_that_did_not_come_through_is_sent_again_in_halves() {
    let (_folder, path, bytes) = file();
    let server = Server::default();
    server.0.lock().unwrap().refuse = vec![
        problem(460, "checksum_mismatch"),
        problem(400, "upload_interrupted"),
    ];
    let title = publish(&server, &path).await.expect("published");
    assert_eq!(title, "the-title");
    let kept = server.0.lock().unwrap();
    assert!(kept.bytes == bytes, "whole and in order");
    let halves = [5_000_000, 4 << 20, 2 << 20, 2 << 20, 5_000_000 - (4 << 20)];
    assert_eq!((kept.declared, &kept.pieces[..]), (1, &halves[..]));
}

#[tokio::test]
async fn a_refused_piece_is_not_sent_again() {
    let (_folder, path, _) = file();
    let server = Server::default();
    server.0.lock().unwrap().refuse = vec![problem(413, "quota_exceeded")];
    let failure = publish(&server, &path).await.expect_err("refused");
    assert_eq!(failure.exit_code(), 5, "{failure}");
    assert_eq!(server.0.lock().unwrap().pieces.len(), 1);
}

#[tokio::test]
async fn a_file_that_is_edited_on_the_way_is_not_published() {
    let (_folder, path, _) = file();
    let server = Server::default();
    {
        let mut kept = server.0.lock().unwrap();
        kept.edits = Some(path.clone());
        // So that there is a second piece to be read after the edit.
        kept.refuse = vec![problem(400, "upload_interrupted")];
    }
    let failure = publish(&server, &path).await.expect_err("refused");
    assert_eq!(failure.exit_code(), 5);
    assert!(
        failure
            .to_string()
            .contains("was changed while it was sent"),
        "{failure}"
    );
    let kept = server.0.lock().unwrap();
    assert!(
        kept.bytes.is_empty() && kept.deleted,
        "nothing is left of it"
    );
}

#[tokio::test]
async fn a_server_that_forgets_every_upload_is_given_up() {
    let (_folder, path, _) = file();
    let server = Server::default();
    {
        let mut kept = server.0.lock().unwrap();
        kept.forgets = true;
        kept.refuse = (0..100)
            .map(|_| problem(400, "upload_interrupted"))
            .collect();
    }
    let failure = publish(&server, &path).await.expect_err("given up");
    assert!(
        matches!(failure, Failure::Foreign { status: 404, .. }),
        "{failure}"
    );
    assert!(server.0.lock().unwrap().declared < 10);
}
