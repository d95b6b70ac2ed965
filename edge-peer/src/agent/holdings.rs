//! What the agent knows of titles: those it plays, those the site is to hold, those somebody here keeps, and what was
//! played of them.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Agent, Base, tasks::Tasks};
use crate::{
    campaigns::{Campaigns, Told},
    driver::Ends,
    kept::Kept,
    net::{control, messenger::Messenger},
    receipts::Receipts,
    titles::Titles,
    usage::Usage,
};

/// See the module.
pub(super) struct Holdings {
    pub(super) titles: Titles,
    pub(super) kept: Kept,
    pub(super) usage: Usage,
    pub(super) receipts: Receipts,
    pub(super) messenger: Messenger,
    campaigns: Campaigns,
}

impl Holdings {
    pub(super) async fn of(
        agent: &Agent,
        base: &Base,
        ends: &Ends,
        control: control::Handle,
        told: watch::Receiver<Told>,
    ) -> Self {
        let (driver, cache, state) = (&ends.handle, &agent.cache, &agent.state);
        let titles = Titles::new(
            base.client.clone(),
            driver.clone(),
            control.clone(),
            &agent.trust,
            agent.shelf.clone(),
        );
        let kept = Kept::load(
            state.clone(),
            titles.clone(),
            driver.clone(),
            cache.clone(),
            told.clone(),
        )
        .await;
        let messenger = Messenger::new(control.clone(), base.client.clone());
        let campaigns = Campaigns {
            titles: titles.clone(),
            driver: driver.clone(),
            cache: cache.clone(),
            kept: kept.clone(),
            metrics: base.metrics.clone(),
            control,
            told,
        };
        Self {
            usage: Usage::load(state.clone(), base.client.clone()),
            receipts: Receipts::load(
                state.clone(),
                base.client.clone(),
                agent.identity.device(),
                agent.key.clone(),
            ),
            messenger,
            titles,
            kept,
            campaigns,
        }
    }

    /// Starts what goes on by itself.
    pub(super) fn start(self, parts: &mut Tasks, stop: &CancellationToken) {
        parts.start("campaigns", self.campaigns.run(stop.clone()));
        parts.start("kept titles", self.kept.run(stop.clone()));
        parts.start("usage", self.usage.run(stop.clone()));
        parts.start("receipts", self.receipts.run(stop.clone()));
    }
}
