//! Roles of people and tokens, and what each may do.
//!
//! A route demands a [`Permission`]; a person has [`Roles`]. The table in [`Role::permissions`] is the only place
//! where the two meet.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a caller does in the company.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
#[clap(rename_all = "snake_case")]
pub enum Role {
    /// Watches.
    Viewer,
    /// Uploads titles and says who may see them.
    Publisher,
    /// Runs live events, and gets them to the sites.
    EventProducer,
    /// Fills breaks.
    AdOperations,
    /// Keeps it running: reads everything about the machines, changes nothing that lasts.
    Operator,
    /// Reads everything, the audit log too; changes nothing.
    Auditor,
    /// Sites, devices, people and their rights to the system, but not content.
    ItAdmin,
    /// Everything.
    Owner,
}

/// What a route demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// See complete titles and ask for licences.
    Watch,
    /// Upload titles, change and delete one's own.
    Publish,
    /// Change and delete titles of others.
    PublishAll,
    /// Make sites hold titles beforehand.
    Campaigns,
    /// See sites and campaigns.
    ReadNetwork,
    /// Draw sites and cap links.
    Network,
    /// See devices and what is reported of them.
    ReadDevices,
    /// Enrol, revoke and pardon devices.
    Devices,
    /// See people, groups and API tokens.
    ReadPeople,
    /// Make and change people, groups and API tokens.
    People,
    /// Search, verify and export the audit log.
    Audit,
    /// Scrape the metrics.
    Metrics,
    /// Change how the server works with other systems.
    Settings,
    /// Rotate and remove key encryption keys.
    Keys,
    /// Fill breaks.
    Ads,
    /// Run live events.
    Events,
}

use Permission as P;

impl Role {
    /// Every role.
    pub const ALL: [Self; 8] = [
        Self::Viewer,
        Self::Publisher,
        Self::EventProducer,
        Self::AdOperations,
        Self::Operator,
        Self::Auditor,
        Self::ItAdmin,
        Self::Owner,
    ];

    /// What it may do.
    #[must_use]
    pub const fn permissions(self) -> &'static [Permission] {
        match self {
            Self::Viewer => &[P::Watch],
            Self::Publisher => &[P::Watch, P::Publish, P::Campaigns, P::ReadNetwork],
            Self::EventProducer => &[
                P::Watch,
                P::Publish,
                P::Campaigns,
                P::ReadNetwork,
                P::Events,
            ],
            Self::AdOperations => &[P::Watch, P::Ads],
            Self::Operator => &[
                P::Watch,
                P::ReadNetwork,
                P::ReadDevices,
                P::Metrics,
                P::Audit,
            ],
            Self::Auditor => &[
                P::Watch,
                P::ReadNetwork,
                P::ReadDevices,
                P::ReadPeople,
                P::Metrics,
                P::Audit,
            ],
            Self::ItAdmin => &[
                P::Watch,
                P::Campaigns,
                P::ReadNetwork,
                P::Network,
                P::ReadDevices,
                P::Devices,
                P::ReadPeople,
                P::People,
                P::Metrics,
                P::Settings,
            ],
            Self::Owner => &Permission::ALL,
        }
    }

    /// Its name in the API and the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Publisher => "publisher",
            Self::EventProducer => "event_producer",
            Self::AdOperations => "ad_operations",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
            Self::ItAdmin => "it_admin",
            Self::Owner => "owner",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 16] = [
        Self::Watch,
        Self::Publish,
        Self::PublishAll,
        Self::Campaigns,
        Self::ReadNetwork,
        Self::Network,
        Self::ReadDevices,
        Self::Devices,
        Self::ReadPeople,
        Self::People,
        Self::Audit,
        Self::Metrics,
        Self::Settings,
        Self::Keys,
        Self::Ads,
        Self::Events,
    ];

    /// Its name in the description of the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Watch => "watch",
            Self::Publish => "publish",
            Self::PublishAll => "publish_all",
            Self::Campaigns => "campaigns",
            Self::ReadNetwork => "read_network",
            Self::Network => "network",
            Self::ReadDevices => "read_devices",
            Self::Devices => "devices",
            Self::ReadPeople => "read_people",
            Self::People => "people",
            Self::Audit => "audit",
            Self::Metrics => "metrics",
            Self::Settings => "settings",
            Self::Keys => "keys",
            Self::Ads => "ads",
            Self::Events => "events",
        }
    }

    /// The permission of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }
}

/// The roles of one caller. In the database: their names, separated by spaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    /// Whether one of them may.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.0
            .iter()
            .any(|role| role.permissions().contains(&permission))
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether they can do so much that a password alone is too little.
    #[must_use]
    pub fn need_code(&self) -> bool {
        self.has(Role::Owner) || self.has(Role::ItAdmin)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// They, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.iter().copied()
    }

    /// Those that are also among `others`.
    #[must_use]
    pub fn within(&self, others: &Self) -> Self {
        Self(self.0.intersection(&others.0).copied().collect())
    }

    /// Whether who has `self` may give away `given`: an owner everything, others nothing that they could not do
    /// themselves.
    #[must_use]
    pub fn may_give(&self, given: &Self) -> bool {
        let all = given.iter().flat_map(Role::permissions);
        let mut all = all.copied();
        all.all(|permission| self.may(permission))
    }

    /// Reads what the database has.
    ///
    /// # Errors
    /// When it names a role that there is none.
    pub fn parse(text: &str) -> Result<Self, UnknownRole> {
        let roles = text.split_whitespace().map(Role::of_name);
        let roles: Option<BTreeSet<Role>> = roles.collect();
        roles.map(Self).ok_or(UnknownRole)
    }
}

/// A name that is no role's.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("unknown role")]
pub struct UnknownRole;

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Role::name).collect();
        f.write_str(&names.join(" "))
    }
}

impl From<Role> for Roles {
    fn from(role: Role) -> Self {
        Self([role].into())
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::of_name(role.name()), Some(role));
            let json = serde_json::to_string(&role).expect("JSON");
            assert_eq!(json, format!("\"{}\"", role.name()));
        }
        for permission in Permission::ALL {
            assert_eq!(Permission::of_name(permission.name()), Some(permission));
        }
        let roles: Roles = Role::ALL.into_iter().collect();
        assert_eq!(Roles::parse(&roles.to_string()).expect("roles"), roles);
        assert!(Roles::parse("viewer root").is_err());
        assert!(Roles::parse("").expect("none").is_empty());
    }

    #[test]
    fn the_owner_may_everything_and_content_and_network_are_apart() {
        for permission in Permission::ALL {
            assert!(Roles::from(Role::Owner).may(permission));
        }
        let it = Roles::from(Role::ItAdmin);
        assert!(!it.may(Permission::Publish) && !it.may(Permission::Audit));
        let publisher = Roles::from(Role::Publisher);
        assert!(!publisher.may(Permission::Network) && !publisher.may(Permission::PublishAll));
        for reader in [Role::Auditor, Role::Operator].map(Roles::from) {
            let changes = [P::Publish, P::Campaigns, P::Network, P::Devices, P::People];
            assert!(!changes.iter().any(|p| reader.may(*p)));
        }
    }

    #[test]
    fn nobody_gives_away_more_than_they_have() {
        let it = Roles::from(Role::ItAdmin);
        assert!(it.may_give(&Role::Viewer.into()));
        assert!(it.may_give(&it));
        for more in [Role::Owner, Role::Publisher, Role::Auditor] {
            assert!(!it.may_give(&more.into()), "{more:?}");
        }
        assert!(Roles::from(Role::Owner).may_give(&Role::ALL.into_iter().collect()));
        assert!(Roles::from(Role::Viewer).may_give(&Roles::default()));
    }
}
