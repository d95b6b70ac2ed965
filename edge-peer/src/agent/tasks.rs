//! The agent's tasks and the order in which they stop.

use std::{future::Future, time::Duration};

use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use super::GRACE;
use crate::net::serve::Ending;

/// How long the goodbye to the DMS, and what is written last, may take.
const GOODBYE: Duration = Duration::from_secs(3);

/// Tasks that run as long as the agent.
pub(super) struct Tasks {
    set: JoinSet<&'static str>,
}

impl Tasks {
    pub(super) fn new() -> Self {
        Self {
            set: JoinSet::new(),
        }
    }

    pub(super) fn start(
        &mut self,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.set.spawn(async move {
            work.await;
            name
        });
    }

    /// Waits until one ends, which none should.
    pub(super) async fn first_to_end(&mut self) -> &'static str {
        match self.set.join_next().await {
            Some(Ok(name)) => name,
            Some(Err(_)) => "task that panicked",
            None => "last task",
        }
    }

    async fn all_ended(&mut self) {
        while self.set.join_next().await.is_some() {}
    }
}

/// Stops the tasks, one after the other.
pub(super) struct Stops {
    leaving: CancellationToken,
    pub(super) chunks: Ending,
    pub(super) local: Ending,
    pub(super) control: CancellationToken,
    pub(super) driver: CancellationToken,
}

impl Stops {
    pub(super) fn new(leaving: CancellationToken) -> Self {
        Self {
            leaving,
            chunks: Ending::new(),
            local: Ending::new(),
            control: CancellationToken::new(),
            driver: CancellationToken::new(),
        }
    }

    /// Says that we leave, lets requests finish, says goodbye, stops the loop.
    pub(super) async fn in_order(&self, tasks: &mut Tasks) {
        tracing::info!("the agent stops: no more uploads begin");
        self.leaving.cancel();
        tokio::join!(self.chunks.end(GRACE), self.local.end(GRACE));
        self.control.cancel();
        // The loop stays until the goodbye is said: the connection reports to it.
        let loop_alone = async {
            while tasks.set.len() > 1 {
                if tasks.set.join_next().await.is_none() {
                    return;
                }
            }
        };
        let _ = timeout(GOODBYE, loop_alone).await;
        self.driver.cancel();
        if timeout(GOODBYE, tasks.all_ended()).await.is_err() {
            tracing::warn!("some tasks were stopped hard");
            tasks.set.shutdown().await;
        }
    }
}
