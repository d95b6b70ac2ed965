//! The decoded pictures and sound between the decoders and the window.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    time::{Duration, Instant},
};

use ffmpeg_next::{
    ChannelLayout,
    format::sample::{Sample, Type},
    frame,
    software::resampling,
};

use super::sound::CHANNELS;
use crate::{
    decode::{Flow, Sink, Span},
    engine::{
        feed::LookAhead,
        playback::{LaneTally, Plan, Playback},
        playhead::Lane,
        session::Session,
        transport::{Pace, Transport},
    },
};

/// The most decoded pictures that wait: 16 of 1920x1080 are 50 MB.
const MAX_PICTURES: usize = 16;
/// The most pieces of decoded sound that wait, about 21 ms each.
const MAX_SOUNDS: usize = 64;
/// A clock difference up to this is closed slowly, so that nobody sees it.
const SMALL_DRIFT: Duration = Duration::from_millis(150);
/// The share of a small difference that is closed with each look.
const CLOSE_SHARE: u32 = 20;

/// One picture and its time.
struct Shown {
    frame: frame::Video,
    span: Span,
}

/// Some sound, as the device takes it, and its time.
pub(super) struct Heard {
    pub(super) samples: Vec<f32>,
    pub(super) rate: u32,
    pub(super) span: Span,
}

/// Playing from one point to the end or the next seek.
pub(super) struct Run {
    transport: Arc<Transport>,
    playback: Playback<Output>,
    pictures: Receiver<Shown>,
    sounds: Receiver<Heard>,
    /// Taken from the queues, not due yet.
    next_pictures: VecDeque<Shown>,
    next_sound: Option<Heard>,
}

impl Run {
    pub(super) fn start(
        runtime: &tokio::runtime::Runtime,
        session: &Arc<Session>,
        plan: &Plan,
        at: Duration,
        look_ahead: LookAhead,
    ) -> Self {
        let _entered = runtime.enter();
        let transport = Arc::new(Transport::new(super::playhead(plan, at), Pace::RealTime));
        let (picture_sender, pictures) = sync_channel(MAX_PICTURES);
        let (sound_sender, sounds) = sync_channel(MAX_SOUNDS);
        let playback = Playback::start(session, plan, &transport, at, look_ahead, |lane| Output {
            lane,
            at,
            transport: Arc::clone(&transport),
            pictures: picture_sender.clone(),
            sounds: sound_sender.clone(),
            resampler: None,
        });
        let (next_pictures, next_sound) = (VecDeque::new(), None);
        Self {
            transport,
            playback,
            pictures,
            sounds,
            next_pictures,
            next_sound,
        }
    }

    pub(super) fn position(&self) -> Duration {
        self.transport
            .playhead(|playhead, now| playhead.position(now))
    }

    pub(super) fn is_running(&self) -> bool {
        self.transport.playhead(|playhead, now| {
            playhead.settle(now);
            playhead.is_running()
        })
    }

    /// Whether everything was played, or a lane failed.
    pub(super) fn is_finished(&self) -> bool {
        if self.transport.is_stopped() {
            return true;
        }
        self.transport
            .playhead(|playhead, now| playhead.is_finished(now))
    }

    pub(super) fn set_paused(&self, paused: bool) {
        self.transport
            .playhead(|playhead, now| playhead.set_paused(paused, now));
    }

    pub(super) fn stalls(&self) -> (u32, Duration) {
        self.transport.playhead(|playhead, now| {
            playhead.settle(now);
            playhead.stalls()
        })
    }

    pub(super) fn started(&self) -> Option<Instant> {
        self.transport.playhead(|playhead, _| playhead.started())
    }

    /// Lets the playhead follow the sound device.
    pub(super) fn follow(&self, device: Duration) {
        self.transport.playhead(|playhead, now| {
            let position = playhead.position(now);
            let drift = device.abs_diff(position);
            let step = if drift > SMALL_DRIFT {
                drift
            } else {
                drift / CLOSE_SHARE
            };
            let to = if device > position {
                position + step
            } else {
                position - step
            };
            playhead.follow(to, now);
        });
    }

    /// The picture to show now, if another one is due; those that are too late are left out.
    /// `at_once`: a first picture is shown before the playhead runs.
    pub(super) fn due_picture(&mut self, at_once: bool) -> Option<frame::Video> {
        let position = self.position();
        self.next_pictures.extend(self.pictures.try_iter().take(1));
        let mut due = None;
        while let Some(next) = self.next_pictures.front() {
            let first = at_once && due.is_none();
            if next.span.from > position && !first {
                break;
            }
            due = self.next_pictures.pop_front().map(|shown| shown.frame);
            self.next_pictures.extend(self.pictures.try_iter().take(1));
        }
        due
    }

    /// How long until the next picture is due, at most `limit`.
    pub(super) fn until_next(&self, limit: Duration) -> Duration {
        let next = self.next_pictures.front().filter(|_| self.is_running());
        next.map_or(limit, |next| {
            next.span.from.saturating_sub(self.position()).min(limit)
        })
    }

    pub(super) fn next_sound(&mut self) -> Option<&Heard> {
        if self.next_sound.is_none() {
            self.next_sound = self.sounds.try_recv().ok();
        }
        self.next_sound.as_ref()
    }

    pub(super) fn take_sound(&mut self) -> Option<Heard> {
        self.next_sound
            .take()
            .or_else(|| self.sounds.try_recv().ok())
    }

    /// Ends the run and says what its lanes did.
    pub(super) fn finish(self, runtime: &tokio::runtime::Runtime) -> Vec<LaneTally> {
        let Self {
            playback,
            pictures,
            sounds,
            transport,
            ..
        } = self;
        // The decoders may be waiting for room in these queues, or for the network.
        drop((pictures, sounds));
        transport.stop();
        for feed in playback.feeds() {
            feed.abort();
        }
        runtime
            .block_on(playback.finish())
            .into_iter()
            .map(|(tally, _)| tally)
            .collect()
    }
}

/// Takes frames from one decoder.
struct Output {
    lane: Lane,
    /// Frames that end before are not wanted: a seek goes to any frame of a segment.
    at: Duration,
    transport: Arc<Transport>,
    pictures: SyncSender<Shown>,
    sounds: SyncSender<Heard>,
    resampler: Option<(resampling::Context, (Sample, u64, u32))>,
}

impl Output {
    fn send<T>(&self, sender: &SyncSender<T>, item: T, span: Span) -> Flow {
        self.transport.decoded(self.lane, span.until);
        let sent = match sender.try_send(item) {
            Ok(()) => true,
            Err(TrySendError::Disconnected(_)) => false,
            Err(TrySendError::Full(item)) => {
                let lane = self.lane;
                self.transport
                    .playhead(|playhead, now: Instant| playhead.full(lane, now));
                sender.send(item).is_ok()
            }
        };
        if sent { Flow::Go } else { Flow::Stop }
    }

    /// The sound as packed stereo floats.
    fn convert(&mut self, frame: &mut frame::Audio) -> Option<Vec<f32>> {
        if frame.channel_layout().is_empty() {
            frame.set_channel_layout(ChannelLayout::default(i32::from(frame.channels())));
        }
        let (format, layout, rate) = (frame.format(), frame.channel_layout(), frame.rate());
        let kind = (format, layout.bits(), rate);
        if self
            .resampler
            .as_ref()
            .is_none_or(|(_, made_for)| *made_for != kind)
        {
            let packed = Sample::F32(Type::Packed);
            let stereo = ChannelLayout::STEREO;
            let made = resampling::Context::get(format, layout, rate, packed, stereo, rate);
            self.resampler = Some((made.ok()?, kind));
        }
        let (resampler, _) = self.resampler.as_mut()?;
        let mut packed = frame::Audio::empty();
        resampler.run(frame, &mut packed).ok()?;
        let bytes = packed.data(0);
        let wanted = packed.samples() * usize::from(CHANNELS) * size_of::<f32>();
        let samples = bytes.get(..wanted)?.chunks_exact(size_of::<f32>());
        Some(
            samples
                .filter_map(|sample| sample.try_into().ok().map(f32::from_ne_bytes))
                .collect(),
        )
    }
}

impl Sink for Output {
    fn picture(&mut self, frame: frame::Video, span: Span) -> Flow {
        if span.until <= self.at && !self.at.is_zero() {
            return Flow::Go;
        }
        self.send(&self.pictures, Shown { frame, span }, span)
    }

    fn sound(&mut self, mut frame: frame::Audio, span: Span) -> Flow {
        if span.until <= self.at && !self.at.is_zero() {
            return Flow::Go;
        }
        let rate = frame.rate();
        match self.convert(&mut frame) {
            Some(samples) => self.send(
                &self.sounds,
                Heard {
                    samples,
                    rate,
                    span,
                },
                span,
            ),
            None => {
                self.transport.decoded(self.lane, span.until);
                Flow::Go
            }
        }
    }
}
