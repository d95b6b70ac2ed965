//! `dms policy`: who may see a title, and what that means for one person.

mod args;

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

pub use self::args::PolicyArgs;
use self::args::{OrNone, PlanArg, Preview, Set, Verb};
use super::find::{self, COLLECTION, SITE, TITLE};
use super::titles::with_schema;
use super::when::{self, When};
use super::{Client, Failure};
use crate::rights::body::{AudienceBody, PlacesBody, PlanBody, PolicyBody};
use crate::rights::routes::{Outcome, PolicyView};

/// The version of the JSON that these commands print.
const SCHEMA: u8 = 1;
/// The longest policy in a file, bytes.
const FILE_MAX: u64 = 1 << 20;

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub async fn run(args: PolicyArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    match args.verb {
        Verb::Show { title } => {
            let title = find::id_of(&client, &TITLE, &title).await?;
            let path = format!("/api/v1/titles/{title}/policy");
            show(&client.get(&path).await?, args.json)
        }
        Verb::Set(wanted) => set(&client, *wanted, args.json).await,
        Verb::Preview(tried) => preview(&client, tried, args.json).await,
    }
}

async fn set(client: &Client, wanted: Set, json: bool) -> Result<(), Failure> {
    let title = find::id_of(client, &TITLE, &wanted.title).await?;
    let path = format!("/api/v1/titles/{title}/policy");
    let policy = match &wanted.file {
        Some(file) => {
            let text = find::text_of(file, FILE_MAX)?;
            serde_json::from_str(&text).map_err(|error| {
                let file = file.display();
                Failure::Input(format!(
                    "{file} is no policy: {error}; dms policy show TITLE --json shows what one looks like"
                ))
            })?
        }
        None => {
            let now: PolicyView = client.get(&path).await?;
            changed(client, now.policy, &wanted).await?
        }
    };
    if wanted.dry_run {
        let view = PolicyView {
            policy,
            updated_by: None,
            updated_ms: None,
        };
        eprintln!("not written:");
        return show(&view, json);
    }
    let request = client.request(Method::PUT, &path).json(&policy);
    show(&client.json(request).await?, json)
}

/// The policy with what was given changed; everything else stays.
async fn changed(
    client: &Client,
    mut policy: PolicyBody,
    wanted: &Set,
) -> Result<PolicyBody, Failure> {
    if wanted.everyone {
        policy.audience = None;
    } else if !wanted.groups.is_empty() || !wanted.people.is_empty() {
        let mut named = AudienceBody::default();
        for group in &wanted.groups {
            named.groups.push(find::group_id(client, group).await?);
        }
        for who in &wanted.people {
            named.people.push(find::person_id(client, who).await?);
        }
        policy.audience = Some(named);
    }
    if wanted.anywhere {
        policy.places = None;
    } else if !wanted.sites.is_empty() || wanted.vpn {
        let mut within = PlacesBody {
            vpn: wanted.vpn,
            ..PlacesBody::default()
        };
        for site in &wanted.sites {
            within.sites.push(find::id_of(client, &SITE, site).await?);
        }
        policy.places = Some(within);
    }
    let moment = |when: When| when.ms().unsigned_abs();
    OrNone::apply(wanted.from, &mut policy.from_ms, moment);
    OrNone::apply(wanted.until, &mut policy.until_ms, moment);
    OrNone::apply(wanted.embargo, &mut policy.embargo_ms, moment);
    OrNone::apply(wanted.max_height, &mut policy.max_height, |lines| lines);
    OrNone::apply(wanted.streams, &mut policy.streams, |streams| streams);
    policy.offline_days = wanted.offline_days.unwrap_or(policy.offline_days);
    let others = wanted.third_party_players;
    policy.third_party_players = others.unwrap_or(policy.third_party_players);
    match wanted.embed.as_slice() {
        [] => {}
        [none] if none == "none" => policy.embed = Vec::new(),
        origins => policy.embed = origins.to_vec(),
    }
    match &wanted.plan {
        None => {}
        Some(PlanArg::Free) => policy.plan = PlanBody::Free,
        Some(PlanArg::Rental { seconds }) => policy.plan = PlanBody::Rental { seconds: *seconds },
        Some(PlanArg::Subscription { collection }) => {
            let collection = find::id_of(client, &COLLECTION, collection).await?;
            policy.plan = PlanBody::Subscription { collection };
        }
    }
    Ok(policy)
}

async fn preview(client: &Client, tried: Preview, json: bool) -> Result<(), Failure> {
    let title = find::id_of(client, &TITLE, &tried.title).await?;
    let person = match &tried.who {
        Some(who) => Some(find::person_id(client, who).await?),
        None => None,
    };
    let site = match &tried.site {
        Some(site) => Some(find::id_of(client, &SITE, site).await?),
        None => None,
    };
    let body = json!({
        "person": person, "site": site, "vpn": tried.vpn, "offline": tried.offline,
        "at_ms": tried.on.map(When::ms),
    });
    let path = format!("/api/v1/titles/{title}/policy/preview");
    let request = client.request(Method::POST, &path).json(&body);
    let outcome: Outcome = client.json(request).await?;
    if json {
        println!("{}", with_schema(&outcome, SCHEMA)?);
    } else {
        println!("{}", said(&outcome));
    }
    Ok(())
}

fn said(outcome: &Outcome) -> String {
    if !outcome.allowed {
        return format!(
            "no ({}): {}",
            outcome.code.as_deref().unwrap_or_default(),
            outcome.reason.as_deref().unwrap_or_default()
        );
    }
    let tracks: Vec<_> = outcome.tracks.iter().map(u16::to_string).collect();
    let until = |ms: Option<u64>| when::shown(ms.unwrap_or_default().cast_signed());
    format!(
        "yes: tracks {} until {}; without contact until {}",
        tracks.join(", "),
        until(outcome.not_after_ms),
        until(outcome.offline_until_ms)
    )
}

/// Which pages may show it, in words.
fn frames(origins: &[String]) -> String {
    match origins {
        [] => "in pages of this server".to_owned(),
        some => format!("in pages of {}", some.join(" ")),
    }
}

fn show(view: &PolicyView, json: bool) -> Result<(), Failure> {
    if json {
        println!("{}", with_schema(view, SCHEMA)?);
        return Ok(());
    }
    let policy = &view.policy;
    let ids = |ids: &[Uuid]| {
        let ids: Vec<_> = ids.iter().map(Uuid::to_string).collect();
        match ids.join(" ") {
            none if none.is_empty() => "none".to_owned(),
            some => some,
        }
    };
    let moment = |ms: Option<u64>, none: &str| {
        ms.map_or(none.to_owned(), |ms| when::shown(ms.cast_signed()))
    };
    match &policy.audience {
        None => println!("who       everyone"),
        Some(named) => {
            println!("who       groups {}", ids(&named.groups));
            println!("          people {}", ids(&named.people));
        }
    }
    match &policy.places {
        None => println!("where     anywhere"),
        Some(within) => {
            let vpn = if within.vpn { ", and the VPN" } else { "" };
            println!("where     sites {}{vpn}", ids(&within.sites));
        }
    }
    println!("from      {}", moment(policy.from_ms, "always"));
    println!("until     {}", moment(policy.until_ms, "for ever"));
    println!("embargo   {}", moment(policy.embargo_ms, "none"));
    let height = policy.max_height.map(|lines| format!("{lines} lines"));
    println!("quality   {}", height.unwrap_or("the best".into()));
    println!("offline   {} days", policy.offline_days);
    let streams = policy.streams.map(|streams| streams.to_string());
    println!("streams   {}", streams.unwrap_or("any number".into()));
    println!("other players  {}", policy.third_party_players);
    match policy.plan {
        PlanBody::Free => println!("plan      free"),
        PlanBody::Subscription { collection } => println!("plan      subscription to {collection}"),
        PlanBody::Rental { seconds } => println!("plan      rental of {} h", seconds / 3600),
    }
    println!("frames    {}", frames(&policy.embed));
    if let Some(by) = &view.updated_by {
        let at = view.updated_ms.map_or(String::new(), when::shown);
        println!("written   by {by} at {at}");
    }
    Ok(())
}
