//! What is measured, in order.

use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use swarm::wire::{ToDms, TransferTotals};

use crate::fleet::{BANNED, CHANGE, Fleet, ROSTER, SITE, subnet};
use crate::link::{self, BINARY, PING};
use crate::server::Server;
use crate::{Arguments, Figures, embargo, licenses, origin, slow};

/// Peers of a large and of a small site.
const LARGE: usize = 1_000;
const SMALL: usize = 100;
/// How long the server is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(2);
/// Heartbeats a second of the paced run: what the control plane must at least bear.
const PACE: usize = 20_000;

/// Sizes of sites that hold `peers`: half in large sites, the rest in small ones.
fn sizes(peers: usize) -> Vec<usize> {
    let mut sizes = vec![LARGE; peers / 2 / LARGE];
    let mut left = peers - sizes.len() * LARGE;
    while left > 0 {
        sizes.push(left.min(SMALL));
        left -= left.min(SMALL);
    }
    sizes
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn float(count: impl TryInto<u64>) -> f64 {
    count.try_into().unwrap_or(u64::MAX) as f64
}

pub async fn all(arguments: &Arguments, figures: &mut Figures) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut server = Server::start(&arguments.dms, arguments.core, folder.path()).await?;
    let sizes = sizes(arguments.peers);
    for site in 0..sizes.len() {
        server.site(&format!("site {site}"), &subnet(site)).await?;
    }
    let mut fleet = enrol(&server, &sizes, figures).await?;
    storm(&server, &mut fleet, figures, "connect").await?;
    memory(&server, &fleet, figures, folder.path()).await?;
    heartbeats(&server, &fleet, figures, arguments.seconds).await?;
    if !arguments.quick {
        let large = sizes.iter().position(|size| *size == LARGE);
        let small = sizes.iter().position(|size| *size == SMALL);
        for (name, site) in [("1000", large), ("100", small)] {
            if let Some(site) = site {
                one_change(&server, &mut fleet, figures, (name, site)).await?;
                morning(&server, &mut fleet, figures, (name, site)).await?;
            }
        }
        slow::measure(&server, &mut fleet, figures).await?;
        tell_all(&server, &mut fleet, figures).await?;
        restart(&mut server, &mut fleet, figures).await?;
    }
    if arguments.origin_mib > 0 {
        origin::measure(&server, arguments, figures, folder.path()).await?;
    }
    if arguments.licenses_seconds > 0 {
        licenses::measure(&server, figures, arguments.licenses_seconds).await?;
    }
    if arguments.embargo_viewers > 0 {
        embargo::measure(&server, &fleet, figures, arguments.embargo_viewers).await?;
    }
    server.stop().await
}

async fn enrol(server: &Server, sizes: &[usize], figures: &mut Figures) -> anyhow::Result<Fleet> {
    let (began, cpu) = (Instant::now(), server.cpu()?);
    // Readers and RSS are compared with a server that has enrolled everybody already.
    let fleet = Fleet::enrol(server, sizes).await?;
    let peers = float(fleet.devices.len());
    figures.note("peers", peers, "edge peers, enrolled over the API");
    figures.note("sites", float(sizes.len()), "sites of 1,000 and of 100");
    let rate = peers / began.elapsed().as_secs_f64();
    figures.note("enrolments_per_s", rate, "enrolments a second");
    let each = (server.cpu()? - cpu) / peers * 1e3;
    figures.note(
        "enrolment_cpu_ms",
        each,
        "ms of the server's processor an enrolment",
    );
    Ok(fleet)
}

/// Everybody connects at the same moment.
async fn storm(
    server: &Server,
    fleet: &mut Fleet,
    figures: &mut Figures,
    name: &str,
) -> anyhow::Result<()> {
    let everybody: Vec<usize> = (0..fleet.devices.len()).collect();
    let sizes: Vec<usize> = sites(fleet);
    let (began, cpu) = (Instant::now(), server.cpu()?);
    let (changes, bytes) = (fleet.seen.of(CHANGE), fleet.seen.bytes.load(Relaxed));
    let took = fleet.connect(&everybody).await?;
    let agreed = fleet
        .until("the rosters agree", |fleet| {
            sizes
                .iter()
                .enumerate()
                .all(|(site, size)| fleet.agree(site, *size))
        })
        .await?;
    let peers = float(everybody.len());
    let welcome = took.last().context("a peer")?.as_secs_f64();
    let median = took.get(took.len() / 2).context("a peer")?.as_secs_f64();
    let note = |figures: &mut Figures, what: &str, value: f64, words: &str| {
        figures.note(
            &format!("{name}_{what}"),
            value,
            &format!("{name}: {words}"),
        );
    };
    note(
        figures,
        "median_s",
        median,
        "s until half of the peers were welcome",
    );
    note(figures, "last_s", welcome, "s until the last was");
    let all = (agreed - began).as_secs_f64();
    note(
        figures,
        "agreed_s",
        all,
        "s until every site's rosters agreed",
    );
    let each = (server.cpu()? - cpu) / peers * 1e6;
    note(
        figures,
        "cpu_us",
        each,
        "us of the server's processor a peer",
    );
    let told = float(fleet.seen.of(CHANGE) - changes) / peers;
    note(
        figures,
        "changes_per_peer",
        told,
        "roster changes sent to a peer",
    );
    let bytes = float(fleet.seen.bytes.load(Relaxed) - bytes) / peers / 1024.0;
    note(figures, "kib_per_peer", bytes, "KiB sent to a peer");
    Ok(())
}

/// How many peers each site has.
fn sites(fleet: &Fleet) -> Vec<usize> {
    let mut sizes = Vec::new();
    for device in &fleet.devices {
        sizes.resize(sizes.len().max(device.site + 1), 0);
        if let Some(size) = sizes.get_mut(device.site) {
            *size += 1;
        }
    }
    sizes
}

async fn memory(
    server: &Server,
    fleet: &Fleet,
    figures: &mut Figures,
    data: &Path,
) -> anyhow::Result<()> {
    tokio::time::sleep(SETTLE).await;
    let open = fleet.seen.open.load(Relaxed);
    ensure!(
        open == fleet.devices.len(),
        "{open} of {} connections are open",
        fleet.devices.len()
    );
    let (rss, cpu) = (server.rss()?, server.cpu()?);
    figures.note(
        "rss_mib",
        rss / 1048576.0,
        "MiB resident with everybody connected",
    );
    // A server that never had a connection tells what the rest of it takes.
    let idle = data.join("idle");
    std::fs::create_dir_all(&idle)?;
    let mut empty = Server::start(server.program(), server.core(), &idle).await?;
    let base = empty.rss()?;
    empty.stop().await?;
    let each = (rss - base) / float(open) / 1024.0;
    figures.note("kib_per_connection", each, "KiB a connection");
    tokio::time::sleep(SETTLE).await;
    let idle = (server.cpu()? - cpu) / (2.0 * SETTLE.as_secs_f64());
    figures.note(
        "idle_core_percent",
        idle * 100.0,
        "% of a core while nobody says anything",
    );
    Ok(())
}

/// The `n`th heartbeat of a peer.
fn heartbeat(n: u64) -> anyhow::Result<Vec<u8>> {
    let totals = TransferTotals {
        from_origin: 1_000_000 + n,
        from_peers: 9_000_000 + 1_000 * n,
        to_peers: 8_000_000 + n,
        cached: 5_000_000_000,
    };
    link::frame(BINARY, &ToDms::Totals(totals).encode())
}

/// Sends heartbeats from all peers in turn, `pace` a second or as fast as they go, and a ping last:
/// its answer proves that the server has read what came before. Answers how many and for how long.
async fn send(fleet: &Fleet, seconds: u64, pace: Option<usize>) -> anyhow::Result<(u64, f64)> {
    let pongs = fleet.seen.pongs.load(Relaxed);
    let began = Instant::now();
    let end = began + Duration::from_secs(seconds);
    let (mut sent, mut round) = (0_usize, 0);
    'rounds: loop {
        round += 1;
        let frame = heartbeat(round)?;
        for link in fleet.links.iter().flatten() {
            link.send(&frame).await?;
            sent += 1;
            if sent % 256 == 0 {
                if let Some(pace) = pace {
                    let due = Duration::from_secs_f64(float(sent) / float(pace));
                    tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
                }
                if Instant::now() > end {
                    break 'rounds;
                }
            }
        }
    }
    let ping = link::frame(PING, b"?")?;
    for link in fleet.links.iter().flatten() {
        link.send(&ping).await?;
    }
    let all = pongs + fleet.links.iter().flatten().count();
    let done = fleet
        .until("every heartbeat is read", |fleet| {
            fleet.seen.pongs.load(Relaxed) >= all
        })
        .await?;
    Ok((sent as u64, (done - began).as_secs_f64()))
}

async fn heartbeats(
    server: &Server,
    fleet: &Fleet,
    figures: &mut Figures,
    seconds: u64,
) -> anyhow::Result<()> {
    let cpu = server.cpu()?;
    let (sent, took) = send(fleet, seconds, Some(PACE)).await?;
    let used = server.cpu()? - cpu;
    let words = "heartbeats/s, paced";
    figures.note("paced_heartbeats_per_s", float(sent) / took, words);
    let share = used / took * 100.0;
    figures.note("paced_core_percent", share, "% of one core for them");
    figures.note(
        "paced_cpu_us",
        used / float(sent) * 1e6,
        "us of the processor each",
    );

    let cpu = server.cpu()?;
    let (sent, took) = send(fleet, seconds, None).await?;
    let used = server.cpu()? - cpu;
    let rate = float(sent) / took;
    figures.note(
        "heartbeats_per_s",
        rate,
        "heartbeats/s, as fast as the load goes",
    );
    figures.note(
        "heartbeats_core_percent",
        used / took * 100.0,
        "% of one core for them",
    );
    let per_core = float(sent) / used;
    figures.note(
        "heartbeats_per_core_s",
        per_core,
        "heartbeats a second of one core",
    );
    let idle = server.get("/api/v1/devices?limit=10").await?;
    let known = |device: &Value| device["peer"]["to_peers_bytes"].as_u64() > Some(8_000_000);
    let read = idle["items"]
        .as_array()
        .is_some_and(|items| items.iter().all(known));
    ensure!(
        read,
        "the server does not show what the heartbeats said: {idle}"
    );
    Ok(())
}

/// One peer of a site leaves, and comes back.
async fn one_change(
    server: &Server,
    fleet: &mut Fleet,
    figures: &mut Figures,
    (name, site): (&str, usize),
) -> anyhow::Result<()> {
    let members = fleet.of_site(site);
    let others = members.len() - 1;
    let last = *members.last().context("a member")?;
    let cpu = server.cpu()?;
    for (what, size) in [("leave", others), ("join", others + 1)] {
        let began = Instant::now();
        if what == "leave" {
            fleet.cut(&[last]).await?;
        } else {
            fleet.connect(&[last]).await?;
        }
        let agreed = fleet.until(what, |fleet| fleet.agree(site, size)).await?;
        let took = (agreed - began).as_secs_f64() * 1e3;
        let words = format!("ms from one peer's {what} until all {name} know");
        figures.note(&format!("{what}_{name}_ms"), took, &words);
    }
    // Many in a row, so that the ticks of the kernel's clock suffice: how much one costs.
    let rounds = 10;
    let changes = fleet.seen.of(CHANGE);
    for _ in 0..rounds {
        fleet.cut(&[last]).await?;
        fleet
            .until("leave", |fleet| fleet.agree(site, others))
            .await?;
        fleet.connect(&[last]).await?;
        fleet
            .until("join", |fleet| fleet.agree(site, others + 1))
            .await?;
    }
    let frames = float(fleet.seen.of(CHANGE) - changes);
    let used = server.cpu()? - cpu;
    let each = used / float(2 * (rounds + 1)) * 1e3;
    let words = format!("ms of the processor a roster change among {name}");
    figures.note(&format!("change_{name}_cpu_ms"), each, &words);
    let words = format!("changes told a second of one core, among {name}");
    figures.note(
        &format!("changes_{name}_per_core_s"),
        frames / used.max(0.01),
        &words,
    );
    Ok(())
}

/// Everybody at a site is gone, and comes at once.
async fn morning(
    server: &Server,
    fleet: &mut Fleet,
    figures: &mut Figures,
    (name, site): (&str, usize),
) -> anyhow::Result<()> {
    let members = fleet.of_site(site);
    fleet.cut(&members).await?;
    // Else some would come before the server has noticed that they went.
    tokio::time::sleep(SETTLE).await;
    let (cpu, began) = (server.cpu()?, Instant::now());
    let (changes, rosters) = (fleet.seen.of(CHANGE), fleet.seen.of(ROSTER));
    let bytes = fleet.seen.bytes.load(Relaxed);
    fleet.connect(&members).await?;
    let agreed = fleet
        .until("the morning's rosters agree", |fleet| {
            fleet.agree(site, members.len())
        })
        .await?;
    let peers = float(members.len());
    let took = (agreed - began).as_secs_f64();
    let note = |figures: &mut Figures, what: &str, value: f64, words: &str| {
        let words = format!("morning of {name}: {words}");
        figures.note(&format!("morning_{name}_{what}"), value, &words);
    };
    note(figures, "s", took, "s until all know all");
    note(
        figures,
        "cpu_ms",
        (server.cpu()? - cpu) / peers * 1e3,
        "ms of the processor a peer",
    );
    let told = float(fleet.seen.of(CHANGE) - changes) / peers;
    note(figures, "changes", told, "changes a peer");
    let whole = float(fleet.seen.of(ROSTER) - rosters) / peers;
    note(figures, "rosters", whole, "whole rosters a peer");
    let bytes = float(fleet.seen.bytes.load(Relaxed) - bytes) / peers / 1024.0;
    note(figures, "kib", bytes, "KiB sent to a peer");
    Ok(())
}

/// A revocation goes to everybody; a change of a site to everybody there.
async fn tell_all(server: &Server, fleet: &mut Fleet, figures: &mut Figures) -> anyhow::Result<()> {
    // The last one of all: it is enrolled for this.
    let gone = fleet.devices.len() - 1;
    let device = fleet.devices.get(gone).context("a device")?;
    let path = format!("/api/v1/devices/{}", device.id);
    let site = device.site;
    let (banned, others) = (fleet.seen.of(BANNED), float(gone) as u64);
    let began = Instant::now();
    server.json(Method::DELETE, &path, &Value::Null).await?;
    let told = fleet
        .until("all shun the revoked one", |fleet| {
            fleet.seen.of(BANNED) >= banned + others
        })
        .await?;
    let took = (told - began).as_secs_f64() * 1e3;
    figures.note(
        "revocation_ms",
        took,
        "ms from a revocation until every peer knows",
    );
    fleet.cut(&[gone]).await?;
    fleet.devices.pop();
    fleet.links.pop();
    let left = fleet.of_site(site).len();
    fleet
        .until("its site knows", |fleet| fleet.agree(site, left))
        .await?;

    let listed = server.get("/api/v1/sites").await?;
    let first = listed["items"]
        .as_array()
        .and_then(|items| items.iter().find(|item| item["name"] == "site 0"));
    let id = first
        .and_then(|item| item["id"].as_str())
        .context("site 0")?;
    let (before, members) = (fleet.seen.of(SITE), float(fleet.of_site(0).len()) as u64);
    let body = json!({"name": "site 0", "subnets": [subnet(0)], "peering": "on",
                      "wan_cap_bytes_per_second": 6_250_000});
    let began = Instant::now();
    server
        .json(Method::PUT, &format!("/api/v1/sites/{id}"), &body)
        .await?;
    let told = fleet
        .until("all know the site's cap", |fleet| {
            fleet.seen.of(SITE) >= before + members
        })
        .await?;
    let took = (told - began).as_secs_f64() * 1e3;
    figures.note(
        "site_change_ms",
        took,
        "ms from a change of a site until its peers know",
    );
    Ok(())
}

/// The server stops politely, then is killed; everybody comes back at once.
async fn restart(
    server: &mut Server,
    fleet: &mut Fleet,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    server.stop().await?;
    fleet
        .until("all are gone", |fleet| fleet.seen.open.load(Relaxed) == 0)
        .await?;
    let spread = {
        let all = fleet.seen.retry_after_ms.lock();
        let all = all.unwrap_or_else(std::sync::PoisonError::into_inner);
        let told = float(all.len()) / float(fleet.devices.len()) * 100.0;
        figures.note("goodbye_percent", told, "% of the peers got a goodbye");
        f64::from(*all.iter().max().unwrap_or(&0)) / 1e3
    };
    figures.note(
        "goodbye_spread_s",
        spread,
        "s over which it asks them to come back",
    );
    server.run().await?;
    // Nobody heeds it: the worst case.
    storm(server, fleet, figures, "restart").await
}
