//! Signing in through the company's identity provider: OpenID Connect, authorization code with PKCE.
//!
//! - [`attempt`] is what the browser keeps between leaving for the provider and coming back, sealed;
//! - [`provider`] finds the provider's addresses and keys, and trades the code for tokens, through
//!   [`crate::egress`] only;
//! - [`token`] checks the ID token, [`claims`] reads who it is about;
//! - [`signin`] makes a session of it, in one transaction with the account and its groups ([`db`]).
//!
//! **Invariant:** a person is known by issuer and subject. A claim that people can change, such as the address,
//! never opens an account that is there.

pub mod attempt;
pub mod claims;
pub mod db;
pub mod error;
mod page;
pub mod provider;
pub mod routes;
pub mod signin;
#[cfg(test)]
mod tests;
pub mod token;

pub use provider::Oidc;

/// Where the provider sends people back to, below the server's origin.
pub const CALLBACK: &str = "/session/oidc/callback";
