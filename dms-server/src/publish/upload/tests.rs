//! The protocol over a real server: offsets, races, checksums, limits, restarts, expiry.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use sha2::Digest as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::headers::OFFSET_STREAM;
use crate::publish::tests::Bench;

async fn bench() -> (tempfile::TempDir, Bench) {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::start(folder.path().to_path_buf(), 0, |config| {
        config.media.max_upload_bytes = 1 << 20;
        config.media.upload_quota_bytes = 3 << 20;
    })
    .await;
    (folder, bench)
}

impl Bench {
    fn tus(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).header("tus-resumable", "1.0.0")
    }

    async fn declare(&self, length: u64) -> Response {
        let request = self.tus(Method::POST, "/api/v1/uploads");
        let metadata = format!("filename {}", STANDARD.encode("talk.mp4"));
        request
            .header("upload-length", length)
            .header("upload-metadata", metadata)
            .send()
            .await
            .unwrap()
    }

    async fn declared(&self, length: u64) -> String {
        let response = self.declare(length).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        response.headers()["location"].to_str().unwrap().to_owned()
    }

    fn patch(&self, upload: &str, offset: u64) -> RequestBuilder {
        self.tus(Method::PATCH, upload)
            .header("content-type", OFFSET_STREAM)
            .header("upload-offset", offset)
    }

    async fn append(&self, upload: &str, offset: u64, body: Vec<u8>) -> Response {
        self.patch(upload, offset).body(body).send().await.unwrap()
    }

    async fn offset(&self, upload: &str) -> u64 {
        let response = self.tus(Method::HEAD, upload).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["cache-control"], "no-store");
        number(&response, "upload-offset")
    }
}

fn number(response: &Response, header: &str) -> u64 {
    response.headers()[header]
        .to_str()
        .unwrap()
        .parse()
        .unwrap()
}

async fn code(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let problem: serde_json::Value = response.json().await.unwrap();
    (status, problem["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn the_server_says_what_it_speaks() {
    let (_folder, bench) = bench().await;
    let url = format!("{}/api/v1/uploads", bench.url);
    let options = bench.http.request(Method::OPTIONS, url);
    let response = options.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(response.headers()["tus-version"], "1.0.0");
    assert_eq!(response.headers()["tus-max-size"], "1048576");
    let extensions = response.headers()["tus-extension"].to_str().unwrap();
    for extension in [
        "creation",
        "creation-with-upload",
        "checksum",
        "expiration",
        "termination",
    ] {
        assert!(extensions.split(',').any(|e| e == extension), "{extension}");
    }
    bench.end().await;
}

#[tokio::test]
async fn an_upload_in_pieces_becomes_a_title_once() {
    let (_folder, bench) = bench().await;
    let upload = bench.declared(10).await;
    let first = bench.append(&upload, 0, b"01234".to_vec()).await;
    assert_eq!(first.status(), StatusCode::NO_CONTENT);
    assert_eq!(number(&first, "upload-offset"), 5);
    assert!(first.headers().get("dms-title").is_none());
    let last = bench.append(&upload, 5, b"56789".to_vec()).await;
    let title = last.headers()["dms-title"].to_str().unwrap().to_owned();
    // The answer was lost: the client asks, and sends nothing more.
    let head = bench.tus(Method::HEAD, &upload).send().await.unwrap();
    assert_eq!(head.headers()["dms-title"], title.as_str());
    let again = bench.append(&upload, 10, Vec::new()).await;
    assert_eq!(again.headers()["dms-title"], title.as_str());
    let replay = bench.append(&upload, 5, b"56789".to_vec()).await;
    assert_eq!(code(replay).await, (409, "wrong_offset".into()));
    let list = bench
        .request(Method::GET, "/api/v1/titles")
        .send()
        .await
        .unwrap();
    let list: serde_json::Value = list.json().await.unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["title"], "talk");
    assert_eq!(list["items"][0]["state"], "queued");
    bench.end().await;
}

#[tokio::test]
async fn wrong_requests_have_their_own_answers() {
    let (_folder, bench) = bench().await;
    assert_eq!(
        code(bench.declare(1 << 21).await).await,
        (413, "upload_too_large".into())
    );
    let huge = bench
        .tus(Method::POST, "/api/v1/uploads")
        .header("upload-length", "9223372036854775808");
    assert_eq!(
        code(huge.send().await.unwrap()).await,
        (413, "upload_too_large".into())
    );
    let version = bench
        .request(Method::POST, "/api/v1/uploads")
        .header("tus-resumable", "0.2.2");
    let version = version.header("upload-length", "5").send().await.unwrap();
    assert_eq!(version.headers()["tus-version"], "1.0.0");
    assert_eq!(code(version).await, (412, "tus_version".into()));
    let upload = bench.declared(10).await;
    assert_eq!(
        code(bench.append(&upload, 3, vec![1]).await).await,
        (409, "wrong_offset".into())
    );
    assert_eq!(
        code(bench.append(&upload, 0, vec![1; 11]).await).await,
        (413, "upload_overrun".into())
    );
    let json = bench
        .tus(Method::PATCH, &upload)
        .header("content-type", "application/json")
        .header("upload-offset", 0)
        .body("x");
    assert_eq!(
        code(json.send().await.unwrap()).await,
        (415, "bad_content_type".into())
    );
    let unknown = format!("/api/v1/uploads/{}", uuid::Uuid::new_v4());
    assert_eq!(
        code(bench.append(&unknown, 0, vec![1]).await).await,
        (404, "upload_not_found".into())
    );
    let stranger = bench
        .http
        .head(format!("{}{upload}", bench.url))
        .send()
        .await
        .unwrap();
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(bench.offset(&upload).await, 0);
    bench.end().await;
}

#[tokio::test]
async fn a_first_piece_may_come_with_the_declaration() {
    let (_folder, bench) = bench().await;
    let create = |length: u64, body: &'static str| {
        bench
            .tus(Method::POST, "/api/v1/uploads")
            .header("upload-length", length)
            .header("content-type", OFFSET_STREAM)
            .body(body)
            .send()
    };
    let part = create(6, "abc").await.unwrap();
    assert_eq!(
        (part.status(), number(&part, "upload-offset")),
        (StatusCode::CREATED, 3)
    );
    let whole = create(3, "abc").await.unwrap();
    assert!(whole.headers().contains_key("dms-title"));
    assert_eq!(
        code(create(2, "abc").await.unwrap()).await,
        (413, "upload_overrun".into())
    );
    let empty = bench.declare(0).await;
    assert!(
        empty.headers().contains_key("dms-title"),
        "an empty file is complete at once"
    );
    bench.end().await;
}

#[tokio::test]
async fn a_piece_with_the_wrong_checksum_leaves_no_trace() {
    let (_folder, bench) = bench().await;
    let upload = bench.declared(8).await;
    let send = |checksum: String, offset: u64, body: &'static str| {
        let request = bench
            .patch(&upload, offset)
            .header("upload-checksum", checksum);
        request.body(body).send()
    };
    let sha256 = |text: &str| format!("sha256 {}", STANDARD.encode(sha2::Sha256::digest(text)));
    let sha1 = |text: &str| format!("sha1 {}", STANDARD.encode(sha1::Sha1::digest(text)));
    let bad = send(sha256("wrong"), 0, "good").await.unwrap();
    assert_eq!(code(bad).await, (460, "checksum_mismatch".into()));
    assert_eq!(bench.offset(&upload).await, 0);
    let good = send(sha256("good"), 0, "good").await.unwrap();
    assert_eq!(number(&good, "upload-offset"), 4);
    let unknown = send("md5 AAAA".into(), 4, "more").await.unwrap();
    assert_eq!(code(unknown).await, (400, "checksum_algorithm".into()));
    let last = send(sha1("more"), 4, "more").await.unwrap();
    assert!(last.headers().contains_key("dms-title"));
    bench.end().await;
}

/// Sends half of a body that is declared longer, and holds the connection.
async fn stuck(bench: &Bench, upload: &str, extra: &str) -> tokio::net::TcpStream {
    let host = bench.url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let head = format!(
        "PATCH {upload} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\
         tus-resumable: 1.0.0\r\nupload-offset: 0\r\ncontent-type: {OFFSET_STREAM}\r\n\
         {extra}content-length: 8\r\n\r\nhalf",
        bench.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The spool's file grows only when the piece ends; the seat is taken as soon as it begins.
    while bench.app.publish.desk.occupied() == 0 {
        tokio::task::yield_now().await;
    }
    stream
}

#[tokio::test]
async fn the_newest_connection_takes_over_and_nothing_that_came_is_lost() {
    let (_folder, bench) = bench().await;
    let upload = bench.declared(8).await;
    let mut old = stuck(&bench, &upload, "").await;
    let mut offset = bench.offset(&upload).await;
    assert!(offset <= 4);
    let mut answer = String::new();
    old.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    while offset < 8 {
        let body = b"halfmore"[offset as usize..].to_vec();
        let response = bench.append(&upload, offset, body).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        offset = number(&response, "upload-offset");
    }
    let id = upload.rsplit('/').next().unwrap().parse().unwrap();
    assert_eq!(
        std::fs::read(bench.app.publish.spool.path(id)).unwrap(),
        b"halfmore"
    );
    bench.end().await;
}

#[tokio::test]
async fn of_many_writers_at_one_offset_the_bytes_of_one_are_kept() {
    let (_folder, bench) = bench().await;
    let upload = bench.declared(1 << 19).await;
    let writers = (0..8u8).map(|n| bench.append(&upload, 0, vec![n; 1 << 19]));
    let answers = futures_util::future::join_all(writers).await;
    let won = answers
        .iter()
        .filter(|a| a.status() == StatusCode::NO_CONTENT)
        .count();
    let mut offset = bench.offset(&upload).await;
    assert!(won <= 1, "{answers:?}");
    while offset < 1 << 19 {
        let rest = vec![9; (1 << 19) - offset as usize];
        offset = number(&bench.append(&upload, offset, rest).await, "upload-offset");
    }
    let head = bench.tus(Method::HEAD, &upload).send().await.unwrap();
    assert!(head.headers().contains_key("dms-title"));
    assert_eq!(bench.app.publish.desk.occupied(), 0);
    bench.end().await;
}

#[tokio::test]
async fn declared_lengths_count_against_the_quota_until_they_are_gone() {
    let (_folder, bench) = bench().await;
    let many = (0..6).map(|_| bench.declare(1 << 20));
    let answers = futures_util::future::join_all(many).await;
    let taken: Vec<_> = answers
        .iter()
        .filter(|a| a.status() == StatusCode::CREATED)
        .collect();
    assert_eq!(taken.len(), 3, "three fit the quota, however they race");
    let refused = answers.iter().find(|a| !a.status().is_success()).unwrap();
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let upload = taken[0].headers()["location"].to_str().unwrap();
    let gone = bench.tus(Method::DELETE, upload).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let again = bench.tus(Method::HEAD, upload).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
    assert_eq!(bench.declare(1 << 20).await.status(), StatusCode::CREATED);
    bench.end().await;
}

#[tokio::test]
async fn abandoned_uploads_are_reaped_and_nothing_of_them_is_left() {
    let (_folder, bench) = bench().await;
    let abandoned = bench.declared(8).await;
    bench.append(&abandoned, 0, b"half".to_vec()).await;
    bench.app.clock.advance_ms(23 * 3_600_000);
    let alive = bench.declared(8).await;
    bench.app.clock.advance_ms(3_600_000 + 1);
    let late = bench.append(&abandoned, 4, b"more".to_vec()).await;
    assert_eq!(late.status(), StatusCode::NOT_FOUND);
    super::reap(&bench.app).await.unwrap();
    let files: Vec<_> = std::fs::read_dir(bench.data.join("uploads"))
        .unwrap()
        .collect();
    assert_eq!(files.len(), 1);
    assert_eq!(bench.offset(&alive).await, 0);
    bench.end().await;
}

#[tokio::test]
async fn after_a_restart_the_file_is_the_truth() {
    let (folder, bench) = bench().await;
    let upload = bench.declared(8).await;
    let full = bench.declared(4).await;
    bench.append(&upload, 0, b"half".to_vec()).await;
    let id = |upload: &str| upload.rsplit('/').next().unwrap().parse().unwrap();
    let spool = bench.app.publish.spool.clone();
    bench.kill().await;
    // The server was killed after bytes reached the file and before it could say so.
    std::fs::write(spool.path(id(&upload)), b"halfmo").unwrap();
    std::fs::write(spool.path(id(&full)), b"full").unwrap();
    let bench = Bench::start(folder.path().to_path_buf(), 0, |_| {}).await;
    assert_eq!(bench.offset(&upload).await, 6);
    let head = bench.tus(Method::HEAD, &full).send().await.unwrap();
    assert!(head.headers().contains_key("dms-title"));
    bench.end().await;
}

#[tokio::test]
async fn a_proxy_that_lets_only_post_through_is_no_obstacle() {
    let (_folder, bench) = bench().await;
    let upload = bench.declared(4).await;
    let overridden = |method: &'static str| {
        bench
            .tus(Method::POST, &upload)
            .header("x-http-method-override", method)
            .header("content-type", OFFSET_STREAM)
            .header("upload-offset", 0)
    };
    let bad = overridden("PUT").send().await.unwrap();
    assert_eq!(bad.status(), StatusCode::BAD_REQUEST);
    let done = overridden("PATCH").body("abcd").send().await.unwrap();
    assert!(done.headers().contains_key("dms-title"));
    let finished = overridden("DELETE").send().await.unwrap();
    assert_eq!(code(finished).await, (409, "upload_finished".into()));
    bench.end().await;
}
