//! Sites: which addresses belong to one, who of its peers is there, and what each fetched from here.
//!
//! - [`hub`]: the connected peers and the rosters, in memory;
//! - [`told`]: a site's roster, and how much of it the site's peers were told;
//! - [`change`]: changes of sites, taken back for a day;
//! - [`control`]: one control connection;
//! - [`proposal`]: sites proposed from what peers see;
//! - [`question`]: what players ask over it;
//! - [`sheet`]: sites from a CSV file, and as one;
//! - [`hours`]: hours of the week with another cap;
//! - [`ledger`]: who may take how much over a capped WAN;
//! - [`wan`]: what the origin sent to each site.

pub mod change;
pub mod control;
pub mod db;
pub mod hours;
pub mod hub;
pub mod ledger;
pub mod proposal;
mod question;
pub mod routes;
pub mod sheet;
#[cfg(test)]
mod tests;
pub mod told;
pub mod wan;

use self::hours::Hours;
pub use question::Questions;
use swarm::content::SiteId;
use swarm::site::{Cidr, MapError, SiteMap};
use swarm::wire::{Peering, SiteInfo};
use uuid::Uuid;

use crate::events::{Event, List};
use crate::problem::{Problem, Result};
use crate::state::App;

/// A site as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Its name, unique.
    pub name: String,
    /// Its subnets; of several that hold an address, the longest wins.
    pub subnets: Vec<Cidr>,
    /// What its peers may do.
    pub peering: Peering,
    /// Its WAN cap outside of `hours`, bytes per second; 0 is none.
    pub wan_cap: u64,
    /// Hours of the week in which another cap holds.
    pub hours: Hours,
}

impl Site {
    /// The cap that holds at a moment, bytes per second; 0 is none.
    #[must_use]
    pub fn cap_at(&self, now_ms: i64) -> u64 {
        self.hours.cap_at(now_ms, self.wan_cap)
    }

    /// The same, with the cap that holds at a moment as its only one.
    fn in_force(mut self, now_ms: i64) -> Self {
        self.wan_cap = self.cap_at(now_ms);
        self.hours = Hours::default();
        self
    }

    /// What its peers are told.
    #[must_use]
    pub fn info(&self) -> SiteInfo {
        SiteInfo {
            id: self.id,
            name: self.name.clone(),
            peering: self.peering,
            wan_cap: self.wan_cap,
        }
    }
}

/// The map of all sites' subnets.
///
/// # Errors
/// When two sites claim one subnet.
pub fn map_of(sites: &[Site]) -> std::result::Result<SiteMap, MapError> {
    SiteMap::new(
        sites
            .iter()
            .flat_map(|site| site.subnets.iter().map(|subnet| (site.id, *subnet))),
    )
}

/// Reads the sites from the database and puts them into effect, with the caps of this hour: peers move, and are told.
///
/// # Errors
/// The database's.
pub async fn reload(app: &App) -> Result<()> {
    // Whoever reads later also writes later.
    let _reading = app.ledgers.reading.lock().await;
    let sites = db::sites(&app.db).await?;
    let map = map_of(&sites).map_err(Problem::internal)?;
    let now_ms = app.clock.now_ms();
    let changes = sites
        .iter()
        .filter_map(|site| site.hours.next_change(now_ms));
    app.ledgers.hours.set(changes.min());
    let sites: Vec<Site> = sites
        .into_iter()
        .map(|site| site.in_force(now_ms))
        .collect();
    app.ledgers.configure(&sites);
    app.sites.configure(sites, map, now_ms);
    app.campaigns.stir();
    app.events.emit(Event::ListChanged(List::Sites));
    Ok(())
}

/// A peering rule's name in the API and the database.
#[must_use]
pub const fn peering_name(peering: Peering) -> &'static str {
    match peering {
        Peering::On => "on",
        Peering::ConsumeOnly => "consume_only",
        Peering::Off => "off",
    }
}

/// The peering rule of that name.
#[must_use]
pub fn peering_of(name: &str) -> Option<Peering> {
    [Peering::On, Peering::ConsumeOnly, Peering::Off]
        .into_iter()
        .find(|peering| peering_name(*peering) == name)
}

/// A site's id as the database keeps it.
#[must_use]
pub fn row_id(site: SiteId) -> Uuid {
    Uuid::from_bytes(site.0)
}
