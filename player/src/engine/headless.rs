//! Playing without a window: every frame is decoded and counted, none is shown.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ffmpeg_next::{format::Pixel, frame};
use sha2::{Digest, Sha256};
use tokio::task::AbortHandle;

use super::{
    feed::LookAhead,
    playback::{LaneTally, Plan, Playback},
    playhead::{Lane, Playhead},
    quality::Quality,
    session::Session,
    transport::{Pace, Transport},
};
use crate::{
    breaks::{Breaks, Place},
    decode::{Flow, Sink, Span},
    error::PlayError,
    report::Report,
};

/// How far ahead of the playhead frames are decoded in real time.
const DECODE_LEAD: Duration = Duration::from_secs(2);

/// How to play without a window.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The rendition.
    pub quality: Quality,
    /// Real time or not.
    pub pace: Pace,
    /// How far ahead to fetch.
    pub look_ahead: LookAhead,
    /// Whether all pictures are hashed.
    pub hash: bool,
    /// Where to start.
    pub at: Duration,
}

impl Options {
    /// The start lies in the title.
    fn within(self, plan: &Plan) -> Self {
        Self {
            at: self.at.min(plan.duration()),
            ..self
        }
    }
}

/// Plays to the end and says how it went. `began` is when the program started.
///
/// # Errors
/// [`PlayError::NothingToPlay`]; what goes wrong later is in the report.
pub async fn play(
    session: &Arc<Session>,
    breaks: Option<&Arc<Breaks>>,
    options: Options,
    began: Instant,
) -> Result<Report, PlayError> {
    let interrupt = tokio::signal::ctrl_c();
    tokio::pin!(interrupt);
    // The first poll installs the handler: from here on an interrupt gets a report.
    let _ = futures_util::poll!(interrupt.as_mut());
    let plan = Plan::of(session, options.quality)?;
    let options = options.within(&plan);
    if let Some(breaks) = breaks {
        tokio::select! {
            () = breaks.play_beside(Place::Pre, options) => {}
            _ = interrupt.as_mut() => return Err(PlayError::Interrupted),
        }
    }
    let playhead = Playhead::new(&plan.lanes(), options.at);
    let transport = Arc::new(Transport::new(playhead, options.pace));
    let playback = Playback::start(
        session,
        &plan,
        &transport,
        options.at,
        options.look_ahead,
        |lane| Counter::new(lane, &transport, options),
    );
    let feeds = playback.feeds();
    let waiting = Arc::clone(&transport);
    let paced = options.pace == Pace::RealTime;
    let finish = async {
        let ended = playback.finish().await;
        let complete = ended.iter().all(|(tally, _)| tally.error.is_none());
        if paced && complete {
            // The last seconds are decoded but not played yet.
            let _ = tokio::task::spawn_blocking(move || waiting.wait_for_end()).await;
        }
        ended
    };
    tokio::pin!(finish);
    let within = async {
        if let Some(breaks) = breaks {
            breaks.play_within(&transport, options).await;
        }
        // The content ends by itself.
        std::future::pending::<()>().await;
    };
    let (ended, interrupted) = tokio::select! {
        ended = &mut finish => (ended, false),
        () = within => (Vec::new(), false),
        _ = interrupt => {
            transport.stop();
            feeds.iter().for_each(AbortHandle::abort);
            (finish.await, true)
        }
    };
    if let Some(breaks) = breaks.filter(|_| !interrupted) {
        breaks.play_beside(Place::Post, options).await;
    }
    let mut report = reported(session, ended);
    report.timing(&transport, began);
    if let Some(breaks) = breaks {
        report.broken(breaks, began);
    }
    Ok(concluded(report, interrupted))
}

fn concluded(mut report: Report, interrupted: bool) -> Report {
    if interrupted {
        report.fail(PlayError::Interrupted);
    }
    report.check_counts();
    report
}

/// A report of what the lanes did.
fn reported(session: &Session, ended: Vec<(LaneTally, Option<Counter>)>) -> Report {
    let mut report = Report::new(session);
    for (tally, sink) in ended {
        report.lane(session, tally);
        let hash = sink.and_then(|counter| counter.hash);
        report.frames_sha256 = report
            .frames_sha256
            .or(hash.map(|h| hex::encode(h.finalize())));
    }
    report
}

/// Counts frames by telling the playhead about them.
pub(crate) struct Counter {
    lane: Lane,
    transport: Arc<Transport>,
    paced: bool,
    hash: Option<Sha256>,
}

impl Counter {
    pub(crate) fn new(lane: Lane, transport: &Arc<Transport>, options: Options) -> Self {
        let hash = options.hash && lane == Lane::Video;
        Self {
            lane,
            transport: Arc::clone(transport),
            paced: options.pace == Pace::RealTime,
            hash: hash.then(Sha256::new),
        }
    }

    fn took(&self, span: Span) -> Flow {
        self.transport.decoded(self.lane, span.until);
        let go = match self.paced {
            true => self.transport.wait_for(span.from, DECODE_LEAD),
            false => self.transport.pass(span.until),
        };
        if go { Flow::Go } else { Flow::Stop }
    }
}

impl Sink for Counter {
    fn picture(&mut self, frame: frame::Video, span: Span) -> Flow {
        if let Some(hash) = &mut self.hash {
            hash_picture(hash, &frame);
        }
        self.took(span)
    }

    fn sound(&mut self, _: frame::Audio, span: Span) -> Flow {
        self.took(span)
    }
}

/// Adds a picture as `ffmpeg -f rawvideo` would write it: the planes one after another, without
/// the padding at the end of each line.
fn hash_picture(hash: &mut Sha256, frame: &frame::Video) {
    let depth = match frame.format() {
        Pixel::YUV420P10LE | Pixel::YUV422P10LE | Pixel::YUV444P10LE => 2,
        _ => 1,
    };
    for plane in 0..frame.planes() {
        let width = frame.plane_width(plane) as usize * depth;
        let lines = frame.data(plane).chunks(frame.stride(plane).max(1));
        for line in lines.take(frame.plane_height(plane) as usize) {
            hash.update(line.get(..width).unwrap_or(line));
        }
    }
}
