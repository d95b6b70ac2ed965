//! What files mean, and what is said about files that mean nothing.

use super::*;

const SMALL: &str = r#"
about = "two offices"
seeds = 4
[title]
kind = "file"
size = "3 MiB"
[nic.attic]
rate = "10 Mbit/s"
disk = "5 MB/s"
[[site]]
count = 2
peers = 5
wan = { rate = "50 Mbit/s", delay = "10 ms", loss = 0.1, queue = "64 KiB", cap = "40 Mbit/s" }
mix = { wired = 2, attic = 1 }
arrivals = { kind = "flash", first = "1 s", within = "0.5 s" }
[[evil]]
kind = "poison"
percent = 10
[[fault]]
kind = "lose"
site = 1
peer = 4
at = "3 s"
how = "vanish"
[expect]
copies = 1.02
start = "2 s"
"#;

#[test]
fn a_file_means_what_it_says() {
    let scenario = Scenario::parse("small", SMALL).expect("it is a scenario");
    assert_eq!(
        (scenario.seeds, scenario.sites.len(), scenario.peers()),
        (4, 2, 10)
    );
    let site = &scenario.sites[1];
    assert_eq!(
        (site.wan.link.rate, site.wan.link.loss, site.wan.cap),
        (6_250_000, 1000, Some(5_000_000))
    );
    let disks: Vec<bool> = (0..5).map(|n| site.nic(n).disk.is_some()).collect();
    assert_eq!(disks, [true, false, false, true, false]);
    assert_eq!(scenario.title.bytes(), 3 << 20);
    assert_eq!(
        (scenario.expect.copies, scenario.expect.start_ms),
        (Some(1020), Some(2000))
    );
    assert!(!scenario.is_coupled());
}

#[test]
fn a_file_that_means_nothing_is_refused_with_the_reason() {
    for (from, to, said) in [
        ("seeds = 4", "sead = 4", "unknown field `sead`"),
        (
            "50 Mbit/s",
            "50 Mbps",
            "is not a number with a unit like \"50 Mbit/s\"",
        ),
        ("attic = 1", "cellar = 1", "describe it under [nic.cellar]"),
        ("peers = 5", "peers = 0", "a site has 1 to"),
        ("peer = 4", "peer = 5", "which is not there"),
        ("percent = 10", "percent = 101", "more than 100 percent"),
        ("\"3 MiB\"", "\"0 MiB\"", "a title has 1 byte to"),
        ("copies = 1.02", "copies = -1", "no ratio"),
        (
            "kind = \"poison\"",
            "kind = \"nasty\"",
            "unknown variant `nasty`",
        ),
        ("[[site]]", "[[office]]", "unknown field `office`"),
    ] {
        let text = SMALL.replace(from, to);
        let error = Scenario::parse("small", &text).expect_err(to).to_string();
        assert!(
            error.starts_with("small: ") && error.contains(said),
            "{error}"
        );
    }
}
