//! Sign-ins that were refused, on their way into the audit log: one row a minute for each name and address, however
//! often somebody guesses, and no more than so many rows.
//!
//! A name that nobody here has is not written down: people type their password into the field above it, and the log
//! cannot forget. Kept in memory until the minute is over; a server that is killed loses that minute.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use super::db;
use crate::audit::{Actor, Entry, act};
use crate::state::App;

/// How often the rows are written.
const EACH: Duration = Duration::from_secs(60);
/// Rows of one minute; what is beyond is counted in one more.
const ROWS_MAX: usize = 100;

/// Why somebody was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The name or the password.
    Password,
    /// The one-time code.
    Code,
    /// Too many tries before.
    TooMany,
    /// The account may do nothing.
    Closed,
    /// The token.
    Token,
    /// What came back from the identity provider.
    Provider,
}

impl Why {
    const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Code => "code",
            Self::TooMany => "too_many_tries",
            Self::Closed => "account_closed",
            Self::Token => "token",
            Self::Provider => "provider",
        }
    }
}

/// Whose account somebody tried to get into.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The person.
    pub id: Uuid,
    /// What they sign in as.
    pub login: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    target: Option<Target>,
    from: Option<IpAddr>,
    why: Why,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    tries: u64,
    first_ms: i64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Refusals {
    /// Held for a look-up, never over an await.
    minute: Mutex<Minute>,
}

#[derive(Debug, Default)]
struct Minute {
    counts: BTreeMap<Key, Count>,
    beyond: Option<Count>,
}

impl Refusals {
    /// Notes one.
    pub fn note(&self, target: Option<Target>, from: Option<IpAddr>, why: Why, now_ms: i64) {
        let key = Key { target, from, why };
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = Count {
            tries: 0,
            first_ms: now_ms,
        };
        let has_room = minute.counts.len() < ROWS_MAX || minute.counts.contains_key(&key);
        let count = if has_room {
            minute.counts.entry(key).or_insert(fresh)
        } else {
            minute.beyond.get_or_insert(fresh)
        };
        count.tries = count.tries.saturating_add(1);
    }

    /// What the log is to say of the time until now.
    fn take(&self, now_ms: i64) -> Vec<Entry> {
        let minute = {
            let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *minute)
        };
        let entry = |object: String, count: Count| {
            Entry::new(
                now_ms,
                Actor::system(),
                act::SIGN_IN_REFUSED,
                ("person", object),
            )
            .with("tries", count.tries)
            .with("first_ms", count.first_ms)
        };
        let row = |(key, count): (Key, Count)| {
            let id = key.target.as_ref().map(|t| t.id.to_string());
            let mut row = entry(id.unwrap_or_default(), count).with("why", key.why.name());
            if let Some(target) = key.target {
                row = row.with("login", target.login);
            }
            match key.from {
                Some(from) => row.with("address", from.to_string()),
                None => row,
            }
        };
        let beyond = minute.beyond.map(|count| {
            // So many rows say enough; who wants to fill the log gets no further.
            entry(String::new(), count).with("why", "others")
        });
        minute.counts.into_iter().map(row).chain(beyond).collect()
    }
}

/// Writes what was noted.
pub async fn write(app: &App) {
    let entries = app.people.refusals.take(app.clock.now_ms());
    if entries.is_empty() {
        return;
    }
    if let Err(error) = db::add_refusals(&app.db, &entries, app.keys.audit()).await {
        tracing::error!(rows = entries.len(), %error, "refused sign-ins are missing in the audit log");
    }
}

/// Writes every minute, and at the server's end.
pub async fn run(app: App) {
    while !app.stop.is_cancelled() {
        tokio::select! {
            () = tokio::time::sleep(EACH) => {}
            () = app.stop.cancelled() => {}
        }
        write(&app).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_are_counted_for_each_name_and_address_and_rows_have_an_end() {
        let refusals = Refusals::default();
        let ana = Target {
            id: Uuid::from_u128(1),
            login: "ana".into(),
        };
        let address = |n: u32| Some(IpAddr::from(n.to_be_bytes()));
        for n in 0..10_000_i64 {
            refusals.note(Some(ana.clone()), address(1), Why::Password, n);
        }
        refusals.note(Some(ana.clone()), address(2), Why::Password, 5);
        refusals.note(Some(ana), address(1), Why::Code, 6);
        assert_eq!(refusals.take(60_000).len(), 3);
        assert!(refusals.take(120_000).is_empty(), "told once");
        for n in 0..100_000 {
            refusals.note(None, address(n), Why::Password, 1);
        }
        let rows = refusals.take(60_000);
        assert_eq!(rows.len(), ROWS_MAX + 1);
        let last = format!("{:?}", rows.last());
        let beyond = 100_000 - ROWS_MAX;
        assert!(
            last.contains("others") && last.contains(&beyond.to_string()),
            "{last}"
        );
    }
}
