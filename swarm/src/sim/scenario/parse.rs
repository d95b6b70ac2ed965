//! Scenario files: TOML in, [`Scenario`] out, with errors that name the line and the fix.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Arrivals, Churn, Evil, Expect, Fault, Going, Link, Nic, Policy, Scenario, SiteSpec, TitleSpec,
    Wan,
    units::{Milli, Percent, Rate, Size, Time},
};
use crate::{
    content::MAX_CHUNK_LEN,
    time::Micros,
    wire::{Peering, Sharing},
};

/// The most peers of one site: as many as a roster holds.
const MAX_PEERS: u32 = crate::wire::MAX_ROSTER as u32;
/// The most sites.
const MAX_SITES: u32 = 10_000;
/// The most chunks of a title.
const MAX_CHUNKS: u64 = 100_000;

/// Why a file is no scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// Not TOML, or a key or value that means nothing.
    #[error("{name}: {why}")]
    Syntax {
        /// The scenario.
        name: String,
        /// What is wrong, with line and column.
        why: String,
    },
    /// Well-formed, but it cannot be simulated.
    #[error("{name}: {why}")]
    Senseless {
        /// The scenario.
        name: String,
        /// What is wrong, and what to write instead.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    about: String,
    #[serde(default = "swarm")]
    policy: Policy,
    #[serde(default = "one")]
    seeds: u32,
    #[serde(default)]
    many_seeds: bool,
    #[serde(default = "ten_minutes")]
    until: Time,
    origin: Option<Rate>,
    title: TitleFile,
    #[serde(default)]
    nic: BTreeMap<String, NicFile>,
    site: Vec<SiteFile>,
    campaign: Option<CampaignFile>,
    churn: Option<ChurnFile>,
    #[serde(default)]
    evil: Vec<EvilFile>,
    #[serde(default)]
    fault: Vec<FaultFile>,
    #[serde(default)]
    expect: ExpectFile,
}

fn swarm() -> Policy {
    Policy::Swarm
}

fn one() -> u32 {
    1
}

fn ten_minutes() -> Time {
    Time(Micros::from_secs(600))
}

#[derive(Deserialize)]
#[serde(
    tag = "kind",
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
enum TitleFile {
    Video {
        length: Time,
        segment: Time,
        rate: Rate,
        #[serde(default = "look_ahead")]
        look_ahead: Time,
    },
    File {
        size: Size,
        #[serde(default = "window")]
        window: u32,
    },
}

/// As the agent looks ahead of a player.
fn look_ahead() -> Time {
    Time(Micros::from_secs(30))
}

/// As many chunks as the agent has on the way ahead of a reader.
fn window() -> u32 {
    64
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct NicFile {
    rate: Rate,
    #[serde(default = "lan_delay")]
    delay: Time,
    #[serde(default = "lossless")]
    loss: Percent,
    #[serde(default)]
    half_duplex: bool,
    #[serde(default = "full_weight")]
    weight: u32,
    disk: Option<Rate>,
    #[serde(default = "gives")]
    sharing: Sharing,
}

fn gives() -> Sharing {
    Sharing::On
}

fn lan_delay() -> Time {
    Time(Micros(300))
}

fn lossless() -> Percent {
    Percent(0)
}

fn full_weight() -> u32 {
    crate::site::MAX_WEIGHT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WanFile {
    rate: Rate,
    delay: Time,
    #[serde(default = "lossless")]
    loss: Percent,
    queue: Option<Size>,
    cap: Option<Rate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SiteFile {
    #[serde(default = "one")]
    count: u32,
    peers: u32,
    wan: WanFile,
    #[serde(default)]
    mix: BTreeMap<String, u32>,
    arrivals: ArrivalsFile,
    #[serde(default)]
    rule: RuleFile,
    cache: Option<Size>,
}

/// What the administrator lets the peers of a site do.
#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "kebab-case")]
enum RuleFile {
    #[default]
    On,
    ConsumeOnly,
    Off,
    /// No site has these addresses.
    Unknown,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct CampaignFile {
    at: Time,
}

#[derive(Deserialize)]
#[serde(
    tag = "kind",
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
enum ArrivalsFile {
    Flash { first: Time, within: Time },
    Office { first: Time, over: Time },
    Trickle { first: Time, every: Time },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ChurnFile {
    percent_a_minute: Percent,
    how: Option<Going>,
    back_after: Time,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct EvilFile {
    kind: Evil,
    percent: u32,
}

#[derive(Deserialize)]
#[serde(
    tag = "kind",
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
enum FaultFile {
    Lose {
        #[serde(default)]
        site: u32,
        peer: u32,
        at: Time,
        how: Going,
    },
    LoseBusyHome {
        after: Time,
        how: Going,
    },
    DmsAway {
        from: Time,
        to: Time,
        #[serde(default)]
        origin_too: bool,
    },
    NoControl {},
    JoinLate {},
    LoseChanges {
        per_mille: u32,
    },
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ExpectFile {
    #[serde(default)]
    headline: bool,
    copies: Option<Milli>,
    bound: Option<Milli>,
    stalls: Option<u64>,
    stalled_viewers: Option<u64>,
    late: Option<u64>,
    start: Option<Time>,
    start_median: Option<Time>,
    first_start: Option<Milli>,
    bad_a_peer: Option<u64>,
    messages_a_chunk: Option<Milli>,
    #[serde(default)]
    failed: u64,
    #[serde(default)]
    unfinished: u64,
}

pub(super) fn parse(name: &str, text: &str) -> Result<Scenario, ScenarioError> {
    let file: File = toml::from_str(text).map_err(|error| ScenarioError::Syntax {
        name: name.into(),
        why: error.to_string(),
    })?;
    convert(name, file).map_err(|why| ScenarioError::Senseless {
        name: name.into(),
        why,
    })
}

fn convert(name: &str, file: File) -> Result<Scenario, String> {
    let mut sites = Vec::new();
    for site in &file.site {
        let spec = site_spec(site, &file.nic)?;
        if sites.len() as u64 + u64::from(site.count) > MAX_SITES.into() {
            return Err(format!("at most {MAX_SITES} sites"));
        }
        sites.extend((0..site.count).map(|_| spec.clone()));
    }
    if sites.is_empty() {
        return Err("there is no site: add a [[site]]".into());
    }
    let faults: Vec<Fault> = file.fault.iter().map(fault).collect();
    for fault in &faults {
        if let Fault::Lose { site, peer, .. } = fault
            && sites.get(*site as usize).is_none_or(|s| *peer >= s.peers)
        {
            return Err(format!(
                "a fault names peer {peer} of site {site}, which is not there"
            ));
        }
    }
    let evil: Vec<(Evil, u32)> = file.evil.iter().map(|e| (e.kind, e.percent)).collect();
    if evil
        .iter()
        .map(|(_, percent)| u64::from(*percent))
        .sum::<u64>()
        > 100
    {
        return Err("more than 100 percent of the peers are evil".into());
    }
    Ok(Scenario {
        name: name.into(),
        about: file.about,
        policy: file.policy,
        seeds: file.seeds,
        many_seeds: file.many_seeds,
        sites,
        origin: file.origin.map(|r| r.0),
        title: title(&file.title)?,
        campaign: file.campaign.as_ref().map(|c| c.at.0),
        churn: file.churn.as_ref().map(churn),
        evil,
        faults,
        planted: None,
        until: file.until.0,
        expect: expect(&file.expect),
    })
}

fn site_spec(site: &SiteFile, kinds: &BTreeMap<String, NicFile>) -> Result<SiteSpec, String> {
    if !(1..=MAX_PEERS).contains(&site.peers) {
        return Err(format!(
            "a site has 1 to {MAX_PEERS} peers, not {}",
            site.peers
        ));
    }
    let named = |name: &str| {
        let described = kinds.get(name).map(nic);
        let known = described.or_else(|| Nic::named(name));
        known.ok_or_else(|| {
            format!("no kind of machine is called {name:?}: describe it under [nic.{name}]")
        })
    };
    let mut mix = Vec::new();
    for (name, many) in &site.mix {
        mix.push((named(name)?, *many));
    }
    if mix.iter().all(|(_, many)| *many == 0) {
        mix = vec![(named("wired")?, 1)];
    }
    let wan = &site.wan;
    let link = Link {
        rate: wan.rate.0,
        delay: wan.delay.0,
        loss: wan.loss.0,
        queue: wan.queue.map_or(0, |s| s.0),
    };
    if link.rate == 0 {
        return Err("a WAN link of rate 0 carries nothing".into());
    }
    let cap = wan.cap.map(|r| r.0);
    let arrivals = match site.arrivals {
        ArrivalsFile::Flash { first, within } => Arrivals::Flash {
            first: first.0,
            within: within.0,
        },
        ArrivalsFile::Office { first, over } => Arrivals::Office {
            first: first.0,
            over: over.0,
        },
        ArrivalsFile::Trickle { first, every } => Arrivals::Trickle {
            first: first.0,
            every: every.0,
        },
    };
    Ok(SiteSpec {
        peers: site.peers,
        wan: Wan { link, cap },
        mix,
        arrivals,
        peering: match site.rule {
            RuleFile::On => Some(Peering::On),
            RuleFile::ConsumeOnly => Some(Peering::ConsumeOnly),
            RuleFile::Off => Some(Peering::Off),
            RuleFile::Unknown => None,
        },
        cache: site.cache.map(|size| size.0),
    })
}

fn nic(file: &NicFile) -> Nic {
    let link = Link {
        rate: file.rate.0,
        delay: file.delay.0,
        loss: file.loss.0,
        queue: 0,
    };
    Nic {
        link,
        half_duplex: file.half_duplex,
        weight: file.weight,
        disk: file.disk.map(|r| r.0),
        sharing: file.sharing,
    }
}

fn title(file: &TitleFile) -> Result<TitleSpec, String> {
    let spec = match *file {
        TitleFile::Video {
            length,
            segment,
            rate,
            look_ahead,
        } => TitleSpec::Video {
            look_ahead: look_ahead.0,
            segments: length.0.0.checked_div(segment.0.0).unwrap_or(0) as u32,
            segment_time: segment.0,
            segment_len: rate.0.saturating_mul(segment.0.0) / 1_000_000,
        },
        TitleFile::File { size, window } => TitleSpec::File {
            size: size.0,
            window: window.max(1),
        },
    };
    let chunks = spec.bytes() / u64::from(MAX_CHUNK_LEN);
    if spec.bytes() == 0 || chunks > MAX_CHUNKS {
        return Err(format!(
            "a title has 1 byte to {MAX_CHUNKS} chunks; this one has {chunks}"
        ));
    }
    Ok(spec)
}

fn churn(file: &ChurnFile) -> Churn {
    Churn {
        per_mille_a_minute: file.percent_a_minute.0 / 1000,
        how: file.how,
        back_after: file.back_after.0,
    }
}

fn fault(file: &FaultFile) -> Fault {
    match *file {
        FaultFile::Lose {
            site,
            peer,
            at,
            how,
        } => Fault::Lose {
            site,
            peer,
            at: at.0,
            how,
        },
        FaultFile::LoseBusyHome { after, how } => Fault::LoseBusyHome {
            after: after.0,
            how,
        },
        FaultFile::DmsAway {
            from,
            to,
            origin_too,
        } => Fault::DmsAway {
            from: from.0,
            to: to.0,
            origin_too,
        },
        FaultFile::NoControl {} => Fault::NoControl,
        FaultFile::JoinLate {} => Fault::JoinLate,
        FaultFile::LoseChanges { per_mille } => Fault::LoseChanges { per_mille },
    }
}

fn expect(file: &ExpectFile) -> Expect {
    let milli = |ratio: Option<Milli>| ratio.map(|r| r.0);
    let ms = |time: Option<Time>| time.map(|t| t.0.as_millis());
    Expect {
        headline: file.headline,
        copies: milli(file.copies),
        bound: milli(file.bound),
        stalls: file.stalls,
        stalled_viewers: file.stalled_viewers,
        late: file.late,
        start_ms: ms(file.start),
        start_median_ms: ms(file.start_median),
        first_start: milli(file.first_start),
        bad_a_peer: file.bad_a_peer,
        messages_a_chunk: milli(file.messages_a_chunk),
        failed: file.failed,
        unfinished: file.unfinished,
    }
}
