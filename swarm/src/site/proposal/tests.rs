//! Sites proposed from what PCs see.

use proptest::prelude::*;

use super::*;

const LYON: SiteId = SiteId([1; 16]);
const PARIS: SiteId = SiteId([2; 16]);

fn pc(n: u8, remote: &str, gateway: Option<u8>, domain: Option<&str>, subnets: &[&str]) -> Seen {
    Seen {
        device: DeviceId([n; 16]),
        remote: remote.parse().unwrap(),
        gateway: gateway.map(|g| [g; 16]),
        domain: domain.map(str::to_owned),
        subnets: subnets.iter().map(|s| s.parse().unwrap()).collect(),
        rtt_ms: Some(n.into()),
    }
}

fn map(subnets: &[(SiteId, &str)]) -> SiteMap {
    SiteMap::new(subnets.iter().map(|(s, text)| (*s, text.parse().unwrap()))).unwrap()
}

/// The target, the subnets and the number of PCs of each proposal.
fn shown(found: &Found) -> Vec<(String, String, usize)> {
    let proposals = found.proposals.iter();
    proposals
        .map(|p| {
            let target = match &p.target {
                Target::New { name } => format!("new {name}"),
                Target::Grow { site } => format!("grow {site}"),
            };
            let subnets: Vec<String> = p.subnets.iter().map(ToString::to_string).collect();
            (target, subnets.join(" "), p.devices.len())
        })
        .collect()
}

#[test]
fn pcs_behind_one_gateway_are_one_office() {
    let lyon = Some("lyon.corp.example");
    let all = [
        pc(1, "10.20.4.7", Some(9), lyon, &["10.20.4.0/24"]),
        pc(
            2,
            "10.20.5.7",
            Some(9),
            lyon,
            &["10.20.5.0/24", "172.17.0.0/16"],
        ),
        pc(
            3,
            "10.20.5.8",
            Some(9),
            lyon,
            &["10.20.0.0/16", "10.20.5.0/24"],
        ),
        pc(
            4,
            "10.30.1.1",
            None,
            Some("corp.example"),
            &["10.30.1.0/24"],
        ),
        pc(
            5,
            "10.30.1.2",
            None,
            Some("corp.example"),
            &["10.30.1.0/24"],
        ),
        pc(6, "fd00:5::7", Some(8), None, &["fd00:5::/64"]),
        pc(7, "fd00:5::8", Some(8), None, &["fd00:5::/64"]),
    ];
    let found = propose(&all, &SiteMap::default());
    let row = |a: &str, b: &str, n| (a.to_owned(), b.to_owned(), n);
    assert_eq!(
        shown(&found),
        [
            row("new Lyon", "10.20.4.0/24 10.20.5.0/24", 3),
            row("new Corp", "10.30.1.0/24", 2),
            row("new Office fd00:5::/64", "fd00:5::/64", 2),
        ]
    );
    assert_eq!((found.left, found.proposals[0].rtt_ms), (0, Some(2)));
    assert!(found.proposals.iter().all(|p| !p.behind_nat));
}

#[test]
fn a_gateway_of_a_site_makes_that_site_grow_by_a_single_pc() {
    let all = [
        pc(1, "10.20.4.7", Some(9), None, &["10.20.4.0/24"]),
        pc(2, "10.77.1.7", Some(9), None, &["10.77.1.0/24"]),
    ];
    let lyon = map(&[(LYON, "10.20.0.0/16")]);
    let found = propose(&all, &lyon);
    assert_eq!(
        shown(&found),
        [(format!("grow {LYON}"), "10.77.1.0/24".to_owned(), 1)]
    );
    // A gateway of two sites says of neither that it is its.
    let all = [
        all.to_vec(),
        vec![pc(3, "10.30.4.7", Some(9), None, &["10.30.4.0/24"])],
    ]
    .concat();
    let both = map(&[(LYON, "10.20.0.0/16"), (PARIS, "10.30.0.0/16")]);
    let found = propose(&all, &both);
    assert_eq!((shown(&found).len(), found.left), (0, 1));
}

#[test]
fn homes_are_no_offices() {
    // Every home has 192.168.1.0/24, behind a gateway of its own.
    let homes: Vec<Seen> = (1..=9)
        .map(|n| pc(n, "192.168.1.5", Some(n), None, &["192.168.1.0/24"]))
        .collect();
    let found = propose(&homes, &SiteMap::default());
    assert_eq!(found.proposals, []);
    let ambiguous = &found.ambiguous[0];
    assert_eq!(
        (ambiguous.gateways, ambiguous.devices.len(), found.left),
        (9, 9, 9)
    );
    // Behind NAT the DMS sees another address, of one PC each.
    let homes: Vec<Seen> = (1..=9)
        .map(|n| {
            pc(
                n,
                &format!("203.0.113.{n}"),
                Some(n),
                None,
                &["192.168.1.0/24"],
            )
        })
        .collect();
    let found = propose(&homes, &SiteMap::default());
    assert_eq!((found.proposals.len(), found.left), (0, 9));
}

#[test]
fn an_office_behind_nat_is_known_by_the_address_that_it_calls_from() {
    let all = [
        pc(
            1,
            "203.0.113.7",
            Some(9),
            Some("lyon.example"),
            &["10.20.4.0/24"],
        ),
        pc(
            2,
            "203.0.113.7",
            Some(9),
            Some("lyon.example"),
            &["10.20.5.0/24"],
        ),
    ];
    let found = propose(&all, &SiteMap::default());
    assert_eq!(
        shown(&found),
        [("new Lyon".to_owned(), "203.0.113.7/32".to_owned(), 2)]
    );
    assert!(found.proposals[0].behind_nat);
}

#[test]
fn what_cannot_be_is_not_proposed() {
    let wide = [
        pc(1, "10.20.4.7", Some(9), None, &["10.0.0.0/8"]),
        pc(2, "10.20.4.8", Some(9), None, &["10.0.0.0/8"]),
        pc(3, "127.0.0.1", Some(9), None, &[]),
        pc(4, "fd00::1", Some(8), None, &["fd00::/8"]),
        pc(5, "fd00::2", Some(8), None, &["fd00::/8"]),
    ];
    let found = propose(&wide, &SiteMap::default());
    assert_eq!((found.proposals.len(), found.left), (0, 5));
    let names = [Some("<b>.example"), Some(""), Some("."), None];
    for domain in names {
        let all = [1, 2].map(|n| pc(n, "10.20.4.7", Some(9), domain, &["10.20.4.0/24"]));
        let found = propose(&all, &SiteMap::default());
        assert_eq!(shown(&found)[0].0, "new Office 10.20.4.0/24", "{domain:?}");
    }
}

#[test]
fn offices_of_one_domain_are_told_apart() {
    let pcs = |gateway: u8| {
        let place = format!("10.{gateway}.4.0/24");
        [1, 2].map(|n| {
            let remote = format!("10.{gateway}.4.{n}");
            pc(
                gateway * 10 + n,
                &remote,
                Some(gateway),
                Some("corp.example"),
                &[&place],
            )
        })
    };
    let found = propose(&[pcs(1), pcs(2)].concat(), &SiteMap::default());
    let names: Vec<String> = shown(&found).into_iter().map(|row| row.0).collect();
    assert_eq!(names, ["new Corp 10.1.4.0/24", "new Corp 10.2.4.0/24"]);
}

proptest! {
    #[test]
    fn proposals_never_share_a_subnet_nor_a_pc_and_the_order_does_not_matter(
        seen in prop::collection::vec((0_u8..12, 0_u8..4, 0_u8..6, any::<bool>()), 0..40),
        turn in 0_usize..40,
    ) {
        let mut all: Vec<Seen> = seen.iter().enumerate().map(|(n, (host, net, gateway, nat))| {
            let remote = if *nat { format!("203.0.113.{gateway}") } else { format!("10.9.{net}.{host}") };
            let own = format!("10.9.{net}.0/24");
            pc(n as u8, &remote, (*gateway > 0).then_some(*gateway), None, &[&own])
        }).collect();
        let placed = map(&[(LYON, "10.9.0.0/24")]);
        let found = propose(&all, &placed);
        let subnets: Vec<_> = found.proposals.iter().flat_map(|p| &p.subnets).collect();
        let devices: Vec<_> = found.proposals.iter().flat_map(|p| &p.devices).collect();
        prop_assert_eq!(subnets.iter().collect::<BTreeSet<_>>().len(), subnets.len());
        prop_assert_eq!(devices.iter().collect::<BTreeSet<_>>().len(), devices.len());
        let unplaced = all.iter().filter(|seen| placed.site_of(seen.remote).is_none()).count();
        prop_assert_eq!(devices.len() + found.left, unplaced);
        let by = turn % all.len().max(1);
        all.rotate_left(by);
        prop_assert_eq!(propose(&all, &placed), found);
    }
}
