//! What is simulated: sites, links, a title, viewers, a policy, and what goes wrong.
//!
//! A scenario is a file (`scenario/parse.rs` reads it); this is what it means.

mod parse;
mod units;

pub use parse::ScenarioError;

use crate::{
    time::Micros,
    wire::{Peering, Sharing},
};

/// A link's capacity, delay and quality.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link {
    /// Bytes per second, each way.
    pub rate: u64,
    /// From one end to the other.
    pub delay: Micros,
    /// Packets lost, of a million.
    pub loss: u32,
    /// Bytes that stand in the queue before the link while it is full.
    pub queue: u64,
}

/// A site's link to the origin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wan {
    /// The link; each way carries as much.
    pub link: Link,
    /// The administrator's cap, bytes per second.
    pub cap: Option<u64>,
}

/// A kind of machine, as far as the network sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Nic {
    /// Its link to the office network.
    pub link: Link,
    /// Sending and receiving share the link: air.
    pub half_duplex: bool,
    /// Its share of homes, as the agent weighs such a machine.
    pub weight: u32,
    /// What its disk reads and writes together, bytes per second; none is no limit.
    pub disk: Option<u64>,
    /// What it gives: on battery nothing, over a VPN it takes nothing either.
    pub sharing: Sharing,
}

impl Nic {
    const fn new(megabits: u64, delay_us: u64, loss: u32, weight: u32) -> Self {
        let link = Link {
            rate: megabits * 125_000,
            delay: Micros(delay_us),
            loss,
            queue: 0,
        };
        Self {
            link,
            half_duplex: false,
            weight,
            disk: None,
            sharing: Sharing::On,
        }
    }

    /// The kind of this name, unless a file describes it otherwise.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "wired" => Self::new(1000, 300, 0, 100),
            "laptop" => Self::new(1000, 300, 0, 60),
            "wifi" => Self {
                half_duplex: true,
                ..Self::new(200, 3000, 100, 25)
            },
            "slow" => Self::new(10, 2000, 0, 100),
            _ => return None,
        })
    }
}

/// When the viewers of a site press play.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arrivals {
    /// All of them within a moment.
    Flash {
        /// From.
        first: Micros,
        /// To `within` later, at random.
        within: Micros,
    },
    /// As people come to an office: few, then most, then few.
    Office {
        /// From.
        first: Micros,
        /// The morning's length.
        over: Micros,
    },
    /// One after another.
    Trickle {
        /// The first.
        first: Micros,
        /// The time from one to the next; each is shifted by up to half of it.
        every: Micros,
    },
}

/// One site, or several alike. Every peer of it has a viewer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SiteSpec {
    /// How many peers.
    pub peers: u32,
    /// The link to the origin, shared by the site.
    pub wan: Wan,
    /// The kinds of its machines, with how many of each in a row.
    pub mix: Vec<(Nic, u32)>,
    /// When its viewers come.
    pub arrivals: Arrivals,
    /// What its rules let peers do; none: the DMS knows no site at its addresses.
    pub peering: Option<Peering>,
    /// What the cache of each machine holds, bytes; none is no limit.
    pub cache: Option<u64>,
}

impl SiteSpec {
    /// The kind of the peer of this number: the mix, over and over.
    #[must_use]
    pub fn nic(&self, nth: u32) -> Nic {
        let turn = self.mix.iter().map(|(_, many)| many).sum::<u32>().max(1);
        let mut left = nth % turn;
        for (nic, many) in &self.mix {
            match left.checked_sub(*many) {
                None => return *nic,
                Some(rest) => left = rest,
            }
        }
        Nic::new(1000, 300, 0, 100)
    }
}

/// What everybody watches or downloads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TitleSpec {
    /// A video: segments come before they are shown.
    Video {
        /// How many segments.
        segments: u32,
        /// How long each plays.
        segment_time: Micros,
        /// The sealed length of each, bytes.
        segment_len: u64,
        /// How far ahead of the picture segments are asked for.
        look_ahead: Micros,
    },
    /// A file: comes as fast as it can.
    File {
        /// Bytes.
        size: u64,
        /// How many chunks are asked for at once.
        window: u32,
    },
}

impl TitleSpec {
    /// Bytes of the whole title.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match *self {
            Self::Video {
                segments,
                segment_len,
                ..
            } => u64::from(segments) * segment_len,
            Self::File { size, .. } => size,
        }
    }
}

/// Who decides what is fetched from whom.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// The production machines.
    Swarm,
    /// Everybody takes everything from the origin.
    Plain,
    /// A cache box in each site, bought for it; everybody takes everything from the box.
    Box,
    /// A central tracker knows everything and hands out the rarest chunk first.
    Tracker,
    /// A mesh as of BitTorrent: random neighbours over all sites, choking, rarest first.
    Mesh,
}

impl Policy {
    /// All of them, ours first.
    pub const ALL: [Self; 5] = [
        Self::Swarm,
        Self::Plain,
        Self::Box,
        Self::Tracker,
        Self::Mesh,
    ];

    /// The name in files and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Swarm => "swarm",
            Self::Plain => "plain",
            Self::Box => "box",
            Self::Tracker => "tracker",
            Self::Mesh => "mesh",
        }
    }
}

/// How a machine goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Going {
    /// The process ends: its connections are reset.
    Crash,
    /// It is cut off: nothing answers any more.
    Vanish,
    /// It is shut down: it says so, then its connections are closed.
    Leave,
}

/// Machines that come and go all the time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Churn {
    /// How many of a thousand go each minute.
    pub per_mille_a_minute: u32,
    /// How; none is each way in turn.
    pub how: Option<Going>,
    /// How long after a machine went it is back, with what its cache held.
    pub back_after: Micros,
}

/// What an evil peer does. Its share of the chunks' homes is as large as an honest one's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evil {
    /// Sends wrong bytes for every chunk it is asked for, at once.
    Poison,
    /// Names other peers for every chunk, whether they have it or not, and never gives one.
    Lie,
    /// Sends the first bytes of every chunk and then nothing.
    Stall,
    /// Gives a few kilobytes a second.
    Slow,
    /// Asks for as much as it can and takes a few kilobytes a second, so that slots stay taken.
    Squat,
}

/// What goes wrong at a moment. Peers are counted from 0 within their site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// One machine goes.
    Lose {
        /// Its site.
        site: u32,
        /// Which.
        peer: u32,
        /// When.
        at: Micros,
        /// How.
        how: Going,
    },
    /// From this time on, the first peer of each site that fetches from the origin while others wait for
    /// it goes.
    LoseBusyHome {
        /// From when on.
        after: Micros,
        /// How.
        how: Going,
    },
    /// The DMS does not answer for a while.
    DmsAway {
        /// From.
        from: Micros,
        /// To.
        to: Micros,
        /// Its origin does not answer either.
        origin_too: bool,
    },
    /// The control connection never comes up; the origin works.
    NoControl,
    /// Machines are switched on half a second before their viewers come, instead of long before.
    JoinLate,
    /// So many of a thousand roster changes are lost on the way.
    LoseChanges {
        /// Of a thousand.
        per_mille: u32,
    },
}

/// A fault planted on purpose, to see that the checks catch it.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Planted {
    /// Bytes are taken without hashing them.
    SkipHashCheck,
    /// The DMS lets one slice more out of the WAN budget than there is.
    LedgerOffByOne,
    /// A home does not remember who took a chunk.
    ForgetHolders,
    /// No second source is ever asked beside a running one.
    NoHedge,
    /// Referrals are passed on without counting the hops.
    ReferralLoop,
}

impl Planted {
    /// All of them, with their names on the command line.
    pub const ALL: [(&'static str, Self); 5] = [
        ("skip-hash-check", Self::SkipHashCheck),
        ("ledger-off-by-one", Self::LedgerOffByOne),
        ("forget-holders", Self::ForgetHolders),
        ("no-hedge", Self::NoHedge),
        ("referral-loop", Self::ReferralLoop),
    ];
}

/// The bars a scenario is held to, each for the worst site and seed; none is not checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Expect {
    /// Its WAN copies and its bound count for the gate's last line.
    pub headline: bool,
    /// WAN copies, thousandths.
    pub copies: Option<u64>,
    /// Completion against the fluid bound, thousandths.
    pub bound: Option<u64>,
    /// Pauses of the picture.
    pub stalls: Option<u64>,
    /// Viewers who saw a pause.
    pub stalled_viewers: Option<u64>,
    /// Chunks delivered late.
    pub late: Option<u64>,
    /// From play to picture, milliseconds, the slowest viewer.
    pub start_ms: Option<u64>,
    /// The same, half of the viewers.
    pub start_median_ms: Option<u64>,
    /// The first viewer's, in thousandths of the first segment's time over the site's WAN.
    pub first_start: Option<u64>,
    /// Chunks with wrong bytes that arrived at one peer (none is ever stored).
    pub bad_a_peer: Option<u64>,
    /// Messages without payload, per chunk delivered, thousandths.
    pub messages_a_chunk: Option<u64>,
    /// Wants that may fail.
    pub failed: u64,
    /// Viewers that may not finish.
    pub unfinished: u64,
}

/// Everything but the seed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// A short name: its file's.
    pub name: String,
    /// What it shows.
    pub about: String,
    /// Who decides.
    pub policy: Policy,
    /// How many seeds the gate tries.
    pub seeds: u32,
    /// Whether the many-seeds run tries it too.
    pub many_seeds: bool,
    /// The sites.
    pub sites: Vec<SiteSpec>,
    /// What the origin sends to all sites together, bytes per second; none is no limit.
    pub origin: Option<u64>,
    /// The title.
    pub title: TitleSpec,
    /// When every peer is told that its site is to hold the title.
    pub campaign: Option<Micros>,
    /// Machines that come and go.
    pub churn: Option<Churn>,
    /// How many of a hundred peers of each site do what.
    pub evil: Vec<(Evil, u32)>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// A planted fault.
    pub planted: Option<Planted>,
    /// The run ends here at the latest.
    pub until: Micros,
    /// The bars.
    pub expect: Expect,
}

impl Scenario {
    /// Reads a scenario file. The name is the file's, without its ending.
    ///
    /// # Errors
    /// [`ScenarioError`] says what is wrong in which line.
    pub fn parse(name: &str, text: &str) -> Result<Self, ScenarioError> {
        parse::parse(name, text)
    }

    /// How many peers there are.
    #[must_use]
    pub fn peers(&self) -> u32 {
        self.sites.iter().map(|s| s.peers).sum()
    }

    /// Whether sites touch one another: through an origin that is a bottleneck, or through peers.
    #[must_use]
    pub fn is_coupled(&self) -> bool {
        self.origin.is_some() || self.policy == Policy::Mesh
    }
}

#[cfg(test)]
mod tests;
