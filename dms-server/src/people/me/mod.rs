//! What people change of themselves.

pub mod routes;
