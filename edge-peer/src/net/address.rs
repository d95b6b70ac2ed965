//! Where the names of certificates are: the roster's addresses, and the DMS's.
//!
//! The HTTP client asks this book instead of the DNS, so a name that is not in it is nowhere.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, PoisonError, RwLock},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use swarm::{content::DeviceId, wire::RosterPeer};

use super::identity::{ORIGIN_NAME, PEER_SUFFIX};

/// Why there is no address.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// The name is not a member of the site, nor the DMS.
    #[error("{0} is not in the roster")]
    Unknown(String),
    /// The DMS's host cannot be looked up.
    #[error("{host} cannot be looked up: {source}")]
    Lookup {
        /// The host of the device URL.
        host: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The DMS's device listener: a host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// An address, or a name for the system's resolver.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Why a URL does not name a device listener.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a device URL of the form https://host:port")]
pub struct OriginError(pub String);

impl Origin {
    /// The host and port of `https://host[:port]`.
    ///
    /// # Errors
    /// [`OriginError`] for any other form.
    pub fn parse(url: &str) -> Result<Self, OriginError> {
        let wrong = || OriginError(url.to_owned());
        let uri: http::Uri = url.parse().map_err(|_| wrong())?;
        let plain = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let authority = uri.authority().ok_or_else(wrong)?;
        if uri.scheme_str() != Some("https") || !plain || authority.as_str().contains('@') {
            return Err(wrong());
        }
        let host = authority.host().trim_matches(['[', ']']);
        Ok(Self {
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(443),
        })
    }

    /// Its addresses.
    ///
    /// # Errors
    /// [`AddressError::Lookup`].
    pub async fn lookup(&self) -> Result<Vec<SocketAddr>, AddressError> {
        if let Ok(ip) = self.host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, self.port)]);
        }
        match tokio::net::lookup_host((self.host.as_str(), self.port)).await {
            Ok(found) => Ok(found.collect()),
            Err(source) => Err(AddressError::Lookup {
                host: self.host.clone(),
                source,
            }),
        }
    }
}

/// The addresses of the site's members; clones share it.
#[derive(Debug, Clone)]
pub struct AddressBook {
    origin: Arc<Origin>,
    /// Guards the map only; nothing is awaited under it.
    peers: Arc<RwLock<HashMap<DeviceId, SocketAddr>>>,
}

impl AddressBook {
    /// A book that knows only the DMS.
    #[must_use]
    pub fn new(origin: Origin) -> Self {
        Self {
            origin: Arc::new(origin),
            peers: Arc::default(),
        }
    }

    /// The DMS's device listener.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Replaces the members by these. A peer whose address is not one is left out.
    pub fn replace<'a>(&self, roster: impl Iterator<Item = &'a RosterPeer>) {
        let members = roster
            .filter_map(|p| Some((p.device, p.addr.parse().ok()?)))
            .collect();
        *self.peers.write().unwrap_or_else(PoisonError::into_inner) = members;
    }

    /// How many members the site has, as far as is known.
    #[must_use]
    pub fn members(&self) -> usize {
        let peers = self.peers.read().unwrap_or_else(PoisonError::into_inner);
        peers.len()
    }

    /// Whether the device is a member of the site now.
    #[must_use]
    pub fn is_member(&self, device: DeviceId) -> bool {
        self.peer(device).is_some()
    }

    /// A member's chunk listener.
    #[must_use]
    pub fn peer(&self, device: DeviceId) -> Option<SocketAddr> {
        let peers = self.peers.read().unwrap_or_else(PoisonError::into_inner);
        peers.get(&device).copied()
    }

    async fn find(&self, name: &str) -> Result<Vec<SocketAddr>, AddressError> {
        if name == ORIGIN_NAME {
            return self.origin.lookup().await;
        }
        name.strip_suffix(PEER_SUFFIX)
            .and_then(|id| id.parse().ok())
            .and_then(|device| self.peer(device))
            .map(|address| vec![address])
            .ok_or_else(|| AddressError::Unknown(name.to_owned()))
    }
}

impl Resolve for AddressBook {
    fn resolve(&self, name: Name) -> Resolving {
        let book = self.clone();
        Box::pin(async move {
            let found = book.find(name.as_str()).await?;
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address is one of the internet: not a network's own, this machine's, a link's or a carrier's.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            let shared = first == 100 && (64..128).contains(&second);
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || shared)
        }
        IpAddr::V6(ip) => !(ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_url_is_a_host_and_a_port() {
        let parsed = |url| Origin::parse(url).map(|o| (o.host, o.port));
        assert_eq!(
            parsed("https://127.0.0.1:8443"),
            Ok(("127.0.0.1".into(), 8443))
        );
        assert_eq!(
            parsed("https://dms.example/"),
            Ok(("dms.example".into(), 443))
        );
        assert_eq!(parsed("https://[::1]:9"), Ok(("::1".into(), 9)));
        for wrong in [
            "http://a:1",
            "https://",
            "a:1",
            "https://u@a:1",
            "https://a/b",
            "",
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_of_networks_are_not_the_internet() {
        for inside in [
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "127.1.0.1",
            "169.254.1.1",
            "100.100.1.1",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in [
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "2001:db8::1",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[tokio::test]
    async fn only_members_and_the_dms_have_an_address() {
        let book = AddressBook::new(Origin::parse("https://127.0.0.1:8443").unwrap());
        let device = DeviceId([1; 16]);
        let name = format!("{device}{PEER_SUFFIX}");
        assert!(book.find(&name).await.is_err());
        let peer = RosterPeer {
            device,
            addr: "127.1.0.1:7001".into(),
            weight: 100,
        };
        book.replace([peer].iter());
        assert!(book.is_member(device));
        assert_eq!(
            book.find(&name).await.unwrap()[0].to_string(),
            "127.1.0.1:7001"
        );
        assert_eq!(book.find(ORIGIN_NAME).await.unwrap()[0].port(), 8443);
        assert!(book.find("example.com").await.is_err());
        book.replace([].iter());
        assert!(!book.is_member(device));
    }
}
