//! A small DMS: a real device listener with mutual TLS, chunks, a control WebSocket with a real
//! roster, and one title.

pub(super) mod hearing;

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use axum::{
    Extension, Json, Router,
    body::Bytes,
    extract::{
        self, State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use ed25519_dalek::SigningKey;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use swarm::{
    content::{
        ChunkId, ChunkRef, DeviceId, Manifest, Segment, SiteId, TitleId, TitleKind, Track, TrackId,
        TrackKind, chunks_of_object, cut_object,
    },
    peer::Source,
    site::{Roster, weigh},
    wire::{
        BadChunk, Campaign, Lease, LeaseAsk, Peering, RosterChange, RosterPeer, SiteInfo,
        TitleHead, ToDms, ToPeer,
    },
};
use tokio::{net::TcpListener, sync::broadcast};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::{
    metrics::Metrics,
    net::{
        address::{AddressBook, Origin},
        authority::{Authority, DAY},
        client::Client,
        identity::device_of,
    },
    policy::epoch_ms,
    state::{Access, StateFolder, Trust, names},
};

const TITLE: TitleId = TitleId([3; 16]);
const CHUNK: usize = 60_000;

pub(super) struct Dms {
    shared: Arc<Shared>,
    address: SocketAddr,
    away: CancellationToken,
}

struct Shared {
    authority: Authority,
    objects: HashMap<ChunkId, Bytes>,
    media: BTreeMap<ChunkId, u32>,
    manifest: Manifest,
    head: TitleHead,
    key: SigningKey,
    copies: Mutex<BTreeMap<ChunkId, Vec<DeviceId>>>,
    roster: Mutex<Roster>,
    changes: broadcast::Sender<RosterChange>,
    reports: Mutex<Vec<BadChunk>>,
    revoked: Mutex<BTreeMap<DeviceId, CancellationToken>>,
    /// The site's WAN cap, and the bytes leased under it, by device.
    cap: AtomicU64,
    leased: Mutex<BTreeMap<DeviceId, u64>>,
    /// The site is to hold the title.
    hold: AtomicBool,
    holds_nothing: AtomicBool,
    hearing: hearing::Hearing,
}

impl Dms {
    pub(super) async fn start() -> Self {
        let shared = Arc::new(Shared::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let away = CancellationToken::new();
        let tls = Arc::new(shared.tls(&shared.authority.origin()));
        let router = Router::new()
            .route("/v1/chunks/{id}", get(chunk))
            .route("/v1/control", get(control))
            .route("/v1/renew", post(renew))
            .route("/v1/usage", post(hearing::usage))
            .route("/v1/ads/events", post(hearing::usage))
            .route("/v1/license", post(hearing::license))
            .route("/v1/handoff", post(hearing::handoff))
            .route("/v1/page/{*path}", any(hearing::page))
            .with_state(shared.clone());
        tokio::spawn(serve(listener, tls, router, away.clone()));
        Self {
            shared,
            address,
            away,
        }
    }

    /// Writes the state folder of an enrolled device.
    pub(super) fn enrol(&self, device: DeviceId, folder: &Path) {
        self.enrol_for(device, folder, DAY);
    }

    pub(super) fn enrol_for(&self, device: DeviceId, folder: &Path, minutes: i64) {
        let state = StateFolder::at(folder);
        let (certificate, key) = self.shared.authority.device(device, minutes);
        let trust = Trust {
            device_id: device,
            name: format!("pc-{device}"),
            tenant: "acme".into(),
            dms_url: "http://127.0.0.1:1".into(),
            device_url: format!("https://{}", self.address),
            portal_origins: vec!["http://127.0.0.1:8080".into()],
            manifest_keys: vec![hex::encode(self.shared.key.verifying_key().as_bytes())],
            license_keys: Vec::new(),
        };
        let write = |name, bytes: &[u8]| state.write(name, bytes, Access::Private).unwrap();
        write(names::KEY, key.as_bytes());
        write(names::CERTIFICATE, certificate.as_bytes());
        write(names::CA, self.shared.authority.pem().as_bytes());
        write(names::TRUST, &serde_json::to_vec(&trust).unwrap());
    }

    pub(super) fn title(&self) -> TitleId {
        TITLE
    }

    pub(super) fn segments(&self) -> usize {
        self.shared.manifest.tracks[0].segments.len()
    }

    /// What a player must get.
    pub(super) fn segment(&self, index: usize) -> Vec<u8> {
        let chunks = &self.shared.manifest.tracks[0].segments[index].chunks;
        let bytes = chunks.iter().map(|c| self.shared.objects[&c.id].as_ref());
        bytes.collect::<Vec<_>>().concat()
    }

    /// A segment's chunks.
    pub(super) fn chunks(&self, index: usize) -> Vec<(ChunkId, Bytes)> {
        let chunks = &self.shared.manifest.tracks[0].segments[index].chunks;
        let pairs = chunks
            .iter()
            .map(|c| (c.id, self.shared.objects[&c.id].clone()));
        pairs.collect()
    }

    /// The title's length without its manifest.
    pub(super) fn bytes(&self) -> u64 {
        self.shared.media.values().map(|len| u64::from(*len)).sum()
    }

    /// From now on peers that connect are told a WAN cap.
    pub(super) fn cap(&self, cap: u64) {
        self.shared.cap.store(cap, Ordering::SeqCst);
    }

    /// From now on peers that connect are told to hold the title.
    pub(super) fn hold(&self) {
        self.shared.hold.store(true, Ordering::SeqCst);
    }

    /// How many chunks the title and its manifest have.
    pub(super) fn objects(&self) -> usize {
        self.shared.objects.len()
    }

    /// Bytes leased, and bytes taken from the origin, by device.
    pub(super) fn leased_and_taken(&self) -> BTreeMap<DeviceId, (u64, u64)> {
        let leased = self.shared.leased.lock().unwrap();
        let mut sums: BTreeMap<_, _> = leased.iter().map(|(d, sum)| (*d, (*sum, 0))).collect();
        for (chunk, askers) in self.copies() {
            for asker in askers {
                sums.entry(asker).or_default().1 += self.shared.objects[&chunk].len() as u64;
            }
        }
        sums
    }

    /// Who took each chunk from the origin.
    pub(super) fn copies(&self) -> BTreeMap<ChunkId, Vec<DeviceId>> {
        self.shared.copies.lock().unwrap().clone()
    }

    pub(super) fn reports(&self) -> Vec<BadChunk> {
        self.shared.reports.lock().unwrap().clone()
    }

    pub(super) fn members(&self) -> usize {
        self.shared.roster.lock().unwrap().peers().len()
    }

    pub(super) fn weight(&self, device: DeviceId) -> Option<u32> {
        let roster = self.shared.roster.lock().unwrap();
        let mut peers = roster.peers();
        peers.find(|p| p.device == device).map(|p| p.weight)
    }

    /// Cuts a device's control connection and accepts no other from it.
    pub(super) fn revoke(&self, device: DeviceId) {
        self.shared.session(device).cancel();
    }

    /// Cuts every connection and answers nobody any more.
    pub(super) fn go_away(&self) {
        self.away.cancel();
    }

    pub(super) async fn until(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let start = tokio::time::Instant::now();
        while !done(self) {
            assert!(start.elapsed() < super::PATIENCE, "{what} did not come");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks `to` with the certificate of `from`; answers the status.
    pub(super) async fn ask_peer(&self, from: DeviceId, to: DeviceId) -> u16 {
        let book = AddressBook::new(Origin::parse("https://127.0.0.1:1").unwrap());
        let snapshot = self.shared.roster.lock().unwrap().snapshot();
        let asked = |p: &&RosterPeer| p.device == to;
        book.replace(snapshot.peers.iter().filter(asked));
        let identity = self.shared.authority.identity(from);
        let client = Client::new(&identity, book, None, Metrics::new().unwrap()).unwrap();
        client
            .probe(Source::Peer(to))
            .await
            .unwrap()
            .status
            .as_u16()
    }

    /// Puts a member into the roster that answers every request with other bytes, and that is the
    /// first home of nearly everything; counts what it is asked.
    pub(super) async fn start_liar(&self, device: DeviceId) -> Arc<AtomicUsize> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = RosterPeer {
            device,
            addr: listener.local_addr().unwrap().to_string(),
            weight: 1_000_000,
        };
        self.shared.roster.lock().unwrap().join(peer).unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let (shared, counter) = (self.shared.clone(), asked.clone());
        let lie = move |extract::Path(id): extract::Path<String>| {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut bytes = shared.objects[&id.parse().unwrap()].to_vec();
            bytes[0] ^= 1;
            std::future::ready(bytes)
        };
        let router = Router::new().route("/v1/chunks/{id}", get(lie));
        let tls = Arc::new(self.shared.tls(&self.shared.authority.device(device, DAY)));
        tokio::spawn(serve(listener, tls, router, self.away.clone()));
        asked
    }
}

impl Drop for Dms {
    fn drop(&mut self) {
        self.away.cancel();
    }
}

impl Shared {
    fn new() -> Self {
        let mut objects = HashMap::new();
        let mut media = BTreeMap::new();
        let mut segments = Vec::new();
        for index in 0..6_u8 {
            let count = if index == 0 { 1 } else { 2 };
            let mut chunks = Vec::new();
            for nth in 0..count {
                let bytes: Vec<u8> = (0..CHUNK)
                    .map(|at| (at as u8).wrapping_mul(31).wrapping_add(index * 16 + nth))
                    .collect();
                let chunk = ChunkRef {
                    id: ChunkId::of(&bytes),
                    len: bytes.len() as u32,
                };
                media.insert(chunk.id, chunk.len);
                objects.insert(chunk.id, Bytes::from(bytes));
                chunks.push(chunk);
            }
            segments.push(Segment {
                duration: if index == 0 { 0 } else { 4_000 },
                samples: u32::from(index > 0),
                plain_len: (CHUNK * usize::from(count)) as u64 - 74,
                chunks,
            });
        }
        let manifest = manifest(segments);
        manifest.check().unwrap();
        let key = SigningKey::from_bytes(&[9; 32]);
        let signed = manifest.sign(&key);
        let head = TitleHead {
            title: TITLE,
            version: 1,
            manifest: chunks_of_object(&signed),
        };
        for (range, chunk) in cut_object(&signed).zip(&head.manifest) {
            objects.insert(chunk.id, Bytes::copy_from_slice(&signed[range]));
        }
        Self {
            authority: Authority::new(),
            objects,
            media,
            manifest,
            head,
            key,
            copies: Mutex::default(),
            roster: Mutex::new(Roster::new(1, 2)),
            changes: broadcast::channel(64).0,
            reports: Mutex::default(),
            revoked: Mutex::default(),
            cap: AtomicU64::new(0),
            leased: Mutex::default(),
            hold: AtomicBool::new(false),
            holds_nothing: AtomicBool::new(false),
            hearing: hearing::Hearing::default(),
        }
    }

    fn tls(&self, (certificate, key): &(String, String)) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        let ca = self.authority.pem();
        roots
            .add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap())
            .unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap()
    }

    /// Cancelled when the device is revoked.
    fn session(&self, device: DeviceId) -> CancellationToken {
        let mut revoked = self.revoked.lock().unwrap();
        revoked.entry(device).or_default().clone()
    }

    fn tell(&self, change: Option<RosterChange>) {
        if let Some(change) = change {
            let _ = self.changes.send(change);
        }
    }

    /// Leases what a peer waits for, once.
    fn lease(&self, device: DeviceId, ask: LeaseAsk) -> Option<ToPeer> {
        assert!(
            self.cap.load(Ordering::SeqCst) > 0,
            "nobody asks without a cap"
        );
        let mut leased = self.leased.lock().unwrap();
        let given = leased.entry(device).or_default();
        let needs = ask.live + ask.playing + ask.pre_position + ask.files;
        let bytes = needs.saturating_sub(*given - ask.got);
        *given += bytes;
        let (ttl_ms, among) = (60_000, 10);
        (bytes > 0).then_some(ToPeer::Lease(Lease {
            bytes,
            ttl_ms,
            among,
        }))
    }

    fn answer(&self, device: DeviceId, message: ToDms) -> Option<ToPeer> {
        match message {
            ToDms::Resolve { request, title } => Some(ToPeer::Head {
                request,
                head: (title == TITLE).then(|| self.head.clone()),
            }),
            ToDms::State { weight, sharing } => {
                let mut roster = self.roster.lock().unwrap();
                let change = roster.set_weight(device, weigh(weight, sharing));
                self.tell(change);
                None
            }
            ToDms::Bad(bad) => {
                self.reports.lock().unwrap().push(bad);
                None
            }
            ToDms::WantRoster => Some(ToPeer::Roster(self.roster.lock().unwrap().snapshot())),
            ToDms::Lease(ask) => self.lease(device, ask),
            ToDms::Ask(asked) => Some(self.hearing.answer(asked)),
            ToDms::Observed(seen) => self.hearing.saw(device, seen),
            ToDms::Totals(_) | ToDms::Holding(_) | ToDms::Hello { .. } => None,
        }
    }
}

fn manifest(segments: Vec<Segment>) -> Manifest {
    let now = epoch_ms(SystemTime::now());
    Manifest {
        format: Manifest::FORMAT,
        tenant: "acme".into(),
        title: TITLE,
        version: 1,
        kind: TitleKind::Video,
        created_ms: now,
        expires_ms: now + 3_600_000,
        duration_ms: 20_000,
        tracks: vec![Track {
            id: TrackId(1),
            kind: TrackKind::Video {
                width: 64,
                height: 36,
                frame_rate_milli: 25_000,
            },
            codecs: "avc1.64001f".into(),
            bandwidth: 240_000,
            average_bandwidth: 240_000,
            timescale: 1_000,
            segments,
        }],
        breaks: Vec::new(),
    }
}

async fn serve(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    router: Router,
    away: CancellationToken,
) {
    let acceptor = TlsAcceptor::from(tls);
    while let Some(Ok((tcp, _))) = away.run_until_cancelled(listener.accept()).await {
        let (acceptor, router, away) = (acceptor.clone(), router.clone(), away.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(tcp).await else {
                return;
            };
            let certificate = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
            let device = device_of(&certificate).unwrap();
            let router = router
                .layer(Extension(device))
                .layer(Extension(away.clone()));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
                .with_upgrades();
            let _ = away.run_until_cancelled(connection).await;
        });
    }
}

async fn chunk(
    State(dms): State<Arc<Shared>>,
    Extension(device): Extension<DeviceId>,
    extract::Path(id): extract::Path<String>,
) -> Response {
    let Ok(id) = id.parse::<ChunkId>() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Some(bytes) = dms.objects.get(&id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    dms.copies
        .lock()
        .unwrap()
        .entry(id)
        .or_default()
        .push(device);
    bytes.clone().into_response()
}

async fn renew(
    State(dms): State<Arc<Shared>>,
    Extension(device): Extension<DeviceId>,
    Json(body): Json<serde_json::Value>,
) -> Json<serde_json::Value> {
    let certificate = dms
        .authority
        .sign_request(body["csr_pem"].as_str().unwrap(), device);
    Json(serde_json::json!({ "certificate_pem": certificate }))
}

async fn control(
    State(dms): State<Arc<Shared>>,
    Extension(device): Extension<DeviceId>,
    Extension(away): Extension<CancellationToken>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let session = dms.session(device);
    if session.is_cancelled() {
        return StatusCode::FORBIDDEN.into_response();
    }
    upgrade.on_upgrade(async move |mut socket| {
        let mut changes = dms.changes.subscribe();
        let talk = talk(&dms, device, &mut socket, &mut changes);
        let talk = session.run_until_cancelled(talk);
        if away.run_until_cancelled(talk).await.is_none() {
            return;
        }
        let change = dms.roster.lock().unwrap().leave(device);
        dms.tell(change);
    })
}

async fn talk(
    dms: &Shared,
    device: DeviceId,
    socket: &mut WebSocket,
    changes: &mut broadcast::Receiver<RosterChange>,
) -> Option<()> {
    let hello = socket.recv().await?.ok()?.into_data();
    let Ok(ToDms::Hello {
        listen,
        weight,
        sharing,
        ..
    }) = ToDms::decode(&hello)
    else {
        panic!("the first frame is a hello");
    };
    let site = SiteInfo {
        id: SiteId([5; 16]),
        name: "lyon".into(),
        peering: Peering::On,
        wan_cap: dms.cap.load(Ordering::SeqCst),
    };
    let welcome = ToPeer::Welcome {
        protocol: swarm::wire::PROTOCOL,
        device,
        site: Some(site),
        heartbeat_s: 5,
    };
    send(socket, &welcome).await?;
    let snapshot = {
        let mut roster = dms.roster.lock().unwrap();
        let peer = RosterPeer {
            device,
            addr: listen,
            weight: weigh(weight, sharing),
        };
        let change = roster.join(peer).unwrap();
        dms.tell(change);
        roster.snapshot()
    };
    send(socket, &ToPeer::Roster(snapshot)).await?;
    if dms.holds_nothing.load(Ordering::SeqCst) {
        send(socket, &ToPeer::Hold(Vec::new())).await?;
    }
    if dms.hold.load(Ordering::SeqCst) {
        let campaign = Campaign {
            title: TITLE,
            tracks: Vec::new(),
            copies: 2,
        };
        send(socket, &ToPeer::Hold(vec![campaign])).await?;
    }
    loop {
        tokio::select! {
            frame = socket.recv() => {
                if let Message::Binary(frame) = frame?.ok()? {
                    let message = ToDms::decode(&frame).expect("a message of the protocol");
                    if let Some(answer) = dms.answer(device, message) {
                        send(socket, &answer).await?;
                    }
                }
            }
            change = changes.recv() => send(socket, &ToPeer::Change(change.ok()?)).await?,
        }
    }
}

async fn send(socket: &mut WebSocket, message: &ToPeer) -> Option<()> {
    socket
        .send(Message::Binary(message.encode().into()))
        .await
        .ok()
}
