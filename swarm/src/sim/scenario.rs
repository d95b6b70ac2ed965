//! What is simulated: sites, links, a title, viewers, and what goes wrong.

use crate::time::Micros;

/// A link's capacity and delay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link {
    /// Bytes per second, each way.
    pub rate: u64,
    /// From one end to the other.
    pub delay: Micros,
}

impl Link {
    /// So many megabits per second and microseconds of delay.
    #[must_use]
    pub const fn new(megabits: u64, delay_us: u64) -> Self {
        Self {
            rate: megabits * 125_000,
            delay: Micros(delay_us),
        }
    }
}

/// When the viewers of a site press play.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrivals {
    /// The first of them.
    pub first: Micros,
    /// The time from one to the next; each arrival is shifted by up to half of it, by the seed.
    pub every: Micros,
}

/// One site. Every peer of it has a viewer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SiteSpec {
    /// How many peers.
    pub peers: u32,
    /// The link to the origin, shared by the site.
    pub wan: Link,
    /// Each peer's link to the office network.
    pub nic: Link,
    /// When its viewers come.
    pub arrivals: Arrivals,
}

/// What everybody watches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TitleSpec {
    /// How many segments.
    pub segments: u32,
    /// How long each plays.
    pub segment_time: Micros,
    /// The sealed length of each, bytes.
    pub segment_len: u64,
    /// A file that is downloaded, not played: its segments are its chunks.
    pub file: bool,
}

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The process ends: its connections are reset.
    Crash {
        /// Which peer, counted over all sites.
        peer: u32,
        /// When.
        at: Micros,
    },
    /// The machine is cut off: nothing answers any more.
    Vanish {
        /// Which peer, counted over all sites.
        peer: u32,
        /// When.
        at: Micros,
    },
    /// From this time on, the first peer that fetches from the origin while others wait for it
    /// crashes, or is cut off.
    LoseBusyHome {
        /// From when on.
        after: Micros,
        /// Cut off instead of crashed.
        vanish: bool,
    },
    /// The peer has another link than its neighbours.
    Slow {
        /// Which peer, counted over all sites.
        peer: u32,
        /// Its link.
        nic: Link,
    },
    /// The peer sends wrong bytes for every chunk.
    Poison {
        /// Which peer, counted over all sites.
        peer: u32,
    },
    /// The DMS's control connection never comes up; its origin works.
    NoControl,
    /// Machines are switched on half a second before their viewers come, instead of long before.
    JoinLate,
    /// So many of a thousand roster changes are lost on the way.
    LoseChanges {
        /// Of a thousand.
        per_mille: u32,
    },
}

/// Everything but the seed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// A short name.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// The sites.
    pub sites: Vec<SiteSpec>,
    /// The title.
    pub title: TitleSpec,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// The run ends here at the latest.
    pub until: Micros,
}

const OFFICE_NIC: Link = Link::new(1000, 300);

fn site(peers: u32, wan: Link, first_s: u64, every_ms: u64) -> SiteSpec {
    let every = Micros::from_millis(every_ms);
    let arrivals = Arrivals {
        first: Micros::from_secs(first_s),
        every,
    };
    SiteSpec {
        peers,
        wan,
        nic: OFFICE_NIC,
        arrivals,
    }
}

/// 4-second segments of this many megabits per second.
fn title(segments: u32, megabits: u64) -> TitleSpec {
    let segment_len = megabits * 125_000 * 4;
    TitleSpec {
        segments,
        segment_time: Micros::from_secs(4),
        segment_len,
        file: false,
    }
}

/// A file of so many chunks of 1 MiB.
fn file(chunks: u32) -> TitleSpec {
    TitleSpec {
        segments: chunks,
        segment_time: Micros(0),
        segment_len: 1 << 20,
        file: true,
    }
}

fn scenario(name: &'static str, about: &'static str) -> Scenario {
    Scenario {
        name,
        about,
        sites: vec![site(3, WAN, 2, 3000), site(3, WAN, 3, 5000)],
        title: title(15, 5),
        faults: Vec::new(),
        until: Micros::from_secs(600),
    }
}

/// The scenarios of the test suite.
#[must_use]
pub fn builtin() -> Vec<Scenario> {
    let mut all = homes_that_go();
    all.extend(crowds_and_others());
    all
}

const WAN: Link = Link::new(50, 15_000);

/// The plain case, and homes that go.
fn homes_that_go() -> Vec<Scenario> {
    vec![
        scenario(
            "two-sites",
            "two sites of three peers watch one title, one after another",
        ),
        Scenario {
            sites: vec![site(6, WAN, 2, 200)],
            faults: vec![Fault::LoseBusyHome {
                after: Micros::from_secs(6),
                vanish: false,
            }],
            ..scenario(
                "home-crashes",
                "a home's process ends while others wait for its fetch",
            )
        },
        Scenario {
            sites: vec![site(6, WAN, 2, 200)],
            faults: vec![Fault::LoseBusyHome {
                after: Micros::from_secs(6),
                vanish: true,
            }],
            ..scenario(
                "home-vanishes",
                "a home is cut off while others wait for its fetch",
            )
        },
    ]
}

/// Crowds, and peers, letters and control connections that are not as they should be.
fn crowds_and_others() -> Vec<Scenario> {
    vec![
        Scenario {
            sites: vec![site(10, Link::new(50, 10_000), 2, 0); 2],
            title: file(100),
            ..scenario(
                "file-crowd",
                "two sites of ten peers download a file of 100 MiB at once",
            )
        },
        Scenario {
            sites: vec![site(100, Link::new(20, 25_000), 2, 10)],
            title: title(15, 2),
            ..scenario(
                "flash-crowd",
                "a hundred viewers of one site press play within a second",
            )
        },
        Scenario {
            sites: vec![site(6, WAN, 2, 1000)],
            faults: vec![Fault::Slow {
                peer: 2,
                nic: Link::new(2, 2000),
            }],
            title: title(15, 1),
            ..scenario(
                "slow-peer",
                "one peer's link is hardly faster than what it watches",
            )
        },
        Scenario {
            sites: vec![site(8, WAN, 2, 1000)],
            faults: vec![Fault::Poison { peer: 3 }],
            ..scenario("poisoner", "one peer sends wrong bytes")
        },
        Scenario {
            sites: vec![site(4, WAN, 2, 2000)],
            faults: vec![Fault::NoControl],
            ..scenario("no-control", "the control connection never comes up")
        },
        Scenario {
            sites: vec![site(12, WAN, 1, 1000)],
            faults: vec![Fault::JoinLate],
            ..scenario(
                "late-joiners",
                "machines are switched on one after another during the show",
            )
        },
        Scenario {
            sites: vec![site(12, WAN, 1, 1000)],
            faults: vec![Fault::JoinLate, Fault::LoseChanges { per_mille: 100 }],
            ..scenario(
                "lossy-roster",
                "the same, and a tenth of the roster changes are lost",
            )
        },
    ]
}
