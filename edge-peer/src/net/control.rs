//! The control connection to the DMS: kept up, or tried again with patience.
//!
//! One WebSocket over mutual TLS. While it is down everything known stays in force: the site goes
//! on with the last roster, and questions to the DMS are answered "away" at once.

mod session;

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use prometheus::IntCounter;
use rand::RngExt;
use swarm::{
    content::{DeviceId, TitleId},
    wire::{
        Answered, BadChunk, Campaign, Enough, Holding, Lease, LeaseAsk, Pardon, Question,
        RosterChange, RosterSnapshot, SiteInfo, TitleHead, TransferTotals,
    },
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::{address::AddressBook, enrolment::chain, identity::Identity};
use crate::{platform::surroundings::Surroundings, policy::Willing};

/// The most commands waiting for the connection.
const MAX_COMMANDS: usize = 256;
/// The most reports of bad chunks kept while the DMS is away.
const MAX_REPORTS: usize = 64;
/// The first wait after a lost connection, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How long connecting, TLS and the upgrade may take together.
const CONNECT: Duration = Duration::from_secs(10);

/// What the DMS said, or that it cannot say anything now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The connection is up; this is the peer's site.
    Welcome {
        /// None: the peer's address is in no site.
        site: Option<SiteInfo>,
        /// The address of this end.
        local: IpAddr,
    },
    /// The peer's site changed.
    Site(Option<SiteInfo>),
    /// The whole roster.
    Roster(RosterSnapshot),
    /// A change of it.
    Change(RosterChange),
    /// Devices to avoid.
    Banned(Vec<DeviceId>),
    /// WAN bytes leased to this peer.
    Lease(Lease),
    /// The titles that the site is to hold.
    Hold(Vec<Campaign>),
    /// The chunks of one that the site has enough copies of.
    Enough(Enough),
    /// Devices to ask again.
    Pardoned(Vec<Pardon>),
    /// The connection is down.
    Lost,
    /// The DMS does not accept this device: it was revoked.
    Refused,
}

/// Why the DMS did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// It is away.
    #[error("the DMS is away")]
    Away,
    /// It took too long.
    #[error("the DMS did not answer in time")]
    Late,
}

enum Command {
    Bad(BadChunk),
    WantRoster,
    WantLease(LeaseAsk),
    Holding(Holding),
    Worth(u32),
    Resolve {
        title: TitleId,
        reply: Reply<Option<TitleHead>>,
    },
    Ask {
        question: Question,
        reply: Reply<Answered>,
    },
}

/// Where an answer goes.
type Reply<T> = oneshot::Sender<Result<T, AskError>>;

/// Talks to the task that keeps the connection; clones share it.
#[derive(Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
}

impl Handle {
    /// Where is the newest manifest of `title`? None: the DMS has no such complete title.
    ///
    /// # Errors
    /// [`AskError`] when the DMS cannot be asked or does not answer within `patience`.
    pub async fn resolve(
        &self,
        title: TitleId,
        patience: Duration,
    ) -> Result<Option<TitleHead>, AskError> {
        let command = |reply| Command::Resolve { title, reply };
        self.ask(command, patience).await
    }

    /// Passes on what a player asks.
    ///
    /// # Errors
    /// [`AskError`] when the DMS cannot be asked or does not answer within `patience`.
    pub async fn pass_on(
        &self,
        question: Question,
        patience: Duration,
    ) -> Result<Answered, AskError> {
        let command = |reply| Command::Ask { question, reply };
        self.ask(command, patience).await
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
        patience: Duration,
    ) -> Result<T, AskError> {
        let (reply, answer) = oneshot::channel();
        let asking = async {
            let sent = self.commands.send(command(reply)).await;
            sent.map_err(|_| AskError::Away)?;
            answer.await.unwrap_or(Err(AskError::Away))
        };
        let answered = tokio::time::timeout(patience, asking).await;
        answered.unwrap_or(Err(AskError::Late))
    }

    /// Tells the DMS that somebody sent wrong bytes; dropped when too much waits.
    pub fn report(&self, bad: BadChunk) {
        let _ = self.commands.try_send(Command::Bad(bad));
    }

    /// Asks for WAN bytes; pointless, and dropped, while the DMS is away.
    pub fn want_lease(&self, ask: LeaseAsk) {
        let _ = self.commands.try_send(Command::WantLease(ask));
    }

    /// What is here of a campaign; pointless, and dropped, while the DMS is away.
    pub fn holding(&self, holding: Holding) {
        let _ = self.commands.try_send(Command::Holding(holding));
    }

    /// This machine's link is worth so much of its weight, percent.
    pub fn worth(&self, percent: u32) {
        let _ = self.commands.try_send(Command::Worth(percent));
    }

    /// Asks for the whole roster; pointless, and dropped, while the DMS is away.
    pub fn want_roster(&self) {
        let _ = self.commands.try_send(Command::WantRoster);
    }
}

/// What the connection needs to know.
pub struct Link {
    /// Who we are.
    pub identity: Identity,
    /// Where the DMS is.
    pub book: AddressBook,
    /// Source address.
    pub bind: Option<IpAddr>,
    /// The chunk listener's own address.
    pub listening: SocketAddr,
    /// What peers are told instead, if configured.
    pub advertise: Option<SocketAddr>,
    /// Whether this PC gives, and how much.
    pub willing: watch::Receiver<Willing>,
    /// The network around.
    pub surroundings: Surroundings,
    /// The bytes moved so far.
    pub totals: Box<dyn Fn() -> TransferTotals + Send + Sync>,
    /// Counts what is sent.
    pub sent: IntCounter,
    /// Where events go.
    pub events: mpsc::Sender<Event>,
}

/// The task that keeps the connection.
pub struct Keeper {
    link: Link,
    commands: mpsc::Receiver<Command>,
    /// Reports not yet sent, oldest first, at most [`MAX_REPORTS`].
    reports: std::collections::VecDeque<BadChunk>,
    /// What this machine's link is worth, percent of its weight.
    worth: u32,
}

/// Why a connection ended.
#[derive(Debug)]
enum End {
    /// The agent stops.
    Stop,
    /// The DMS asked to come back later.
    Goodbye(Duration),
    /// The DMS does not accept this device.
    Refused,
    /// It broke.
    Broken(String),
}

/// A keeper for this link, and its handle.
#[must_use]
pub fn keeper(link: Link) -> (Keeper, Handle) {
    let (sender, commands) = mpsc::channel(MAX_COMMANDS);
    let keeper = Keeper {
        link,
        commands,
        reports: std::collections::VecDeque::new(),
        worth: 100,
    };
    (keeper, Handle { commands: sender })
}

impl Keeper {
    /// Connects, and connects again, until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut wait = FIRST_WAIT;
        loop {
            let mut welcomed = false;
            let end = match self.connect(&stop).await {
                Ok(session) => self.serve(session, &stop, &mut welcomed).await,
                Err(end) => end,
            };
            if welcomed {
                wait = FIRST_WAIT;
                if self.link.events.send(Event::Lost).await.is_err() {
                    return;
                }
            }
            let pause = match end {
                End::Stop => return,
                End::Goodbye(pause) => pause.min(LONGEST_WAIT),
                End::Refused => {
                    tracing::error!("the DMS refuses this device: it was revoked; enrol it anew");
                    if self.link.events.send(Event::Refused).await.is_err() {
                        return;
                    }
                    LONGEST_WAIT
                }
                End::Broken(why) => {
                    tracing::info!(%why, "no control connection; working on with what is known");
                    wait
                }
            };
            wait = (wait * 2).min(LONGEST_WAIT);
            if !self.idle(jittered(pause), &stop).await {
                return;
            }
        }
    }

    /// The weight to tell the DMS: 0 stays 0, and a bad link is never worth nothing.
    fn weight(&self, own: u32) -> u32 {
        (own.saturating_mul(self.worth) / 100).max(own.min(1))
    }

    /// Answers "away" until it is time to try again; false when the agent stops.
    async fn idle(&mut self, pause: Duration, stop: &CancellationToken) -> bool {
        let until = tokio::time::Instant::now() + pause;
        loop {
            tokio::select! {
                () = stop.cancelled() => return false,
                () = tokio::time::sleep_until(until) => return true,
                command = self.commands.recv() => match command {
                    None => return false,
                    Some(command) => self.put_off(command),
                },
            }
        }
    }

    fn put_off(&mut self, command: Command) {
        match command {
            Command::Bad(bad) => {
                if self.reports.len() < MAX_REPORTS {
                    self.reports.push_back(bad);
                }
            }
            Command::Worth(percent) => self.worth = percent.min(100),
            Command::WantRoster | Command::WantLease(_) | Command::Holding(_) => {}
            Command::Resolve { reply, .. } => {
                let _ = reply.send(Err(AskError::Away));
            }
            Command::Ask { reply, .. } => {
                let _ = reply.send(Err(AskError::Away));
            }
        }
    }
}

/// Between half of the wait and all of it, so that a thousand agents do not come back at once.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(rand::rng().random_range(0.5..=1.0))
}

fn broken(error: &dyn std::error::Error) -> End {
    End::Broken(chain(error))
}
