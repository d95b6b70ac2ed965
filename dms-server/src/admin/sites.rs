//! `dms admin site ...`.

use reqwest::Method;
use serde_json::{Value, json};

use super::args::{PeeringArg, SiteVerb};
use super::{changes, print_json};
use crate::cli::{Client, Failure};
use crate::site::hours::view::WanHours;

pub(super) async fn run(client: &Client, verb: SiteVerb, as_json: bool) -> Result<(), Failure> {
    match verb {
        SiteVerb::Add {
            name,
            subnets,
            peering,
            wan_cap,
            wan_hours,
        } => {
            let peering = match peering {
                PeeringArg::On => "on",
                PeeringArg::ConsumeOnly => "consume_only",
                PeeringArg::Off => "off",
            };
            let body = json!({
                "name": name, "subnets": subnets, "peering": peering,
                "wan_cap_bytes_per_second": wan_cap, "wan_hours": WanHours::of(&wan_hours),
            });
            let request = client.request(Method::POST, "/api/v1/sites").json(&body);
            let made: Value = client.json(request).await?;
            show(&made, as_json)
        }
        SiteVerb::List => {
            let list: Value = client.get("/api/v1/sites").await?;
            if as_json {
                return print_json(&list);
            }
            let sites = list["items"].as_array().map_or(&[][..], Vec::as_slice);
            if sites.is_empty() {
                eprintln!(
                    "no sites yet: every PC uses the origin; draw one with: dms admin site add"
                );
            }
            sites.iter().try_for_each(|site| show(site, false))
        }
        SiteVerb::Remove { site } => {
            client
                .send(client.request(Method::DELETE, &format!("/api/v1/sites/{site}")))
                .await?;
            eprintln!("removed {site}");
            Ok(())
        }
        verb => changes::run(client, verb, as_json).await,
    }
}

fn show(site: &Value, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return print_json(site);
    }
    let text = |name: &str| site[name].as_str().unwrap_or_default();
    let subnets: Vec<_> = site["subnets"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let hours: Option<WanHours> = serde_json::from_value(site["wan_hours"].clone()).ok();
    let hours = hours.and_then(|hours| hours.read().ok());
    let hours = hours.filter(|hours| !hours.windows().is_empty());
    println!(
        "{}  {:<16} {:<12} {} PCs, {:.2} WAN copies  {}{}",
        text("id"),
        text("name"),
        text("peering"),
        site["peers"].as_u64().unwrap_or(0),
        site["wan_copies"].as_f64().unwrap_or(0.0),
        subnets.join(" "),
        hours.map_or_else(String::new, |hours| format!("  WAN hours: {hours}")),
    );
    Ok(())
}
