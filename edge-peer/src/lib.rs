//! The edge peer: the agent on an employee's PC.
//!
//! It fetches, verifies, caches and passes on ciphertext, and it cannot open any of it: this
//! crate has no path to the one that decrypts. [`agent::Agent`] puts the parts together;
//! [`driver`] is the one loop that turns happenings into inputs of the swarm's state machine and
//! its outputs into effects.

pub mod agent;
pub mod bundle;
pub mod cache;
pub mod campaigns;
pub mod chunk;
pub mod clock;
pub mod command;
pub mod config;
pub mod device_key;
pub mod doctor;
pub mod driver;
pub mod kept;
pub mod local_api;
pub mod logs;
pub mod metrics;
pub mod net;
pub mod platform;
pub mod policy;
pub mod range;
pub mod receipts;
pub mod state;
pub mod titles;
pub mod usage;
