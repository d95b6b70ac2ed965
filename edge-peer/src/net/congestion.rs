//! How fast TCP sends what is given to peers.
//!
//! The system's own choice (nearly always CUBIC) takes every lost packet for a full link and halves
//! its speed; on a bad Wi-Fi or radio link, where packets are lost for no such reason, it comes to a
//! standstill. BBR does not mind, but is a worse neighbour on a link that really is full. So BBR is
//! chosen only while this PC has to send much again, and only where the kernel offers it.

use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Deserializer};
use tokio::net::TcpStream;

use crate::platform::{self, Sent};

/// What is chosen on a link that loses packets.
const LOSSY: &str = "bbr";
/// How often the system is asked what was sent again.
const LOOK: Duration = Duration::from_secs(10);
/// Fewer segments than this in that time say nothing.
const LEAST_SEGMENTS: u64 = 500;
/// A link that loses more than one segment of this many is lossy: full queues cost less.
const ONE_LOST_OF: u64 = 40;
/// It is called good again below a quarter of that.
const CALM: u64 = 4;
/// The longest name the kernel takes.
const MAX_NAME: usize = 15;

/// Which congestion control uploads use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// The system's, and BBR while the link loses packets.
    #[default]
    Auto,
    /// The system's, always.
    System,
    /// This one, if the kernel offers it.
    Named(String),
}

/// Why a text is no choice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no congestion control; write auto, system, or a name such as bbr or cubic")]
pub struct ChoiceError(String);

impl FromStr for Choice {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        match text {
            "auto" => Ok(Self::Auto),
            "system" => Ok(Self::System),
            name if (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(plain) => {
                Ok(Self::Named(name.to_owned()))
            }
            other => Err(ChoiceError(other.to_owned())),
        }
    }
}

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The choice for the next connection; clones share what is known of the link.
#[derive(Debug, Clone, Default)]
pub struct Congestion {
    choice: Choice,
    lossy: Arc<AtomicBool>,
}

impl Congestion {
    /// By this choice; the link is good until it shows otherwise.
    #[must_use]
    pub fn new(choice: Choice) -> Self {
        Self {
            choice,
            lossy: Arc::default(),
        }
    }

    /// Sets it for a connection. A kernel that does not have it keeps its own.
    pub fn apply(&self, tcp: &TcpStream) {
        let Some(name) = self.name() else {
            return;
        };
        if let Err(e) = platform::set_congestion(tcp, name) {
            tracing::debug!(name, error = %e, "the system's congestion control stays");
        }
    }

    fn name(&self) -> Option<&str> {
        match &self.choice {
            Choice::Auto => self.lossy.load(Ordering::Relaxed).then_some(LOSSY),
            Choice::System => None,
            Choice::Named(name) => Some(name),
        }
    }

    /// Watches what the link loses for as long as it runs.
    pub async fn watch(self) {
        if self.choice != Choice::Auto {
            return std::future::pending().await;
        }
        let mut before = platform::tcp_sent();
        loop {
            tokio::time::sleep(LOOK).await;
            let now = platform::tcp_sent();
            if let (Some(before), Some(now)) = (before, now) {
                let lossy = self.lossy.load(Ordering::Relaxed);
                let judged = judge(lossy, before, now);
                if judged != lossy {
                    tracing::info!(lossy = judged, "the link's losses changed");
                    self.lossy.store(judged, Ordering::Relaxed);
                }
            }
            before = now;
        }
    }
}

/// Whether the link is lossy now, after this was sent.
fn judge(lossy: bool, before: Sent, now: Sent) -> bool {
    let segments = now.segments.saturating_sub(before.segments);
    let again = now.again.saturating_sub(before.again);
    if segments < LEAST_SEGMENTS {
        return lossy;
    }
    let bar = if lossy {
        ONE_LOST_OF * CALM
    } else {
        ONE_LOST_OF
    };
    again.saturating_mul(bar) > segments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn much_that_is_sent_again_makes_a_lossy_link() {
        let none = Sent::default();
        for (was, segments, again, is) in [
            (false, 499, 499, false),
            (true, 499, 0, true),
            (false, 1_000, 0, false),
            (false, 1_000, 25, false),
            (false, 1_000, 26, true),
            (true, 1_000, 7, true),
            (true, 1_000, 6, false),
        ] {
            let now = Sent { segments, again };
            assert_eq!(judge(was, none, now), is, "{was} {segments} {again}");
        }
    }

    #[test]
    fn a_choice_is_a_word() {
        assert_eq!("auto".parse(), Ok(Choice::Auto));
        assert_eq!("system".parse(), Ok(Choice::System));
        assert_eq!("bbr".parse(), Ok(Choice::Named("bbr".into())));
        for wrong in ["", "BBR", "a b", "../x", "sixteen_letters_"] {
            assert!(wrong.parse::<Choice>().is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_name_is_set_and_an_unknown_one_does_no_harm() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let before = platform::congestion(&tcp).unwrap();
        Congestion::new(Choice::Named("no_such".into())).apply(&tcp);
        Congestion::new(Choice::Auto).apply(&tcp);
        assert_eq!(platform::congestion(&tcp).unwrap(), before);
        // Every Linux kernel has Reno.
        Congestion::new(Choice::Named("reno".into())).apply(&tcp);
        assert_eq!(platform::congestion(&tcp).unwrap(), "reno");
    }
}
