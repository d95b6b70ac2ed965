//! What a peer sees of the network around it, from which the DMS proposes sites.

use minicbor::{CborLen, Decode, Encode};

/// The most subnets of one observation.
pub const MAX_SUBNETS_SEEN: usize = 16;

/// The longest DHCP domain, bytes (RFC 1035 section 2.3.4).
pub const MAX_DOMAIN: usize = 253;

/// The longest subnet in text.
const MAX_SUBNET_TEXT: usize = 49;

/// What a peer sees. It says nothing that the peer cannot find out; none is never a guess.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Observation {
    /// What the default gateway's link address hashes to, with the tenant: the same for all PCs behind one router.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub gateway: Option<[u8; 16]>,
    /// The domain that DHCP gave.
    #[n(1)]
    pub domain: Option<String>,
    /// The subnets of its interfaces, without loopback, link-local ones and tunnels, such as `10.20.4.0/24`.
    #[n(2)]
    pub subnets: Vec<String>,
    /// How long the control connection takes there and back, milliseconds.
    #[n(3)]
    pub rtt_ms: Option<u32>,
}

impl Observation {
    /// Whether it is within the maxima.
    pub(super) fn fits(&self) -> bool {
        self.subnets.len() <= MAX_SUBNETS_SEEN
            && self.subnets.iter().all(|s| s.len() <= MAX_SUBNET_TEXT)
            && self.domain.as_ref().is_none_or(|d| d.len() <= MAX_DOMAIN)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ToDms, WireError};
    use super::*;

    #[test]
    fn what_is_longer_than_allowed_is_refused() {
        let seen = Observation {
            gateway: Some([7; 16]),
            domain: Some("d".repeat(MAX_DOMAIN)),
            subnets: vec!["s".repeat(MAX_SUBNET_TEXT); MAX_SUBNETS_SEEN],
            rtt_ms: Some(20),
        };
        let sent = ToDms::Observed(seen.clone());
        assert_eq!(ToDms::decode(&sent.encode()), Ok(sent));
        let mut long = [seen.clone(), seen.clone(), seen];
        long[0].domain.as_mut().unwrap().push('d');
        long[1].subnets[3].push('s');
        long[2].subnets.push("s".into());
        for seen in long {
            let sent = ToDms::Observed(seen).encode();
            assert_eq!(ToDms::decode(&sent), Err(WireError::TooMany));
        }
    }
}
