//! One stream: from the ring to its caller, who is asked again and again whether they still are one.

use std::collections::VecDeque;
use std::time::Duration;

use axum::response::sse;
use serde::Serialize;
use serde_json::json;
use swarm::content::TitleId;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::{Cursor, Happening, Place};
use crate::auth::extract::Credentials;
use crate::auth::{Permission, Principal};
use crate::events::List;
use crate::problem::Result;
use crate::publish::view::Title;
use crate::publish::work::view::UploadView;
use crate::rights::{self, sees_all};
use crate::state::App;

/// How often it is asked whether the session or token still is one.
const CHECK: Duration = Duration::from_secs(5);
/// The least time between two looks into the ring: what changes many times in it is told once.
const GATHER: Duration = Duration::from_millis(250);

/// A stream that is open.
pub struct Stream {
    app: App,
    credentials: Credentials,
    caller: Principal,
    place: Place,
    cursor: Cursor,
    ready: VecDeque<sse::Event>,
    check_at: Instant,
}

impl Stream {
    /// Begins a stream behind a cursor.
    #[must_use]
    pub fn new(
        app: App,
        credentials: Credentials,
        caller: Principal,
        mut place: Place,
        cursor: Cursor,
    ) -> Self {
        // What came between the cursor and now is told at once.
        place.newest.mark_changed();
        let mut ready = VecDeque::new();
        let id = app.live.id(cursor);
        ready.push_back(sse::Event::default().event("hello").id(id).data("{}"));
        if cursor.missed {
            ready.push_back(missed());
        }
        Self {
            app,
            credentials,
            caller,
            place,
            cursor,
            ready,
            check_at: Instant::now() + CHECK,
        }
    }

    /// The next event; none: the server stops, or the caller is none any more.
    pub async fn next(&mut self) -> Option<sse::Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let stop = self.app.stop.clone();
            tokio::select! {
                () = stop.cancelled() => return None,
                () = sleep_until(self.check_at) => {
                    // While the database does not answer nothing is told that it did not allow.
                    let caller = self.credentials.principal(&self.app).await.ok()??;
                    if !caller.may(Permission::Watch) {
                        return None;
                    }
                    self.caller = caller;
                    self.check_at = Instant::now() + CHECK;
                }
                changed = self.place.newest.changed() => {
                    changed.ok()?;
                    self.gather().await.ok()?;
                    tokio::time::sleep(GATHER).await;
                }
            }
        }
    }

    /// Makes events of what happened since the last look.
    async fn gather(&mut self) -> Result<()> {
        let (all, next) = self.app.live.after(self.cursor);
        for (index, what) in all.iter().enumerate() {
            // Of what changed several times the last tells all.
            if all
                .iter()
                .skip(index + 1)
                .any(|later| is_same_thing(what, later))
            {
                continue;
            }
            if let Some(event) = self.event(what).await? {
                self.ready.push_back(event);
            }
        }
        self.cursor = next;
        // The id comes with the last: who breaks off in the middle gets all of it again.
        if let Some(last) = self.ready.pop_back() {
            self.ready.push_back(last.id(self.app.live.id(next)));
        }
        Ok(())
    }

    async fn event(&self, what: &Happening) -> Result<Option<sse::Event>> {
        Ok(match what {
            Happening::Missed => Some(missed()),
            Happening::Gone(title) => {
                Some(event("title.deleted", &json!({"title": title.to_string()})))
            }
            Happening::Title(title) => self.title(*title).await?,
            Happening::Upload(upload) => self.upload(*upload).await?,
            Happening::Peers(peers) if self.caller.may(Permission::ReadNetwork) => {
                Some(event("peers", peers))
            }
            Happening::Campaign(progress) if self.caller.may(Permission::ReadNetwork) => {
                Some(event("campaign.progress", progress))
            }
            Happening::List(list) if self.caller.may(permission(*list)) => {
                Some(event(list_event(*list), &json!({})))
            }
            Happening::Peers(_) | Happening::Campaign(_) | Happening::List(_) => None,
        })
    }

    /// The title as it is now, if the caller sees it.
    async fn title(&self, title: TitleId) -> Result<Option<sse::Event>> {
        let Some(row) = crate::publish::db::title(&self.app.db, title).await? else {
            return Ok(None);
        };
        let id = Uuid::from_bytes(title.0);
        let seen = sees_all(&self.caller)
            || (row.version.is_some()
                && rights::db::is_for(&self.app.db, id, self.caller.person).await?);
        Ok(seen.then(|| event("title.changed", &Title::of(row))))
    }

    /// The upload as it is now, for whom it is in lists.
    async fn upload(&self, id: Uuid) -> Result<Option<sse::Event>> {
        if !self.caller.may(Permission::Publish) {
            return Ok(None);
        }
        let Some(row) = crate::publish::work::db::upload(&self.app.db, id).await? else {
            return Ok(None);
        };
        let all = self.caller.may(Permission::PublishAll);
        if !all && row.owner != self.caller.owner() {
            return Ok(None);
        }
        let offset = crate::publish::work::offset(&self.app, &row).await;
        Ok(Some(event("upload.changed", &UploadView::of(row, offset))))
    }
}

fn is_same_thing(what: &Happening, later: &Happening) -> bool {
    match (what, later) {
        (Happening::Title(a), Happening::Title(b) | Happening::Gone(b))
        | (Happening::Gone(a), Happening::Gone(b)) => a == b,
        (Happening::Upload(a), Happening::Upload(b)) => a == b,
        (Happening::Peers(a), Happening::Peers(b)) => a.site == b.site,
        (Happening::Campaign(a), Happening::Campaign(b)) => (a.site, a.title) == (b.site, b.title),
        (Happening::List(a), Happening::List(b)) => a == b,
        (Happening::Missed, Happening::Missed) => true,
        _ => false,
    }
}

/// Who is told that a list changed: who may read it.
const fn permission(list: List) -> Permission {
    match list {
        List::Devices => Permission::ReadDevices,
        List::Sites | List::Campaigns => Permission::ReadNetwork,
    }
}

const fn list_event(list: List) -> &'static str {
    match list {
        List::Devices => "devices.changed",
        List::Sites => "sites.changed",
        List::Campaigns => "campaigns.changed",
    }
}

fn missed() -> sse::Event {
    event("missed", &json!({}))
}

fn event(name: &str, data: &impl Serialize) -> sse::Event {
    let event = sse::Event::default().event(name);
    // Plain strings and numbers always serialise, on one line.
    event.data(serde_json::to_string(data).unwrap_or_default())
}
