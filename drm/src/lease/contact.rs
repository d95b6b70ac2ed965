//! What the DMS learns of a device's watch, and how it finds one that went back.

use serde::{Deserialize, Serialize};

use super::{CLOCK_TOLERANCE_MS, Watch};

/// What a device tells the DMS about its watch; its JSON form stands in licence requests and reports of usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// How often the watch was saved.
    pub counter: u64,
    /// Its mark, milliseconds since the Unix epoch.
    pub mark_ms: u64,
}

impl Contact {
    /// What the DMS is to remember of this contact, made at its own time `server_ms`, milliseconds
    /// since the Unix epoch: a mark that ran ahead is about to be healed and may fall back so far.
    #[must_use]
    pub fn kept(self, server_ms: u64) -> Self {
        Self {
            mark_ms: self.mark_ms.min(server_ms),
            ..self
        }
    }
}

impl Watch {
    /// What to tell the DMS. Store the state first: a device that tells of a save which a power cut
    /// then undoes looks like one that went back.
    #[must_use]
    pub fn contact(&self) -> Contact {
        Contact {
            counter: self.counter,
            mark_ms: self.mark_ms,
        }
    }
}

/// What the DMS makes of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The watch goes on from where it was, as far as can be seen.
    Fine,
    /// An older watch was restored, or a new one made: a snapshot, a backup, a deleted file. The
    /// DMS gives such a device no licence for offline use until an administrator has looked.
    WentBack,
}

/// Judges a contact by the last one that was judged fine, as [`Contact::kept`] made it; `None` for
/// a device never heard of.
///
/// Either sign is enough: a counter that is lower, or a mark that is earlier by more than
/// [`CLOCK_TOLERANCE_MS`], by which the clocks of two DMS nodes and a save may differ. A copy that
/// was saved more often than the one it replaced, with its clock kept right, is not found.
#[must_use]
pub fn judge(last_seen: Option<Contact>, now: Contact) -> Verdict {
    let went_back = last_seen.is_some_and(|last| {
        now.counter < last.counter || now.mark_ms.saturating_add(CLOCK_TOLERANCE_MS) < last.mark_ms
    });
    if went_back {
        Verdict::WentBack
    } else {
        Verdict::Fine
    }
}
