//! A file that is fetched whole: longer than an exchange, piece by piece, within limits of its own.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::client::{EXCHANGE_MAX, Egress, Outgoing};
use super::dial::Arriving;
use super::error::EgressError;

/// How much a file may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest file, bytes.
    pub bytes: u64,
    /// How long it may take.
    pub total: Duration,
    /// In each of these,
    pub window: Duration,
    /// so many bytes come at least: who sends a byte a minute holds no place here.
    pub least: u64,
}

/// A file on its way. Dropping it ends the connection.
#[derive(Debug)]
pub struct Download<'a> {
    /// The status, whatever it is.
    pub status: StatusCode,
    body: Incoming,
    limits: Limits,
    taken: u64,
    ends: Instant,
    window_ends: Instant,
    in_window: u64,
    _connection: AbortOnDropHandle<()>,
    _place: SemaphorePermit<'a>,
}

impl Egress {
    /// Begins to fetch a file. Its head comes within an exchange's time; redirects are judged as always.
    ///
    /// # Errors
    /// [`EgressError`].
    pub async fn download(&self, url: &str, limits: Limits) -> Result<Download<'_>, EgressError> {
        let place = self.place()?;
        let deadline = Instant::now() + EXCHANGE_MAX;
        let (_, arriving) = timeout_at(deadline, self.follow(Outgoing::get(url)))
            .await
            .map_err(|_| EgressError::TimedOut)??;
        let Arriving {
            response,
            connection,
        } = arriving;
        let (head, body) = response.into_parts();
        if head.status.is_success() && body.size_hint().lower() > limits.bytes {
            return Err(EgressError::TooLarge);
        }
        let now = Instant::now();
        Ok(Download {
            status: head.status,
            body,
            limits,
            taken: 0,
            ends: now + limits.total,
            window_ends: now + limits.window,
            in_window: 0,
            _connection: connection,
            _place: place,
        })
    }
}

impl Download<'_> {
    /// The next piece; none at the end of the file.
    ///
    /// # Errors
    /// [`EgressError`]: the file is too large, too slow, or broke off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, EgressError> {
        loop {
            let until = self.ends.min(self.window_ends);
            let frame = match timeout_at(until, self.body.frame()).await {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(_))) => return Err(EgressError::Truncated),
                Err(_) => {
                    self.turn(Instant::now())?;
                    continue;
                }
            };
            let bytes = frame.into_data().unwrap_or_default();
            self.taken += bytes.len() as u64;
            self.in_window += bytes.len() as u64;
            if self.taken > self.limits.bytes {
                return Err(EgressError::TooLarge);
            }
            let now = Instant::now();
            if now >= self.ends.min(self.window_ends) {
                self.turn(now)?;
            }
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
    }

    /// A window is over, or all of the time.
    fn turn(&mut self, now: Instant) -> Result<(), EgressError> {
        if now >= self.ends || self.in_window < self.limits.least {
            return Err(EgressError::TooSlow);
        }
        self.in_window = 0;
        self.window_ends = now + self.limits.window;
        Ok(())
    }
}
