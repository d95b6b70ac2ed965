//! Every block of the registries, its first and last address, and what lies next to it.

use super::Class::{
    Benchmarking, Broadcast, CarrierNat, Documentation, Embedded, LinkLocal, Loopback, Multicast,
    Platform, Private, Public, Reserved, Unspecified,
};
use super::*;

/// Class, then addresses of it.
const V4: [(Class, &[&str]); 12] = [
    (Unspecified, &["0.0.0.0"]),
    (
        Loopback,
        &[
            "127.0.0.0",
            "127.0.0.1",
            "127.0.0.53",
            "127.0.1.1",
            "127.1.2.3",
            "127.127.127.127",
            "127.255.255.254",
            "127.255.255.255",
        ],
    ),
    (
        Private,
        &[
            "10.0.0.0",
            "10.0.0.1",
            "10.20.30.40",
            "10.128.0.1",
            "10.255.255.255",
            "172.16.0.0",
            "172.16.0.1",
            "172.17.0.1",
            "172.20.5.6",
            "172.31.255.254",
            "172.31.255.255",
            "192.168.0.0",
            "192.168.0.1",
            "192.168.1.254",
            "192.168.99.100",
            "192.168.255.255",
        ],
    ),
    (
        LinkLocal,
        &[
            "169.254.0.0",
            "169.254.0.1",
            "169.254.1.1",
            "169.254.169.253",
            "169.254.169.254",
            "169.254.170.2",
            "169.254.255.255",
        ],
    ),
    (
        CarrierNat,
        &[
            "100.64.0.0",
            "100.64.0.1",
            "100.100.100.200",
            "100.100.100.100",
            "100.96.1.1",
            "100.127.255.254",
            "100.127.255.255",
        ],
    ),
    (
        Benchmarking,
        &[
            "198.18.0.0",
            "198.18.0.1",
            "198.18.255.255",
            "198.19.0.0",
            "198.19.255.255",
        ],
    ),
    (
        Documentation,
        &[
            "192.0.2.0",
            "192.0.2.1",
            "192.0.2.255",
            "198.51.100.0",
            "198.51.100.7",
            "198.51.100.255",
            "203.0.113.0",
            "203.0.113.9",
            "203.0.113.255",
        ],
    ),
    (
        Multicast,
        &[
            "224.0.0.0",
            "224.0.0.1",
            "224.0.0.251",
            "232.1.2.3",
            "239.255.255.250",
            "239.255.255.255",
        ],
    ),
    (Broadcast, &["255.255.255.255"]),
    (Platform, &["168.63.129.16"]),
    (
        Reserved,
        &[
            "0.0.0.1",
            "0.1.2.3",
            "0.127.0.1",
            "0.255.255.255",
            "192.0.0.0",
            "192.0.0.1",
            "192.0.0.8",
            "192.0.0.170",
            "192.0.0.192",
            "192.0.0.255",
            "192.88.99.0",
            "192.88.99.1",
            "192.88.99.255",
            "240.0.0.0",
            "240.0.0.1",
            "250.1.2.3",
            "254.255.255.255",
            "255.0.0.0",
            "255.255.255.0",
            "255.255.255.254",
        ],
    ),
    (
        Public,
        &[
            "1.0.0.0",
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "52.95.110.1",
            "93.184.216.34",
            "99.255.255.255",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "140.82.121.4",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.1.255",
            "192.0.3.0",
            "192.31.196.1",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
        ],
    ),
];

const V6: [(Class, &[&str]); 10] = [
    (Unspecified, &["::", "0:0:0:0:0:0:0:0"]),
    (Loopback, &["::1", "0:0:0:0:0:0:0:1"]),
    (
        Private,
        &[
            "fc00::",
            "fc00::1",
            "fd00::1",
            "fd00:ec2::254",
            "fd12:3456:789a::1",
            "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "fec0::",
            "fec0::1",
            "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ],
    ),
    (
        LinkLocal,
        &[
            "fe80::",
            "fe80::1",
            "fe80::a9fe:a9fe",
            "fe90::1",
            "feb0::1",
            "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ],
    ),
    (Benchmarking, &["2001:2::", "2001:2::1", "2001:2:0:ffff::1"]),
    (
        Documentation,
        &[
            "2001:db8::",
            "2001:db8::1",
            "2001:db8:ffff::1",
            "3fff::",
            "3fff::1",
            "3fff:fff:ffff::1",
        ],
    ),
    (
        Multicast,
        &[
            "ff00::", "ff01::1", "ff02::1", "ff02::fb", "ff0e::1", "ffff::1",
        ],
    ),
    (
        Embedded,
        &[
            // Compatible, mapped, translated.
            "::2",
            "::7f00:1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:0.0.0.0",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:7f00:1",
            "::ffff:8.8.8.8",
            "::ffff:0:127.0.0.1",
            "::ffff:0:8.8.8.8",
            // Local NAT64.
            "64:ff9b:1::",
            "64:ff9b:1::7f00:1",
            "64:ff9b:1:7f00:0:100::",
            "64:ff9b:1:ffff::1",
            "64:ff9b:2::1",
            "64:ff9b:0:1::1",
            // 6to4.
            "2002::",
            "2002:7f00:1::",
            "2002:7f00:1::1",
            "2002:a00:1::1",
            "2002:a9fe:a9fe::1",
            "2002:c0a8:101::1",
            "2002:808:808::1",
            "2002:ffff:ffff::1",
            // Teredo; the client's address is turned over.
            "2001::",
            "2001:0:4136:e378:8000:63bf:80ff:fffe",
            "2001:0:7f00:1::1",
            "2001:0:0:0:0:0:f5ff:fffe",
            // ISATAP.
            "2001:4860::5efe:7f00:1",
            "2001:4860::5efe:10.1.2.3",
            "2606:4700::200:5efe:a9fe:a9fe",
        ],
    ),
    (
        Reserved,
        &[
            "0:1::1",
            "100::",
            "100::1",
            "100:0:0:1::1",
            "200::1",
            "400::1",
            "1000::1",
            "1fff:ffff::1",
            "2001:1::1",
            "2001:3::1",
            "2001:4:112::1",
            "2001:10::1",
            "2001:1f::1",
            "2001:20::1",
            "2001:2f::1",
            "2001:30::1",
            "2001:1ff:ffff::1",
            "4000::1",
            "5f00::1",
            "8000::1",
            "e000::1",
            "f000::1",
            "fbff:ffff::1",
            "fe00::1",
            "fe7f:ffff::1",
        ],
    ),
    (
        Public,
        &[
            "2000::1",
            "2001:200::1",
            "2001:503:ba3e::2:30",
            "2001:4860:4860::8888",
            "2001:db7:ffff::1",
            "2001:db9::1",
            "2003::1",
            "2400:cb00::1",
            "2606:4700::1111",
            "2620:4f:8000::1",
            "2a00:1450::1",
            "3ffe::1",
            "3fff:1000::1",
            "3fff:ffff::1",
            "64:ff9b::808:808",
            "64:ff9b::8.8.8.8",
            "2606:4700::5efe:808:808",
        ],
    ),
];

fn address(text: &str) -> IpAddr {
    text.parse()
        .unwrap_or_else(|_| panic!("{text} is an address"))
}

#[test]
fn every_block_of_the_registries_has_its_class() {
    let mut seen = 0;
    for (class, addresses) in V4.iter().chain(&V6) {
        for text in *addresses {
            assert_eq!(classify(address(text)), *class, "{text}");
            seen += 1;
        }
    }
    assert!(seen >= 200, "{seen} addresses");
}

#[test]
fn nat64_is_as_public_as_what_it_stands_for() {
    for (class, addresses) in V4 {
        for text in addresses {
            let v4: Ipv4Addr = text.parse().expect("an address");
            let bits = (0x0064_ff9b_u128 << 96) | u128::from(v4.to_bits());
            let nat64 = Ipv6Addr::from_bits(bits);
            assert_eq!(classify(nat64.into()), class, "{nat64}");
        }
    }
}

#[test]
fn no_form_of_an_ipv4_address_that_is_not_public_is_public() {
    for (class, addresses) in V4.iter().filter(|(class, _)| *class != Public) {
        for text in *addresses {
            let v4: Ipv4Addr = text.parse().expect("an address");
            let bits = u128::from(v4.to_bits());
            let forms = [
                bits,
                (0xffff << 32) | bits,
                (0xffff << 48) | bits,
                (0x0064_ff9b << 96) | bits,
                (0x0064_ff9b_0001 << 80) | bits,
                (0x2002 << 112) | (bits << 80) | 1,
                (0x2001 << 112) | (!bits & 0xffff_ffff),
                (0x2606_4700 << 96) | (0x5efe << 32) | bits,
            ];
            for form in forms.map(Ipv6Addr::from_bits) {
                assert_ne!(classify(form.into()), Public, "{form} of {text}, {class}");
            }
        }
    }
}

#[test]
fn only_what_the_operator_opened_is_open() {
    let opened = ["10.20.0.0/16", "fd00:20::/32", " 127.0.0.9 "].map(str::to_owned);
    let policy = Policy::parse(&opened).expect("subnets");
    for (text, verdict) in [
        ("10.20.0.1", Verdict::Opened),
        ("10.20.255.255", Verdict::Opened),
        ("::ffff:10.20.0.1", Verdict::Opened),
        ("fd00:20::1", Verdict::Opened),
        ("127.0.0.9", Verdict::Opened),
        ("10.19.255.255", Verdict::Refused(Private)),
        ("10.21.0.0", Verdict::Refused(Private)),
        ("127.0.0.1", Verdict::Refused(Loopback)),
        ("::ffff:127.0.0.1", Verdict::Refused(Embedded)),
        ("::1", Verdict::Refused(Loopback)),
        ("64:ff9b::10.20.0.1", Verdict::Refused(Private)),
        ("2002:a14:1::1", Verdict::Refused(Embedded)),
        ("fd00:21::1", Verdict::Refused(Private)),
        ("8.8.8.8", Verdict::Public),
    ] {
        assert_eq!(policy.judge(address(text)), verdict, "{text}");
    }
    let nothing = Policy::default().judge(address("10.20.0.1"));
    assert_eq!(
        nothing,
        Verdict::Refused(Private),
        "nothing is opened by itself"
    );
}

#[test]
fn what_is_no_subnet_is_refused_with_the_fix() {
    for text in [
        "",
        "intranet",
        "10.20.0.1/16",
        "10.0.0.0/33",
        "fd00::/129",
        "10.0.0.0/8/8",
    ] {
        assert!(Policy::parse(&[text.to_owned()]).is_err(), "{text:?}");
    }
    let many = vec!["10.0.0.0/8".to_owned(); ALLOW_MAX + 1];
    assert!(Policy::parse(&many).expect_err("too many").contains("256"));
    assert!(Policy::parse(&many[1..]).is_ok());
}
