//! Who did what, when: every act of a person or of the system on content, rights, people, devices and the
//! network.
//!
//! A row is written in the transaction of the act it tells of, so that neither is there without the other. The log
//! only grows; [`chain`] says how a change to it is found.
//!
//! **Invariant:** [`append!`](crate::append) stands last in its transaction: the head's row is locked from there to the
//! commit, and whoever locked it first and something else afterwards could wait for another for ever.

pub mod chain;
pub mod db;
pub mod routes;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};
use swarm::content::DeviceId;
use uuid::Uuid;

pub use self::chain::ChainKey;
use crate::auth::Principal;
use crate::state::App;

/// The longest text of a field, bytes; longer ones are cut, so that no name can fill the log.
const TEXT_MAX: usize = 300;

/// What was done, by its name in the log.
pub mod act {
    /// The log began.
    pub const LOG_BEGAN: &str = "audit.began";
    /// Somebody took a copy of the log.
    pub const LOG_EXPORTED: &str = "audit.exported";
    /// Somebody signed in.
    pub const SIGNED_IN: &str = "session.started";
    /// Somebody tried to sign in and was refused, so many times in a minute.
    pub const SIGN_IN_REFUSED: &str = "session.refused";
    /// Somebody signed out.
    pub const SIGNED_OUT: &str = "session.ended";
    /// Somebody goes on watching in the player of a PC.
    pub const HANDED_OVER: &str = "session.handed_over";
    /// A person's account was made.
    pub const PERSON_MADE: &str = "person.made";
    /// A person's account was changed.
    pub const PERSON_CHANGED: &str = "person.changed";
    /// Whom the directory made came through the identity provider for the first time.
    pub const PERSON_LINKED: &str = "person.linked";
    /// A person's account was removed.
    pub const PERSON_DELETED: &str = "person.deleted";
    /// The directory put a person into groups, or took them out.
    pub const GROUPS_SET: &str = "person.groups_set";
    /// A password was set.
    pub const PASSWORD_SET: &str = "person.password_set";
    /// A secret of one-time codes was drawn.
    pub const CODES_DRAWN: &str = "person.codes_drawn";
    /// A one-time code was given where one was asked for: from now on they are demanded.
    pub const CODES_PROVEN: &str = "person.codes_proven";
    /// One-time codes were taken away.
    pub const CODES_RESET: &str = "person.codes_reset";
    /// A group was made.
    pub const GROUP_MADE: &str = "group.made";
    /// A group was changed.
    pub const GROUP_CHANGED: &str = "group.changed";
    /// A group was removed.
    pub const GROUP_DELETED: &str = "group.deleted";
    /// Somebody was put into a group.
    pub const MEMBER_ADDED: &str = "group.member_added";
    /// Somebody was taken out of a group.
    pub const MEMBER_REMOVED: &str = "group.member_removed";
    /// An API token was made.
    pub const TOKEN_MADE: &str = "token.made";
    /// An API token was revoked.
    pub const TOKEN_REVOKED: &str = "token.revoked";
    /// A person let a command line in.
    pub const GRANT_APPROVED: &str = "grant.approved";
    /// A person refused to let a command line in.
    pub const GRANT_REFUSED: &str = "grant.refused";
    /// An enrolment token was made.
    pub const ENROLLMENT_TOKEN_MADE: &str = "enrollment_token.made";
    /// A device enrolled.
    pub const DEVICE_ENROLLED: &str = "device.enrolled";
    /// A device was revoked.
    pub const DEVICE_REVOKED: &str = "device.revoked";
    /// A device was pardoned.
    pub const DEVICE_PARDONED: &str = "device.pardoned";
    /// The watch of a device that plays without contact went back.
    pub const WATCH_WENT_BACK: &str = "device.watch_went_back";
    /// An administrator has looked, and the device begins anew.
    pub const WATCH_CLEARED: &str = "device.watch_cleared";
    /// A site was drawn.
    pub const SITE_MADE: &str = "site.made";
    /// A site was changed.
    pub const SITE_CHANGED: &str = "site.changed";
    /// A site was removed.
    pub const SITE_DELETED: &str = "site.deleted";
    /// A proposed site is not wanted.
    pub const PROPOSAL_DISMISSED: &str = "site.proposal_dismissed";
    /// A title was uploaded.
    pub const TITLE_MADE: &str = "title.made";
    /// A version of a title was published.
    pub const TITLE_PUBLISHED: &str = "title.published";
    /// A title was called or described otherwise.
    pub const TITLE_CHANGED: &str = "title.changed";
    /// A title got captions in a language.
    pub const CAPTIONS_SET: &str = "title.captions_set";
    /// A title's captions in a language were removed.
    pub const CAPTIONS_REMOVED: &str = "title.captions_removed";
    /// A title got chapters.
    pub const CHAPTERS_SET: &str = "title.chapters_set";
    /// A title's chapters were removed.
    pub const CHAPTERS_REMOVED: &str = "title.chapters_removed";
    /// A title got other breaks.
    pub const BREAKS_SET: &str = "title.breaks_set";
    /// An upload got the policy that its title is to have.
    pub const UPLOAD_ARMED: &str = "upload.armed";
    /// A job was cancelled.
    pub const JOB_CANCELLED: &str = "job.cancelled";
    /// A job was told to begin anew.
    pub const JOB_RETRIED: &str = "job.retried";
    /// Somebody asked to be let into a title's audience.
    pub const ACCESS_REQUESTED: &str = "access.requested";
    /// Somebody was let into a title's audience because they asked.
    pub const ACCESS_GRANTED: &str = "access.granted";
    /// Somebody was not let in.
    pub const ACCESS_DENIED: &str = "access.denied";
    /// Something was switched on or off.
    pub const SETTING_CHANGED: &str = "setting.changed";
    /// The name, the colour or the logo of the pages was changed.
    pub const BRANDING_CHANGED: &str = "branding.changed";
    /// A profile of transcoding was made.
    pub const PROFILE_MADE: &str = "profile.made";
    /// A profile of transcoding was changed.
    pub const PROFILE_CHANGED: &str = "profile.changed";
    /// A profile of transcoding was deleted.
    pub const PROFILE_DELETED: &str = "profile.deleted";
    /// Somebody tried the store out.
    pub const STORE_TESTED: &str = "store.tested";
    /// A backup was made on the server's machine, or failed.
    pub const BACKUP_MADE: &str = "backup.made";
    /// A backup was removed from the server's machine.
    pub const BACKUP_REMOVED: &str = "backup.removed";
    /// A title was deleted.
    pub const TITLE_DELETED: &str = "title.deleted";
    /// A campaign was made.
    pub const CAMPAIGN_MADE: &str = "campaign.made";
    /// A campaign was ended.
    pub const CAMPAIGN_ENDED: &str = "campaign.ended";
    /// A creative was made.
    pub const AD_CREATIVE_MADE: &str = "ad_creative.made";
    /// A creative is not one any more.
    pub const AD_CREATIVE_REMOVED: &str = "ad_creative.removed";
    /// An ad campaign was made.
    pub const AD_CAMPAIGN_MADE: &str = "ad_campaign.made";
    /// An ad campaign was changed.
    pub const AD_CAMPAIGN_CHANGED: &str = "ad_campaign.changed";
    /// An ad campaign was ended.
    pub const AD_CAMPAIGN_ENDED: &str = "ad_campaign.ended";
    /// A decision server was made.
    pub const AD_SERVER_MADE: &str = "ad_server.made";
    /// A decision server was changed.
    pub const AD_SERVER_CHANGED: &str = "ad_server.changed";
    /// A decision server was removed.
    pub const AD_SERVER_REMOVED: &str = "ad_server.removed";
    /// What fills breaks, and in which order, was changed.
    pub const AD_SETTINGS_CHANGED: &str = "ad_settings.changed";
    /// A webhook was made.
    pub const WEBHOOK_MADE: &str = "webhook.made";
    /// A webhook was changed.
    pub const WEBHOOK_CHANGED: &str = "webhook.changed";
    /// A webhook was deleted.
    pub const WEBHOOK_DELETED: &str = "webhook.deleted";
    /// Another key encryption key was made for new things.
    pub const KEK_ROTATED: &str = "kek.rotated";
    /// Nothing is left that a key encryption key wrapped.
    pub const KEK_RETIRED: &str = "kek.retired";
    /// A key encryption key was removed.
    pub const KEK_REMOVED: &str = "kek.removed";
    /// A licence was issued.
    pub const LICENSE_ISSUED: &str = "license.issued";
    /// A licence was given back by its person.
    pub const LICENSE_RETURNED: &str = "license.returned";
    /// A licence was revoked.
    pub const LICENSE_REVOKED: &str = "license.revoked";
    /// Who may see a title was said.
    pub const POLICY_SET: &str = "title.policy_set";
    /// A collection was made.
    pub const COLLECTION_MADE: &str = "collection.made";
    /// A person or a group got a subscription.
    pub const SUBSCRIBED: &str = "subscription.made";
    /// A subscription was ended.
    pub const UNSUBSCRIBED: &str = "subscription.ended";
    /// A title was rented to a person.
    pub const RENTED: &str = "rental.made";
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    kind: &'static str,
    id: String,
    name: String,
}

impl Actor {
    /// The server by itself.
    #[must_use]
    pub fn system() -> Self {
        Self {
            kind: "system",
            id: String::new(),
            name: "dms".into(),
        }
    }

    /// A person.
    #[must_use]
    pub fn person(id: Uuid, name: &str) -> Self {
        Self {
            kind: "person",
            id: id.to_string(),
            name: cut(name),
        }
    }

    /// A device.
    #[must_use]
    pub fn device(id: DeviceId, name: &str) -> Self {
        Self {
            kind: "device",
            id: id.to_string(),
            name: cut(name),
        }
    }
}

impl From<&Principal> for Actor {
    fn from(caller: &Principal) -> Self {
        match (caller.person, caller.token) {
            (Some(person), _) => Self::person(person, &caller.subject),
            (None, token) => Self {
                kind: "token",
                id: token.map(|id| id.to_string()).unwrap_or_default(),
                name: cut(&caller.subject),
            },
        }
    }
}

/// What a row says.
#[derive(Clone, Debug)]
pub struct Entry {
    at_ms: i64,
    actor: Actor,
    action: &'static str,
    object_kind: &'static str,
    object: String,
    detail: Map<String, Value>,
}

impl Entry {
    /// `actor` did `action` at `at_ms`, milliseconds since the Unix epoch, to the object with this id.
    #[must_use]
    pub fn new(
        at_ms: i64,
        actor: impl Into<Actor>,
        action: &'static str,
        object: (&'static str, String),
    ) -> Self {
        Self {
            at_ms,
            actor: actor.into(),
            action,
            object_kind: object.0,
            object: cut(&object.1),
            detail: Map::new(),
        }
    }

    /// Says more. Never a secret: the log is read and exported.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = match value.into() {
            Value::String(text) => Value::String(cut(&text)),
            other => other,
        };
        self.detail.insert(name.to_owned(), value);
        self
    }

    /// The row behind the one with the MAC `before`.
    #[must_use]
    pub fn row(&self, key: &ChainKey, seq: i64, before: &[u8]) -> db::AuditRow {
        let mut row = db::AuditRow {
            seq,
            at_ms: self.at_ms,
            actor_kind: self.actor.kind.to_owned(),
            actor_id: self.actor.id.clone(),
            actor: self.actor.name.clone(),
            action: self.action.to_owned(),
            object_kind: self.object_kind.to_owned(),
            object: self.object.clone(),
            detail: Value::Object(self.detail.clone()).to_string(),
            mac: Vec::new(),
        };
        row.mac = key.of_row(before, &row.covered()).to_vec();
        row
    }
}

/// One row to be written with the act it tells of.
#[derive(Clone, Debug)]
pub struct Note<'a> {
    key: &'a ChainKey,
    entry: Entry,
}

impl<'a> Note<'a> {
    /// A row to be chained with this key.
    #[must_use]
    pub fn new(key: &'a ChainKey, entry: Entry) -> Self {
        Self { key, entry }
    }

    /// See [`Entry::with`].
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.entry = self.entry.with(name, value);
        self
    }

    /// When it was, milliseconds since the Unix epoch.
    #[must_use]
    pub fn at_ms(&self) -> i64 {
        self.entry.at_ms
    }

    /// What it says.
    #[must_use]
    pub fn into_entry(self) -> Entry {
        self.entry
    }

    /// The same, to be chained.
    #[must_use]
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// What chains it.
    #[must_use]
    pub fn key(&self) -> &ChainKey {
        self.key
    }
}

impl App {
    /// A row about an act of now.
    #[must_use]
    pub fn note(
        &self,
        actor: impl Into<Actor>,
        action: &'static str,
        object: (&'static str, impl ToString),
    ) -> Note<'_> {
        let object = (object.0, object.1.to_string());
        let entry = Entry::new(self.clock.now_ms(), actor, action, object);
        Note::new(self.keys.audit(), entry)
    }
}

/// The id of a row as text, for [`App::note`].
#[must_use]
pub fn object(kind: &'static str, id: Uuid) -> (&'static str, String) {
    (kind, id.to_string())
}

fn cut(text: &str) -> String {
    let end = (0..=TEXT_MAX.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}
