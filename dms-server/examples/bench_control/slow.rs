//! Thousands of connections that say nothing, or a byte now and then: honest peers must not notice.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

use crate::Figures;
use crate::fleet::Fleet;
use crate::server::Server;

/// Connections that dawdle; every other one says a byte now and then.
const DAWDLERS: usize = 2_000;
/// Addresses they come from.
const ADDRESSES: usize = 8;
/// Between two bytes of one that drips.
const DRIP: Duration = Duration::from_millis(200);
/// The begin of a TLS record with a handshake message, whose rest never comes.
const BEGIN: [u8; 9] = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc];
/// Times an honest peer connects for one figure.
const TRIES: usize = 50;

pub async fn measure(
    server: &Server,
    fleet: &mut Fleet,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let before = honest(fleet).await?;
    let mut dawdlers = Vec::with_capacity(DAWDLERS);
    for n in 0..DAWDLERS {
        let from =
            Ipv4Addr::from(u32::from_be_bytes([127, 9, 0, 1]) + u32::try_from(n % ADDRESSES)?);
        dawdlers.push(tokio::spawn(dawdle(from, server.device_addr(), n % 2 == 0)));
    }
    let during = honest(fleet).await?;
    for dawdler in dawdlers {
        dawdler.abort();
    }
    let note = |figures: &mut Figures, name: &str, time: Duration, words: &str| {
        figures.note(name, time.as_secs_f64() * 1e3, words);
    };
    note(
        figures,
        "connect_p99_ms",
        before,
        "ms until an honest peer is welcome, p99",
    );
    note(
        figures,
        "connect_p99_slow_ms",
        during,
        "ms beside 2,000 that dawdle, p99",
    );
    Ok(())
}

/// One connection of the bad kind, until the server closes it.
async fn dawdle(from: Ipv4Addr, to: SocketAddr, drips: bool) -> anyhow::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    let mut stream: TcpStream = socket.connect(to).await?;
    let mut bytes = BEGIN.iter().copied().chain(std::iter::repeat(0));
    loop {
        tokio::time::sleep(DRIP).await;
        if drips {
            stream.write_u8(bytes.next().context("endless")?).await?;
        }
    }
}

/// A peer connects again and again; answers the 99th percentile of how long that takes.
async fn honest(fleet: &mut Fleet) -> anyhow::Result<Duration> {
    let mut took = Vec::with_capacity(TRIES);
    for _ in 0..TRIES {
        fleet.cut(&[0]).await?;
        let began = Instant::now();
        fleet.connect(&[0]).await?;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    took.get(TRIES * 99 / 100).copied().context("a try")
}
