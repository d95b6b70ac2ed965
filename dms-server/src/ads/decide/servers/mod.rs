//! Decision servers as administrators describe them. What is said to one is [`crate::ads::server`]'s.

pub mod db;
pub mod routes;
#[cfg(test)]
mod tests;

/// Decision servers at most.
pub const SERVERS_MAX: usize = 20;

use dms_ads::decision::Decision;
use futures_util::future::BoxFuture;
use std::time::Duration;

use crate::ads::server::{Asked, DecisionHook, Failure, ServerConfig};
use crate::state::App;

/// What speaks with a decision server.
#[must_use]
pub fn hook(_app: &App, config: ServerConfig) -> Box<dyn DecisionHook> {
    Box::new(Silent(config))
}

#[derive(Debug)]
struct Silent(ServerConfig);

impl DecisionHook for Silent {
    fn decide<'a>(
        &'a self,
        _asked: &'a Asked,
        _budget: Duration,
    ) -> BoxFuture<'a, Result<Decision, Failure>> {
        let failure = Failure {
            code: 900,
            name: "unknown",
            text: format!("{} is not spoken to", self.0.id),
            path: None,
        };
        Box::pin(async { Err(failure) })
    }
}
