//! How many bytes of a chunk are worth waking up for.
//!
//! A thin link brings a packet every millisecond or two, and a program that is woken for each does little
//! else: a wake-up, a read and a look at an unfinished TLS record cost more than decrypting and hashing what
//! came. So the system is asked to gather what comes in [`WAIT`], and not to wake this program before.
//! Nothing is later for that: a chunk is of no use before its last byte, and the last [`TAIL`] bytes are
//! taken as they come.

use std::{
    io,
    time::{Duration, Instant},
};

use tokio::net::TcpStream;

use crate::platform;

/// As long as this may be gathered.
const WAIT: Duration = Duration::from_millis(50);
/// The most bytes gathered: what is read at once.
const MOST: u32 = 64 << 10;
/// The least that are worth asking for.
const LEAST: u32 = 4 << 10;
/// What may be missing of a TLS record that has begun, bytes, and as much again for the seams.
const TAIL: u64 = 32 << 10;

/// How many bytes to gather before the next wake-up. `missing` are still to come of the body, `got` came of it
/// in `since`.
///
/// Never more than what is certain to come: what is missing, less one record that may be here in part.
fn worth(missing: u64, got: u64, since: Duration) -> u32 {
    let certain = missing.saturating_sub(TAIL);
    let micros = since.as_micros().max(1);
    let in_time = u128::from(got) * WAIT.as_micros() / micros;
    let bytes = u128::from(certain).min(in_time).min(u128::from(MOST));
    let bytes = u32::try_from(bytes).unwrap_or(MOST);
    // Powers of two, so that the system is not told of every little change.
    if bytes < LEAST { 1 } else { 1 << bytes.ilog2() }
}

/// A connection's socket, beside the one that reads from it.
#[derive(Debug)]
pub(super) struct Socket {
    #[cfg(unix)]
    socket: std::os::fd::OwnedFd,
    told: u32,
}

impl Socket {
    /// The socket of this connection.
    ///
    /// # Errors
    /// What the system said: too many open files.
    pub(super) fn of(tcp: &TcpStream) -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            socket: std::os::fd::AsFd::as_fd(tcp).try_clone_to_owned()?,
            told: 1,
        })
    }

    /// Wakes this program when so many bytes came.
    fn wake_at(&mut self, bytes: u32) {
        if bytes == self.told {
            return;
        }
        self.told = bytes;
        #[cfg(unix)]
        if let Err(e) = platform::set_receive_low_water(&self.socket, bytes) {
            tracing::debug!(error = %e, "the system wakes the agent as it likes");
        }
    }
}

/// A body on its way in. Dropped, the socket wakes this program for every byte again.
pub(super) struct Gathering<'a> {
    socket: &'a mut Socket,
    missing: u64,
    got: u64,
    since: Instant,
}

impl<'a> Gathering<'a> {
    /// Of a body of so many bytes.
    pub(super) fn new(socket: &'a mut Socket, length: u64) -> Self {
        Self {
            socket,
            missing: length,
            got: 0,
            since: Instant::now(),
        }
    }

    /// So many bytes came.
    pub(super) fn came(&mut self, bytes: u64) {
        self.got += bytes;
        self.missing = self.missing.saturating_sub(bytes);
        let worth = worth(self.missing, self.got, self.since.elapsed());
        self.socket.wake_at(worth);
    }

    /// Less came than was thought: whatever there is, now.
    pub(super) fn hurry(&mut self) {
        self.socket.wake_at(1);
        // What came before says little about what comes now.
        (self.got, self.since) = (0, Instant::now());
    }

    /// How long what was asked for may take before it is to be hurried.
    pub(super) const PATIENCE: Duration = WAIT.saturating_mul(5);
}

impl Drop for Gathering<'_> {
    fn drop(&mut self) {
        self.socket.wake_at(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_gathered_than_comes_in_time_and_is_certain_to_come() {
        let s = Duration::from_secs(1);
        // Missing, came, in that time -> bytes a wake-up.
        for (missing, got, since, bytes) in [
            (1 << 20, 0, s, 1),
            (1 << 20, 600_000, s, 16 << 10),
            (1 << 20, 1 << 20, Duration::ZERO, MOST),
            (1 << 20, 125_000_000, s, MOST),
            (1 << 20, 10_000, s, 1),
            (TAIL + (8 << 10), 125_000_000, s, 8 << 10),
            (TAIL + 100, 125_000_000, s, 1),
            (TAIL, 125_000_000, s, 1),
            (0, 125_000_000, s, 1),
        ] {
            assert_eq!(
                worth(missing, got, since),
                bytes,
                "{missing} {got} {since:?}"
            );
        }
        assert_eq!(worth(u64::MAX, u64::MAX, Duration::ZERO), MOST);
    }
}
