//! The delivery management system: publishing, origin, sites, devices and licences.
//!
//! Feature-first: each folder is one feature with `routes.rs` (the only place with axum
//! extractors), its core, and `db.rs` (the only place with SQL). [`serve::Dms`] assembles them.

pub mod admin;
pub mod ads;
pub mod audit;
pub mod auth;
pub mod backup;
pub mod branding;
pub mod campaign;
pub mod captions;
pub mod cli;
pub mod clock;
pub mod command;
pub mod config;
pub mod db;
pub mod delivery;
pub mod device;
pub mod egress;
pub mod embed;
pub mod etag;
pub mod events;
pub mod extract;
pub mod grant;
pub mod keys;
pub mod license;
pub mod live;
pub mod net;
pub mod observe;
pub mod oidc;
pub mod origin;
pub mod page;
pub mod pages;
pub mod people;
pub mod portal;
pub mod problem;
pub mod publish;
pub mod rights;
pub mod routes;
pub mod scim;
pub mod search;
pub mod serve;
pub mod site;
pub mod state;
pub mod storage;
pub mod store;
pub mod usage;
pub mod webhook;

#[cfg(test)]
pub(crate) mod testing;
