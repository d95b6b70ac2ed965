//! An arrival from the provider: the account, its groups and its session in one transaction.

use std::collections::BTreeSet;

use sqlx::FromRow;
use uuid::Uuid;

use super::claims::Identity;
use crate::audit::{Actor, ChainKey, Entry, Note, act, object};
use crate::auth::SecretHash;
use crate::db::Db;
use crate::{append, tx};

/// A group of the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Issuer and name.
    pub external_id: String,
    /// What people call it.
    pub name: String,
}

/// Somebody the provider vouches for.
#[derive(Clone, Copy)]
pub struct Arrival<'a> {
    /// Issuer and subject.
    pub external_id: &'a str,
    /// Who it is.
    pub identity: &'a Identity,
    /// Their roles; `None`: they stay, and a new person is a viewer.
    pub roles: Option<&'a str>,
    /// Their groups, sorted; `None`: they stay.
    pub groups: Option<&'a [Group]>,
    /// The new session.
    pub session: SecretHash,
    /// The session that it takes the place of.
    pub old: Option<SecretHash>,
    /// When the new one ends, milliseconds since the Unix epoch.
    pub until_ms: i64,
    /// Now, milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// Chains the audit log.
    pub key: &'a ChainKey,
}

/// What came of an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// They are signed in.
    In,
    /// Another account has the sign-in name.
    LoginTaken,
    /// The account may do nothing.
    Closed,
}

/// What is there of a person.
#[derive(FromRow)]
struct There {
    id: Uuid,
    login: String,
    name: String,
    email: String,
    department: String,
    source: String,
    roles: String,
    active: i64,
}

/// Memberships that changed.
#[derive(Default)]
struct Moved {
    made: usize,
    added: usize,
    removed: usize,
}

const FIND: &str = "SELECT id, login, name, email, department, source, roles, active FROM people \
                    WHERE (external_id = $1 AND source = 'oidc') OR subject = $1";
// The company's directory made the account, the company's provider vouches for whoever has its name: once, and for good.
const LINK: &str = "UPDATE people SET subject = $1 WHERE login = $2 AND source = 'scim' \
                    AND subject IS NULL AND active = 1 \
                    RETURNING id, login, name, email, department, source, roles, active";
const TAKEN: &str = "SELECT COUNT(*) FROM people WHERE login = $1";
const ADD: &str = "INSERT INTO people (id, login, name, email, department, source, external_id, roles, active, \
                   password, totp, totp_proven, totp_step, created_ms, updated_ms) \
                   VALUES ($1, $2, $3, $4, $5, 'oidc', $6, $7, 1, NULL, NULL, 0, 0, $8, $8)";
const CHANGE: &str = "UPDATE people SET login = $1, name = $2, email = $3, department = $4, roles = $5, \
                      updated_ms = $6 WHERE id = $7";
const IN_GROUPS: &str = "SELECT m.group_id FROM memberships m JOIN person_groups g ON g.id = m.group_id \
                         WHERE m.person_id = $1 AND g.source = 'oidc'";
const FIND_GROUP: &str = "SELECT id FROM person_groups WHERE external_id = $1 AND source = 'oidc'";
const GROUP_TAKEN: &str = "SELECT COUNT(*) FROM person_groups WHERE name = $1";
const ADD_GROUP: &str = "INSERT INTO person_groups (id, name, source, external_id, roles, created_ms) \
                         VALUES ($1, $2, 'oidc', $3, '', $4)";
const JOIN: &str = "INSERT INTO memberships (group_id, person_id) VALUES ($1, $2) \
                    ON CONFLICT (group_id, person_id) DO NOTHING";
const LEAVE: &str = "DELETE FROM memberships WHERE group_id = $1 AND person_id = $2";
const ENDED: &str = "DELETE FROM sessions WHERE expires_ms <= $1 OR hash = $2";
const BEGIN: &str = "INSERT INTO sessions (id, hash, token_id, person_id, proven, created_ms, expires_ms) \
                     VALUES ($1, $2, NULL, $3, 1, $4, $5)";

/// Runs a statement on the transaction with these values; answers how many rows it changed.
macro_rules! run {
    ($tx:ident, $sql:expr, $($value:expr),+) => {
        sqlx::query($sql)$(.bind($value))+.execute(&mut *$tx).await?.rows_affected()
    };
}

/// Makes the account's row what the provider says; answers it, and which act that was, if any.
macro_rules! save_person {
    ($tx:ident, $arrival:ident, $there:expr) => {{
        let identity = $arrival.identity;
        let taken: i64 = sqlx::query_scalar(TAKEN)
            .bind(&identity.login)
            .fetch_one(&mut *$tx)
            .await?;
        match $there {
            None if taken > 0 => return Ok(Arrived::LoginTaken),
            None => {
                let new = $arrival.person();
                run!(
                    $tx,
                    ADD,
                    new.id,
                    &new.login,
                    &new.name,
                    &new.email,
                    &new.department,
                    $arrival.external_id,
                    &new.roles,
                    $arrival.now_ms
                );
                (new, Some(act::PERSON_MADE))
            }
            Some(there) if there.active == 0 => return Ok(Arrived::Closed),
            // What the directory says of somebody holds; the provider only says that it is them.
            Some(there) if there.source == "scim" => (there, None),
            Some(there) => {
                let (now, changed) = $arrival.changed(there, taken > 0);
                if changed {
                    run!(
                        $tx,
                        CHANGE,
                        &now.login,
                        &now.name,
                        &now.email,
                        &now.department,
                        &now.roles,
                        $arrival.now_ms,
                        now.id
                    );
                }
                (now, changed.then_some(act::PERSON_CHANGED))
            }
        }
    }};
}

/// Makes the memberships in the provider's groups what it says; those in others stay.
macro_rules! set_groups {
    ($tx:ident, $arrival:ident, $person:expr) => {{
        let mut moved = Moved::default();
        if let Some(groups) = $arrival.groups {
            let before: Vec<Uuid> = sqlx::query_scalar(IN_GROUPS)
                .bind($person)
                .fetch_all(&mut *$tx)
                .await?;
            let before: BTreeSet<_> = before.into_iter().collect();
            let mut wanted = BTreeSet::new();
            for group in groups {
                let there: Option<Uuid> = sqlx::query_scalar(FIND_GROUP)
                    .bind(&group.external_id)
                    .fetch_optional(&mut *$tx)
                    .await?;
                let id = there.unwrap_or_else(Uuid::now_v7);
                wanted.insert(id);
                if there.is_none() {
                    let taken: i64 = sqlx::query_scalar(GROUP_TAKEN)
                        .bind(&group.name)
                        .fetch_one(&mut *$tx)
                        .await?;
                    // A group that was made here is not the provider's, whatever it is called.
                    let name = match taken {
                        0 => group.name.clone(),
                        _ => format!("{} ({})", group.name, id.simple()),
                    };
                    run!(
                        $tx,
                        ADD_GROUP,
                        id,
                        name,
                        &group.external_id,
                        $arrival.now_ms
                    );
                    moved.made += 1;
                }
            }
            for gone in before.difference(&wanted) {
                run!($tx, LEAVE, *gone, $person);
                moved.removed += 1;
            }
            for new in wanted.difference(&before) {
                run!($tx, JOIN, *new, $person);
                moved.added += 1;
            }
        }
        moved
    }};
}

impl Arrival<'_> {
    /// The account of somebody who was never here.
    fn person(&self) -> There {
        There {
            id: Uuid::now_v7(),
            login: self.identity.login.clone(),
            name: self.identity.name.clone(),
            email: self.identity.email.clone(),
            department: self.identity.department.clone(),
            source: "oidc".to_owned(),
            roles: self.roles.unwrap_or("viewer").to_owned(),
            active: 1,
        }
    }

    /// The account as it is to be, and whether that is something else. What the provider does not tell
    /// stays, and so does a sign-in name whose successor somebody else has.
    fn changed(&self, was: There, login_taken: bool) -> (There, bool) {
        let or = |new: &str, old: &str| if new.is_empty() { old } else { new }.to_owned();
        let login = if login_taken {
            &was.login
        } else {
            &self.identity.login
        };
        let now = There {
            id: was.id,
            login: login.clone(),
            name: or(&self.identity.name, &was.name),
            email: or(&self.identity.email, &was.email),
            department: or(&self.identity.department, &was.department),
            source: was.source.clone(),
            roles: self.roles.unwrap_or(&was.roles).to_owned(),
            active: was.active,
        };
        let fields =
            |p: &There| [&p.login, &p.name, &p.email, &p.department, &p.roles].map(String::clone);
        let changed = fields(&now) != fields(&was);
        (now, changed)
    }

    fn note(&self, actor: Actor, action: &'static str, of: (&'static str, String)) -> Note<'_> {
        let entry = Entry::new(self.now_ms, actor, action, of);
        Note::new(self.key, entry).with("by", "oidc")
    }
}

/// Signs somebody in.
///
/// # Errors
/// The database's; a unique violation when the same person or group came in twice at once.
pub async fn arrive(db: &Db, arrival: Arrival<'_>) -> sqlx::Result<Arrived> {
    let arrived = tx!(db, |tx| {
        let there: Option<There> = sqlx::query_as(FIND)
            .bind(arrival.external_id)
            .fetch_optional(&mut *tx)
            .await?;
        let mut linked = false;
        let there = match there {
            None => {
                let found: Option<There> = sqlx::query_as(LINK)
                    .bind(arrival.external_id)
                    .bind(&arrival.identity.login)
                    .fetch_optional(&mut *tx)
                    .await?;
                linked = found.is_some();
                found
            }
            there => there,
        };
        let (person, saved) = save_person!(tx, arrival, there);
        let moved = set_groups!(tx, arrival, person.id);
        let old = arrival.old.unwrap_or(arrival.session);
        run!(tx, ENDED, arrival.now_ms, old.as_bytes());
        run!(
            tx,
            BEGIN,
            Uuid::now_v7(),
            arrival.session.as_bytes(),
            person.id,
            arrival.now_ms,
            arrival.until_ms
        );
        if let Some(action) = saved {
            let note = arrival
                .note(Actor::system(), action, object("person", person.id))
                .with("login", person.login.as_str())
                .with("roles", person.roles.as_str());
            append!(tx, &note);
        }
        if linked {
            let of = object("person", person.id);
            let note = arrival.note(Actor::system(), act::PERSON_LINKED, of);
            append!(tx, &note);
        }
        if moved.added + moved.removed > 0 {
            let note = arrival
                .note(
                    Actor::system(),
                    act::GROUPS_SET,
                    object("person", person.id),
                )
                .with("made", moved.made)
                .with("added", moved.added)
                .with("removed", moved.removed);
            append!(tx, &note);
        }
        let actor = Actor::person(person.id, &person.name);
        let note = arrival.note(actor, act::SIGNED_IN, ("session", String::new()));
        append!(tx, &note);
        Arrived::In
    });
    Ok(arrived)
}
