//! `dms ads`: creatives, ad campaigns, decision servers; what they came to is [`super::ad_events`]'.

use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

use super::titles::with_schema;
use super::when::{self, When};
use super::{Client, Connection, Failure, ad_events, campaign, names};
use crate::ads::campaign::view::AdCampaignView;
use crate::ads::creative::routes::CreativeView;
use crate::ads::decide::servers::routes::AdServerView;
use crate::page::Page;

/// The version of the JSON that these commands print.
const SCHEMA: u8 = 1;

const CAMPAIGNS: &str = "/api/v1/ads/campaigns";
const CREATIVES: &str = "/api/v1/ads/creatives";
const SERVERS: &str = "/api/v1/ads/servers";

/// Arguments of `dms ads`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "A creative is an ordinary title that is shown in breaks of others; an ad campaign says to whom, \
where, when and how often. The offices of a campaign hold its creative before the first break.

Examples:
  dms ads creative add --title 0190b6a2-...
  dms ads campaign add --name 'The CEO to Lyon' --creative 0190c001-... --site Lyon --until 14d --must-see
  dms ads campaign add --name 'Leave the building' --creative 0190c002-... --emergency
  dms ads campaign list
  dms ads report --by server --from 2026-11-01
  dms ads receipts export > receipts.jsonl
  dms ads server add --name Acme --kind vast --url 'https://ads.example/vast?cb=[CACHEBUSTING]'"
)]
pub struct AdsArgs {
    #[command(subcommand)]
    what: What,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// What is shown in breaks
    #[command(subcommand)]
    Creative(CreativeVerb),
    /// To whom, where, when and how often
    #[command(subcommand)]
    Campaign(CampaignVerb),
    /// Somebody else's answer to what fills a break
    #[command(subcommand)]
    Server(ServerVerb),
    #[command(flatten)]
    Came(ad_events::Verb),
}

#[derive(clap::Subcommand, Debug)]
enum CreativeVerb {
    /// Make a creative of a title
    Add {
        /// The title's id, as `dms titles` shows it
        #[arg(long, value_parser = names::id)]
        title: Uuid,
        /// What people call it [default: as the title]
        #[arg(long)]
        name: Option<String>,
        /// Where a click leads
        #[arg(long, value_name = "URL")]
        click: Option<String>,
        /// Viewers still find the title in lists
        #[arg(long)]
        listed: bool,
    },
    /// List the creatives, newest first
    List,
}

#[derive(clap::Subcommand, Debug)]
enum CampaignVerb {
    /// Make an ad campaign
    Add(Box<Add>),
    /// List the ad campaigns, newest first
    List {
        /// Also those that ended
        #[arg(long)]
        all: bool,
    },
    /// End an ad campaign: no break shows it any more
    End {
        /// Its id
        #[arg(value_parser = names::id)]
        campaign: Uuid,
    },
}

#[derive(clap::Args, Debug)]
struct Add {
    /// What people call it
    #[arg(long)]
    name: String,
    /// The creative's id
    #[arg(long, value_parser = names::id)]
    creative: Uuid,
    /// An office by name or id; may be repeated [default: everywhere]
    #[arg(long = "site", value_name = "SITE")]
    sites: Vec<String>,
    /// A group's id; may be repeated [default: everybody]
    #[arg(long = "group", value_name = "GROUP", value_parser = names::id)]
    groups: Vec<Uuid>,
    /// In breaks of this title; may be repeated [default: all]
    #[arg(long = "title", value_name = "TITLE", value_parser = names::id)]
    titles: Vec<Uuid>,
    /// When it begins: 2h or 3d from now, or a UTC date such as 2026-12-01T08:00Z [default: now]
    #[arg(long, value_parser = when::parse, value_name = "WHEN")]
    from: Option<When>,
    /// When it is over [default: when it is ended]
    #[arg(long, value_parser = when::parse, value_name = "WHEN")]
    until: Option<When>,
    /// How often one viewer sees it in a day at most
    #[arg(long, value_name = "TIMES")]
    per_day: Option<i64>,
    /// How often one viewer sees it at most
    #[arg(long, value_name = "TIMES")]
    per_viewer: Option<i64>,
    /// How often it is shown at most
    #[arg(long, value_name = "TIMES")]
    total: Option<i64>,
    /// 0 to 100; the greater one goes first
    #[arg(long, default_value_t = 50)]
    priority: i64,
    /// Seeking over its break plays it first
    #[arg(long)]
    must_see: bool,
    /// Seconds after which it may be skipped [default: never]
    #[arg(long, value_name = "SECONDS")]
    skip_after: Option<i64>,
    /// It comes before everything else, once in each playback, break or not
    #[arg(long)]
    emergency: bool,
    /// Where a click leads [default: where the creative says]
    #[arg(long, value_name = "URL")]
    click: Option<String>,
    /// What viewers are told of why they see it
    #[arg(long)]
    why: Option<String>,
}

#[derive(clap::Subcommand, Debug)]
enum ServerVerb {
    /// Make a decision server; a webhook's secret is shown once
    Add {
        /// What people call it
        #[arg(long)]
        name: String,
        /// What it speaks
        #[arg(long, value_parser = ["vast", "webhook"])]
        kind: String,
        /// Where it is
        #[arg(long)]
        url: String,
        /// Milliseconds it may take, 100 to 2500
        #[arg(long, default_value_t = 1_000)]
        timeout_ms: i64,
        /// Tell it the viewer's address, player and pseudonym
        #[arg(long)]
        forward_viewer: bool,
    },
    /// List the decision servers, and how they fare
    List,
    /// Remove a decision server
    Remove {
        /// Its id
        #[arg(value_parser = names::id)]
        server: Uuid,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub async fn run(args: AdsArgs) -> Result<(), Failure> {
    let what = match args.what {
        What::Came(verb) => return ad_events::run(verb, &args.connection).await,
        what => what,
    };
    let client = Client::new(&args.connection)?;
    match what {
        What::Came(_) => Ok(()),
        What::Creative(verb) => creative(&client, verb, args.json).await,
        What::Campaign(verb) => of_campaigns(&client, verb, args.json).await,
        What::Server(verb) => server(&client, verb, args.json).await,
    }
}

async fn creative(client: &Client, verb: CreativeVerb, json: bool) -> Result<(), Failure> {
    let line = |c: &CreativeView| {
        let why = c
            .reason
            .as_ref()
            .map_or_else(String::new, |why| format!("  ({why})"));
        format!("{}  {:<9}  {}{why}", c.id, c.state, c.name)
    };
    match verb {
        CreativeVerb::Add {
            title,
            name,
            click,
            listed,
        } => {
            let body = json!({"title": title, "name": name, "click": click, "listed": listed});
            let made: CreativeView = client
                .json(client.request(Method::POST, CREATIVES).json(&body))
                .await?;
            show(&made, json, line)
        }
        CreativeVerb::List => list(all(client, CREATIVES).await?, json, line),
    }
}

async fn of_campaigns(client: &Client, verb: CampaignVerb, json: bool) -> Result<(), Failure> {
    let line = |c: &AdCampaignView| {
        let most = c
            .cap_total
            .map_or_else(String::new, |cap| format!(" of {cap}"));
        let urgent = if c.emergency { "  emergency" } else { "" };
        format!(
            "{}  {:<9}  {}{most} shown{urgent}  {}",
            c.id, c.state, c.shown, c.name
        )
    };
    match verb {
        CampaignVerb::Add(add) => {
            let body = body(client, *add).await?;
            let made: AdCampaignView = client
                .json(client.request(Method::POST, CAMPAIGNS).json(&body))
                .await?;
            show(&made, json, line)
        }
        CampaignVerb::List { all: also } => {
            let mut campaigns: Vec<AdCampaignView> = all(client, CAMPAIGNS).await?;
            campaigns.retain(|campaign| also || campaign.state != "ended");
            list(campaigns, json, line)
        }
        CampaignVerb::End { campaign } => {
            let path = format!("{CAMPAIGNS}/{campaign}");
            client.send(client.request(Method::DELETE, &path)).await?;
            eprintln!("ended {campaign}");
            Ok(())
        }
    }
}

async fn body(client: &Client, add: Add) -> Result<serde_json::Value, Failure> {
    let sites = match add.sites.is_empty() {
        true => Vec::new(),
        false => campaign::ids_of(client, &add.sites).await?,
    };
    Ok(json!({
        "name": add.name,
        "creative": add.creative,
        "sites": sites,
        "groups": add.groups,
        "titles": add.titles,
        "from_ms": add.from.map(When::ms),
        "until_ms": add.until.map(When::ms),
        "cap_viewer_day": add.per_day,
        "cap_viewer": add.per_viewer,
        "cap_total": add.total,
        "priority": add.priority,
        "must_see": add.must_see,
        "skip_after_ms": add.skip_after.map(|seconds| seconds.saturating_mul(1_000)),
        "emergency": add.emergency,
        "click": add.click,
        "why": add.why,
    }))
}

async fn server(client: &Client, verb: ServerVerb, json: bool) -> Result<(), Failure> {
    let line = |s: &AdServerView| {
        let state = if s.enabled { "on" } else { "off" };
        let alert = s
            .alert
            .as_ref()
            .map_or_else(String::new, |alert| format!("\n  note: {alert}"));
        format!("{}  {state:<3}  {:<7}  {}{alert}", s.id, s.kind, s.name)
    };
    match verb {
        ServerVerb::Add {
            name,
            kind,
            url,
            timeout_ms,
            forward_viewer,
        } => {
            let body = json!({"name": name, "kind": kind, "url": url, "timeout_ms": timeout_ms,
                              "forward_viewer": forward_viewer});
            let made: AdServerView = client
                .json(client.request(Method::POST, SERVERS).json(&body))
                .await?;
            if let Some(secret) = made.secret.as_ref().filter(|_| !json) {
                eprintln!("its secret, shown this once: {secret}");
            }
            show(&made, json, line)
        }
        ServerVerb::List => list(all(client, SERVERS).await?, json, line),
        ServerVerb::Remove { server } => {
            let path = format!("{SERVERS}/{server}");
            client.send(client.request(Method::DELETE, &path)).await?;
            eprintln!("removed {server}");
            Ok(())
        }
    }
}

async fn all<T: DeserializeOwned>(client: &Client, path: &str) -> Result<Vec<T>, Failure> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let page: Page<T> = client.get(&format!("{path}?limit=500{cursor}")).await?;
        items.extend(page.items);
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(items),
        }
    }
}

fn show<T: Serialize>(one: &T, json: bool, line: impl Fn(&T) -> String) -> Result<(), Failure> {
    if json {
        println!("{}", with_schema(one, SCHEMA)?);
    } else {
        println!("{}", line(one));
    }
    Ok(())
}

fn list<T: Serialize>(
    items: Vec<T>,
    json: bool,
    line: impl Fn(&T) -> String,
) -> Result<(), Failure> {
    if json {
        let list = json!({ "items": items });
        println!("{}", with_schema(&list, SCHEMA)?);
        return Ok(());
    }
    if items.is_empty() {
        eprintln!("none yet");
    }
    items.iter().for_each(|item| println!("{}", line(item)));
    Ok(())
}
