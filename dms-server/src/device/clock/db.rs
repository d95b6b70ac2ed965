//! What the watches of devices said last.

use drm::lease::{Contact, Verdict, judge};
use uuid::Uuid;

use super::Owner;
use crate::audit::Note;
use crate::db::Db;
use crate::{append, tx};

/// Judges a contact by the last one and remembers it. The log gets `note` at the first contact that went back.
///
/// # Errors
/// The database's.
pub async fn heard(
    db: &Db,
    owner: Owner,
    contact: Contact,
    note: &Note<'_>,
) -> sqlx::Result<Verdict> {
    let device = Uuid::from_bytes(owner.device.0);
    let person = owner.person.unwrap_or(Uuid::nil());
    let last = "SELECT counter, mark_ms, went_back_ms FROM device_watches \
                WHERE device_id = $1 AND person_id = $2";
    let keep = "INSERT INTO device_watches (device_id, person_id, counter, mark_ms, seen_ms) \
                VALUES ($1, $2, $3, $4, $5) ON CONFLICT (device_id, person_id) DO UPDATE SET \
                counter = excluded.counter, mark_ms = excluded.mark_ms, seen_ms = excluded.seen_ms";
    let went_back =
        "UPDATE device_watches SET went_back_ms = $3 WHERE device_id = $1 AND person_id = $2";
    let now_ms = note.at_ms();
    let verdict = tx!(db, |tx| {
        let row: Option<(i64, i64, Option<i64>)> = sqlx::query_as(last)
            .bind(device)
            .bind(person)
            .fetch_optional(&mut *tx)
            .await?;
        let known_back = row.is_some_and(|(_, _, went_back_ms)| went_back_ms.is_some());
        let last = row.map(|(counter, mark_ms, _)| Contact {
            counter: counter.unsigned_abs(),
            mark_ms: mark_ms.unsigned_abs(),
        });
        let verdict = if known_back {
            Verdict::WentBack
        } else {
            judge(last, contact)
        };
        match verdict {
            Verdict::Fine => {
                let kept = contact.kept(now_ms.unsigned_abs());
                sqlx::query(keep)
                    .bind(device)
                    .bind(person)
                    .bind(i64::try_from(kept.counter).unwrap_or(i64::MAX))
                    .bind(i64::try_from(kept.mark_ms).unwrap_or(i64::MAX))
                    .bind(now_ms)
                    .execute(&mut *tx)
                    .await?;
            }
            Verdict::WentBack if known_back => {}
            Verdict::WentBack => {
                sqlx::query(went_back)
                    .bind(device)
                    .bind(person)
                    .bind(now_ms)
                    .execute(&mut *tx)
                    .await?;
                append!(tx, note);
            }
        }
        verdict
    });
    Ok(verdict)
}

/// Forgets the watches of a device: an administrator has looked. False when there is none.
///
/// # Errors
/// The database's.
pub async fn clear(db: &Db, device: Uuid, note: &Note<'_>) -> sqlx::Result<bool> {
    let cleared = tx!(db, |tx| {
        let cleared = sqlx::query("DELETE FROM device_watches WHERE device_id = $1")
            .bind(device)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if cleared > 0 {
            append!(tx, note);
        }
        cleared
    });
    Ok(cleared > 0)
}
