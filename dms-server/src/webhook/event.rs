//! What is told: the table of event types, and what a note of one holds.

use dms_transcoder_protocol::FailureCode;
use serde_json::{Value, json};
use uuid::Uuid;

/// Makes the event types from their one table.
macro_rules! kinds {
    ($( $(#[doc = $doc:literal])+ $kind:ident = $name:literal, )+) => {
        /// A type of event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $( $(#[doc = $doc])+ $kind, )+ }

        impl Kind {
            /// Every type.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// Its name in the API, the database and what is sent.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)+ }
            }
        }
    };
}

kinds! {
    /// A title can be watched or fetched: `title`, `name`, `kind`, `version`, `duration_ms`.
    TitleComplete = "title.complete",
    /// A title will not be published: `title`, `name`, `kind`, `error` with `code` and `message`.
    TitleFailed = "title.failed",
    /// A title was deleted: `title`, `name`, `kind`.
    TitleDeleted = "title.deleted",
    /// The last byte of an upload is here, and its title waits for a worker: `title`, `name`, `kind`, `bytes`.
    UploadCompleted = "upload.completed",
    /// A PC enrolled: `device`, `name`, `kind`.
    PeerEnrolled = "peer.enrolled",
    /// A PC was revoked: `device`, `name`, `kind`.
    PeerRevoked = "peer.revoked",
    /// A campaign ended: `campaign`, `title`, `title_name`.
    CampaignFinished = "campaign.finished",
}

/// The type of the message that an administrator sends to try a webhook. No webhook subscribes to it.
pub const TEST: &str = "webhook.test";

/// Something that happened, to be noted by the transaction that makes it so.
#[derive(Clone, Debug)]
pub struct Note {
    /// The type.
    pub kind: Kind,
    /// What it is about, as a JSON object.
    pub data: String,
    /// When, milliseconds since the Unix epoch.
    pub at_ms: i64,
}

impl Note {
    /// A title was published.
    #[must_use]
    pub fn title_complete(
        title: Uuid,
        name: &str,
        kind: &str,
        version: i64,
        duration_ms: i64,
        at_ms: i64,
    ) -> Self {
        let data = json!({
            "title": title, "name": name, "kind": kind, "version": version,
            "duration_ms": duration_ms,
        });
        Self::new(Kind::TitleComplete, at_ms, data)
    }

    /// Publishing a title failed for good.
    #[must_use]
    pub fn title_failed(
        title: Uuid,
        name: &str,
        kind: &str,
        code: FailureCode,
        at_ms: i64,
    ) -> Self {
        let error = json!({"code": code.as_str(), "message": code.sentence()});
        let data = json!({"title": title, "name": name, "kind": kind, "error": error});
        Self::new(Kind::TitleFailed, at_ms, data)
    }

    /// A title was deleted.
    #[must_use]
    pub fn title_deleted(title: Uuid, name: &str, kind: &str, at_ms: i64) -> Self {
        let data = json!({"title": title, "name": name, "kind": kind});
        Self::new(Kind::TitleDeleted, at_ms, data)
    }

    /// An upload became a title.
    #[must_use]
    pub fn upload_completed(title: Uuid, name: &str, kind: &str, bytes: i64, at_ms: i64) -> Self {
        let data = json!({"title": title, "name": name, "kind": kind, "bytes": bytes});
        Self::new(Kind::UploadCompleted, at_ms, data)
    }

    /// A device enrolled (`revoked` false) or was revoked.
    #[must_use]
    pub fn peer(revoked: bool, device: Uuid, name: &str, kind: &str, at_ms: i64) -> Self {
        let data = json!({"device": device, "name": name, "kind": kind});
        let of = if revoked {
            Kind::PeerRevoked
        } else {
            Kind::PeerEnrolled
        };
        Self::new(of, at_ms, data)
    }

    /// A campaign ended.
    #[must_use]
    pub fn campaign_finished(campaign: Uuid, title: Uuid, title_name: &str, at_ms: i64) -> Self {
        let data = json!({"campaign": campaign, "title": title, "title_name": title_name});
        Self::new(Kind::CampaignFinished, at_ms, data)
    }

    /// A note with any data.
    #[must_use]
    pub fn new(kind: Kind, at_ms: i64, data: Value) -> Self {
        let data = data.to_string();
        Self { kind, data, at_ms }
    }
}

/// The page where people see what an event is about.
#[must_use]
pub fn page(origin: &str, kind: &str, data: &Value) -> String {
    let watch = data
        .get("title")
        .and_then(Value::as_str)
        .and_then(|title| title.parse::<Uuid>().ok())
        .filter(|_| kind == Kind::TitleComplete.name());
    match watch {
        Some(title) => format!("{origin}/watch/{title}"),
        None => format!("{origin}/"),
    }
}
