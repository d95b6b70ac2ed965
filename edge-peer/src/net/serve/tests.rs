//! Dawdlers and crowds.

use super::*;
use std::convert::Infallible;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn hello(
    _: http::Request<hyper::body::Incoming>,
) -> Result<http::Response<http_body_util::Full<bytes::Bytes>>, Infallible> {
    Ok(http::Response::new(http_body_util::Full::from("hello")))
}

async fn listening() -> (SocketAddr, Ending) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let ending = Ending::new();
    let service = hyper::service::service_fn(hello);
    tokio::spawn(local(listener, ending.clone(), service));
    (address, ending)
}

async fn ask(stream: &mut TcpStream) -> io::Result<String> {
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await?;
    let mut answer = vec![0; 4_096];
    let len = stream.read(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer[..len]).into_owned())
}

#[tokio::test]
async fn a_silent_connection_is_closed_and_an_honest_one_is_not() {
    let (address, _ending) = listening().await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    let mut honest = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut honest).await.unwrap().ends_with("hello"));
    let start = Instant::now();
    let mut nothing = [0];
    let closed = timeout(FIRST_BYTE * 2, silent.read(&mut nothing)).await;
    assert_eq!(closed.expect("it is closed").unwrap_or(0), 0);
    assert!(start.elapsed() >= FIRST_BYTE - Duration::from_secs(1));
    assert!(ask(&mut honest).await.unwrap().ends_with("hello"));
}

#[tokio::test]
async fn one_address_cannot_take_every_place() {
    let (address, _ending) = listening().await;
    let mut crowd = Vec::new();
    for _ in 0..MAX_PER_ADDRESS {
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert!(ask(&mut stream).await.unwrap().ends_with("hello"));
        crowd.push(stream);
    }
    let mut one_more = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut one_more).await.map_or(true, |a| a.is_empty()));
    crowd.clear();
    // The places come back once the closed connections are noticed.
    loop {
        let mut later = TcpStream::connect(address).await.unwrap();
        if ask(&mut later).await.is_ok_and(|a| a.ends_with("hello")) {
            break;
        }
    }
}

#[tokio::test]
async fn the_end_closes_unused_connections_and_takes_no_new_ones() {
    let (address, ending) = listening().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut stream).await.unwrap().ends_with("hello"));
    timeout(Duration::from_secs(5), ending.end(Duration::from_secs(2)))
        .await
        .unwrap();
    assert!(ask(&mut stream).await.map_or(true, |a| a.is_empty()));
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn one_that_takes_nothing_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let ending = Ending::new();
    let endless = async |_: http::Request<hyper::body::Incoming>| {
        let body = http_body_util::Full::from(vec![0; 64 << 20]);
        Ok::<_, Infallible>(http::Response::new(body))
    };
    let service = hyper::service::service_fn(endless);
    tokio::spawn(local(listener, ending.clone(), service));
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0];
    idle.read_exact(&mut first).await.unwrap();
    // It reads no more; its task ends although nobody asked it to.
    ending.tasks.close();
    timeout(STALL * 2, ending.tasks.wait())
        .await
        .expect("it is cut off");
}

/// Short limits, so that a test of them is short; nobody honest comes near.
const SHORT: Limits = Limits {
    first_byte: FIRST_BYTE,
    head: Duration::from_secs(1),
    stall: Duration::from_secs(1),
    least: 10_000,
};

#[tokio::test]
async fn one_that_takes_hardly_anything_is_cut_off_and_a_slow_one_is_not() {
    for (piece, kept) in [(50, false), (60_000, true)] {
        let (near, mut far) = tokio::io::duplex(4_096);
        let mut watched = Watched::new(near, SHORT);
        let giving = tokio::spawn(async move {
            let written = watched.write_all(&[0; 2_000_000]).await;
            written.map_err(|e| e.kind())
        });
        let mut taken = vec![0; piece];
        let taking = async {
            while far.read_exact(&mut taken).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let (given, ()) = tokio::join!(giving, taking);
        let cut = Err(io::ErrorKind::TimedOut);
        assert_eq!(given.unwrap(), if kept { Ok(()) } else { cut });
    }
}

#[tokio::test]
async fn a_head_that_trickles_in_does_not_keep_its_place() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let ending = Ending::new();
    let service = hyper::service::service_fn(hello);
    tokio::spawn(local_within(listener, ending.clone(), service, SHORT));
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let trickle = async {
        while slow.write_all(b"x: y\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(30), trickle)
        .await
        .expect("it is cut off");
}
