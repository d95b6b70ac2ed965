//! The sites of an ad campaign hold its creative before the first break: by an ordinary campaign, which ends with it.

use std::time::Duration;

use swarm::content::SiteId;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::db::{self, AdCampaignRow};
use crate::ads::creative::{self, Standing, standing::standing};
use crate::audit::{Actor, act, object};
use crate::campaign::{self, db::CampaignRow, routes::REPLICAS};
use crate::events::{Event, List};
use crate::problem::Result;
use crate::state::App;

/// How often a server looks what is to be held: creatives become ready, and other servers of the database end campaigns.
const LOOK: Duration = Duration::from_secs(30);

/// Keeps what the sites hold for ad campaigns, until the server stops.
pub async fn run(app: App) {
    let stop = app.stop.clone();
    stop.run_until_cancelled(follow(&app)).await;
}

async fn follow(app: &App) {
    let mut tick = interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = app.filling.changed.notified() => {}
        }
        if let Err(error) = settle(app).await {
            tracing::warn!(%error, "what sites hold for ad campaigns is not settled");
        }
    }
}

/// Makes the campaigns that are missing, and ends those that nothing needs.
///
/// # Errors
/// The database's or the store's.
pub async fn settle(app: &App) -> Result<()> {
    let mut changed = false;
    for row in db::unsettled(&app.db, app.clock.now_ms()).await? {
        changed |= match row.held {
            Some(held) => let_go(app, &row, held).await?,
            None => take(app, &row).await?,
        };
    }
    if changed {
        campaign::reload(app).await?;
        app.campaigns.stir();
        app.events.emit(Event::ListChanged(List::Campaigns));
    }
    Ok(())
}

/// Ends the campaign of an ad campaign that changed or ended; the next look makes another where one is due.
///
/// # Errors
/// The database's.
pub async fn let_go(app: &App, row: &AdCampaignRow, held: Uuid) -> Result<bool> {
    if !db::set_held(&app.db, row.id, Some(held), None).await? {
        return Ok(false);
    }
    let note = app
        .note(
            Actor::system(),
            act::CAMPAIGN_ENDED,
            object("campaign", held),
        )
        .with("ad_campaign", row.id.to_string());
    campaign::db::end(&app.db, held, &note).await?;
    Ok(true)
}

async fn take(app: &App, row: &AdCampaignRow) -> Result<bool> {
    let Some(creative) = creative::db::one(&app.db, row.creative).await? else {
        return Ok(false);
    };
    let (Some(title), Standing::Ready { .. }) = (creative.title, standing(&creative, None)) else {
        return Ok(false);
    };
    let audience = db::audience(&app.db, row.id).await?;
    let named: Vec<SiteId> = audience
        .iter()
        .filter(|member| member.kind == "site")
        .map(|member| SiteId(member.member.into_bytes()))
        .collect();
    let there = app.sites.sites();
    let is_there = |site: &SiteId| there.iter().any(|known| known.id == *site);
    let sites: Vec<SiteId> = named.iter().copied().filter(is_there).collect();
    if sites.is_empty() && !named.is_empty() {
        // Its sites are gone: that is not every site.
        return Ok(false);
    }
    let now_ms = app.clock.now_ms();
    let made = CampaignRow {
        id: Uuid::now_v7(),
        title_id: title,
        title_name: creative.name,
        tracks: "[]".to_owned(),
        replicas: REPLICAS.into(),
        all_sites: i64::from(sites.is_empty()),
        // Now, not when its window opens: the first break finds it at the site.
        not_before_ms: now_ms,
        deadline_ms: Some(row.from_ms).filter(|from| *from > now_ms),
        until_ms: row.until_ms,
        created_by: row.created_by.clone(),
        created_ms: now_ms,
        ended_ms: None,
    };
    // First the claim: of two servers one makes it. Where a kill comes in between, the next look finds none of this id.
    if !db::set_held(&app.db, row.id, None, Some(made.id)).await? {
        return Ok(false);
    }
    let note = app
        .note(
            Actor::system(),
            act::CAMPAIGN_MADE,
            object("campaign", made.id),
        )
        .with("title", title.to_string())
        .with("ad_campaign", row.id.to_string());
    campaign::db::add(&app.db, &made, &sites, &note).await?;
    tracing::info!(campaign.id = %made.id, ad_campaign.id = %row.id, "sites are to hold a creative");
    Ok(true)
}
