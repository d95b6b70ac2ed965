//! What both servers work with: an authority, certificates, and a peer's state folder full of
//! chunks whose roster names the client's devices.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
};

use edge_peer::{
    device_key::SoftwareKey,
    driver::Known,
    net::identity::{Identity, peer_name},
    state::{Access, StateFolder, Trust, names},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType,
};
use rustls::ClientConfig;
use swarm::{
    content::{ChunkId, DeviceId, SiteId},
    wire::{Peering, RosterPeer, RosterSnapshot, SiteInfo},
};
use time::{Duration, OffsetDateTime};

use crate::Problem;

/// The peer that is measured.
pub const PEER: DeviceId = DeviceId([1; 16]);
/// The devices that ask: one may take only half of a peer's upload slots.
pub const CLIENTS: u8 = 4;
const CHUNK: usize = 1 << 20;

/// Everything on disk, removed when dropped.
pub struct Site {
    folder: tempfile::TempDir,
    /// The chunks on disk.
    pub chunks: Vec<ChunkId>,
    /// How each client connects, ready to be used.
    pub clients: Vec<Arc<ClientConfig>>,
    /// The peer's chunk listener.
    pub peer: SocketAddr,
}

impl Site {
    /// Makes it: keys, certificates, roster and `count` chunks of random bytes.
    pub fn make(count: usize) -> Result<Self, Problem> {
        let folder = tempfile::tempdir()?;
        let authority = Authority::new()?;
        let peer = free_address()?;
        let state = StateFolder::at(folder.path().join("state"));
        state.create()?;
        let (certificate, key) = authority.device(PEER)?;
        state.write(names::CA, authority.pem().as_bytes(), Access::Public)?;
        state.write(names::CERTIFICATE, certificate.as_bytes(), Access::Public)?;
        state.write(names::KEY, key.as_bytes(), Access::Private)?;
        state.write(names::TRUST, &serde_json::to_vec(&trust())?, Access::Public)?;
        known(peer).save(&state)?;
        let mut clients = Vec::new();
        for client in (0..CLIENTS).map(client) {
            let (certificate, key) = authority.device(client)?;
            let identity = Identity::new(
                client,
                certificate.as_bytes(),
                Arc::new(SoftwareKey::from_pem(&key).ok_or("a key")?),
                authority.pem().as_bytes(),
            )?;
            clients.push(Arc::new(identity.client_config()?));
        }
        let mut site = Self {
            folder,
            chunks: Vec::new(),
            clients,
            peer,
        };
        site.fill(count)?;
        Ok(site)
    }

    /// A file or folder of the bench.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn fill(&mut self, count: usize) -> Result<(), Problem> {
        let mut random = StdRng::seed_from_u64(0x5eed);
        let mut bytes = vec![0; CHUNK];
        for _ in 0..count {
            random.fill(&mut bytes[..]);
            let id = ChunkId::of(&bytes);
            let folder = self
                .path("state/cache/chunks")
                .join(hex::encode(&id.0[..1]));
            std::fs::create_dir_all(&folder)?;
            std::fs::write(folder.join(id.to_string()), &bytes)?;
            self.chunks.push(id);
        }
        Ok(())
    }
}

fn client(n: u8) -> DeviceId {
    DeviceId([0x10 + n; 16])
}

/// An address nobody listens on right now.
pub fn free_address() -> Result<SocketAddr, Problem> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// The DMS is away, as after a restart in an office whose WAN is down.
fn trust() -> Trust {
    Trust {
        device_id: PEER,
        name: "bench".into(),
        tenant: "bench".into(),
        dms_url: "https://127.0.0.1:9".into(),
        device_url: "https://127.0.0.1:9".into(),
        portal_origins: Vec::new(),
        manifest_keys: Vec::new(),
        license_keys: Vec::new(),
    }
}

fn known(peer: SocketAddr) -> Known {
    let member = |device, weight| RosterPeer {
        device,
        addr: peer.to_string(),
        weight,
    };
    let mut peers = vec![member(PEER, 100)];
    peers.extend((0..CLIENTS).map(|n| member(client(n), 0)));
    Known {
        local: Some(peer.ip().to_string()),
        site: Some(SiteInfo {
            id: SiteId([7; 16]),
            name: "bench".into(),
            peering: Peering::On,
            wan_cap: 0,
        }),
        roster: Some(RosterSnapshot {
            version: 1,
            homes: 2,
            peers,
        }),
        campaigns: None,
    }
}

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Result<Self, Problem> {
        let mut params = CertificateParams::default();
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "bench authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Self { issuer })
    }

    fn pem(&self) -> String {
        self.issuer.pem()
    }

    fn device(&self, device: DeviceId) -> Result<(String, String), Problem> {
        let mut params = CertificateParams::default();
        // OpenSSL refuses a leaf whose name is its issuer's.
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "bench leaf");
        params.subject_alt_names = vec![
            SanType::URI(format!("urn:dms:device:{device}").as_str().try_into()?),
            SanType::DnsName(peer_name(device).as_str().try_into()?),
        ];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::ServerAuth,
        ];
        params.not_before = OffsetDateTime::now_utc() - Duration::hours(1);
        params.not_after = params.not_before + Duration::hours(25);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }
}
