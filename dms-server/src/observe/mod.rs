//! What the server tells its operators: logs, request ids, health and metrics.

pub mod log;
pub mod request;
