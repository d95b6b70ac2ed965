//! The accept loop's patience.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::OF_ONE_DEVICE;
use super::body::Steady;
use super::pace::Pace;
use super::patient::Patient;

use crate::testing::device::Device;
use crate::testing::{PATIENCE, Server};

/// Reads until the server closes.
async fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    // A reset is an end too.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut read))
        .await
        .expect("it is closed in time");
    read
}

#[tokio::test]
async fn connections_that_say_nothing_or_never_finish_are_closed() {
    let server = Server::with(|config| {
        config.public.header_timeout_s = 1;
        config.device.handshake_timeout_s = 1;
    })
    .await;
    let mut mute = TcpStream::connect(server.addresses.public)
        .await
        .expect("connected");
    let mut slow = TcpStream::connect(server.addresses.public)
        .await
        .expect("connected");
    slow.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n")
        .await
        .expect("written");
    let mut no_hello = TcpStream::connect(server.addresses.device)
        .await
        .expect("connected");
    for stream in [&mut mute, &mut slow, &mut no_hello] {
        let said = until_closed(stream).await;
        assert!(
            !said.starts_with(b"HTTP/1.1 200"),
            "{}",
            String::from_utf8_lossy(&said)
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn a_full_listener_serves_the_next_when_one_leaves() {
    let server = Server::with(|config| config.public.max_connections = 2).await;
    let ask = async |stream: &mut TcpStream| {
        stream
            .write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .expect("written");
        let mut answer = [0; 12];
        timeout(PATIENCE, stream.read_exact(&mut answer))
            .await
            .expect("in time")
            .expect("read");
        assert_eq!(&answer, b"HTTP/1.1 200");
    };
    let mut first = TcpStream::connect(server.addresses.public)
        .await
        .expect("connected");
    let mut second = TcpStream::connect(server.addresses.public)
        .await
        .expect("connected");
    ask(&mut first).await;
    ask(&mut second).await;
    let mut third = TcpStream::connect(server.addresses.public)
        .await
        .expect("queued");
    third
        .write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .expect("written");
    let early = timeout(Duration::from_millis(200), third.read_u8()).await;
    assert!(early.is_err(), "two are the most");
    drop(first);
    let mut answer = [0; 12];
    timeout(PATIENCE, third.read_exact(&mut answer))
        .await
        .expect("in time")
        .expect("read");
    assert_eq!(&answer, b"HTTP/1.1 200");
    server.stop().await;
}

#[tokio::test]
async fn one_device_holds_so_many_connections_and_the_others_come_in() {
    let server = Server::start().await;
    let (greedy, other) = (
        Device::enroll(&server, "greedy").await,
        Device::enroll(&server, "other").await,
    );
    // What a connection answers to a request for a chunk that is nowhere; nothing when it is closed.
    let ask = async |mut stream: TlsStream<TcpStream>| {
        let request = format!(
            "GET /v1/chunks/{} HTTP/1.1\r\nhost: x\r\n\r\n",
            "0".repeat(64)
        );
        let mut answer = [0; 12];
        let asked = async {
            stream.write_all(request.as_bytes()).await?;
            stream.read_exact(&mut answer).await
        };
        let asked = timeout(PATIENCE, asked).await.expect("in time");
        asked.ok().map(|_| (stream, answer))
    };
    let mut held = Vec::new();
    for _ in 0..OF_ONE_DEVICE {
        let stream = greedy.connect_from("127.0.0.1").await;
        let (stream, answer) = ask(stream).await.expect("served");
        assert_eq!(&answer, b"HTTP/1.1 404");
        held.push(stream);
    }
    let more = greedy.connect_from("127.0.0.1").await;
    assert!(ask(more).await.is_none(), "closed");
    let others = other.connect_from("127.0.0.1").await;
    assert!(ask(others).await.is_some());
    drop(held);
    server.stop().await;
}

#[tokio::test]
async fn a_far_end_that_stops_reading_is_given_up() {
    let pace = |grace| Pace {
        bytes_per_s: 1 << 10,
        grace,
    };
    let (near, mut far) = tokio::io::duplex(4);
    let mut near = Patient::new(near, pace(PATIENCE));
    let reader = tokio::spawn(async move {
        let mut read = [0; 20];
        far.read_exact(&mut read).await.expect("read");
        far
    });
    near.write_all(&[7; 20]).await.expect("it reads");
    let _far = reader.await.expect("ended");

    let (near, _far) = tokio::io::duplex(4);
    let grace = Duration::from_millis(50);
    let mut near = Patient::new(near, pace(grace));
    for _ in 0..2 {
        let began = std::time::Instant::now();
        let error = near.write_all(&[7; 20]).await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() >= grace);
    }
}

#[tokio::test]
async fn a_far_end_that_reads_a_byte_now_and_then_is_given_up_too() {
    let (near, mut far) = tokio::io::duplex(1);
    let grace = Duration::from_millis(200);
    let mut near = Patient::new(
        near,
        Pace {
            bytes_per_s: 1 << 10,
            grace,
        },
    );
    let dripping = tokio::spawn(async move {
        // Never silent for the whole grace, and far below the pace.
        while far.read_u8().await.is_ok() {
            tokio::time::sleep(grace / 4).await;
        }
    });
    let error = near.write_all(&[7; 10_000]).await.expect_err("it drips");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    drop(near);
    dripping.await.expect("ended");
}

#[tokio::test]
async fn a_body_that_stops_coming_fails_and_a_steady_one_does_not() {
    let pace = |grace| Pace {
        bytes_per_s: 1 << 10,
        grace,
    };
    let pieces = || stream::iter([b"ab".as_slice(), b"cd"]).map(Bytes::from_static);
    let whole = StreamBody::new(pieces().map(|piece| Ok::<_, io::Error>(Frame::data(piece))));
    let read = Steady::new(whole, pace(PATIENCE)).collect().await;
    assert_eq!(read.expect("whole").to_bytes(), "abcd");

    let stuck = pieces().chain(stream::pending());
    let stuck = StreamBody::new(stuck.map(|piece| Ok::<_, io::Error>(Frame::data(piece))));
    let read = Steady::new(stuck, pace(Duration::from_millis(50)));
    let error = read.collect().await.expect_err("it never ends");
    assert!(error.to_string().contains("too slowly"), "{error}");
}

#[tokio::test]
async fn the_public_listener_speaks_https_with_the_operators_certificate() {
    let names = vec!["127.0.0.1".to_owned()];
    let own = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    std::fs::write(&certificate, own.cert.pem()).expect("written");
    std::fs::write(&key, own.signing_key.serialize_pem()).expect("written");
    let server = Server::with(|config| {
        config.public.tls_certificate = certificate;
        config.public.tls_key = key;
    })
    .await;
    let trusted = reqwest::Certificate::from_pem(own.cert.pem().as_bytes()).expect("PEM");
    let client = reqwest::Client::builder()
        .tls_certs_only([trusted])
        .build()
        .expect("a client");
    let url = server.app.public_origin().to_owned();
    assert!(url.starts_with("https://"));
    let signed_in = client
        .post(format!("{url}/session"))
        .json(&serde_json::json!({"token": server.owner}))
        .send()
        .await
        .expect("an answer");
    let cookie = signed_in.headers()["set-cookie"].to_str().expect("text");
    assert!(
        cookie.starts_with("__Host-dms_session=") && cookie.contains("; Secure"),
        "{cookie}"
    );
    let pair = cookie.split(';').next().expect("a pair").to_owned();
    let me = client
        .get(format!("{url}/session"))
        .header("cookie", pair)
        .send()
        .await;
    assert_eq!(me.expect("an answer").status(), 200);
    server.stop().await;
}
