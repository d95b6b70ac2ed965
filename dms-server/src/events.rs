//! What one part of the server tells the others while it happens. Nothing here is durable:
//! a listener that missed events reads the database.

use swarm::content::TitleId;
use tokio::sync::broadcast;
use uuid::Uuid;

/// Events kept for a slow listener before it is told that it missed some.
const BACKLOG: usize = 256;

/// Something another part of the server may react to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A title's state, progress or newest version changed.
    TitleChanged(TitleId),
    /// An upload has more bytes, or became a title.
    UploadChanged(Uuid),
    /// A title was deleted; its chunks are no longer served.
    TitleDeleted(TitleId),
    /// Something in a list of administrators changed: read that list again.
    ListChanged(List),
}

/// A list that administrators look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Devices: one enrolled, was revoked or pardoned.
    Devices,
    /// Sites, and what was changed about them.
    Sites,
    /// Campaigns: one was made, began or ended.
    Campaigns,
}

/// The in-process event bus.
#[derive(Clone, Debug)]
pub struct Events {
    sender: broadcast::Sender<Event>,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            sender: broadcast::Sender::new(BACKLOG),
        }
    }
}

impl Events {
    /// Tells every listener; nobody listening is not an error.
    pub fn emit(&self, event: Event) {
        let _ = self.sender.send(event);
    }

    /// Events from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }
}
