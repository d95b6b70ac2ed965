//! Which addresses may be dialled for somebody who typed a URL.
//!
//! The tables are IANA's special-purpose registries for IPv4 and IPv6. What is not known to be public is
//! refused: of IPv6 only the global unicast block 2000::/3, and NAT64 of a public IPv4 address.

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use swarm::site::{Cidr, CidrError};

/// The most subnets an operator may open.
pub const ALLOW_MAX: usize = 256;

/// What kind of address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Reachable by everybody.
    Public,
    /// 0.0.0.0 and ::, which mean this machine to many systems.
    Unspecified,
    /// This machine.
    Loopback,
    /// A company's own network: RFC 1918, fc00::/7, the old fec0::/10.
    Private,
    /// The neighbours on the wire, and where clouds keep their metadata (169.254.169.254).
    LinkLocal,
    /// A provider's own network, 100.64.0.0/10; some clouds keep services there.
    CarrierNat,
    /// For measuring networks.
    Benchmarking,
    /// For examples in documents.
    Documentation,
    /// A group and not a machine.
    Multicast,
    /// Every neighbour on the wire.
    Broadcast,
    /// A service of the cloud's host that only looks public (168.63.129.16).
    Platform,
    /// An IPv6 address that stands for an IPv4 address: mapped, compatible, translated, 6to4, Teredo,
    /// local NAT64, ISATAP of an address that is not public. Nobody serves the public there.
    Embedded,
    /// Set aside for something else, or for nothing yet.
    Reserved,
}

impl Class {
    /// What it is in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Public => "a public address",
            Self::Unspecified => "the unspecified address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::LinkLocal => "a link-local address",
            Self::CarrierNat => "an address of a provider's own network",
            Self::Benchmarking => "an address for benchmarks",
            Self::Documentation => "an address for documentation",
            Self::Multicast => "a multicast address",
            Self::Broadcast => "the broadcast address",
            Self::Platform => "an address of the cloud's own services",
            Self::Embedded => "an IPv6 address that hides an IPv4 address",
            Self::Reserved => "a reserved address",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// The class of an address.
#[must_use]
pub const fn classify(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(v4) => classify_v4(v4),
        IpAddr::V6(v6) => classify_v6(v6),
    }
}

const fn classify_v4(address: Ipv4Addr) -> Class {
    match address.octets() {
        [0, 0, 0, 0] => Class::Unspecified,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Class::Private,
        [100, 64..=127, ..] => Class::CarrierNat,
        [127, ..] => Class::Loopback,
        [168, 63, 129, 16] => Class::Platform,
        [169, 254, ..] => Class::LinkLocal,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Class::Documentation,
        [198, 18..=19, ..] => Class::Benchmarking,
        [224..=239, ..] => Class::Multicast,
        [255, 255, 255, 255] => Class::Broadcast,
        // "This network", IETF protocols, relays of 6to4, the future.
        [0, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [240..=255, ..] => Class::Reserved,
        _ => Class::Public,
    }
}

const fn classify_v6(address: Ipv6Addr) -> Class {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Class::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Class::Loopback,
        // NAT64 of the whole world: as public as what it stands for.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => classify_v4(v4_of(high, low)),
        // Compatible, mapped, translated; local NAT64, whose IPv4 bits may stand anywhere.
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, ..] => {
            Class::Embedded
        }
        // Teredo and 6to4.
        [0x2001, 0, ..] | [0x2002, ..] => Class::Embedded,
        [0x2001, 2, 0, ..] => Class::Benchmarking,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Class::Documentation,
        // IETF protocols, ORCHID.
        [0x2001, 0..=0x01ff, ..] => Class::Reserved,
        [0x2000..=0x3fff, _, _, _, 0 | 0x0200, 0x5efe, high, low] => {
            match classify_v4(v4_of(high, low)) {
                Class::Public => Class::Public,
                _ => Class::Embedded,
            }
        }
        [0x2000..=0x3fff, ..] => Class::Public,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Class::Private,
        [0xfe80..=0xfebf, ..] => Class::LinkLocal,
        [0xff00..=0xffff, ..] => Class::Multicast,
        _ => Class::Reserved,
    }
}

const fn v4_of(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(((high as u32) << 16) | low as u32)
}

/// What may be done with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is public: HTTPS.
    Public,
    /// The operator opened it: HTTPS, and plain HTTP.
    Opened,
    /// It stays shut.
    Refused(Class),
}

/// The addresses that an operator opened although they are not public.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    opened: Vec<Cidr>,
}

impl Policy {
    /// Reads subnets such as `10.20.0.0/16` or `fd00:20::/32`.
    ///
    /// # Errors
    /// The first text that is no subnet, in words; or that there are more than [`ALLOW_MAX`].
    pub fn parse(subnets: &[String]) -> Result<Self, String> {
        if subnets.len() > ALLOW_MAX {
            return Err(format!(
                "give at most {ALLOW_MAX} subnets; merge neighbours"
            ));
        }
        let read = |text: &String| text.trim().parse();
        let opened = subnets.iter().map(read).collect::<Result<_, CidrError>>();
        opened
            .map(|opened| Self { opened })
            .map_err(|error| error.to_string())
    }

    /// What may be done with an address. An IPv4 subnet holds the IPv4-mapped form of its addresses too:
    /// both reach the same machine.
    #[must_use]
    pub fn judge(&self, address: IpAddr) -> Verdict {
        if self.opened.iter().any(|subnet| subnet.contains(address)) {
            return Verdict::Opened;
        }
        match classify(address) {
            Class::Public => Verdict::Public,
            class => Verdict::Refused(class),
        }
    }
}
