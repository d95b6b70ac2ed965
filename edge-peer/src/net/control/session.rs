//! One control connection from the TCP handshake to its end.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use rustls_pki_types::ServerName;
use swarm::wire::{self, Answered, Asked, Rate, TitleHead, ToDms, ToPeer};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Error, Message, http::StatusCode, protocol::WebSocketConfig},
};
use tokio_util::sync::CancellationToken;

use super::{AskError, CONNECT, Command, End, Event, Keeper, Reply, broken};
use crate::net::{counted::Counted, identity::ORIGIN_NAME};

/// The most questions to the DMS without an answer.
const MAX_QUESTIONS: usize = 256;
/// Heartbeats outside these bounds are a mistake.
const HEARTBEATS: std::ops::RangeInclusive<u32> = 1..=300;
/// How long a frame may take to leave.
const SEND: Duration = Duration::from_secs(10);

/// What the ping holds that measures the round trip.
const ROUND_TRIP: bytes::Bytes = bytes::Bytes::from_static(b"round trip");

type Socket = WebSocketStream<TlsStream<Counted<TcpStream>>>;

/// A connection that is up.
pub(super) struct Session {
    socket: Socket,
    local: SocketAddr,
}

/// What the DMS still owes answers to.
#[derive(Default)]
struct Questions {
    last: u32,
    heads: HashMap<u32, Reply<Option<TitleHead>>>,
    passed: HashMap<u32, Reply<Answered>>,
}

impl Questions {
    /// The number of the next question; none when too many wait for answers.
    fn next(&mut self) -> Option<u32> {
        self.heads.retain(|_, reply| !reply.is_closed());
        self.passed.retain(|_, reply| !reply.is_closed());
        if self.heads.len() + self.passed.len() >= MAX_QUESTIONS {
            return None;
        }
        self.last = self.last.wrapping_add(1);
        Some(self.last)
    }

    /// Nothing is answered any more.
    fn give_up(self) {
        for reply in self.heads.into_values() {
            let _ = reply.send(Err(AskError::Away));
        }
        for reply in self.passed.into_values() {
            let _ = reply.send(Err(AskError::Away));
        }
    }
}

impl Keeper {
    pub(super) async fn connect(&self, stop: &CancellationToken) -> Result<Session, End> {
        tokio::select! {
            () = stop.cancelled() => Err(End::Stop),
            connected = timeout(CONNECT, self.dial()) => {
                connected.unwrap_or_else(|_| Err(End::Broken("it takes too long".into())))
            }
        }
    }

    async fn dial(&self) -> Result<Session, End> {
        let tcp = self.dial_tcp().await?;
        let local = tcp.local_addr().map_err(|e| broken(&e))?;
        let config = self.link.identity.client_config().map_err(|e| broken(&e))?;
        let name = ServerName::try_from(ORIGIN_NAME).map_err(|e| broken(&e))?;
        let tls = TlsConnector::from(Arc::new(config))
            .connect(name, Counted::new(tcp, self.link.sent.clone()))
            .await;
        let tls = tls.map_err(|e| broken(&e))?;
        let limits = WebSocketConfig::default()
            .max_message_size(Some(wire::MAX_CONTROL_FRAME))
            .max_frame_size(Some(wire::MAX_CONTROL_FRAME));
        let url = format!("wss://{ORIGIN_NAME}/v1/control");
        let upgraded = client_async_with_config(url, tls, Some(limits)).await;
        let (socket, _) = upgraded.map_err(|e| match &e {
            Error::Http(answer) if answer.status() == StatusCode::FORBIDDEN => End::Refused,
            _ => broken(&e),
        })?;
        Ok(Session { socket, local })
    }

    async fn dial_tcp(&self) -> Result<TcpStream, End> {
        let addresses = self.link.book.origin().lookup().await;
        let addresses = addresses.map_err(|e| broken(&e))?;
        let mut last = End::Broken("the DMS's host has no address".into());
        for address in addresses {
            match dial_from(self.link.bind, address).await {
                Ok(tcp) => return Ok(tcp),
                Err(e) => last = End::Broken(format!("{address}: {e}")),
            }
        }
        Err(last)
    }

    pub(super) async fn serve(
        &mut self,
        mut session: Session,
        stop: &CancellationToken,
        welcomed: &mut bool,
    ) -> End {
        let mut questions = Questions::default();
        let heartbeat = match self.greet(&mut session, &mut questions).await {
            Ok(heartbeat) => heartbeat,
            Err(end) => return end,
        };
        *welcomed = true;
        let end = self
            .converse(&mut session, stop, heartbeat, &mut questions)
            .await;
        if matches!(end, End::Stop) {
            let _ = self.send_state(&mut session).await;
            let _ = self
                .send(&mut session, ToDms::Totals((self.link.totals)()))
                .await;
            let _ = timeout(SEND, session.socket.close(None)).await;
        }
        questions.give_up();
        end
    }

    /// Says hello, and waits for the welcome; answers how often to show signs of life. Players that asked
    /// already do not wait for the welcome, too.
    async fn greet(
        &mut self,
        session: &mut Session,
        questions: &mut Questions,
    ) -> Result<Duration, End> {
        let mut asked = Vec::new();
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Resolve { .. } | Command::Ask { .. } => asked.push(command),
                other => self.put_off(other),
            }
        }
        let willing = *self.link.willing.borrow_and_update();
        let hello = ToDms::Hello {
            protocol: wire::PROTOCOL,
            agent: env!("CARGO_PKG_VERSION").into(),
            listen: self.told_address(session.local.ip()).to_string(),
            weight: self.weight(willing.weight),
            sharing: willing.sharing,
        };
        self.send(session, hello).await?;
        for command in asked {
            self.obey(session, command, questions).await?;
        }
        let first = timeout(CONNECT, session.socket.next()).await;
        let first = first.map_err(|_| End::Broken("no welcome came".into()))?;
        let Some(ToPeer::Welcome {
            protocol,
            device,
            site,
            heartbeat_s,
        }) = understand(first)?
        else {
            return Err(End::Broken("the first frame was no welcome".into()));
        };
        if protocol != wire::PROTOCOL {
            let ours = wire::PROTOCOL;
            let text = format!("the DMS speaks protocol {protocol}, this agent {ours}: update it");
            return Err(End::Broken(text));
        }
        if device != self.link.identity.device() {
            return Err(End::Broken("the DMS takes us for another device".into()));
        }
        tracing::info!(
            site = site.as_ref().map_or("none", |s| s.name.as_str()),
            wan_cap = site.as_ref().map_or(0 as Rate, |s| s.wan_cap),
            "control connection is up"
        );
        let local = session.local.ip();
        self.tell(Event::Welcome { site, local }).await?;
        self.flush_reports(session).await?;
        let heartbeat = heartbeat_s.clamp(*HEARTBEATS.start(), *HEARTBEATS.end());
        Ok(Duration::from_secs(heartbeat.into()))
    }

    async fn converse(
        &mut self,
        session: &mut Session,
        stop: &CancellationToken,
        heartbeat: Duration,
        questions: &mut Questions,
    ) -> End {
        let often = heartbeat.mul_f64(0.8);
        let mut pulse = interval_at(Instant::now() + often, often);
        pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        if let Err(end) = transmit(session, Message::Ping(ROUND_TRIP)).await {
            return end;
        }
        let mut asked = Some(Instant::now());
        loop {
            let silence = heard + heartbeat * 3;
            let step = tokio::select! {
                () = stop.cancelled() => return End::Stop,
                () = tokio::time::sleep_until(silence) => {
                    return End::Broken("the DMS is silent".into());
                }
                frame = session.socket.next() => {
                    heard = Instant::now();
                    match asked.take_if(|_| is_round_trip(&frame)) {
                        Some(asked) => self.send_seen(session, asked.elapsed()).await,
                        None => self.hear(frame, questions).await,
                    }
                }
                changed = self.link.willing.changed() => match changed {
                    Ok(()) => self.send_state(session).await,
                    Err(_) => return End::Stop,
                },
                command = self.commands.recv() => match command {
                    None => return End::Stop,
                    Some(command) => self.obey(session, command, questions).await,
                },
                _ = pulse.tick() => self.beat(session).await,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn hear(
        &mut self,
        frame: Option<Result<Message, Error>>,
        questions: &mut Questions,
    ) -> Result<(), End> {
        match understand(frame)? {
            None => Ok(()),
            Some(ToPeer::Head { request, head }) => {
                if let Some(reply) = questions.heads.remove(&request) {
                    let _ = reply.send(Ok(head));
                }
                Ok(())
            }
            Some(ToPeer::Answer(answered)) => {
                if let Some(reply) = questions.passed.remove(&answered.request) {
                    let _ = reply.send(Ok(answered));
                }
                Ok(())
            }
            Some(ToPeer::Goodbye { retry_after_ms }) => {
                Err(End::Goodbye(Duration::from_millis(retry_after_ms.into())))
            }
            Some(ToPeer::Roster(snapshot)) => self.tell(Event::Roster(snapshot)).await,
            Some(ToPeer::Change(change)) => self.tell(Event::Change(change)).await,
            Some(ToPeer::Banned(devices)) => self.tell(Event::Banned(devices)).await,
            Some(ToPeer::Lease(lease)) => self.tell(Event::Lease(lease)).await,
            Some(ToPeer::Hold(campaigns)) => self.tell(Event::Hold(campaigns)).await,
            Some(ToPeer::Enough(enough)) => self.tell(Event::Enough(enough)).await,
            Some(ToPeer::Pardoned(pardons)) => self.tell(Event::Pardoned(pardons)).await,
            Some(ToPeer::Site { site }) => self.tell(Event::Site(site)).await,
            Some(ToPeer::Welcome { .. }) => Err(End::Broken("a second welcome came".into())),
        }
    }

    async fn obey(
        &mut self,
        session: &mut Session,
        command: Command,
        questions: &mut Questions,
    ) -> Result<(), End> {
        match command {
            Command::Bad(bad) => self.send(session, ToDms::Bad(bad)).await,
            Command::WantRoster => self.send(session, ToDms::WantRoster).await,
            Command::Worth(percent) => {
                self.worth = percent.min(100);
                self.send_state(session).await
            }
            Command::WantLease(ask) => self.send(session, ToDms::Lease(ask)).await,
            Command::Holding(holding) => self.send(session, ToDms::Holding(holding)).await,
            Command::Resolve { title, reply } => {
                let Some(request) = questions.next() else {
                    let _ = reply.send(Err(AskError::Late));
                    return Ok(());
                };
                questions.heads.insert(request, reply);
                self.send(session, ToDms::Resolve { request, title }).await
            }
            Command::Ask { question, reply } => {
                let Some(request) = questions.next() else {
                    let _ = reply.send(Err(AskError::Late));
                    return Ok(());
                };
                questions.passed.insert(request, reply);
                let asked = Asked { request, question };
                self.send(session, ToDms::Ask(asked)).await
            }
        }
    }

    /// Totals are proof of our life; a ping's answer is proof of the DMS's.
    async fn beat(&mut self, session: &mut Session) -> Result<(), End> {
        self.send(session, ToDms::Totals((self.link.totals)()))
            .await?;
        transmit(session, Message::Ping(bytes::Bytes::new())).await
    }

    /// What is seen of the network around, once for a connection: another network means another connection.
    async fn send_seen(&mut self, session: &mut Session, trip: Duration) -> Result<(), End> {
        let trip = u32::try_from(trip.as_millis()).ok();
        let seen = self.link.surroundings.look(session.local.ip(), trip);
        self.send(session, ToDms::Observed(seen)).await
    }

    async fn send_state(&mut self, session: &mut Session) -> Result<(), End> {
        let willing = *self.link.willing.borrow_and_update();
        let state = ToDms::State {
            weight: self.weight(willing.weight),
            sharing: willing.sharing,
        };
        self.send(session, state).await
    }

    async fn flush_reports(&mut self, session: &mut Session) -> Result<(), End> {
        while let Some(bad) = self.reports.front().cloned() {
            self.send(session, ToDms::Bad(bad)).await?;
            self.reports.pop_front();
        }
        Ok(())
    }

    async fn send(&self, session: &mut Session, message: ToDms) -> Result<(), End> {
        transmit(session, Message::Binary(message.encode().into())).await
    }

    async fn tell(&self, event: Event) -> Result<(), End> {
        let told = self.link.events.send(event).await;
        told.map_err(|_| End::Stop)
    }

    /// The chunk listener as peers reach it.
    fn told_address(&self, local: IpAddr) -> SocketAddr {
        let mut address = self.link.listening;
        if address.ip().is_unspecified() {
            address.set_ip(local);
        }
        self.link.advertise.unwrap_or(address)
    }
}

fn is_round_trip(frame: &Option<Result<Message, Error>>) -> bool {
    matches!(frame, Some(Ok(Message::Pong(held))) if *held == ROUND_TRIP)
}

async fn transmit(session: &mut Session, message: Message) -> Result<(), End> {
    match timeout(SEND, session.socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(e)) => Err(broken(&e)),
        Err(_) => Err(End::Broken("the DMS takes no more frames".into())),
    }
}

/// A message; none for frames that are only about the connection.
fn understand(frame: Option<Result<Message, Error>>) -> Result<Option<ToPeer>, End> {
    match frame {
        None | Some(Ok(Message::Close(_))) => Err(End::Broken("the DMS closed it".into())),
        Some(Err(e)) => Err(broken(&e)),
        Some(Ok(Message::Binary(frame))) => {
            ToPeer::decode(&frame).map(Some).map_err(|e| broken(&e))
        }
        Some(Ok(Message::Text(_))) => Err(End::Broken("a text frame came".into())),
        Some(Ok(_)) => Ok(None),
    }
}

async fn dial_from(bind: Option<IpAddr>, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = if to.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    if let Some(ip) = bind.filter(|ip| ip.is_ipv4() == to.is_ipv4()) {
        socket.bind(SocketAddr::new(ip, 0))?;
    }
    socket.set_nodelay(true)?;
    socket.connect(to).await
}
