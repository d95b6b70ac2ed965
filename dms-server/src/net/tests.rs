//! The accept loop's patience.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

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
    let early = timeout(std::time::Duration::from_millis(200), third.read_u8()).await;
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
