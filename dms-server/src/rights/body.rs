//! A policy as the API and the database spell it.

use drm::rights::{Audience, Fault, Id, Places, Plan, Policy};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Groups, people or sites that one policy names at most.
pub const NAMED_MAX: usize = 1000;

/// The last moment of the year 9999: browsers and people write none after it.
pub const MOMENT_MAX: u64 = 253_402_300_799_999;

/// Who may watch a title, where, when and how. What is left out allows everything, but for offline use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyBody {
    /// Who may watch; null: everybody.
    pub audience: Option<AudienceBody>,
    /// From where; null: everywhere.
    pub places: Option<PlacesBody>,
    /// The first moment, milliseconds since the Unix epoch. Publishers may preview before it.
    pub from_ms: Option<u64>,
    /// The first moment after.
    pub until_ms: Option<u64>,
    /// Before this moment nobody gets a key, publishers included; sites may hold it long before.
    pub embargo_ms: Option<u64>,
    /// The greatest height of a picture, lines.
    pub max_height: Option<u32>,
    /// Days a licence may be used without contact to the server; 0: not at all.
    pub offline_days: u16,
    /// Whether other players may be served.
    pub third_party_players: bool,
    /// The most streams of one person at a time.
    pub streams: Option<u16>,
    /// What a person must have.
    pub plan: PlanBody,
    /// Pages that may show it in a frame: `https://host` or `https://host:port`, each exact, or `*` alone for any.
    /// Pages of this server always may; what is shown still is decided for who watches.
    pub embed: Vec<String>,
}

/// Who may watch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AudienceBody {
    /// Groups, all of whose people may.
    pub groups: Vec<Uuid>,
    /// People who may whatever their groups are.
    pub people: Vec<Uuid>,
}

/// From where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlacesBody {
    /// The sites.
    pub sites: Vec<Uuid>,
    /// Whether the company's VPN counts as inside.
    pub vpn: bool,
}

/// What a person must have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PlanBody {
    /// Nothing.
    #[default]
    Free,
    /// A subscription to a collection.
    Subscription {
        /// The collection.
        collection: Uuid,
    },
    /// A rental of this title.
    Rental {
        /// How long it may be watched from the first play, seconds.
        seconds: u64,
    },
}

impl Default for PolicyBody {
    fn default() -> Self {
        Self::of(&Policy::default())
    }
}

fn ids(uuids: &[Uuid]) -> std::collections::BTreeSet<Id> {
    uuids.iter().map(|id| id.into_bytes()).collect()
}

fn uuids<'a>(ids: impl IntoIterator<Item = &'a Id>) -> Vec<Uuid> {
    ids.into_iter().map(|id| Uuid::from_bytes(*id)).collect()
}

impl PolicyBody {
    /// The policy that it spells.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            audience: match &self.audience {
                None => Audience::Everyone,
                Some(named) => Audience::Named {
                    groups: ids(&named.groups),
                    people: ids(&named.people),
                },
            },
            places: match &self.places {
                None => Places::Anywhere,
                Some(within) => Places::Within {
                    sites: ids(&within.sites),
                    vpn: within.vpn,
                },
            },
            from_ms: self.from_ms,
            until_ms: self.until_ms,
            embargo_ms: self.embargo_ms,
            max_height: self.max_height,
            offline_days: self.offline_days,
            third_party_players: self.third_party_players,
            streams: self.streams,
            plan: match self.plan {
                PlanBody::Free => Plan::Free,
                PlanBody::Subscription { collection } => Plan::Subscription {
                    collection: collection.into_bytes(),
                },
                PlanBody::Rental { seconds } => Plan::Rental { seconds },
            },
        }
    }

    /// What spells a policy; who may show it is no part of that.
    #[must_use]
    pub fn of(policy: &Policy) -> Self {
        Self {
            audience: match &policy.audience {
                Audience::Everyone => None,
                Audience::Named { groups, people } => Some(AudienceBody {
                    groups: uuids(groups),
                    people: uuids(people),
                }),
            },
            places: match &policy.places {
                Places::Anywhere => None,
                Places::Within { sites, vpn } => Some(PlacesBody {
                    sites: uuids(sites),
                    vpn: *vpn,
                }),
            },
            from_ms: policy.from_ms,
            until_ms: policy.until_ms,
            embargo_ms: policy.embargo_ms,
            max_height: policy.max_height,
            offline_days: policy.offline_days,
            third_party_players: policy.third_party_players,
            streams: policy.streams,
            plan: match policy.plan {
                Plan::Free => PlanBody::Free,
                Plan::Subscription { collection } => PlanBody::Subscription {
                    collection: Uuid::from_bytes(collection),
                },
                Plan::Rental { seconds } => PlanBody::Rental { seconds },
            },
            embed: Vec::new(),
        }
    }

    /// It in its one spelling: ids and origins ascending, each once.
    #[must_use]
    pub fn canonical(&self) -> Self {
        let mut embed = self.embed.clone();
        embed.sort_unstable();
        embed.dedup();
        Self {
            embed,
            ..Self::of(&self.policy())
        }
    }

    /// Whom the audience names; none: everybody.
    #[must_use]
    pub fn members(&self) -> Option<Vec<Uuid>> {
        let named = self.audience.as_ref()?;
        let mut all: Vec<Uuid> = [named.groups.as_slice(), &named.people].concat();
        all.sort_unstable();
        all.dedup();
        Some(all)
    }
}

/// Where a contradiction stands in the body.
#[must_use]
pub fn pointer(fault: &Fault) -> String {
    format!("/{}", fault.field())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_back_as_it_was_written() {
        let empty: PolicyBody = serde_json::from_str("{}").expect("JSON");
        assert_eq!(empty.policy(), Policy::default());
        let text = r#"{"audience":{"groups":["00000000-0000-0000-0000-000000000002",
            "00000000-0000-0000-0000-000000000001"]},"places":{"sites":[],"vpn":true},
            "from_ms":1,"until_ms":9,"embargo_ms":3,"max_height":720,"offline_days":7,
            "third_party_players":false,"streams":2,"plan":{"kind":"rental","seconds":60},
            "embed":["https://b.example","https://a.example","https://b.example"]}"#;
        let body: PolicyBody = serde_json::from_str(text).expect("JSON");
        let canonical = body.canonical();
        assert_eq!(canonical.policy(), body.policy());
        assert_eq!(canonical.embed, ["https://a.example", "https://b.example"]);
        assert_eq!(canonical.canonical(), canonical);
        let groups = canonical.audience.expect("named").groups;
        assert!(groups.is_sorted() && groups.len() == 2);
        for wrong in [
            r#"{"audiences":null}"#,
            r#"{"plan":{"kind":"gift"}}"#,
            r#"{"streams":-1}"#,
            r#"{"places":{"sites":["x"]}}"#,
        ] {
            assert!(
                serde_json::from_str::<PolicyBody>(wrong).is_err(),
                "{wrong}"
            );
        }
    }
}
