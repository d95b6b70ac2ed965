//! Which site an address belongs to: the longest matching subnet decides.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use crate::content::SiteId;

/// The most subnets in one map.
pub const MAX_SUBNETS: usize = 100_000;

/// Bits before an IPv4 address in its IPv6-mapped form.
const MAPPED_BITS: u8 = 96;

/// A subnet in CIDR notation, IPv4 or IPv6. IPv4-mapped IPv6 is kept as IPv4.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    // IPv4 stands in its mapped form, so that one table holds both families.
    bits: u128,
    prefix: u8,
}

/// Why a text is not a subnet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    /// Not an address.
    #[error("\"{0}\" is not a subnet; write it like 10.20.0.0/16 or fd00:20::/32")]
    Syntax(String),
    /// The prefix is longer than the address.
    #[error("/{prefix} is too long: an address of this family has {most} bits")]
    Prefix {
        /// The prefix given.
        prefix: u32,
        /// The longest possible.
        most: u8,
    },
    /// The address has bits after the prefix.
    #[error("{given} names a host, not a subnet; did you mean {meant}?")]
    HostBits {
        /// What was written.
        given: String,
        /// The subnet it lies in.
        meant: Cidr,
    },
}

impl Cidr {
    /// The subnet of this address with this many leading bits.
    ///
    /// # Errors
    /// [`CidrError`] when the prefix is too long or the address has bits after it.
    pub fn new(address: IpAddr, prefix: u8) -> Result<Self, CidrError> {
        let (bits, prefix) = match address {
            IpAddr::V4(v4) if prefix <= 32 => (mapped(v4), prefix + MAPPED_BITS),
            IpAddr::V6(v6) if prefix <= 128 => (v6.to_bits(), prefix),
            IpAddr::V4(_) => {
                return Err(CidrError::Prefix {
                    prefix: prefix.into(),
                    most: 32,
                });
            }
            IpAddr::V6(_) => {
                return Err(CidrError::Prefix {
                    prefix: prefix.into(),
                    most: 128,
                });
            }
        };
        let subnet = Self {
            bits: bits & mask(prefix),
            prefix,
        };
        if subnet.bits != bits {
            let shown = if address.is_ipv4() {
                prefix - MAPPED_BITS
            } else {
                prefix
            };
            return Err(CidrError::HostBits {
                given: format!("{address}/{shown}"),
                meant: subnet,
            });
        }
        Ok(subnet)
    }

    /// Whether the address lies in the subnet.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        key(address) & mask(self.prefix) == self.bits
    }

    /// Its leading bits, of an address of its own family.
    #[must_use]
    pub fn prefix(&self) -> u8 {
        if self.is_ipv4() {
            self.prefix - MAPPED_BITS
        } else {
            self.prefix
        }
    }

    /// Whether it is a subnet of IPv4.
    #[must_use]
    pub fn is_ipv4(&self) -> bool {
        let address = Ipv6Addr::from_bits(self.bits);
        self.prefix >= MAPPED_BITS && address.to_ipv4_mapped().is_some()
    }

    /// Whether every address of `other` lies in this subnet.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.prefix <= other.prefix && other.bits & mask(self.prefix) == self.bits
    }
}

impl FromStr for Cidr {
    type Err = CidrError;
    fn from_str(text: &str) -> Result<Self, CidrError> {
        let syntax = || CidrError::Syntax(text.chars().take(64).collect());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| syntax())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => most,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                let prefix: u32 = digits.parse().map_err(|_| syntax())?;
                u8::try_from(prefix).map_err(|_| CidrError::Prefix { prefix, most })?
            }
            Some(_) => return Err(syntax()),
        };
        Self::new(address, prefix)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Ipv6Addr::from_bits(self.bits);
        match address.to_ipv4_mapped() {
            Some(v4) if self.prefix >= MAPPED_BITS => {
                write!(f, "{v4}/{}", self.prefix - MAPPED_BITS)
            }
            _ => write!(f, "{address}/{}", self.prefix),
        }
    }
}

impl fmt::Debug for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cidr({self})")
    }
}

impl serde::Serialize for Cidr {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Cidr {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Why subnets do not make a map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// Two sites claim the same subnet.
    #[error("{subnet} belongs to two sites, {first} and {second}; remove it from one of them")]
    Twice {
        /// The subnet.
        subnet: Cidr,
        /// The site that has it.
        first: SiteId,
        /// The site that wants it too.
        second: SiteId,
    },
    /// More than [`MAX_SUBNETS`].
    #[error("more than {MAX_SUBNETS} subnets")]
    TooMany,
}

/// Which subnets belong to which site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteMap {
    sites: BTreeMap<(u8, u128), SiteId>,
    prefixes: BTreeSet<u8>,
}

impl SiteMap {
    /// The map of these subnets. A subnet inside another one is no error: the longer prefix wins.
    ///
    /// # Errors
    /// [`MapError`] when two sites claim one subnet.
    pub fn new(subnets: impl IntoIterator<Item = (SiteId, Cidr)>) -> Result<Self, MapError> {
        let mut map = Self::default();
        for (site, subnet) in subnets {
            let old = map.sites.insert((subnet.prefix, subnet.bits), site);
            if let Some(first) = old.filter(|first| *first != site) {
                return Err(MapError::Twice {
                    subnet,
                    first,
                    second: site,
                });
            }
            if map.sites.len() > MAX_SUBNETS {
                return Err(MapError::TooMany);
            }
            map.prefixes.insert(subnet.prefix);
        }
        Ok(map)
    }

    /// The site of an address; none when no subnet holds it.
    #[must_use]
    pub fn site_of(&self, address: IpAddr) -> Option<SiteId> {
        let bits = key(address);
        let longest_first = self.prefixes.iter().rev();
        longest_first
            .copied()
            .find_map(|p| self.sites.get(&(p, bits & mask(p))).copied())
    }

    /// Subnets that lie inside a subnet of another site, each with the closest such site: right
    /// as an exception, wrong as a typing error, so a page shows them.
    #[must_use]
    pub fn nested(&self) -> Vec<(Cidr, SiteId, SiteId)> {
        let mut found = Vec::new();
        for (&(prefix, bits), &inner) in &self.sites {
            let wider = self.prefixes.range(..prefix).rev();
            let outer = wider
                .copied()
                .find_map(|p| self.sites.get(&(p, bits & mask(p))));
            if let Some(&outer) = outer.filter(|outer| **outer != inner) {
                found.push((Cidr { bits, prefix }, inner, outer));
            }
        }
        found
    }
}

fn mapped(v4: Ipv4Addr) -> u128 {
    v4.to_ipv6_mapped().to_bits()
}

fn key(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => mapped(v4),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn mask(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
