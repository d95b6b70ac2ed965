//! What the cache lost to rot is fetched again, from the site if it can be: the copy may be one of
//! the few that a pinned title has here.

use std::time::Duration;

use swarm::peer::Priority;
use tokio::sync::mpsc;

use crate::{
    cache::{Lost, Told},
    driver::Handle,
};

/// How long the loss of one chunk is tried to be made good.
const WITHIN: Duration = Duration::from_secs(60);

/// Makes losses good, one after the other.
pub(super) struct Mender {
    pub(super) losses: Option<mpsc::Receiver<Lost>>,
    pub(super) driver: Handle,
}

impl Mender {
    /// Mends for as long as the cache is there.
    pub(super) async fn run(self) {
        let Some(mut losses) = self.losses else {
            return std::future::pending().await;
        };
        while let Some(lost) = losses.recv().await {
            if lost.told == Told::No {
                self.driver.lost(lost.chunk.id).await;
            }
            let again = self
                .driver
                .want(lost.chunk, lost.title, WITHIN, Priority::File);
            if let Err(e) = again.await {
                tracing::info!(chunk = ?lost.chunk.id, error = %e, "a lost chunk did not come again");
            }
        }
    }
}
