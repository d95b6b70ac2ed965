//! Enrolled devices: their certificates, enrolment, renewal and revocation.

pub mod ca;
pub mod caller;
pub mod clock;
pub mod db;
pub mod enroll;
pub mod identity;
pub mod known;
pub mod routes;
#[cfg(test)]
mod tests;
pub mod tls;

use serde::{Deserialize, Serialize};
use swarm::content::DeviceId;
use swarm::wire::Pardon;
use utoipa::ToSchema;
use uuid::Uuid;

/// What runs on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// A cache that shares with its site.
    EdgePeer,
    /// A player without one.
    Player,
}

impl DeviceKind {
    /// Its name in the API and the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdgePeer => "edge_peer",
            Self::Player => "player",
        }
    }
}

/// A device's id as the database keeps it.
#[must_use]
pub fn row_id(device: DeviceId) -> Uuid {
    Uuid::from_bytes(device.0)
}

/// A pardon as peers are told of it.
#[must_use]
pub fn pardon(device: Uuid, at_ms: i64) -> Pardon {
    Pardon {
        device: device_id(device),
        at_ms: at_ms.unsigned_abs(),
    }
}

/// A device's id as the swarm knows it.
#[must_use]
pub fn device_id(row: Uuid) -> DeviceId {
    DeviceId(row.into_bytes())
}
