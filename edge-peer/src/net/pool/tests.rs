//! A host that sends in dribs and drabs.

use std::{
    net::Ipv4Addr,
    sync::atomic::{AtomicUsize, Ordering},
};

use http_body_util::BodyExt;
use swarm::{content::DeviceId, wire::RosterPeer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::{
    metrics::Metrics,
    net::{
        address::{AddressBook, Origin},
        authority::Authority,
        client::Client,
        identity::peer_name,
    },
};

const A: DeviceId = DeviceId([0xa; 16]);
const B: DeviceId = DeviceId([0xb; 16]);
/// The body: long enough to be gathered, not a multiple of anything.
const LENGTH: usize = 300_007;

/// Host B and how many connections it took.
async fn host(authority: &Authority) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = authority.identity(B).server_config().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let taken = Arc::new(AtomicUsize::new(0));
    let count = taken.clone();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let acceptor = acceptor.clone();
            tokio::spawn(async move { answer(acceptor.accept(tcp).await?).await });
        }
    });
    (address, taken)
}

/// Answers every request with [`LENGTH`] bytes in pieces of all sizes.
async fn answer(mut tls: tokio_rustls::server::TlsStream<TcpStream>) -> io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tls.read_u8().await?);
        }
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n\r\n");
        tls.write_all(head.as_bytes()).await?;
        let (mut left, mut piece) = (LENGTH, 1);
        while left > 0 {
            let now = piece.min(left);
            tls.write_all(&vec![7; now]).await?;
            tls.flush().await?;
            tokio::time::sleep(Duration::from_millis(1)).await;
            left -= now;
            piece = piece * 3 % 40_009;
        }
    }
}

fn pool(authority: &Authority) -> Pool {
    let config = authority.identity(A).client_config().unwrap();
    Pool::new(config, None, Metrics::new().unwrap())
}

async fn found(address: SocketAddr) -> io::Result<Host> {
    Ok(Host {
        name: peer_name(B),
        addresses: vec![address],
    })
}

/// One answer, read as chunks are: the bytes that came.
async fn take(pool: &Pool, address: SocketAddr) -> usize {
    let name = peer_name(B);
    let request = Request::get("/").header("host", &name).body(Empty::new());
    let asked = pool.ask(&name, || found(address), request.unwrap());
    let (response, mut lease) = asked.await.unwrap();
    let mut body = response.into_body();
    let mut came = 0;
    let mut gathering = lease.gathering(LENGTH as u64);
    while let Some(frame) = body.frame().await {
        let bytes = frame.unwrap().into_data().unwrap().len();
        came += bytes;
        gathering.came(bytes as u64);
    }
    drop(gathering);
    lease.give_back();
    came
}

#[tokio::test]
async fn nothing_that_is_gathered_waits_for_more_than_comes() {
    let authority = Authority::new();
    let (address, taken) = host(&authority).await;
    let pool = pool(&authority);
    for _ in 0..3 {
        let came = timeout(Duration::from_secs(60), take(&pool, address)).await;
        assert_eq!(came.expect("it ends"), LENGTH);
    }
    assert_eq!(taken.load(Ordering::Relaxed), 1, "one connection");
}

#[tokio::test]
async fn whoever_asks_while_a_connection_comes_up_waits_for_it() {
    let authority = Authority::new();
    let (address, taken) = host(&authority).await;
    let pool = pool(&authority);
    let name = peer_name(B);
    let warming = pool.warm_up(&name, || found(address));
    let asking = async {
        tokio::task::yield_now().await;
        take(&pool, address).await
    };
    let (warm, came) = tokio::join!(warming, asking);
    warm.unwrap();
    assert_eq!(came, LENGTH);
    pool.warm_up(&name, || found(address)).await.unwrap();
    assert_eq!(taken.load(Ordering::Relaxed), 1, "nobody opened another");
}

#[tokio::test]
async fn a_connection_that_does_not_come_up_keeps_nobody() {
    let authority = Authority::new();
    let (address, taken) = host(&authority).await;
    let pool = pool(&authority);
    let name = peer_name(B);
    let nowhere = || async { Err(io::Error::from(io::ErrorKind::NotFound)) };
    assert!(pool.warm_up(&name, nowhere).await.is_err());
    assert_eq!(take(&pool, address).await, LENGTH);
    assert_eq!(taken.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn only_a_small_office_connects_to_the_origin_ahead() {
    let authority = Authority::new();
    let (address, taken) = host(&authority).await;
    let origin = Origin {
        host: address.ip().to_string(),
        port: address.port(),
    };
    let book = AddressBook::new(origin);
    let metrics = Metrics::new().unwrap();
    let client = Client::new(&authority.identity(A), book.clone(), None, metrics).unwrap();
    for (peers, connections) in [(9, 0), (8, 1)] {
        let roster: Vec<RosterPeer> = (0..peers)
            .map(|n| RosterPeer {
                device: DeviceId([n; 16]),
                addr: format!("10.0.0.{n}:7745"),
                weight: 100,
            })
            .collect();
        book.replace(roster.iter());
        // The host is not the origin, and is left when its certificate shows.
        client.warm_up().await;
        assert_eq!(taken.load(Ordering::Relaxed), connections, "{peers}");
    }
}
