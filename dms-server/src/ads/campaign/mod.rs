//! Ad campaigns: which creative is to be shown, to whom, where, when and how often.
//!
//! [`check`] refuses one that cannot be, [`db`] keeps them, [`hold`] makes their sites hold the creative before the first
//! break, [`forecast`] says how often one is going to be shown. Which of them fills a break is decided in
//! [`crate::ads::decide`].

pub mod check;
pub mod db;
pub mod forecast;
pub mod hold;
pub mod routes;
#[cfg(test)]
mod tests;
pub mod view;
