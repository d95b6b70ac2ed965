//! The same tricks where packets are counted: a network namespace of the test's own, in which every address there
//! is can be reached, a DNS that changes its mind, and the kernel's counters on what is not for everybody.
//!
//! Needs root, Linux, `unshare`, `ip` and `nft`. Where one is missing the test says so on standard error and
//! passes: the other tests of this folder count connections everywhere.

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::tricks::{SHUT, SHUT_V6, disguises, hosts, spellings_v4};
use super::*;
use crate::egress::client::REDIRECTS_MAX;

/// Where the good server and the DNS are: addresses that anybody may call.
const GOOD: &str = "93.184.216.34";
const DNS: &str = "93.184.216.53";

/// The one name there is.
const NAME: &str = "good.example";

/// A word on the command line that libtest takes for a test to leave out: this process is the one inside.
const INSIDE: &str = "inside-the-namespace";

/// This test's full name.
const TEST: &str = "egress::tests::namespace::no_packet_leaves_for_an_address_that_is_shut";

/// (name of the counter, what it counts, an address in it that can be sent to).
const COUNTERS: [(&str, &str, &str); 26] = [
    ("this_network", "ip daddr 0.0.0.0/8", "0.1.2.3"),
    ("private_10", "ip daddr 10.0.0.0/8", "10.0.0.1"),
    ("carrier_nat", "ip daddr 100.64.0.0/10", "100.64.0.1"),
    ("loopback", "ip daddr 127.0.0.0/8", "127.0.0.1"),
    ("platform", "ip daddr 168.63.129.16", "168.63.129.16"),
    ("metadata", "ip daddr 169.254.169.254", "169.254.169.254"),
    ("link_local", "ip daddr 169.254.0.0/16", "169.254.0.1"),
    ("private_172", "ip daddr 172.16.0.0/12", "172.16.0.1"),
    ("protocols", "ip daddr 192.0.0.0/24", "192.0.0.192"),
    (
        "documentation",
        "ip daddr { 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 }",
        "192.0.2.1",
    ),
    ("relays", "ip daddr 192.88.99.0/24", "192.88.99.1"),
    ("private_192", "ip daddr 192.168.0.0/16", "192.168.1.1"),
    ("benchmarks", "ip daddr 198.18.0.0/15", "198.18.0.1"),
    ("multicast", "ip daddr 224.0.0.0/4", "224.0.0.251"),
    ("reserved", "ip daddr 240.0.0.0/4", "240.0.0.1"),
    ("loopback_6", "ip6 daddr ::/96", "::1"),
    (
        "translated_6",
        "ip6 daddr ::ffff:0:0:0/96",
        "::ffff:0:127.0.0.1",
    ),
    (
        "nat64",
        "ip6 daddr { 64:ff9b::7f00:0/104, 64:ff9b::a00:0/104, 64:ff9b::a9fe:0/112, 64:ff9b::c0a8:0/112 }",
        "64:ff9b::7f00:1",
    ),
    (
        "nat64_local",
        "ip6 daddr 64:ff9b:1::/48",
        "64:ff9b:1::7f00:1",
    ),
    ("teredo", "ip6 daddr 2001::/23", "2001::1"),
    ("six_to_four", "ip6 daddr 2002::/16", "2002:7f00:1::1"),
    (
        "isatap",
        "ip6 daddr { 2606:4700::5efe:0:0/96, 2606:4700::200:5efe:0:0/96 }",
        "2606:4700::5efe:7f00:1",
    ),
    (
        "documentation_6",
        "ip6 daddr { 2001:db8::/32, 3fff::/20 }",
        "2001:db8::1",
    ),
    (
        "private_6",
        "ip6 daddr { fc00::/7, fec0::/10 }",
        "fd00:ec2::254",
    ),
    ("link_local_6", "ip6 daddr fe80::/10", "fe80::1"),
    (
        "elsewhere",
        "ip daddr != { 93.184.216.34, 93.184.216.53 }",
        "10.0.0.1",
    ),
];

/// What makes the namespace what it is: every address is this machine, so a packet to any of them would be
/// answered. `$1` is a folder with the files, then comes the program.
const SETUP: &str = r#"
mount --bind "$1/resolv.conf" /etc/resolv.conf
mount --bind "$1/hosts" /etc/hosts
if [ -e /etc/nsswitch.conf ]; then mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf; fi
ip link set lo up
ip route add local default dev lo
ip -6 route add local default dev lo
nft -f "$1/counters.nft"
shift
exec "$@"
"#;

fn rules() -> String {
    let mut rules = "table inet tricks {\n".to_owned();
    for (name, ..) in COUNTERS {
        rules += &format!("counter {name} {{ }}\n");
    }
    rules += "chain out { type filter hook output priority 0; policy accept;\n";
    for (name, what, _) in COUNTERS {
        rules += &format!("meta l4proto {{ tcp, udp }} {what} counter name {name}\n");
    }
    rules + "}\n}\n"
}

/// Why this machine cannot run the test.
fn missing() -> Option<String> {
    let works = |program: &str, arguments: &[&str]| {
        let done = Command::new(program).args(arguments).output();
        done.is_ok_and(|done| done.status.success())
    };
    for (program, argument) in [("ip", "-V"), ("nft", "--version")] {
        if !works(program, &[argument]) {
            return Some(format!(
                "there is no `{program}` (scripts/setup installs it)"
            ));
        }
    }
    let made = works("unshare", &["--net", "--mount", "true"]);
    (!made).then(|| "only root makes network namespaces".to_owned())
}

#[test]
fn no_packet_leaves_for_an_address_that_is_shut() {
    if std::env::args().any(|argument| argument == INSIDE) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        return runtime.expect("a runtime").block_on(inside());
    }
    if let Some(why) = missing() {
        // Past libtest, which shows only what failing tests print.
        let _ = writeln!(std::io::stderr(), "SKIPPED {TEST}: {why}");
        return;
    }
    let files = tempfile::tempdir().expect("a folder");
    for (name, text) in [
        (
            "resolv.conf",
            format!("nameserver {DNS}\noptions timeout:1 attempts:1\n"),
        ),
        ("hosts", "127.0.0.1 localhost\n::1 localhost\n".to_owned()),
        ("nsswitch.conf", "hosts: files dns\n".to_owned()),
        ("counters.nft", rules()),
    ] {
        std::fs::write(files.path().join(name), text).expect("a file");
    }
    let program = std::env::current_exe().expect("this program");
    let mut child = Command::new("unshare");
    child.args(["--net", "--mount", "--", "sh", "-euc", SETUP, "sh"]);
    child.arg(files.path()).arg(program);
    child.args(["--exact", TEST, "--nocapture", "--skip", INSIDE]);
    let done = child.output().expect("unshare runs");
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
    let line = said.lines().find(|line| line.starts_with("tricks:"));
    println!("{}", line.expect("the figures"));
}

/// The packets of each counter.
fn packets() -> BTreeMap<String, u64> {
    let listed = Command::new("nft")
        .args(["-j", "list", "counters"])
        .output();
    let listed: serde_json::Value =
        serde_json::from_slice(&listed.expect("nft runs").stdout).expect("JSON");
    let all = listed["nftables"].as_array().expect("a list");
    let counters = all.iter().filter_map(|entry| entry.get("counter"));
    let read = |counter: &serde_json::Value| {
        let name = counter["name"].as_str().expect("a name").to_owned();
        (name, counter["packets"].as_u64().expect("a number"))
    };
    let packets: BTreeMap<_, _> = counters.map(read).collect();
    assert_eq!(packets.len(), COUNTERS.len(), "{listed}");
    packets
}

fn assert_silent(after: &str) {
    let loud: Vec<_> = packets()
        .into_iter()
        .filter(|(_, packets)| *packets > 0)
        .collect();
    assert!(loud.is_empty(), "packets left {after}: {loud:?}");
}

async fn inside() {
    let dns = Names::start().await;
    let locations = Arc::new(locations());
    let (good, certificate) = good(Arc::clone(&locations)).await;
    let trusted = tempfile::NamedTempFile::new().expect("a file");
    let body = STANDARD.encode(&certificate);
    let pem = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    std::fs::write(trusted.path(), pem).expect("a file");
    let open = |allow: &[&str]| {
        let allow = allow.iter().map(|&subnet| subnet.to_owned()).collect();
        let ca_file = trusted.path().to_owned();
        Egress::open(&config::Egress { allow, ca_file }).expect("the client")
    };
    let egress = open(&[]);

    // The good one answers, so what follows is refused for what it is.
    dns.script(&[&[GOOD]]);
    let answer = get(&egress, &format!("https://{NAME}/"))
        .await
        .expect("an answer");
    assert_eq!(answer.body, "good");
    assert_silent("for a good server");

    let typed = spellings(&egress).await;
    assert_silent("for a URL that was typed");
    let redirected = redirects(&egress, &dns, &locations).await;
    assert_silent("for a redirect");
    let rebound = rebinding(&egress, &dns).await;
    assert_silent("for a name that changed its mind");
    assert!(typed + redirected + rebound > 4_000);
    let answered = good.connections();
    drop(good);

    control(&open(&["127.0.0.0/8"])).await;
    println!(
        "tricks: {typed} typed, {redirected} redirects, {rebound} rebinding; {answered} good connections, 0 packets"
    );
}

/// Each trick as it would be typed.
async fn spellings(egress: &Egress) -> usize {
    let mut tried = 0;
    let plain = hosts().into_iter().flat_map(|(host, _)| {
        [80, 443, 8_080].map(|port| {
            format!(
                "{}://{host}:{port}/",
                if port == 80 { "http" } else { "https" }
            )
        })
    });
    let favourites = SHUT[..3].iter().flat_map(|v4| spellings_v4(*v4));
    let odd = favourites.flat_map(|host| disguises(&host, 443));
    for url in plain.chain(odd) {
        // With a good name inside, some are good URLs to others: none is to us.
        let refused = get(egress, &url).await.expect_err(&url);
        assert!(refused.is_refusal(), "{url:?}: {refused:?}");
        tried += 1;
    }
    tried
}

fn locations() -> Vec<String> {
    let mut locations: Vec<String> = Vec::new();
    for (host, _) in hosts() {
        locations.push(format!("https://{host}/"));
    }
    locations.extend(disguises("127.0.0.1", 443));
    locations.extend(disguises("169.254.169.254", 80));
    locations
}

/// `/HOPS/N` leads to itself so many times before it leads to location N; everything else is good.
async fn good(locations: Arc<Vec<String>>) -> (Receiver, CertificateDer<'static>) {
    Receiver::https(&format!("{GOOD}:443"), NAME, move |_, request| {
        let path = request.line.split(' ').nth(1).expect("a path");
        let mut parts = path.split('/').skip(1).map(|part| part.parse::<usize>());
        let (Some(Ok(hops)), Some(Ok(n))) = (parts.next(), parts.next()) else {
            return reply(200, "", b"good");
        };
        match hops {
            0 => redirect([301, 302, 303, 307, 308][n % 5], &locations[n]),
            _ => redirect(302, &format!("/{}/{n}", hops - 1)),
        }
    })
    .await
}

/// Each location behind a redirect, now and then behind several.
async fn redirects(egress: &Egress, dns: &Names, locations: &[String]) -> usize {
    dns.script(&[&[GOOD]]);
    for n in 0..locations.len() {
        let hops = if n % 50 == 0 { REDIRECTS_MAX - 1 } else { 0 };
        let asked = get(egress, &format!("https://{NAME}/{hops}/{n}")).await;
        if let Ok(answer) = asked {
            // A path that only looks like a host stays with the good server.
            assert!(
                answer.url.starts_with(&format!("https://{NAME}/")),
                "{}",
                answer.url
            );
        }
    }
    locations.len()
}

/// Names that are good first and then are not, or are both at once.
async fn rebinding(egress: &Egress, dns: &Names) -> usize {
    let mut shut: Vec<String> = SHUT.map(|v4| v4.to_string()).to_vec();
    shut.extend(SHUT_V6.map(str::to_owned));
    for v4 in SHUT {
        shut.extend([
            format!("::ffff:{v4}"),
            format!("64:ff9b::{v4}"),
            format!("::{v4}"),
        ]);
    }
    let url = format!("https://{NAME}/");
    let mut tried = 0;
    for bad in &shut {
        // Asked once, and dialled as judged: the second answer is for the second exchange.
        dns.script(&[&[GOOD], &[bad]]);
        assert_eq!(get(egress, &url).await.expect("good").body, "good");
        for script in [&[&[bad.as_str()][..]][..], &[&[GOOD, bad]], &[&[bad, GOOD]]] {
            dns.script(script);
            let refused = get(egress, &url).await.expect_err(bad);
            let shut = matches!(refused, EgressError::Address(_) | EgressError::Unresolved);
            assert!(shut, "{bad}: {refused:?}");
        }
        // Good until the redirect.
        dns.script(&[&[GOOD], &[bad]]);
        get(egress, &format!("https://{NAME}/1/0"))
            .await
            .expect_err(bad);
        tried += 5;
    }
    tried
}

/// That the counters count: the client where the operator opened loopback, and a datagram into every range.
async fn control(opened: &Egress) {
    let canary = Receiver::canary().await;
    let url = format!("http://127.0.0.1:{}/", canary.addr.port());
    let answer = get(opened, &url).await.expect("it is opened");
    assert_eq!(answer.body, "the canary answers");
    let counted = packets();
    assert!(
        counted["loopback"] > 0 && counted["elsewhere"] > 0,
        "{counted:?}"
    );
    for (name, _, address) in COUNTERS {
        let before = packets()[name];
        let address: IpAddr = address.parse().expect("an address");
        let (from, to) = match address {
            IpAddr::V4(v4) => ("0.0.0.0:0", SocketAddr::from((v4, 9))),
            // Link-local addresses need an interface: the first is loopback.
            IpAddr::V6(v6) => (
                "[::]:0",
                std::net::SocketAddrV6::new(v6, 9, 0, scope(v6)).into(),
            ),
        };
        let socket = UdpSocket::bind(from).await.expect("a socket");
        let sent = socket.send_to(b"x", to).await;
        assert!(packets()[name] > before, "{name} does not count: {sent:?}");
    }
    // Every address answers here: what is not connected to was not tried.
    let beyond: SocketAddr = (Ipv4Addr::new(10, 0, 0, 1), canary.addr.port()).into();
    let reached = timeout(
        Duration::from_secs(5),
        tokio::net::TcpStream::connect(beyond),
    )
    .await;
    reached.expect("in time").expect("10.0.0.1 answers");
}

fn scope(address: Ipv6Addr) -> u32 {
    u32::from(address.is_unicast_link_local())
}

/// A DNS server whose answers are a script: one list of addresses for each time it is asked, the last one again
/// and again.
struct Names {
    script: Arc<Mutex<Answers>>,
    _serving: AbortOnDropHandle<()>,
}

#[derive(Default)]
struct Answers {
    script: Script,
    /// How often IPv4 and IPv6 addresses were asked for: the system asks for both, each time.
    asked: [usize; 2],
}

impl Names {
    async fn start() -> Self {
        let socket = UdpSocket::bind(format!("{DNS}:53"))
            .await
            .expect("the DNS port");
        let script = Arc::new(Mutex::new(Answers::default()));
        let shared = Arc::clone(&script);
        let serving = tokio::spawn(async move {
            let mut query = [0; 512];
            while let Ok((len, from)) = socket.recv_from(&mut query).await {
                let answer = shared.lock().expect("not poisoned").answer(&query[..len]);
                let _ = socket.send_to(&answer, from).await;
            }
        });
        Self {
            script,
            _serving: AbortOnDropHandle::new(serving),
        }
    }

    fn script(&self, script: &[&[&str]]) {
        let parse = |text: &&str| text.parse().expect("an address");
        let script = script
            .iter()
            .map(|list| list.iter().map(parse).collect())
            .collect();
        *self.script.lock().expect("not poisoned") = Answers {
            script,
            asked: [0; 2],
        };
    }
}

impl Answers {
    /// The answer to a query for one name (RFC 1035, section 4).
    fn answer(&mut self, query: &[u8]) -> Vec<u8> {
        let name = query[12..]
            .iter()
            .position(|b| *b == 0)
            .expect("a name's end");
        let question = &query[12..12 + name + 5];
        let six = match question[name + 1..name + 3] {
            [0, 1] => 0,
            [0, 28] => 1,
            _ => return Vec::new(),
        };
        let at = self.asked[six].min(self.script.len() - 1);
        self.asked[six] += 1;
        let ours = |address: &&IpAddr| address.is_ipv6() == (six == 1);
        let found: Vec<_> = self.script[at].iter().filter(ours).collect();
        let mut answer = [
            &query[..2],
            &[0x81, 0x80, 0, 1, 0, found.len() as u8, 0, 0, 0, 0],
        ]
        .concat();
        answer.extend_from_slice(question);
        for address in found {
            let (kind, bytes) = match address {
                IpAddr::V4(v4) => (1, v4.octets().to_vec()),
                IpAddr::V6(v6) => (28, v6.octets().to_vec()),
            };
            // The name of the question, one address of the Internet, for no time at all.
            answer.extend_from_slice(&[0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 0, 0, bytes.len() as u8]);
            answer.extend_from_slice(&bytes);
        }
        answer
    }
}
