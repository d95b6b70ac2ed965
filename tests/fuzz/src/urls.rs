//! URLs that somebody typed or a redirect named, and the addresses behind them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use dms_server::egress::address::{Policy, Verdict};
use dms_server::egress::target::{Place, Target, URL_MAX};

use crate::input::Input;

/// What no public address is, as the standard library and the registries say it; told apart from the table that
/// the server uses.
fn is_never_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && b & 0xc0 == 64;
            v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.is_documentation()
                || shared
                || a == 0
                || a >= 240
        }
        IpAddr::V6(v6) => {
            let mapped = v6.to_ipv4().is_some_and(|v4| is_never_public(v4.into()));
            let segments = v6.segments();
            // NAT64, and 6to4: the address that they stand for.
            let [_, six, four, .., high, low] = segments;
            let nat64 = segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0]
                && is_never_public(v4(high, low).into());
            let six_to_four = segments[0] == 0x2002 && is_never_public(v4(six, four).into());
            mapped
                || nat64
                || six_to_four
                || v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || segments[0] & 0xe000 != 0x2000 && !is_nat64(v6)
        }
    }
}

fn is_nat64(v6: Ipv6Addr) -> bool {
    v6.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0]
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

fn judged(address: IpAddr) {
    let public = Policy::default().judge(address) == Verdict::Public;
    assert!(
        !public || !is_never_public(address),
        "{address} is taken for public"
    );
}

/// 4 or 16 bytes as an address, everything else as a text that may be one.
pub(crate) fn address(bytes: &[u8]) -> bool {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        judged(Ipv4Addr::from(octets).into());
        // The same machine in the spellings of IPv6.
        judged(Ipv4Addr::from(octets).to_ipv6_mapped().into());
    }
    if let Ok(octets) = <[u8; 16]>::try_from(bytes) {
        judged(Ipv6Addr::from(octets).into());
    }
    let Some(text) = Input(bytes).text() else {
        return false;
    };
    if let Ok(address) = text.parse() {
        judged(address);
    }
    let policy = Policy::parse(&[text.to_owned()]);
    if let Ok(policy) = &policy {
        let (subnet, _) = text.trim().split_once('/').unwrap_or((text.trim(), ""));
        let address: IpAddr = subnet.parse().expect("a subnet begins with an address");
        assert_eq!(policy.judge(address), Verdict::Opened);
    }
    policy.is_ok()
}

fn taken(target: &Target) {
    let text = target.as_str();
    assert!(text.len() <= URL_MAX);
    assert_eq!(Target::parse(text).as_ref(), Ok(target), "read again");
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    assert!(!text.contains(odd) && !target.path_and_query().contains(odd));
    assert!(target.port() >= 1_024 || [80, 443].contains(&target.port()));
    match target.host() {
        Place::Name(name) => {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
            assert!(name.bytes().all(plain), "{name}");
            assert!(name.parse::<IpAddr>().is_err(), "an address as a name");
            let last = name.rsplit('.').next().unwrap_or_default();
            let number = last.bytes().all(|b| b.is_ascii_digit());
            assert!(!number, "{name} is an address to some resolvers");
        }
        Place::Address(address) => judged(*address),
    }
}

/// A URL, and where a redirect leads from it: a line each.
pub(crate) fn url(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let (Ok(first), Some(rest)) = (std::str::from_utf8(input.line()), input.text()) else {
        return false;
    };
    let Ok(target) = Target::parse(first) else {
        return false;
    };
    taken(&target);
    for location in rest.lines().take(5) {
        if let Ok(next) = target.join(location) {
            taken(&next);
            assert!(!target.same_origin(&next) || target.host() == next.host());
        }
    }
    true
}
