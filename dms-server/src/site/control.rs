//! One control connection: frames in, frames out, and the end of a peer that is silent or slow.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use swarm::content::DeviceId;
use swarm::wire::{BadChunk, PROTOCOL, ToDms, ToPeer};
use tokio::time::timeout;

use super::db;
use super::hub::{Attached, Hello};
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

/// The span over which peers are asked to come back after this server stops, milliseconds: not
/// all at once.
const RETURN_MS: std::ops::Range<u32> = 500..5_000;

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
pub async fn run(app: App, device: Device, socket: WebSocket) {
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
            let ended = serve(&app, device.id, attached, &mut sink, stream).await;
            app.sites.leave(device.id, number);
            let goodbye = ended.reason == GOODBYE.reason;
            app.ledgers.left(device.id, number, goodbye);
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

async fn serve(
    app: &App,
    device: DeviceId,
    mut attached: Attached,
    sink: &mut SplitSink<WebSocket, Message>,
    mut stream: SplitStream<WebSocket>,
) -> End {
    let number = attached.number;
    let silence =
        Duration::from_secs(u64::from(app.config.device.heartbeat_s) * u64::from(MISSED_MAX));
    // Reading has a task of its own: an answer that waits for the database must not hold up the
    // roster, nor a full socket the reading.
    let reader = {
        let app = app.clone();
        async move {
            let mut bad_left = BAD_MAX;
            loop {
                let message = match timeout(silence, next(&mut stream)).await {
                    Ok(Ok(message)) => message,
                    Ok(Err(ended)) => return ended,
                    Err(_) => return end(close_code::POLICY, "silent for too long"),
                };
                if let Err(ended) = handle(&app, device, number, message, &mut bad_left).await {
                    return ended;
                }
            }
        }
    };
    let mut reader = std::pin::pin!(reader);
    loop {
        tokio::select! {
            // In this order: a replaced or revoked peer's queue ends too, and the reason is worth more.
            biased;
            () = attached.ended.cancelled() => {
                return end(close_code::POLICY, "replaced, revoked or too slow");
            }
            () = app.stop.cancelled() => {
                let retry_after_ms = rand::random_range(RETURN_MS);
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
    device: DeviceId,
    number: u64,
    message: ToDms,
    bad_left: &mut u32,
) -> Result<(), End> {
    match message {
        ToDms::Hello { .. } => return Err(end(close_code::POLICY, "a second hello")),
        ToDms::State { weight, sharing } => app.sites.update(device, number, weight, sharing),
        ToDms::Totals(totals) => {
            if let Some(gained) = app.sites.totals(device, number, totals) {
                app.metrics.told(gained.site.as_deref(), gained.from_peers);
            }
        }
        ToDms::Lease(ask) => app.ledgers.asked(&app.sites, device, number, ask),
        ToDms::WantRoster => app.sites.send_roster(device, number),
        ToDms::Resolve { request, title } => {
            let head = publish::head(app, title).await.map_err(|error| {
                tracing::error!(device.id = %device, title.id = %title, %error, "cannot resolve");
                end(close_code::AGAIN, "the server failed; come back")
            })?;
            app.sites
                .send(device, number, &ToPeer::Head { request, head });
        }
        ToDms::Bad(bad) => {
            if *bad_left > 0 {
                *bad_left -= 1;
                report(app, device, &bad).await;
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
