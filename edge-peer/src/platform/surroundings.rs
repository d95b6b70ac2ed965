//! The network around this PC, as far as it says in which office the PC is.
//!
//! Only of the interface over which the DMS is reached: a home printer's network is nobody's business. Linux tells the
//! gateway and the domain; elsewhere the subnets alone are known.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};

use sha2::{Digest, Sha256};
use swarm::{
    site::Cidr,
    wire::{
        Observation,
        observation::{MAX_DOMAIN, MAX_SUBNETS_SEEN},
    },
};

/// Keeps the hash of a gateway apart from every other hash.
const GATEWAY: &[u8] = b"dms gateway v1";

/// A route through a gateway (RTF_GATEWAY of Linux's route.h).
const THROUGH_GATEWAY: u32 = 2;

/// Looks around.
#[derive(Debug, Clone)]
pub struct Surroundings {
    root: PathBuf,
    tenant: String,
}

impl Surroundings {
    /// Of this PC, for a DMS with this tenant: two companies do not see one gateway as the same.
    #[must_use]
    pub fn of(tenant: &str) -> Self {
        Self::at("/", tenant)
    }

    fn at(root: impl Into<PathBuf>, tenant: &str) -> Self {
        Self {
            root: root.into(),
            tenant: tenant.to_owned(),
        }
    }

    /// What is seen over the interface that has this address.
    #[must_use]
    pub fn look(&self, local: IpAddr, rtt_ms: Option<u32>) -> Observation {
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let name = super::interface_of(local);
        let own = interfaces.iter().filter(|i| Some(&i.name) == name.as_ref());
        let subnets = own.filter_map(|i| subnet(&i.addr)).map(|s| s.to_string());
        Observation {
            gateway: name.as_deref().and_then(|name| self.gateway(name)),
            domain: self.domain(),
            subnets: subnets.take(MAX_SUBNETS_SEEN).collect(),
            rtt_ms,
        }
    }

    /// The hash of the link address of the interface's default gateway.
    fn gateway(&self, interface: &str) -> Option<[u8; 16]> {
        let routes = fs::read_to_string(self.root.join("proc/net/route")).ok()?;
        let gateway = routes
            .lines()
            .find_map(|line| default_route(line, interface))?;
        let neighbours = fs::read_to_string(self.root.join("proc/net/arp")).ok()?;
        let link = neighbours
            .lines()
            .find_map(|line| neighbour(line, gateway, interface))?;
        let mut hash = Sha256::new();
        hash.update(GATEWAY);
        hash.update([0]);
        hash.update(self.tenant.as_bytes());
        hash.update([0]);
        hash.update(link.as_bytes());
        hash.finalize().first_chunk().copied()
    }

    /// The domain in which names are looked for first.
    fn domain(&self) -> Option<String> {
        let text = fs::read_to_string(self.root.join("etc/resolv.conf")).ok()?;
        let mut lines = text.lines().map(str::split_whitespace);
        let found = lines.find_map(|mut words| {
            let first = matches!(words.next()?, "domain" | "search");
            first.then(|| words.next()).flatten()
        })?;
        let name = found.trim_end_matches('.').to_ascii_lowercase();
        let plain = name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
        (plain && !name.is_empty() && name.len() <= MAX_DOMAIN).then_some(name)
    }
}

/// The gateway of an interface's default route, in a line of `/proc/net/route`.
fn default_route(line: &str, interface: &str) -> Option<Ipv4Addr> {
    let mut words = line.split_whitespace();
    let (name, to, gateway, flags) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let flags = u32::from_str_radix(flags, 16).ok()?;
    let fits = name == interface && to == "00000000" && flags & THROUGH_GATEWAY != 0;
    // As the kernel has it in memory: its first byte is the address's first on a little-endian machine.
    let bits = u32::from_str_radix(gateway, 16).ok()?;
    fits.then(|| Ipv4Addr::from(bits.to_ne_bytes()))
}

/// The link address of a neighbour, in a line of `/proc/net/arp`.
fn neighbour(line: &str, address: Ipv4Addr, interface: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [ip, _, _, link, _, device] = words.as_slice() else {
        return None;
    };
    let known = link.len() == 17 && *link != "00:00:00:00:00:00";
    let fits = ip.parse() == Ok(address) && *device == interface && known;
    fits.then(|| link.to_ascii_lowercase())
}

/// The subnet of an interface's address; none for loopback and link-local ones.
fn subnet(address: &if_addrs::IfAddr) -> Option<Cidr> {
    let (ip, prefix): (IpAddr, u8) = match address {
        if_addrs::IfAddr::V4(v4) => {
            let bits = v4.ip.to_bits() & mask_v4(v4.prefixlen);
            (Ipv4Addr::from_bits(bits).into(), v4.prefixlen)
        }
        if_addrs::IfAddr::V6(v6) => {
            let bits = v6.ip.to_bits() & mask_v6(v6.prefixlen);
            (std::net::Ipv6Addr::from_bits(bits).into(), v6.prefixlen)
        }
    };
    let local = match address.ip() {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    if local || ip.is_loopback() || address.ip().is_loopback() {
        return None;
    }
    Cidr::new(ip, prefix).ok()
}

fn mask_v4(prefix: u8) -> u32 {
    u32::MAX
        .checked_shl(32_u32.saturating_sub(prefix.into()))
        .unwrap_or(0)
}

fn mask_v6(prefix: u8) -> u128 {
    u128::MAX
        .checked_shl(128_u32.saturating_sub(prefix.into()))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
        wlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
        eth0\t0004140A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n\
        eth0\t00000000\t0104140A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n";
    const NEIGHBOURS: &str = "IP address       HW type     Flags       HW address            Mask     Device\n\
        10.20.4.9        0x1         0x2         02:00:00:00:00:09     *        eth0\n\
        10.20.4.1        0x1         0x2         02:00:00:AA:00:01     *        eth0\n\
        192.168.0.1      0x1         0x0         00:00:00:00:00:00     *        wlan0\n";

    fn tree(resolv: &str) -> (tempfile::TempDir, Surroundings) {
        let dir = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("proc/net/route", ROUTES);
        put("proc/net/arp", NEIGHBOURS);
        put("etc/resolv.conf", resolv);
        let around = Surroundings::at(dir.path(), "acme");
        (dir, around)
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn a_gateway_is_known_by_a_hash_that_another_company_does_not_share() {
        let (dir, around) = tree("");
        let gateway = around.gateway("eth0").unwrap();
        assert_eq!(
            around.gateway("wlan0"),
            None,
            "its link address is not known"
        );
        assert_eq!(around.gateway("eth1"), None);
        let other = Surroundings::at(dir.path(), "other");
        assert_ne!(other.gateway("eth0"), Some(gateway));
        let nowhere = Surroundings::at("/no/such/folder", "acme");
        assert_eq!((nowhere.gateway("eth0"), nowhere.domain()), (None, None));
    }

    #[test]
    fn the_domain_is_the_first_one_that_names_are_looked_for_in() {
        for (text, domain) in [
            (
                "nameserver 10.0.0.1\nsearch Lyon.Corp.example. corp.example\n",
                Some("lyon.corp.example"),
            ),
            ("# search x\ndomain corp.example\n", Some("corp.example")),
            ("search .\n", None),
            ("search <b>\n", None),
            ("", None),
        ] {
            assert_eq!(tree(text).1.domain().as_deref(), domain, "{text:?}");
        }
        let long = format!("search {}\n", "a".repeat(MAX_DOMAIN + 1));
        assert_eq!(tree(&long).1.domain(), None);
    }

    #[test]
    fn of_this_machine_no_loopback_is_told() {
        let seen = Surroundings::of("acme").look("127.0.0.1".parse().unwrap(), Some(3));
        assert_eq!((seen.subnets.as_slice(), seen.rtt_ms), (&[][..], Some(3)));
    }

    #[test]
    fn subnets_are_those_of_the_addresses() {
        for (prefix, v4, v6) in [
            (0, 0, 0),
            (24, 0xffff_ff00, u128::MAX << 104),
            (32, u32::MAX, u128::MAX << 96),
        ] {
            assert_eq!((mask_v4(prefix), mask_v6(prefix)), (v4, v6));
        }
        assert_eq!(mask_v6(128), u128::MAX);
    }
}
