//! Webhooks: what happens here is told to addresses that administrators gave, by the scheme of Standard
//! Webhooks, so that any receiver's library checks the signature.
//!
//! An event takes three steps, and a kill between any two of them loses nothing:
//!
//! 1. The transaction that makes it so notes it ([`event::Note`], `note!` in [`db`]).
//! 2. [`runner`] turns notes into one delivery for each webhook that wants them.
//! 3. [`runner`] sends each delivery until it arrives or is given up, under a lease: of several servers on
//!    one database one sends at a time.
//!
//! So a receiver gets every event at least once, sometimes twice: both times under the same `webhook-id`.
//! Every webhook is sent to by a task of its own, one delivery at a time, so none waits for another's
//! receiver. All of it leaves through [`crate::egress`].

pub mod db;
pub mod event;
pub mod message;
pub mod routes;
mod runner;
mod secret;
mod send;
#[cfg(test)]
mod tests;
mod view;

use tokio::sync::Notify;

pub use self::event::{Kind, Note};
pub use self::runner::run;
pub use self::secret::Secret;
use crate::problem::Result;
use crate::state::App;

/// The most webhooks of an installation. Each may have one exchange under way.
pub const WEBHOOKS_MAX: usize = 50;

/// What the webhooks of this process share.
#[derive(Debug, Default)]
pub struct Webhooks {
    /// Told when there is something to hand out or to send.
    wake: Notify,
}

impl Webhooks {
    /// Lets notes be handed out now instead of at the next look.
    pub fn stir(&self) {
        self.wake.notify_one();
    }
}

/// Tells the webhooks of something that happened outside of a transaction. What happens inside of one is
/// noted there (`note!` in [`db`]), so that neither is without the other.
///
/// # Errors
/// The database's; nothing is told then.
pub async fn emit(app: &App, kind: Kind, data: serde_json::Value) -> Result<()> {
    db::add_note(&app.db, &Note::new(kind, app.clock.now_ms(), data)).await?;
    app.webhooks.stir();
    Ok(())
}
