//! Decision servers as administrators describe them. What is said to one is [`crate::ads::server`]'s.

pub mod db;
pub mod routes;
#[cfg(test)]
mod tests;

/// Decision servers at most.
pub const SERVERS_MAX: usize = 20;

use std::sync::Arc;

use crate::ads::server::{self, DecisionHook, Failure, ServerConfig};
use crate::state::App;

/// What speaks with a decision server.
///
/// # Errors
/// A webhook without a secret.
pub fn hook(app: &App, config: ServerConfig) -> Result<Arc<dyn DecisionHook>, Failure> {
    server::open(app, config).map(Arc::from)
}
