//! Sheets of sites: reading, planning, importing.

use http::Method;
use serde_json::{Value, json};
use swarm::content::SiteId;

use super::plan::{Action, Conflicts, Others, Plan, plan};
use super::*;
use crate::site::Site;
use crate::testing::device::Device;
use crate::testing::{Server, refusal, text};

fn site(id: u8, name: &str, subnets: &[&str]) -> Site {
    Site {
        id: SiteId([id; 16]),
        name: name.into(),
        subnets: subnets
            .iter()
            .map(|s| s.parse().expect("a subnet"))
            .collect(),
        peering: Peering::On,
        wan_cap: 0,
        hours: Default::default(),
    }
}

fn planned(sheet: &str, sites: &[Site], conflicts: Conflicts, others: Others) -> Plan {
    let mut next = 100;
    let new_id = || {
        next += 1;
        SiteId([next; 16])
    };
    plan(read(sheet.as_bytes()), sites, conflicts, others, new_id)
}

fn codes(faults: &[Fault]) -> Vec<(u64, &str, &str)> {
    let shown = faults.iter();
    shown
        .map(|fault| (fault.line, fault.column.as_str(), fault.code.as_str()))
        .collect()
}

#[test]
fn sheets_are_read_as_people_and_other_systems_write_them() {
    let ours = "site,subnets,peering,wan_mbit\nLyon,10.20.0.0/16 fd00:20::/32,on,50\nParis,,,\n";
    let german = "\u{feff}Site;Subnets;Peering;WAN Mbit\r\nLyon;10.20.0.0/16, fd00:20::/32;On;50,0\r\n\r\nParis;;;\r\n";
    let tabs = "Group Id\tSubnets\tP2P On/Off/Leech\tWAN\tLabel\tCountry\nLyon\t10.20.0.0/16|fd00:20::/32\tON\t50\tx\tFR\nParis\t\t\t\t\t\n";
    let quoted =
        "NAME,\"subnets\",P2P,wan\n\"Lyon\",\"10.20.0.0/16\nfd00:20::/32\",yes,50.0\nParis,,,\n";
    for text in [ours, german, tabs, quoted] {
        let sheet = read(text.as_bytes());
        assert_eq!(sheet.faults, [], "{text}");
        let rows: Vec<_> = sheet
            .rows
            .iter()
            .map(|row| {
                let subnets: Vec<String> = row.subnets.iter().map(ToString::to_string).collect();
                (
                    row.site.as_str(),
                    subnets.join(" "),
                    row.peering,
                    row.wan_cap,
                )
            })
            .collect();
        let lyon = (
            "Lyon",
            "10.20.0.0/16 fd00:20::/32".to_owned(),
            Some(Peering::On),
            Some(6_250_000),
        );
        assert_eq!(rows, [lyon, ("Paris", String::new(), None, None)], "{text}");
    }
    let unused = read(tabs.as_bytes()).notices;
    assert_eq!(
        codes(&unused),
        [
            (1, "Label", "unused_column"),
            (1, "Country", "unused_column")
        ]
    );
}

/// A text, and the line, the column, the code and a part of the fix of its first fault.
const WRONG: &[(&[u8], u64, &str, &str, &str)] = &[
    (b"", 0, "", "empty", "site,subnets"),
    (b"\n\n", 0, "", "empty", "site,subnets"),
    (b"a,b\nc,d\n", 1, "site", "no_column", "site,subnets"),
    (b"site,b\nc,d\n", 1, "subnets", "no_column", "site,subnets"),
    (b"site,subnets\nLyon,\xff\n", 2, "", "not_utf8", "UTF-8"),
    (b"\xff\xfes\0i\0t\0e\0", 1, "", "not_utf8", "UTF-8"),
    (
        b"PK\x03\x04\x14\x00\x06",
        1,
        "site",
        "no_column",
        "site,subnets",
    ),
    (
        b"site,subnets\n,10.0.0.0/8\n",
        2,
        "site",
        "length",
        "1 to 100",
    ),
    (
        b"site,subnets\nA\x07B,10.0.0.0/8\n",
        2,
        "site",
        "length",
        "printable",
    ),
    (
        b"site,subnets\nLyon,here\n",
        2,
        "subnets",
        "invalid_subnet",
        "10.20.0.0/16",
    ),
    (
        b"site,subnets\nLyon,10.20.0/16\n",
        2,
        "subnets",
        "invalid_subnet",
        "10.20.0.0/16",
    ),
    (
        b"site,subnets\nLyon,10.20.0.0/\n",
        2,
        "subnets",
        "invalid_subnet",
        "10.20.0.0/16",
    ),
    (
        b"site,subnets\nLyon,10.20.0.0/-1\n",
        2,
        "subnets",
        "invalid_subnet",
        "10.20.0.0/16",
    ),
    (
        b"site,subnets\nLyon,10.20.0.0/33\n",
        2,
        "subnets",
        "prefix",
        "/32",
    ),
    (
        b"site,subnets\nLyon,fd00::/129\n",
        2,
        "subnets",
        "prefix",
        "/128",
    ),
    (
        b"site,subnets\nLyon,10.1.2.3/16\n",
        2,
        "subnets",
        "host_bits",
        "Write 10.1.0.0/16",
    ),
    (
        b"site,subnets\nLyon,=cmd()\n",
        2,
        "subnets",
        "invalid_subnet",
        "10.20.0.0/16",
    ),
    (
        b"site,subnets,peering\nLyon,10.0.0.0/8,maybe\n",
        2,
        "peering",
        "peering",
        "consume_only",
    ),
    (
        b"site,subnets,wan\nLyon,10.0.0.0/8,fast\n",
        2,
        "wan_mbit",
        "range",
        "Mbit/s",
    ),
    (
        b"site,subnets,wan\nLyon,10.0.0.0/8,-1\n",
        2,
        "wan_mbit",
        "range",
        "Mbit/s",
    ),
    (
        b"site,subnets,wan\nLyon,10.0.0.0/8,NaN\n",
        2,
        "wan_mbit",
        "range",
        "Mbit/s",
    ),
    (
        b"site,subnets,wan\nLyon,10.0.0.0/8,1e300\n",
        2,
        "wan_mbit",
        "range",
        "Mbit/s",
    ),
    (
        b"site,subnets\nA,10.0.0.0/8\nB,10.0.0.0/8\n",
        3,
        "subnets",
        "overlap",
        "line 2 or from line 3",
    ),
    (
        b"site,subnets,wan\nA,10.0.0.0/9,1\nA,10.128.0.0/9,2\n",
        3,
        "site",
        "contradiction",
        "same",
    ),
    (
        b"site,subnets\nNew,10.9.0.0/16\n",
        2,
        "subnets",
        "overlap",
        "conflicts=move",
    ),
];

#[test]
fn each_fault_names_its_place_a_code_and_the_fix() {
    let sites = [site(1, "Nantes", &["10.9.0.0/16"])];
    for (bytes, line, column, code, fix) in WRONG {
        let shown = String::from_utf8_lossy(bytes);
        let ids = || SiteId([9; 16]);
        let plan = plan(read(bytes), &sites, Conflicts::Refuse, Others::Keep, ids);
        let fault = plan.faults.first().unwrap_or_else(|| panic!("{shown:?}"));
        assert_eq!(codes(&plan.faults)[0], (*line, *column, *code), "{shown:?}");
        assert!(fault.fix.contains(fix), "{shown:?}: {}", fault.fix);
        assert!(!fault.detail.is_empty() && fault.value.chars().count() <= SHOWN_MAX);
    }
}

#[test]
fn a_huge_sheet_is_read_to_its_limit() {
    let row = |n: usize| format!("s{n},10.{}.{}.0/24\n", n / 250, n % 250);
    let rows: String = (0..=ROWS_MAX).map(row).collect();
    let sheet = read(format!("site,subnets\n{rows}").as_bytes());
    assert_eq!(sheet.rows.len(), ROWS_MAX);
    assert_eq!(
        codes(&sheet.faults),
        [(ROWS_MAX as u64 + 2, "", "too_long")]
    );
    let wrong = "x,y\n".repeat(ROWS_MAX);
    let sheet = read(format!("site,subnets\n{wrong}").as_bytes());
    assert_eq!(sheet.faults.len(), FAULTS_MAX + 1);
}

#[test]
fn a_plan_says_what_becomes_of_each_site() {
    let sites = [
        site(1, "Lyon", &["10.1.0.0/16"]),
        site(2, "Paris", &["10.2.0.0/16", "10.3.0.0/16"]),
        site(3, "Nice", &["10.4.0.0/16"]),
    ];
    let sheet = "site,subnets\nlyon,10.1.0.0/16\nMetz,10.3.0.0/16 10.3.7.0/24\nMetz,10.4.9.0/24\n";
    let actions = |plan: &Plan| -> Vec<(String, Action)> {
        plan.sites
            .iter()
            .map(|s| (s.name().to_owned(), s.action))
            .collect()
    };
    let refused = planned(sheet, &sites, Conflicts::Refuse, Others::Keep);
    assert_eq!(codes(&refused.faults), [(3, "subnets", "overlap")]);

    let moved = planned(sheet, &sites, Conflicts::Move, Others::Keep);
    assert_eq!(moved.faults, []);
    let wanted = [
        ("Lyon", Action::Unchanged),
        ("Metz", Action::New),
        ("Paris", Action::Changed),
    ];
    assert_eq!(
        actions(&moved),
        wanted.map(|(name, action)| (name.to_owned(), action))
    );
    assert_eq!(
        moved.sites[2].removed(),
        ["10.3.0.0/16".parse().expect("a subnet")]
    );
    let notices = codes(&moved.notices);
    assert_eq!(
        notices,
        [(3, "subnets", "redundant"), (0, "subnets", "nested")]
    );
    let after = moved.edit().applied_to(&sites);
    let metz = after.iter().find(|site| site.name == "Metz").expect("Metz");
    assert_eq!(
        metz.subnets,
        ["10.3.0.0/16", "10.4.9.0/24"].map(|s| s.parse().expect("a subnet"))
    );
    assert!(crate::site::map_of(&after).is_ok());

    let alone = planned(sheet, &sites, Conflicts::Refuse, Others::Delete);
    assert_eq!(alone.faults, []);
    assert_eq!(alone.edit().delete, [SiteId([2; 16]), SiteId([3; 16])]);
}

async fn import(server: &Server, query: &str, sheet: &str) -> reqwest::RequestBuilder {
    let path = format!("/api/v1/sites/import{query}");
    let request = server.request(Method::POST, &path);
    request
        .header("content-type", "text/csv")
        .body(sheet.to_owned())
}

#[tokio::test]
async fn a_sheet_is_tried_imported_exported_and_taken_back_on_both_databases() {
    for server in Server::both().await {
        server.site("Lyon", "10.1.0.0/16").await;
        let device = Device::enroll(&server, "pc 7").await;
        let mut control = device.control("127.0.0.1").await;
        control.expect().await;
        let sheet = "site,subnets,wan_mbit,hours\nLyon,127.0.0.0/8 10.1.0.0/16,8,utc+1 mon-fri 8:00-18:00 2\n'=Metz,10.5.0.0/16,,\n";
        let dry = crate::testing::json(import(&server, "?dry_run=true", sheet).await).await;
        assert_eq!(dry["change"], Value::Null);
        assert_eq!(
            (&dry["peers_nowhere_now"], &dry["peers_nowhere_then"]),
            (&json!(1), &json!(0))
        );
        assert_eq!(dry["sites"][0]["action"], "changed");
        assert_eq!(dry["sites"][0]["added"], json!(["127.0.0.0/8"]));
        assert_eq!(dry["sites"][0]["wan_cap_then"], 1_000_000);
        assert_eq!(
            (
                &dry["sites"][0]["peers_now"],
                &dry["sites"][0]["peers_then"]
            ),
            (&json!(0), &json!(1))
        );
        let before = server.get("/api/v1/sites").await;
        assert_eq!(
            before["items"].as_array().expect("items").len(),
            1,
            "nothing was done"
        );

        let done = crate::testing::json(import(&server, "", sheet).await).await;
        let after = server.get("/api/v1/sites").await;
        assert_eq!(after["items"].as_array().expect("items").len(), 2);
        let exported = server
            .request(Method::GET, "/api/v1/sites/export")
            .send()
            .await;
        let exported = exported.expect("an answer").text().await.expect("text");
        let wanted = "site,subnets,peering,wan_mbit,wan_hours\n'=Metz,10.5.0.0/16,on,0,none\nLyon,10.1.0.0/16 127.0.0.0/8,on,8,\"UTC+01:00 mon,tue,wed,thu,fri 08:00-18:00 2\"\n";
        assert_eq!(exported, wanted);
        let again = crate::testing::json(import(&server, "", &exported).await).await;
        assert_eq!(
            again["change"],
            Value::Null,
            "it is all as it says: {again}"
        );

        let path = format!("/api/v1/site-changes/{}/undo", text(&done["change"]));
        let undone = server.request(Method::POST, &path).send().await;
        assert_eq!(undone.expect("an answer").status(), 204);
        let back = server.get("/api/v1/sites").await;
        assert_eq!(back["items"][0]["subnets"], before["items"][0]["subnets"]);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_wrong_sheet_changes_nothing() {
    let server = Server::start().await;
    let wrong = "site,subnets\nLyon,10.1.2.3/16\nMetz,x\n";
    let (status, problem) = refusal(import(&server, "", wrong).await).await;
    assert_eq!((status, problem.code.as_str()), (400, "invalid_sheet"));
    let places: Vec<_> = problem
        .errors
        .iter()
        .map(|e| (e.pointer.as_str(), e.code.as_str()))
        .collect();
    assert_eq!(
        places,
        [
            ("/2/subnets", "host_bits"),
            ("/3/subnets", "invalid_subnet")
        ]
    );
    let sites = server.get("/api/v1/sites").await;
    assert_eq!(sites["items"], json!([]));
    for query in ["?conflicts=x", "?others=1", "?dry_run=perhaps"] {
        let (status, _) = refusal(import(&server, query, "site,subnets\n").await).await;
        assert_eq!(status, 400, "{query}");
    }
    server.stop().await;
}
