//! The light peers: enrolled devices, their connections, and what they were told.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use rcgen::{CertificateParams, KeyPair};
use rustls::ClientConfig;
use swarm::site::{Applied, RosterView};
use swarm::wire::{PROTOCOL, Sharing, ToDms, ToPeer};
use tokio::io::{AsyncWriteExt, WriteHalf};
use tokio::task::JoinHandle;

use crate::link::{self, BINARY, CLOSE, Frames, PONG, Stream};
use crate::server::Server;

/// Enrolments at once.
const ENROL_AT_ONCE: usize = 16;
/// How long anything the fleet waits for may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Kinds of messages to peers, by their number on the wire.
pub const ROSTER: usize = 1;
pub const CHANGE: usize = 2;
pub const BANNED: usize = 4;
pub const SITE: usize = 6;

/// What all peers were told, by kind.
#[derive(Default)]
pub struct Seen {
    kinds: [AtomicU64; 16],
    pub bytes: AtomicU64,
    pub pongs: AtomicUsize,
    pub open: AtomicUsize,
    pub gaps: AtomicU64,
    pub retry_after_ms: Mutex<Vec<u32>>,
}

impl Seen {
    pub fn of(&self, kind: usize) -> u64 {
        self.kinds.get(kind).map_or(0, |count| count.load(Relaxed))
    }
}

/// An enrolled device and where it lives.
pub struct Device {
    pub id: String,
    pub site: usize,
    from: IpAddr,
    tls: Arc<ClientConfig>,
}

/// From where and with what a device connects.
pub struct Door {
    pub tls: Arc<ClientConfig>,
    pub from: IpAddr,
    pub to: SocketAddr,
}

/// One open control connection.
pub struct Link {
    write: Arc<tokio::sync::Mutex<WriteHalf<Stream>>>,
    reader: JoinHandle<()>,
    /// The newest roster version it knows.
    version: Arc<AtomicU64>,
    /// The whole roster; only one peer of a site keeps it.
    view: Option<Arc<Mutex<RosterView>>>,
}

impl Link {
    pub async fn send(&self, frame: &[u8]) -> anyhow::Result<()> {
        let mut write = self.write.lock().await;
        write.write_all(frame).await?;
        write.flush().await.context("flushed")
    }
}

/// All peers. Connections come and go; devices stay.
pub struct Fleet {
    pub devices: Vec<Device>,
    pub links: Vec<Option<Link>>,
    pub seen: Arc<Seen>,
    to: SocketAddr,
}

/// The address of a peer of a site.
fn address(site: usize, peer: usize) -> IpAddr {
    let [.., a, b] = site.to_be_bytes();
    let [.., c, d] = peer.to_be_bytes();
    // Sites of up to 1,000 peers: 127.16.0.0 and up, a /22 of 1,024 addresses each.
    let place = u32::from_be_bytes([127, 16, 0, 0])
        + (u32::from(u16::from_be_bytes([a, b])) << 10)
        + u32::from(u16::from_be_bytes([c, d]));
    IpAddr::V4(Ipv4Addr::from(place))
}

/// The subnet of a site.
pub fn subnet(site: usize) -> String {
    format!("{}/22", address(site, 0))
}

impl Fleet {
    /// Enrols peers over the API; `sizes` is how many each site has.
    pub async fn enrol(server: &Server, sizes: &[usize]) -> anyhow::Result<Self> {
        let places: Vec<_> = sizes
            .iter()
            .enumerate()
            .flat_map(|(site, size)| (1..=*size).map(move |peer| (site, address(site, peer))))
            .collect();
        let token = &server.enrollment_token(places.len()).await?;
        let devices: Vec<Device> = stream::iter(places)
            .map(|(site, from)| async move {
                let key = KeyPair::generate()?;
                let csr = CertificateParams::default()
                    .serialize_request(&key)?
                    .pem()?;
                let (id, certificate, ca) = server.enroll(token, &csr).await?;
                let tls = link::tls(&key, &certificate, &ca)?;
                anyhow::Ok(Device {
                    id,
                    site,
                    from,
                    tls,
                })
            })
            .buffered(ENROL_AT_ONCE)
            .try_collect()
            .await?;
        let links = devices.iter().map(|_| None).collect();
        let to = server.device_addr();
        let seen = Arc::default();
        Ok(Self {
            devices,
            links,
            seen,
            to,
        })
    }

    /// Connects the peers of these numbers, all at once; answers how long each took to be welcome.
    pub async fn connect(&mut self, numbers: &[usize]) -> anyhow::Result<Vec<Duration>> {
        let mut firsts = BTreeMap::new();
        for (number, device) in self.devices.iter().enumerate() {
            firsts.entry(device.site).or_insert(number);
        }
        let began = Instant::now();
        let mut opening = Vec::with_capacity(numbers.len());
        for &number in numbers {
            let device = self.devices.get(number).context("a device")?;
            let (tls, from, to) = (Arc::clone(&device.tls), device.from, self.to);
            let seen = Arc::clone(&self.seen);
            let keeps = firsts.get(&device.site) == Some(&number);
            opening.push(tokio::spawn(async move {
                let link = open(tls, from, to, seen, keeps, began).await?;
                anyhow::Ok((number, link, began.elapsed()))
            }));
        }
        let mut took = Vec::with_capacity(numbers.len());
        for opened in opening {
            let (number, link, time) = opened.await??;
            *self.links.get_mut(number).context("a place")? = Some(link);
            took.push(time);
        }
        took.sort_unstable();
        Ok(took)
    }

    /// How the device of this number connects.
    pub fn door(&self, number: usize) -> Option<Door> {
        let device = self.devices.get(number)?;
        Some(Door {
            tls: Arc::clone(&device.tls),
            from: device.from,
            to: self.to,
        })
    }

    /// Closes connections without a word.
    pub async fn cut(&mut self, numbers: &[usize]) -> anyhow::Result<()> {
        for &number in numbers {
            if let Some(link) = self.links.get_mut(number).and_then(Option::take) {
                link.reader.abort();
                let _ = link.reader.await;
            }
        }
        Ok(())
    }

    /// The numbers of a site's peers.
    pub fn of_site(&self, site: usize) -> Vec<usize> {
        let of = |(number, device): (usize, &Device)| (device.site == site).then_some(number);
        self.devices.iter().enumerate().filter_map(of).collect()
    }

    /// Whether every connected peer of a site knows the same roster, of this many peers.
    pub fn agree(&self, site: usize, size: usize) -> bool {
        let links = self
            .of_site(site)
            .into_iter()
            .filter_map(|n| self.links.get(n)?.as_ref());
        let mut known = links.clone().map(|link| link.version.load(Relaxed));
        let first = known.next();
        let all = first.is_some_and(|first| first > 0 && known.all(|version| version == first));
        let views = links.filter_map(|link| link.view.as_ref());
        all && views
            .map(|view| view.lock().unwrap_or_else(PoisonError::into_inner))
            .all(|view| view.version() == first && view.peers().count() == size)
    }

    /// Waits until something is so; answers when it was.
    pub async fn until(
        &self,
        what: &str,
        mut so: impl FnMut(&Self) -> bool,
    ) -> anyhow::Result<Instant> {
        let began = Instant::now();
        while !so(self) {
            ensure!(
                began.elapsed() < PATIENCE,
                "{what}: not within {PATIENCE:?}"
            );
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        Ok(Instant::now())
    }
}

async fn open(
    tls: Arc<ClientConfig>,
    from: IpAddr,
    to: SocketAddr,
    seen: Arc<Seen>,
    keeps: bool,
    began: Instant,
) -> anyhow::Result<Link> {
    // A server that is full or restarting refuses; so does a real agent try again.
    let stream = loop {
        match link::connect(&tls, link::ORIGIN, from, to).await {
            Ok(stream) => break stream,
            Err(error) if began.elapsed() > PATIENCE => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    };
    let (read, write, rest) = link::open(stream).await?;
    let write = Arc::new(tokio::sync::Mutex::new(write));
    let version = Arc::new(AtomicU64::new(0));
    let view = keeps.then(Arc::default);
    let hello = ToDms::Hello {
        protocol: PROTOCOL,
        agent: "bench".into(),
        listen: SocketAddr::new(from, 7745).to_string(),
        weight: 100,
        sharing: Sharing::On,
    };
    let mut frames = Frames::new(read, rest);
    let follower = Follower {
        seen: Arc::clone(&seen),
        version: Arc::clone(&version),
        view: view.clone(),
        write: Arc::clone(&write),
    };
    write
        .lock()
        .await
        .write_all(&link::frame(BINARY, &hello.encode())?)
        .await?;
    let (_, welcome) = frames.next().await?;
    follower.take(&welcome).await?;
    seen.open.fetch_add(1, Relaxed);
    // Made before the task runs: one that is cut off before its first step counts out too.
    let count = Open(seen);
    let reader = tokio::spawn(async move {
        let _count = count;
        let _ = follower.follow(frames).await;
    });
    Ok(Link {
        write,
        reader,
        version,
        view,
    })
}

/// Counts a connection out when its reader ends, also when it is aborted.
struct Open(Arc<Seen>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

/// A peer's reading side.
struct Follower {
    seen: Arc<Seen>,
    version: Arc<AtomicU64>,
    view: Option<Arc<Mutex<RosterView>>>,
    write: Arc<tokio::sync::Mutex<WriteHalf<Stream>>>,
}

impl Follower {
    async fn follow(self, mut frames: Frames) -> anyhow::Result<()> {
        loop {
            match frames.next().await? {
                (BINARY, message) => self.take(&message).await?,
                (PONG, _) => {
                    self.seen.pongs.fetch_add(1, Relaxed);
                }
                (CLOSE, _) => return Ok(()),
                _ => {}
            }
        }
    }

    async fn take(&self, message: &[u8]) -> anyhow::Result<()> {
        // `[kind, body]`: most peers read no further than they must, so that the load stays light.
        let kind = usize::from(*message.get(1).context("a kind")?);
        if let Some(count) = self.seen.kinds.get(kind) {
            count.fetch_add(1, Relaxed);
        }
        self.seen.bytes.fetch_add(message.len() as u64, Relaxed);
        let fits = match kind {
            ROSTER => self.roster(message)?,
            CHANGE => self.change(message)?,
            5 => {
                if let ToPeer::Goodbye { retry_after_ms } = ToPeer::decode(message)? {
                    let mut all = self
                        .seen
                        .retry_after_ms
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner);
                    all.push(retry_after_ms);
                }
                true
            }
            _ => true,
        };
        if !fits {
            self.seen.gaps.fetch_add(1, Relaxed);
            let ask = link::frame(BINARY, &ToDms::WantRoster.encode())?;
            self.write.lock().await.write_all(&ask).await?;
        }
        Ok(())
    }

    fn roster(&self, message: &[u8]) -> anyhow::Result<bool> {
        let version = if let Some(view) = &self.view {
            let ToPeer::Roster(snapshot) = ToPeer::decode(message)? else {
                anyhow::bail!("not a roster");
            };
            let version = snapshot.version;
            view.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .snapshot(snapshot);
            version
        } else {
            // [1, {0: {0: version, ..}}]
            let mut decoder = minicbor::Decoder::new(message);
            decoder.array()?;
            decoder.u8()?;
            decoder.map()?;
            decoder.u8()?;
            decoder.map()?;
            decoder.u8()?;
            decoder.u64()?
        };
        self.version.store(version, Relaxed);
        Ok(true)
    }

    fn change(&self, message: &[u8]) -> anyhow::Result<bool> {
        let ToPeer::Change(change) = ToPeer::decode(message)? else {
            anyhow::bail!("not a change");
        };
        let (from, to) = (change.from, change.to);
        if let Some(view) = &self.view {
            let applied = view
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .change(change);
            if applied == Applied::Gap {
                return Ok(false);
            }
        }
        let known = self.version.load(Relaxed);
        if from > known || (from < known && known < to) {
            return Ok(self.view.is_some());
        }
        self.version.store(to.max(known), Relaxed);
        Ok(true)
    }
}
