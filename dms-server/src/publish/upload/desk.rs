//! One writer an upload; the newest request wins.
//!
//! A client whose connection broke asks again while the server may still be waiting for bytes on
//! the old one. So whoever comes asks the one at work to stop, and waits until it has made durable
//! what it got.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::refusal::Refusal;

/// How long a request waits for the one at work to stop.
const TAKEOVER: Duration = Duration::from_secs(5);

/// Who is writing to which upload.
#[derive(Clone, Debug)]
pub struct Desk {
    patience: Duration,
    /// Guards the map alone; no await happens under it.
    seats: Arc<Mutex<HashMap<Uuid, Seat>>>,
}

#[derive(Clone, Debug, Default)]
struct Seat {
    lock: Arc<tokio::sync::Mutex<()>>,
    /// Tells the one who sits to get up. Replaced with every change of hands.
    leave: CancellationToken,
}

/// The right to read and change an upload's file.
pub struct Place {
    seats: Arc<Mutex<HashMap<Uuid, Seat>>>,
    id: Uuid,
    leave: CancellationToken,
    held: Option<OwnedMutexGuard<()>>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            patience: TAKEOVER,
            seats: Arc::default(),
        }
    }
}

impl Desk {
    /// Asks the one at work to stop and takes its place.
    ///
    /// # Errors
    /// [`Refusal::Busy`] when it does not get up in time.
    pub async fn take(&self, id: Uuid) -> Result<Place, Refusal> {
        let lock = {
            let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
            let seat = seats.entry(id).or_default();
            seat.leave.cancel();
            seat.lock.clone()
        };
        let held = tokio::time::timeout(self.patience, lock.clone().lock_owned())
            .await
            .map_err(|_| Refusal::Busy)?;
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.sit(&mut seats, id, lock, held))
    }

    /// The place, if nobody is at work.
    pub fn take_free(&self, id: Uuid) -> Option<Place> {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let lock = seats.entry(id).or_default().lock.clone();
        let held = lock.clone().try_lock_owned().ok()?;
        Some(self.sit(&mut seats, id, lock, held))
    }

    fn sit(
        &self,
        seats: &mut HashMap<Uuid, Seat>,
        id: Uuid,
        lock: Arc<tokio::sync::Mutex<()>>,
        held: OwnedMutexGuard<()>,
    ) -> Place {
        let leave = CancellationToken::new();
        let seat = Seat {
            lock,
            leave: leave.clone(),
        };
        seats.insert(id, seat);
        Place {
            seats: self.seats.clone(),
            id,
            leave,
            held: Some(held),
        }
    }

    /// Uploads somebody is working on.
    #[cfg(test)]
    pub fn occupied(&self) -> usize {
        self.seats
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}

impl Place {
    /// Ends when somebody else wants the place.
    pub async fn wanted(&self) {
        self.leave.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.held.take());
        // Besides the map's own, a waiting request holds the lock: then the seat stays.
        let alone = seats
            .get(&self.id)
            .is_some_and(|seat| Arc::strong_count(&seat.lock) == 1);
        if alone {
            seats.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_newest_request_gets_the_place_and_an_empty_desk_is_empty() {
        let (desk, id) = (Desk::default(), Uuid::now_v7());
        let first = desk.take(id).await.unwrap();
        let other = desk.clone();
        let second = tokio::spawn(async move { other.take(id).await.map(|_| ()) });
        first.wanted().await;
        drop(first);
        second.await.unwrap().unwrap();
        assert_eq!(desk.occupied(), 0);
    }

    #[tokio::test]
    async fn who_only_takes_a_free_place_disturbs_nobody() {
        let (desk, id) = (Desk::default(), Uuid::now_v7());
        let first = desk.take_free(id).unwrap();
        assert!(desk.take_free(id).is_none());
        let still = tokio::time::timeout(Duration::from_millis(20), first.wanted()).await;
        assert!(still.is_err(), "nobody wants it");
        drop(first);
        assert!(desk.take_free(id).is_some());
        assert_eq!(desk.occupied(), 0);
    }

    #[tokio::test]
    async fn one_that_does_not_get_up_makes_the_next_one_busy() {
        let (mut desk, id) = (Desk::default(), Uuid::now_v7());
        desk.patience = Duration::from_millis(20);
        let first = desk.take(id).await.unwrap();
        assert!(matches!(desk.take(id).await, Err(Refusal::Busy)));
        assert!(desk.take(Uuid::now_v7()).await.is_ok());
        drop(first);
        assert!(desk.take(id).await.is_ok());
    }
}
