//! Deliveries as the API shows them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{PathReason, Sums, ViewPath};

/// The sums of one step of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryStep {
    /// When it begins, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The sums.
    #[serde(flatten)]
    pub sums: Sums,
}

/// The sums of one site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliverySite {
    /// The site; null: in no site.
    pub site: Option<Uuid>,
    /// Its name; null: it was deleted, or there is none.
    pub name: Option<String>,
    /// The sums.
    #[serde(flatten)]
    pub sums: Sums,
}

/// How a title came to its viewers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TitleDelivery {
    /// From when, milliseconds since the Unix epoch.
    pub from_ms: i64,
    /// Until when.
    pub until_ms: i64,
    /// How long a step is, milliseconds.
    pub step_ms: i64,
    /// The steps of which players said anything, in order; the others are not 0, but nothing is known of them.
    pub steps: Vec<DeliveryStep>,
    /// The whole time by site, whichever was asked for.
    pub sites: Vec<DeliverySite>,
}

/// What came to each site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SiteDeliveries {
    /// From when, milliseconds since the Unix epoch.
    pub from_ms: i64,
    /// Until when.
    pub until_ms: i64,
    /// The sites of which players said anything.
    pub sites: Vec<DeliverySite>,
}

/// Views that took a path for a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PathViews {
    /// The path.
    pub path: ViewPath,
    /// Why.
    pub reason: PathReason,
    /// How many views began so.
    pub views: i64,
}

/// Views by path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ViewPaths {
    /// They.
    pub items: Vec<PathViews>,
}
