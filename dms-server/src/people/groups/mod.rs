//! Groups of people: audiences of titles, and roles that come with a membership.

pub mod db;
pub mod routes;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A group by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, sqlx::FromRow)]
pub struct Named {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
}
