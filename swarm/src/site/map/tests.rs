//! Subnets to sites.

use super::*;

const LYON: SiteId = SiteId([1; 16]);
const PARIS: SiteId = SiteId([2; 16]);
const LAB: SiteId = SiteId([3; 16]);

fn map(subnets: &[(SiteId, &str)]) -> Result<SiteMap, MapError> {
    SiteMap::new(
        subnets
            .iter()
            .map(|(site, text)| (*site, text.parse().unwrap())),
    )
}

#[test]
fn text_forms() {
    for (text, shown) in [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("10.1.2.3", "10.1.2.3/32"),
        ("fd00:1::/32", "fd00:1::/32"),
        ("::/0", "::/0"),
        ("::1", "::1/128"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
    ] {
        assert_eq!(text.parse::<Cidr>().unwrap().to_string(), shown);
    }
}

#[test]
fn bad_text_is_refused_with_the_fix() {
    let message = |text: &str| text.parse::<Cidr>().unwrap_err().to_string();
    assert_eq!(
        message("10.1.2.3/16"),
        "10.1.2.3/16 names a host, not a subnet; did you mean 10.1.0.0/16?"
    );
    assert_eq!(
        message("fd00::1/64"),
        "fd00::1/64 names a host, not a subnet; did you mean fd00::/64?"
    );
    assert_eq!(
        message("10.0.0.0/33"),
        "/33 is too long: an address of this family has 32 bits"
    );
    assert_eq!(
        message("::/300"),
        "/300 is too long: an address of this family has 128 bits"
    );
    for bad in [
        "",
        "10.0.0",
        "10.0.0.0/",
        "10.0.0.0/+8",
        "10.0.0.0/8/8",
        "lyon",
        "010.0.0.0/8",
    ] {
        assert!(
            matches!(bad.parse::<Cidr>(), Err(CidrError::Syntax(_))),
            "{bad}"
        );
    }
}

#[test]
fn the_longest_prefix_wins() {
    let map = map(&[
        (LYON, "10.0.0.0/8"),
        (PARIS, "10.20.0.0/16"),
        (LAB, "10.20.30.0/24"),
        (LYON, "fd00::/16"),
        (PARIS, "fd00:20::/32"),
    ])
    .unwrap();
    for (address, site) in [
        ("10.1.1.1", Some(LYON)),
        ("10.20.1.1", Some(PARIS)),
        ("10.20.30.255", Some(LAB)),
        ("10.20.31.0", Some(PARIS)),
        ("11.0.0.1", None),
        ("::ffff:10.20.30.1", Some(LAB)),
        ("fd00:1::1", Some(LYON)),
        ("fd00:20::1", Some(PARIS)),
        ("fe80::1", None),
    ] {
        assert_eq!(map.site_of(address.parse().unwrap()), site, "{address}");
    }
}

#[test]
fn the_whole_of_one_family_is_not_the_other() {
    let v4 = map(&[(LYON, "0.0.0.0/0")]).unwrap();
    assert_eq!(v4.site_of("1.2.3.4".parse().unwrap()), Some(LYON));
    assert_eq!(v4.site_of("2001:db8::1".parse().unwrap()), None);
}

#[test]
fn two_sites_cannot_claim_one_subnet() {
    let twice = map(&[(LYON, "10.0.0.0/8"), (PARIS, "10.0.0.0/8")]).unwrap_err();
    assert!(
        twice
            .to_string()
            .starts_with("10.0.0.0/8 belongs to two sites")
    );
    assert!(map(&[(LYON, "10.0.0.0/8"), (LYON, "10.0.0.0/8")]).is_ok());
}

#[test]
fn nested_subnets_of_other_sites_are_shown() {
    let map = map(&[
        (LYON, "10.0.0.0/8"),
        (PARIS, "10.20.0.0/16"),
        (PARIS, "10.20.30.0/24"),
    ]);
    let nested = map.unwrap().nested();
    assert_eq!(nested, [("10.20.0.0/16".parse().unwrap(), PARIS, LYON)]);
}

#[test]
fn contains_and_covers_agree() {
    let wide: Cidr = "10.0.0.0/8".parse().unwrap();
    let narrow: Cidr = "10.20.0.0/16".parse().unwrap();
    assert!(wide.covers(&narrow) && !narrow.covers(&wide) && wide.covers(&wide));
    assert!(wide.contains("10.255.0.1".parse().unwrap()));
    assert!(!wide.contains("11.0.0.0".parse().unwrap()));
}
