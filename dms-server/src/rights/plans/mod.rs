//! What a person has beyond a policy: subscriptions to collections, and rentals of titles.

pub mod db;
pub mod routes;
