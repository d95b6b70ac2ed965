//! `dms campaign`: add, list, show, end.

use std::collections::BTreeMap;

use reqwest::Method;
use serde::Deserialize;
use uuid::Uuid;

use super::titles::with_schema;
use super::when::{self, When};
use super::{Client, Connection, Failure, names};
use crate::campaign::routes::{CampaignBody, REPLICAS};
use crate::campaign::view::{CampaignView, SiteView};
use crate::page::Page;

/// The version of the JSON that these commands print.
const SCHEMA: u8 = 1;

/// Arguments of `dms campaign`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "A campaign makes offices hold a title before anybody watches it: each chunk crosses an \
office's WAN once, behind everybody who watches something, and the office's PCs keep copies of it. Add it \
days before an event; `dms campaign list` shows how far each office is.

Examples:
  dms campaign add --title 0190b6a2-... --by 2026-12-01T08:00Z --until 14d
  dms campaign add --title 0190b6a2-... --site lyon --site lima --track 1 --track 4
  dms campaign add --title 0190b6a2-... --from 2026-11-30T20:00Z --replicas 3
  dms campaign list
  dms campaign show 0190c001-... --json | jq '.sites[] | {name, chunks_held, chunks}'
  dms campaign end 0190c001-..."
)]
pub struct CampaignArgs {
    #[command(subcommand)]
    verb: Verb,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    /// Make offices hold a title
    Add(Box<Add>),
    /// List the campaigns, newest first
    List {
        /// Also those that ended
        #[arg(long)]
        all: bool,
    },
    /// One campaign, with how far each office is
    Show {
        /// Its id
        #[arg(value_parser = names::id)]
        campaign: Uuid,
    },
    /// End a campaign: the PCs may drop its chunks
    End {
        /// Its id
        #[arg(value_parser = names::id)]
        campaign: Uuid,
    },
}

#[derive(clap::Args, Debug)]
struct Add {
    /// The title's id, as `dms titles` shows it
    #[arg(long, value_parser = names::id)]
    title: Uuid,
    /// A track's number, such as one rendition; may be repeated [default: all tracks]
    #[arg(long = "track", value_name = "NUMBER")]
    tracks: Vec<u16>,
    /// An office by name or id; may be repeated [default: every office, also those drawn later]
    #[arg(long = "site", value_name = "SITE")]
    sites: Vec<String>,
    /// How many PCs of an office keep each chunk
    #[arg(long, default_value_t = REPLICAS)]
    replicas: u8,
    /// When to begin: 2h or 3d from now, or a UTC date such as 2026-12-01T08:00Z [default: now]
    #[arg(long, value_parser = when::parse, value_name = "WHEN")]
    from: Option<When>,
    /// When it should be complete; a campaign that is not is shown as late
    #[arg(long, value_parser = when::parse, value_name = "WHEN")]
    by: Option<When>,
    /// When it ends by itself and PCs may drop the chunks [default: when it is ended]
    #[arg(long, value_parser = when::parse, value_name = "WHEN")]
    until: Option<When>,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub async fn run(args: CampaignArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    match args.verb {
        Verb::Add(add) => {
            let body = body(&client, *add).await?;
            let request = client.request(Method::POST, "/api/v1/campaigns");
            let made: CampaignView = client.json(request.json(&body)).await?;
            show(&made, args.json)
        }
        Verb::List { all } => list(&client, all, args.json).await,
        Verb::Show { campaign } => {
            let path = format!("/api/v1/campaigns/{campaign}");
            show(&client.get(&path).await?, args.json)
        }
        Verb::End { campaign } => {
            let path = format!("/api/v1/campaigns/{campaign}");
            client.send(client.request(Method::DELETE, &path)).await?;
            eprintln!("ended {campaign}");
            Ok(())
        }
    }
}

async fn body(client: &Client, add: Add) -> Result<CampaignBody, Failure> {
    let sites = if add.sites.is_empty() {
        None
    } else {
        Some(ids_of(client, &add.sites).await?)
    };
    Ok(CampaignBody {
        title: add.title,
        tracks: add.tracks,
        sites,
        replicas: add.replicas,
        not_before_ms: add.from.map(When::ms),
        deadline_ms: add.by.map(When::ms),
        until_ms: add.until.map(When::ms),
    })
}

#[derive(Deserialize)]
struct Named {
    id: Uuid,
    name: String,
}

/// The ids of sites that are given by name or id.
pub(super) async fn ids_of(client: &Client, sites: &[String]) -> Result<Vec<Uuid>, Failure> {
    let known: Page<Named> = client.get("/api/v1/sites").await?;
    let known: BTreeMap<String, Uuid> = known.items.into_iter().map(|s| (s.name, s.id)).collect();
    let id = |site: &String| {
        let named = known.get(site).copied();
        named.or_else(|| site.parse().ok()).ok_or_else(|| {
            let names = known.keys().map(String::as_str).collect::<Vec<_>>();
            let names = match names.join(", ") {
                none if none.is_empty() => "none yet".to_owned(),
                some => some,
            };
            Failure::Input(format!("there is no site {site}; there are: {names}"))
        })
    };
    sites.iter().map(id).collect()
}

async fn list(client: &Client, all: bool, json: bool) -> Result<(), Failure> {
    let mut campaigns: Vec<CampaignView> = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v1/campaigns?limit=500{cursor}");
        let page: Page<CampaignView> = client.get(&path).await?;
        let wanted = page.items.into_iter();
        campaigns.extend(wanted.filter(|c| all || c.ended_ms.is_none()));
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    if json {
        let list = serde_json::json!({ "items": campaigns });
        println!("{}", with_schema(&list, SCHEMA)?);
        return Ok(());
    }
    if campaigns.is_empty() {
        eprintln!("no campaigns; make offices hold a title with: dms campaign add --title ID");
    }
    campaigns.iter().for_each(|c| println!("{}", line(c)));
    Ok(())
}

fn show(campaign: &CampaignView, json: bool) -> Result<(), Failure> {
    if json {
        println!("{}", with_schema(campaign, SCHEMA)?);
        return Ok(());
    }
    println!("{}", line(campaign));
    campaign.sites.iter().for_each(|s| println!("{}", site(s)));
    campaign
        .warnings
        .iter()
        .for_each(|w| eprintln!("  note: {w}"));
    Ok(())
}

fn line(campaign: &CampaignView) -> String {
    let (mut held, mut chunks) = (0, 0);
    for site in &campaign.sites {
        held += site.chunks_held;
        chunks += site.chunks;
    }
    format!(
        "{}  {:<9} {:>3} %  {} sites, {} copies  {}",
        campaign.id,
        campaign.state.name(),
        percent(held, chunks),
        campaign.sites.len(),
        campaign.replicas,
        campaign.title_name
    )
}

fn site(site: &SiteView) -> String {
    format!(
        "  {:<16} {:>3} %  {} of {} chunks, {} of them with all copies; {:.2} copies over the WAN; {} PCs",
        site.name,
        percent(site.chunks_held, site.chunks),
        site.chunks_held,
        site.chunks,
        site.chunks_complete,
        site.wan_copies,
        site.peers
    )
}

/// Rounded down: 100 is all of it.
fn percent(part: usize, whole: usize) -> usize {
    (part * 100).checked_div(whole).unwrap_or(0)
}
