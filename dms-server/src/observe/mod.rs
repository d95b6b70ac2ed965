//! What the server tells its operators: logs, request ids, health and metrics.

pub mod db;
pub mod health;
pub mod log;
pub mod metrics;
pub mod request;
#[cfg(test)]
pub mod testing;
