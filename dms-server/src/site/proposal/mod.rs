//! Sites proposed from what devices see of the network around them ([`swarm::site::proposal`]); somebody approves them.

pub mod db;
pub mod routes;
#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};
use swarm::content::SiteId;
use swarm::site::proposal::{Ambiguous, Proposal, Target, propose};
use swarm::wire::{Observation, Peering};
use uuid::Uuid;

use super::change::{self, Edit};
use super::hours::Hours;
use super::{Site, map_of};
use crate::auth::Principal;
use crate::device::caller::Device;
use crate::problem::{Problem, Result};
use crate::state::App;

/// What was seen longer ago says nothing of where a device is now, milliseconds.
const FRESH_MS: i64 = 14 * 24 * 3600 * 1000;

/// What can be proposed now.
pub struct Board {
    /// Proposals, with the keys that name them.
    pub proposals: Vec<(String, Proposal)>,
    /// Subnets that lie behind several gateways.
    pub ambiguous: Vec<Ambiguous>,
    /// Devices in no site that are in no proposal.
    pub left: usize,
    /// Proposals that somebody dismissed.
    pub dismissed: usize,
    /// The sites.
    pub sites: Vec<Site>,
}

/// Keeps what a device sees; what cannot be, such as a domain with blanks, is left out.
pub async fn saw(app: &App, device: &Device, mut seen: Observation) {
    let plain = |domain: &String| domain.chars().all(|c| c.is_ascii_graphic());
    seen.domain = seen.domain.filter(plain);
    seen.subnets
        .retain(|subnet| subnet.parse::<swarm::site::Cidr>().is_ok());
    let now_ms = app.clock.now_ms();
    if let Err(error) = db::keep(&app.db, device.id, device.remote, &seen, now_ms).await {
        tracing::error!(device.id = %device.id, %error, "cannot keep what a device sees");
    }
}

/// What can be proposed now.
///
/// # Errors
/// The database's.
pub async fn board(app: &App) -> Result<Board> {
    let sites = super::db::sites(&app.db).await?;
    let map = map_of(&sites).map_err(Problem::internal)?;
    let seen = db::seen(&app.db, app.clock.now_ms() - FRESH_MS).await?;
    let found = propose(&seen, &map);
    let dismissed = db::dismissed(&app.db).await?;
    let keyed = found.proposals.into_iter().map(|p| (key(&p), p));
    let (gone, proposals): (Vec<_>, _) = keyed.partition(|(key, _)| dismissed.contains(key));
    Ok(Board {
        proposals,
        ambiguous: found.ambiguous,
        left: found.left,
        dismissed: gone.len(),
        sites,
    })
}

/// Names a proposal for as long as it proposes the same: more PCs do not change it.
fn key(proposal: &Proposal) -> String {
    let mut hash = Sha256::new();
    if let Target::Grow { site } = proposal.target {
        hash.update(site.0);
    }
    for subnet in &proposal.subnets {
        hash.update(subnet.to_string());
        hash.update(" ");
    }
    let hash: [u8; 32] = hash.finalize().into();
    hex::encode(hash.first_chunk::<16>().copied().unwrap_or_default())
}

/// What approving it does. A name that is given wins.
///
/// # Errors
/// When the site is not there any more.
pub fn edit(proposal: &Proposal, sites: &[Site], name: Option<String>) -> Result<Edit> {
    let site = match &proposal.target {
        Target::New { name: own } => Site {
            id: SiteId(Uuid::now_v7().into_bytes()),
            name: name.unwrap_or_else(|| own.clone()),
            subnets: proposal.subnets.clone(),
            peering: Peering::On,
            wan_cap: 0,
            hours: Hours::default(),
        },
        Target::Grow { site } => {
            let found = sites.iter().find(|there| there.id == *site);
            let mut found = found.ok_or_else(unknown)?.clone();
            found.subnets.extend(proposal.subnets.iter().copied());
            found
        }
    };
    Ok(Edit {
        put: vec![site],
        delete: Vec::new(),
    })
}

/// Puts a proposal into effect; answers the change.
///
/// # Errors
/// When it is not proposed any more, or its name or subnets are taken.
pub async fn approve(
    app: &App,
    caller: &Principal,
    key: &str,
    name: Option<String>,
) -> Result<Uuid> {
    let board = board(app).await?;
    let found = board.proposals.iter().find(|(own, _)| own == key);
    let (_, proposal) = found.ok_or_else(unknown)?;
    let edit = edit(proposal, &board.sites, name)?;
    let site = edit.put.first().map_or("", |site| site.name.as_str());
    let summary = format!("{site} as proposed");
    change::make(app, caller, &summary, &edit).await
}

fn unknown() -> Problem {
    let detail = "This is not proposed any more. Load the proposals again.";
    Problem::not_found("proposal_not_found", detail)
}
