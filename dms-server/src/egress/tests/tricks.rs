//! More than a thousand ways to write, redirect to, or resolve to an address that is not for everybody. The
//! canaries are real listeners, and in the end not one of them has been connected to.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use super::*;
use crate::egress::address::classify;
use crate::egress::client::REDIRECTS_MAX;
use crate::egress::resolve::System;

/// Addresses of every class that is not public, the favourites of attackers first.
pub(super) const SHUT: [Ipv4Addr; 24] = [
    Ipv4Addr::new(127, 0, 0, 1),
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(0, 0, 0, 0),
    Ipv4Addr::new(127, 0, 0, 53),
    Ipv4Addr::new(127, 255, 255, 254),
    Ipv4Addr::new(0, 1, 2, 3),
    Ipv4Addr::new(10, 0, 0, 1),
    Ipv4Addr::new(10, 255, 255, 254),
    Ipv4Addr::new(172, 16, 0, 1),
    Ipv4Addr::new(172, 31, 255, 254),
    Ipv4Addr::new(192, 168, 1, 1),
    Ipv4Addr::new(100, 64, 0, 1),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(192, 0, 2, 1),
    Ipv4Addr::new(192, 88, 99, 1),
    Ipv4Addr::new(198, 18, 0, 1),
    Ipv4Addr::new(198, 51, 100, 7),
    Ipv4Addr::new(203, 0, 113, 9),
    Ipv4Addr::new(224, 0, 0, 251),
    Ipv4Addr::new(239, 255, 255, 250),
    Ipv4Addr::new(240, 0, 0, 1),
    Ipv4Addr::new(255, 255, 255, 255),
];

/// The same in IPv6's own addresses.
pub(super) const SHUT_V6: [&str; 14] = [
    "::",
    "::1",
    "fe80::1",
    "febf::1",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "3fff::1",
    "2001:2::1",
    "100::1",
    "2001:10::1",
    "4000::1",
];

/// Ways to write an IPv4 address that still are that address.
pub(super) fn spellings_v4(v4: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = v4.octets();
    let bits = v4.to_bits();
    let low16 = bits & 0xffff;
    let low24 = bits & 0x00ff_ffff;
    let dotted = v4.to_string();
    let digits = |zero: u32| -> String {
        let shifted = |c: char| match c.to_digit(10) {
            Some(digit) => char::from_u32(zero + digit).expect("a digit"),
            None => c,
        };
        dotted.chars().map(shifted).collect()
    };
    let percent: String = dotted.bytes().map(|b| format!("%{b:02x}")).collect();
    vec![
        dotted.clone(),
        format!("{dotted}."),
        format!("{bits}"),
        format!("0x{bits:x}"),
        format!("0X{bits:08X}"),
        format!("0{bits:o}"),
        format!("0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"),
        format!("0X{a:02X}.0X{b:02X}.0X{c:02X}.0X{d:02X}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("0000{a:o}.0{b:o}.000{c:o}.0{d:o}"),
        format!("0x{a:x}.0{b:o}.{c}.{d}"),
        format!("{a}.{low24}"),
        format!("{a}.{b}.{low16}"),
        format!("0x{a:x}.{low24}"),
        format!("0{a:o}.0x{b:x}.0{low16:o}"),
        dotted.replace('.', "%2e"),
        dotted.replace('.', "%2E"),
        percent.clone(),
        percent.to_uppercase(),
        dotted.replace('.', "\u{3002}"),
        dotted.replace('.', "\u{ff0e}"),
        dotted.replace('.', "\u{ff61}"),
        digits(0xff10),
        digits(0xff10).replace('.', "\u{ff0e}"),
        digits(0x1d7ce),
        digits(0x1d7f6),
        // A soft hyphen and a zero-width space that vanish.
        dotted.replacen('.', "\u{ad}.", 1),
        dotted.replacen('.', ".\u{200b}", 1),
    ]
}

/// Ways to hide an IPv4 address in an IPv6 address.
fn spellings_v6(v4: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = v4.octets();
    let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    vec![
        format!("[::ffff:{v4}]"),
        format!("[::FFFF:{high:X}:{low:X}]"),
        format!("[0:0:0:0:0:ffff:{high:x}:{low:x}]"),
        format!("[0000:0000:0000:0000:0000:ffff:{high:04x}:{low:04x}]"),
        format!("[::{v4}]"),
        format!("[::ffff:0:{v4}]"),
        format!("[64:ff9b::{v4}]"),
        format!("[64:ff9b::{high:x}:{low:x}]"),
        format!("[64:ff9b:1::{v4}]"),
        format!("[2002:{high:x}:{low:x}::1]"),
        format!("[2001:0:{high:x}:{low:x}::1]"),
        format!("[2001:0:0:0:0:0:{:x}:{:x}]", !high, !low),
        format!("[2606:4700::5efe:{high:x}:{low:x}]"),
        format!("[2606:4700::200:5efe:{high:x}:{low:x}]"),
    ]
}

/// A host that is shut, and the class it must be refused with if it is read as what it is.
pub(super) fn hosts() -> Vec<(String, Option<Class>)> {
    let mut hosts = Vec::new();
    for v4 in SHUT {
        let class = classify(v4.into());
        hosts.extend(spellings_v4(v4).into_iter().map(|host| (host, Some(class))));
        hosts.extend(spellings_v6(v4).into_iter().map(|host| (host, None)));
    }
    for v6 in SHUT_V6 {
        let class = classify(v6.parse().expect("an address"));
        hosts.push((format!("[{v6}]"), Some(class)));
        hosts.push((format!("[{}]", v6.to_uppercase()), Some(class)));
        hosts.push((format!("[{v6}%25lo]"), None));
        hosts.push((format!("[{v6}%lo]"), None));
    }
    hosts
}

/// URLs around a host that confuse readers about where it ends.
pub(super) fn disguises(host: &str, port: u16) -> Vec<String> {
    vec![
        format!("https://{host}:{port}/"),
        format!("http://{host}:{port}/"),
        format!("HtTpS://{host}:{port}"),
        format!("https:{host}:{port}/"),
        format!("https:///{host}:{port}/"),
        format!("https://good.example@{host}:{port}/"),
        format!("https://good.example:443@{host}:{port}/"),
        format!("https://good.example%40@{host}:{port}/"),
        format!("https://@{host}:{port}/"),
        format!("https://good.example\\@{host}:{port}/"),
        format!("https:\\\\{host}:{port}/"),
        format!("https:/\\{host}:{port}/"),
        format!("https://{host}:{port}#@good.example/"),
        format!("https://{host}:{port}?@good.example/"),
        format!("https://{host}:{port}/..;/@good.example"),
        format!("https://{host}:0{port}/"),
        format!("ht\ttps://{host}:{port}/"),
        format!("https://{host}\n:{port}/"),
        format!(" https://{host}:{port}/"),
        format!("https://good.example /@{host}:{port}/"),
        format!("https://good.example\r\nhost: {host}:{port}/"),
        format!("//{host}:{port}/"),
        format!("ftp://{host}:{port}/"),
        format!("gopher://{host}:{port}/_x"),
        format!("file://{host}/etc/passwd"),
        format!("ws://{host}:{port}/"),
    ]
}

/// A good server, and a canary on the same port of 127.0.0.1.
async fn neighbours(path: &'static str) -> (Receiver, Receiver) {
    loop {
        let good = Receiver::http(GOOD, move |_, _| {
            if path.is_empty() {
                reply(200, "", b"good")
            } else {
                redirect(302, path)
            }
        })
        .await;
        let beside = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), good.addr.port());
        if std::net::TcpListener::bind(beside).is_ok() {
            let canary = Receiver::http(&beside.to_string(), |_, _| reply(200, "", b"bad")).await;
            return (good, canary);
        }
    }
}

#[tokio::test]
async fn a_thousand_spellings_reach_no_canary() {
    let canary = Receiver::canary().await;
    let port = canary.addr.port();
    let names = Fickle::with(&[("good.example", &[&["127.77.0.1"]])]);
    let egress = egress(&names, &[]);
    let mut tried = BTreeSet::new();
    for (host, class) in hosts() {
        for scheme in ["https", "http"] {
            let url = format!("{scheme}://{host}:{port}/");
            let refused = get(&egress, &url).await.expect_err(&url);
            assert!(refused.is_refusal(), "{url}: {refused:?}");
            if let Some(class) = class {
                assert_eq!(refused, EgressError::Address(class), "{url}");
            }
            tried.insert(url);
        }
    }
    let favourites = SHUT[..3].iter().flat_map(|v4| spellings_v4(*v4));
    for url in favourites.flat_map(|host| disguises(&host, port)) {
        let refused = get(&egress, &url).await.expect_err(&url);
        assert!(refused.is_refusal(), "{url:?}: {refused:?}");
        tried.insert(url);
    }
    assert!(tried.len() > 3_000, "{} tricks", tried.len());
    assert_eq!(canary.connections(), 0);
    assert_eq!(names.asked("good.example"), 0);
}

#[tokio::test]
async fn the_canary_would_have_been_reached() {
    let canary = Receiver::canary().await;
    let policy = Policy::parse(&["127.0.0.0/8".to_owned()]).expect("a subnet");
    let trust = Trust::new(Vec::new());
    let open = Egress::with(policy, Box::new(Fickle::default()), trust);
    let spellings = spellings_v4(Ipv4Addr::LOCALHOST);
    for host in &spellings {
        let url = format!("http://{host}:{}/", canary.addr.port());
        let answer = get(&open, &url)
            .await
            .unwrap_or_else(|e| panic!("{url}: {e:?}"));
        assert_eq!(answer.body, "the canary answers", "{url}");
    }
    assert_eq!(canary.connections(), spellings.len());
}

#[tokio::test]
async fn redirects_of_every_length_reach_no_canary() {
    let canary = Receiver::canary().await;
    let port = canary.addr.port();
    let mut locations: Vec<String> = Vec::new();
    for (host, _) in hosts() {
        locations.push(format!("http://{host}:{port}/"));
        locations.push(format!("//{host}:{port}/"));
    }
    locations.extend(disguises("127.0.0.1", port));
    let count = locations.len();
    let odd = |text: &String| !text.is_ascii() || text.contains(char::is_control);
    let odd: Vec<bool> = locations.iter().map(odd).collect();
    // `/HOPS/N` takes so many redirects to itself before it leads to location N.
    let good = Receiver::http(GOOD, move |_, request| {
        let path = request.line.split(' ').nth(1).expect("a path");
        let mut parts = path.split('/').skip(1).map(|part| part.parse::<usize>());
        let (Some(Ok(hops)), Some(Ok(n))) = (parts.next(), parts.next()) else {
            return reply(404, "", b"");
        };
        match hops {
            0 => redirect([301, 302, 303, 307, 308][n % 5], &locations[n]),
            _ => redirect(302, &format!("/{}/{n}", hops - 1)),
        }
    })
    .await;
    let egress = plain();
    for (n, odd) in odd.into_iter().enumerate() {
        let hops = n % REDIRECTS_MAX;
        let refused = get(&egress, &good.url(&format!("/{hops}/{n}"))).await;
        let refused = refused.expect_err("it is refused");
        // A location with bytes that are no ASCII is not read at all; one with a line's end is no HTTP, or
        // ends there.
        let unread = matches!(
            refused,
            EgressError::NoLocation | EgressError::Protocol | EgressError::Unresolved
        );
        let expected = refused.is_refusal() || (unread && odd);
        assert!(expected, "{n}: {refused:?}");
    }
    assert!(count > 1_000, "{count} redirects");
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_judged_each_time() {
    let (good, canary) = neighbours("").await;
    let mut shut: Vec<IpAddr> = SHUT.map(IpAddr::V4).to_vec();
    shut.extend(SHUT_V6.map(|v6| v6.parse::<IpAddr>().expect("an address")));
    shut.extend(
        ["::ffff:127.0.0.1", "64:ff9b::127.0.0.1"].map(|v6| v6.parse::<IpAddr>().expect("v6")),
    );
    let mut answered = 0;
    for address in &shut {
        let bad = address.to_string();
        let names = Fickle::with(&[
            ("rebinds.example", &[&["127.77.0.1"], &[&bad]]),
            ("mixed.example", &[&["127.77.0.1", &bad]]),
            ("mixed-first.example", &[&[&bad, "127.77.0.1"]]),
            ("public-mixed.example", &[&["93.184.216.34", &bad]]),
            ("many.example", &[&["127.77.0.1"; 65]]),
            ("none.example", &[&[]]),
        ]);
        let egress = egress(&names, &[]);
        let ask = async |name: &str, scheme: &str| {
            let url = format!("{scheme}://{name}:{}/", good.addr.port());
            get(&egress, &url).await.map(|answer| answer.body)
        };
        assert_eq!(ask("rebinds.example", "http").await.expect("good"), "good");
        answered += 1;
        assert_eq!(
            names.asked("rebinds.example"),
            1,
            "asked once, dialled as judged"
        );
        let shut = EgressError::Address(classify(*address));
        for name in ["rebinds.example", "mixed.example", "mixed-first.example"] {
            assert_eq!(
                ask(name, "http").await.expect_err(name),
                shut,
                "{name} {bad}"
            );
        }
        assert_eq!(
            ask("public-mixed.example", "https")
                .await
                .expect_err("mixed"),
            shut
        );
        for name in ["many.example", "none.example", "unknown.example"] {
            let unresolved = ask(name, "https").await.expect_err(name);
            assert_eq!(unresolved, EgressError::Unresolved, "{name}");
        }
    }
    assert_eq!(
        good.connections(),
        answered,
        "mixed answers are not dialled at all"
    );
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_between_redirects_is_judged_each_time() {
    let (good, canary) = neighbours("/again").await;
    for address in SHUT {
        let bad = address.to_string();
        for stays in 1..=REDIRECTS_MAX {
            let script: Script = vec![vec![good.ip()]; stays];
            let names = Fickle::default();
            let last = vec![bad.parse().expect("an address")];
            let script = [script, vec![last]].concat();
            names
                .names
                .lock()
                .expect("not poisoned")
                .insert("rebinds.example".into(), script);
            let url = format!("http://rebinds.example:{}/", good.addr.port());
            let refused = get(&egress(&names, &[]), &url)
                .await
                .expect_err("it changed");
            assert_eq!(refused, EgressError::Address(classify(address.into())));
            assert_eq!(names.asked("rebinds.example"), stays + 1);
        }
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn the_systems_own_names_and_addresses_are_shut() {
    let canary = Receiver::canary().await;
    let egress = Egress::with(
        Policy::default(),
        Box::new(System::default()),
        Trust::new(Vec::new()),
    );
    let mut hosts = vec![
        "localhost".to_owned(),
        "LOCALHOST".to_owned(),
        "loc%61lhost".to_owned(),
    ];
    // This machine's own address on its network, when it has one that is not public.
    let outside = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("93.184.216.34:9")?;
        socket.local_addr()
    });
    if let Ok(own) = outside.map(|own| own.ip())
        && classify(own) != Class::Public
    {
        hosts.push(own.to_string());
    }
    for host in hosts {
        for scheme in ["https", "http"] {
            let url = format!("{scheme}://{host}:{}/", canary.addr.port());
            let refused = get(&egress, &url).await.expect_err(&url);
            assert!(
                matches!(refused, EgressError::Address(_)),
                "{url}: {refused:?}"
            );
        }
    }
    assert_eq!(canary.connections(), 0);
}
