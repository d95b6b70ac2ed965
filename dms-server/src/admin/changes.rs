//! `dms admin site ...` that changes many sites at once: import, proposals, and taking a change back.

use std::io::{Read, Write};
use std::path::Path;

use reqwest::Method;
use serde_json::json;

use super::args::SiteVerb;
use super::print_json;
use crate::cli::{Client, Failure};
use crate::page::Page;
use crate::site::change::routes::ChangeView;
use crate::site::proposal::routes::BoardView;
use crate::site::sheet::Fault;
use crate::site::sheet::plan::Action;
use crate::site::sheet::routes::ImportView;

/// The longest file that is sent, bytes: the server takes no longer body.
const FILE_MAX: u64 = 1 << 20;

pub(super) async fn run(client: &Client, verb: SiteVerb, as_json: bool) -> Result<(), Failure> {
    match verb {
        SiteVerb::Import {
            file,
            dry_run,
            move_subnets,
            delete_others,
        } => {
            let conflicts = if move_subnets { "move" } else { "refuse" };
            let others = if delete_others { "delete" } else { "keep" };
            let query = format!("dry_run={dry_run}&conflicts={conflicts}&others={others}");
            import(client, &file, &query, as_json).await
        }
        SiteVerb::Export => {
            let request = client.request(Method::GET, "/api/v1/sites/export");
            let text = client.send(request).await?.text().await;
            let text = text.map_err(|e| Failure::Input(e.to_string()))?;
            let _ = std::io::stdout().write_all(text.as_bytes());
            Ok(())
        }
        SiteVerb::Changes => {
            let list: Page<ChangeView> = client.get("/api/v1/site-changes?limit=500").await?;
            if as_json {
                return print_json(&list);
            }
            if list.items.is_empty() {
                eprintln!("no site was changed in the last 24 hours");
            }
            for change in list.items {
                let undone = if change.undone_by.is_some() {
                    "  (taken back)"
                } else {
                    ""
                };
                println!(
                    "{}  {}  {}{undone}",
                    change.id, change.summary, change.actor
                );
            }
            Ok(())
        }
        SiteVerb::Undo { change } => {
            let path = format!("/api/v1/site-changes/{change}/undo");
            client.send(client.request(Method::POST, &path)).await?;
            eprintln!("taken back");
            Ok(())
        }
        SiteVerb::Proposals => proposals(client, as_json).await,
        SiteVerb::Approve { proposal, name } => {
            let path = format!("/api/v1/site-proposals/{proposal}/approve");
            let body = name.map_or_else(|| json!({}), |name| json!({ "name": name }));
            let request = client.request(Method::POST, &path).json(&body);
            client.send(request).await?;
            eprintln!("done; its PCs peer now");
            Ok(())
        }
        SiteVerb::Dismiss { proposal } => {
            let path = format!("/api/v1/site-proposals/{proposal}");
            client.send(client.request(Method::DELETE, &path)).await?;
            eprintln!("dismissed");
            Ok(())
        }
        SiteVerb::Add { .. } | SiteVerb::List | SiteVerb::Remove { .. } => Ok(()),
    }
}

async fn import(client: &Client, file: &Path, query: &str, as_json: bool) -> Result<(), Failure> {
    let path = format!("/api/v1/sites/import?{query}");
    let request = client.request(Method::POST, &path);
    let request = request.header("content-type", "text/csv").body(read(file)?);
    let view: ImportView = client.json(request).await?;
    if as_json {
        return print_json(&view);
    }
    let say = |kind: &str, fault: &Fault| {
        let place = format!("line {}, {}", fault.line, fault.column);
        eprintln!("{kind}: {place}: {} {}", fault.detail, fault.fix);
    };
    view.faults.iter().for_each(|fault| say("error", fault));
    view.notices.iter().for_each(|notice| say("note", notice));
    for site in view
        .sites
        .iter()
        .filter(|site| site.action != Action::Unchanged)
    {
        let action = match site.action {
            Action::New => "new",
            Action::Changed => "changed",
            Action::Deleted => "deleted",
            Action::Unchanged => "unchanged",
        };
        let added = site.added.iter().map(|subnet| format!(" +{subnet}"));
        let removed = site.removed.iter().map(|subnet| format!(" -{subnet}"));
        let subnets: String = added.chain(removed).collect();
        println!(
            "{action:<8} {:<20} {} -> {} PCs {subnets}",
            site.name, site.peers_now, site.peers_then
        );
    }
    let (now, then) = (view.peers_nowhere_now, view.peers_nowhere_then);
    eprintln!("PCs in no site: {now} -> {then}");
    if !view.faults.is_empty() {
        let text = format!(
            "{} faults; mend them, nothing was changed",
            view.faults.len()
        );
        return Err(Failure::Input(text));
    }
    match view.change {
        Some(change) => {
            eprintln!("done; take it back within a day with: dms admin site undo {change}")
        }
        None => eprintln!("nothing was changed"),
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let taken = if file == Path::new("-") {
        std::io::stdin().take(FILE_MAX + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|open| open.take(FILE_MAX + 1).read_to_end(&mut bytes))
    };
    taken.map_err(|source| Failure::File {
        path: file.to_path_buf(),
        source,
    })?;
    if bytes.len() as u64 > FILE_MAX {
        let text = format!("{} is longer than 1 MiB: split it", file.display());
        return Err(Failure::Input(text));
    }
    Ok(bytes)
}

async fn proposals(client: &Client, as_json: bool) -> Result<(), Failure> {
    let board: BoardView = client.get("/api/v1/site-proposals").await?;
    if as_json {
        return print_json(&board);
    }
    for found in &board.proposals {
        let kind = if found.site.is_some() { "grows" } else { "new" };
        let domain = found.domain.as_deref().unwrap_or("-");
        let subnets = found.subnets_added.join(" ");
        println!(
            "{}  {kind:<5} {:<20} {} PCs  {domain}  {subnets}",
            found.key, found.name, found.pcs
        );
    }
    for found in &board.ambiguous {
        eprintln!(
            "{}: {} PCs behind {} gateways; no site",
            found.subnet, found.pcs, found.gateways
        );
    }
    eprintln!("PCs in no site without a proposal: {}", board.pcs_left);
    Ok(())
}
