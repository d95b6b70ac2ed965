//! One control connection: frames in, frames out, and the end of a peer that is silent or slow.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use swarm::content::DeviceId;
use swarm::wire::{BadChunk, PROTOCOL, ToDms, ToPeer};
use tokio::time::{Instant, sleep_until, timeout};

use super::db;
use super::hub::{Attached, Hello};
use super::proposal;
use super::question::Questions;
use crate::device::caller::Device;
use crate::publish;
use crate::state::App;

/// How long a new connection may take to say hello.
const HELLO_MAX: Duration = Duration::from_secs(10);

/// How long one frame may take to leave.
const SEND_MAX: Duration = Duration::from_secs(10);

/// Heartbeats a peer may miss.
const MISSED_MAX: u32 = 3;

/// Reports of bad chunks taken from one connection; an honest peer bans after the first.
const BAD_MAX: u32 = 1_000;

/// Observations taken from one connection; an agent sends one.
const SEEN_MAX: u32 = 10;

/// What is still taken from one connection.
struct Left {
    bad: u32,
    seen: u32,
}

/// The soonest that peers are asked to come back after this server stops, milliseconds.
const RETURN_FIRST_MS: u32 = 500;

/// The span over which they are asked to come back, milliseconds: not all at once.
const RETURN_SPAN_MS: u32 = 4_500;

/// How many are asked to come back a second; many peers make the span longer. One core greets some
/// 2,000 a second.
const RETURN_PER_S: u32 = 1_000;

/// When to come back, milliseconds, when this many peers are sent away.
fn retry_after_ms(peers: usize) -> u32 {
    let peers = u32::try_from(peers).unwrap_or(u32::MAX);
    let span = (peers / RETURN_PER_S)
        .saturating_mul(1_000)
        .max(RETURN_SPAN_MS);
    rand::random_range(RETURN_FIRST_MS..RETURN_FIRST_MS.saturating_add(span))
}

/// Why a connection ended; the peer reads it in the close frame.
struct End {
    code: u16,
    reason: &'static str,
}

const GONE: End = End {
    code: close_code::NORMAL,
    reason: "",
};

/// The peer closed the connection in order: it takes nothing any more.
const GOODBYE: End = End {
    code: close_code::NORMAL,
    reason: "goodbye",
};

const fn end(code: u16, reason: &'static str) -> End {
    End { code, reason }
}

/// Runs a connection to its end.
pub async fn run(app: App, device: Device, questions: Questions, socket: WebSocket) {
    let (mut sink, mut stream) = socket.split();
    let ended = match hello(&mut stream).await {
        Err(ended) => ended,
        Ok(hello) => {
            let remote = device.remote.ip();
            let heartbeat_s = app.config.device.heartbeat_s;
            tracing::info!(device.id = %device.id, %remote, agent = %hello.agent, "peer connected");
            let attached = app.sites.join(device.id, remote, hello, heartbeat_s);
            let number = attached.number;
            app.ledgers.joined(&app.sites, device.id, number);
            tell_enough(&app, device.id, number);
            let ended = serve(&app, &device, questions, attached, &mut sink, stream).await;
            app.sites.leave(device.id, number);
            let goodbye = ended.reason == GOODBYE.reason;
            app.ledgers.left(device.id, number, goodbye);
            app.campaigns.left(device.id, number);
            tracing::info!(device.id = %device.id, reason = ended.reason, "peer disconnected");
            ended
        }
    };
    let close = CloseFrame {
        code: ended.code,
        reason: ended.reason.into(),
    };
    let _ = timeout(SEND_MAX, sink.send(Message::Close(Some(close)))).await;
}

/// Tells a peer that comes what its site has enough of.
fn tell_enough(app: &App, device: DeviceId, number: u64) {
    if let Some(site) = app.sites.site_told(device, number) {
        for enough in app.campaigns.enough(site.id) {
            app.sites.send(device, number, &ToPeer::Enough(enough));
        }
    }
}

async fn hello(stream: &mut SplitStream<WebSocket>) -> Result<Hello, End> {
    let first = timeout(HELLO_MAX, next(stream))
        .await
        .map_err(|_| end(close_code::POLICY, "no hello"))??;
    match first {
        ToDms::Hello {
            protocol: PROTOCOL,
            agent,
            listen,
            weight,
            sharing,
        } => {
            let printable = !agent.chars().chain(listen.chars()).any(char::is_control);
            printable
                .then_some(Hello {
                    agent,
                    listen,
                    weight,
                    sharing,
                })
                .ok_or(end(close_code::POLICY, "unprintable hello"))
        }
        ToDms::Hello { .. } => Err(end(
            close_code::POLICY,
            "another protocol version: update the agent",
        )),
        _ => Err(end(close_code::POLICY, "hello must come first")),
    }
}

/// The next message; text and undecodable frames end the connection.
async fn next(stream: &mut SplitStream<WebSocket>) -> Result<ToDms, End> {
    loop {
        match stream.next().await {
            Some(Ok(Message::Binary(frame))) => {
                return ToDms::decode(&frame)
                    .map_err(|_| end(close_code::INVALID, "not a control message"));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Text(_))) => {
                return Err(end(close_code::UNSUPPORTED, "binary frames only"));
            }
            Some(Ok(Message::Close(_))) => return Err(GOODBYE),
            Some(Err(_)) | None => return Err(GONE),
        }
    }
}

/// Does what the peer says, until it says nothing for too long or goes.
async fn read(
    app: &App,
    device: &Device,
    questions: &Questions,
    number: u64,
    stream: &mut SplitStream<WebSocket>,
) -> End {
    let silence =
        Duration::from_secs(u64::from(app.config.device.heartbeat_s) * u64::from(MISSED_MAX));
    let mut left = Left {
        bad: BAD_MAX,
        seen: SEEN_MAX,
    };
    let mut heard = Instant::now();
    let mut watch = std::pin::pin!(sleep_until(heard + silence));
    loop {
        let message = tokio::select! {
            biased;
            message = next(stream) => match message {
                Ok(message) => message,
                Err(ended) => return ended,
            },
            // One timer for the connection, moved on when it fires and not for every message.
            () = watch.as_mut() => {
                let due = heard + silence;
                if due <= Instant::now() {
                    return end(close_code::POLICY, "silent for too long");
                }
                watch.as_mut().reset(due);
                continue;
            }
        };
        heard = Instant::now();
        if let Err(ended) = handle(app, device, questions, number, message, &mut left).await {
            return ended;
        }
    }
}

async fn serve(
    app: &App,
    device: &Device,
    questions: Questions,
    mut attached: Attached,
    sink: &mut SplitSink<WebSocket, Message>,
    mut stream: SplitStream<WebSocket>,
) -> End {
    let number = attached.number;
    // Reading has a task of its own: an answer that waits for the database must not hold up the
    // roster, nor a full socket the reading.
    let reader = read(app, device, &questions, number, &mut stream);
    let mut reader = std::pin::pin!(reader);
    // Its own: every frame looks at it, and all connections would contend for the server's.
    let stop = app.stop.child_token();
    loop {
        tokio::select! {
            // In this order: a replaced or revoked peer's queue ends too, and the reason is worth more.
            biased;
            () = attached.ended.cancelled() => {
                return end(close_code::POLICY, "replaced, revoked or too slow");
            }
            () = stop.cancelled() => {
                let retry_after_ms = retry_after_ms(app.sites.sent_away());
                let _ = send(sink, ToPeer::Goodbye { retry_after_ms }.encode().into()).await;
                return end(close_code::RESTART, "the server stops");
            }
            frame = attached.outgoing.recv() => {
                let Some(frame) = frame else { return GONE };
                if let Err(ended) = send(sink, frame).await {
                    return ended;
                }
            }
            ended = &mut reader => return ended,
        }
    }
}

async fn send(sink: &mut SplitSink<WebSocket, Message>, frame: Bytes) -> Result<(), End> {
    match timeout(SEND_MAX, sink.send(Message::Binary(frame))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(GONE),
        Err(_) => Err(end(close_code::POLICY, "too slow")),
    }
}

async fn handle(
    app: &App,
    caller: &Device,
    questions: &Questions,
    number: u64,
    message: ToDms,
    left: &mut Left,
) -> Result<(), End> {
    let device = caller.id;
    match message {
        ToDms::Hello { .. } => return Err(end(close_code::POLICY, "a second hello")),
        ToDms::State { weight, sharing } => app.sites.update(device, number, weight, sharing),
        ToDms::Totals(totals) => {
            if let Some(gained) = app.sites.totals(device, number, totals) {
                app.metrics.told(gained.site.as_deref(), gained.from_peers);
            }
        }
        ToDms::Holding(holding) => {
            if let Some(site) = app.sites.site_told(device, number) {
                app.campaigns.report(site.id, device, number, holding);
            }
        }
        ToDms::Lease(ask) => app.ledgers.asked(&app.sites, device, number, ask),
        ToDms::WantRoster => app.sites.send_roster(device, number),
        ToDms::Resolve { request, title } => {
            // Boxed, as below: else every idle connection would keep room for it.
            let head = Box::pin(publish::head(app, title)).await.map_err(|error| {
                tracing::error!(device.id = %device, title.id = %title, %error, "cannot resolve");
                end(close_code::AGAIN, "the server failed; come back")
            })?;
            app.sites
                .send(device, number, &ToPeer::Head { request, head });
        }
        ToDms::Ask(asked) => {
            let answer = Box::pin(questions.answer(caller, asked)).await;
            app.sites.send(device, number, &ToPeer::Answer(answer));
        }
        ToDms::Observed(seen) => {
            if left.seen > 0 {
                left.seen -= 1;
                Box::pin(proposal::saw(app, caller, seen)).await;
            }
        }
        ToDms::Bad(bad) => {
            if left.bad > 0 {
                left.bad -= 1;
                Box::pin(report(app, device, &bad)).await;
            }
        }
    }
    Ok(())
}

/// Records what a peer says another one sent. It is one device's word against another's, so
/// nobody is banned for it here; an operator sees the count.
async fn report(app: &App, reporter: DeviceId, bad: &BadChunk) {
    match db::add_bad_chunk(&app.db, reporter, bad, app.clock.now_ms()).await {
        Ok(false) => {}
        Ok(true) => {
            let site = app.sites.peer(reporter).and_then(|peer| peer.site);
            let site = site.and_then(|site| app.sites.site_name(site));
            app.metrics.bad_chunk(site.as_deref());
            tracing::warn!(
                device.id = %reporter, culprit.id = %bad.from, chunk.id = %bad.chunk,
                "a peer reports wrong bytes"
            );
        }
        Err(error) => tracing::error!(%error, "cannot record a bad chunk"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_keeps_little() {
        fn size<F: Future>(_: impl FnOnce(App, Device, Questions, WebSocket) -> F) -> usize {
            size_of::<F>()
        }
        let size = size(run);
        assert!(size <= 4 << 10, "{size} bytes for every connected peer");
    }

    #[test]
    fn many_peers_are_asked_to_come_back_over_a_longer_time() {
        for (peers, until) in [
            (0, 5_000),
            (4_999, 5_000),
            (10_000, 10_500),
            (100_000, 100_500),
        ] {
            let asked: Vec<u32> = (0..1_000).map(|_| retry_after_ms(peers)).collect();
            let (first, last) = (asked.iter().min(), asked.iter().max());
            assert!(
                first >= Some(&RETURN_FIRST_MS) && last < Some(&until),
                "{peers}"
            );
            assert!(last > Some(&(until / 2)), "{peers}: all too soon");
        }
    }
}
