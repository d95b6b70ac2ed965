//! What lies in the store and how much room is left, for who keeps the system; and a trial of the store.

pub mod db;
pub mod routes;
#[cfg(test)]
mod tests;
