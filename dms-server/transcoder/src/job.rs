//! One job from the source to its last message.
//!
//! The thread that calls [`run`] reads the source and hands packets out; decoding, scaling and
//! each encoder have threads of their own. Queues between them are short, and no stage waits for
//! another one's output before it takes its own input, so they cannot wait for each other in a
//! circle.

use std::collections::VecDeque;
use std::io::{Read, Seek};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

use dms_transcoder_protocol::ladder::{self, Rung};
use dms_transcoder_protocol::{
    Done, FailureCode, JobSpec, Message, Plan, Rendition, RenditionKind, TrackTotal,
};
use ffmpeg::format::context::Input;
use ffmpeg::{Packet, Rational, codec};
use ffmpeg_next as ffmpeg;

use crate::coverage::Coverage;
use crate::discontinuity::Joiner;
use crate::error::JobError;
use crate::outlet::Outlet;
use crate::pace::TICKS;
use crate::picture::decode::{Decode, Decoded};
use crate::picture::encode::Encode;
use crate::picture::filters::Filters;
use crate::picture::{Picture, QUEUE};
use crate::probe::{self, AudioFacts, Facts, Origin, VideoFacts};
use crate::progress::Tracker;
use crate::sound::{self, Heard, Place, Sound};
use crate::source;
use crate::still::cover;
use crate::still::poster::PosterSearch;
use crate::still::sprites::SpriteSheet;

/// Coded packets in the queue of a decoder: a few tens of megabytes for the largest sources.
const PACKETS: usize = 48;
const SOUND_PACKETS: usize = 192;

/// The shortest title, milliseconds.
const SHORTEST_MS: u64 = 100;

/// A source is damaged when it plays for less than this share of what it claims, percent, or
/// when more than the rest of its packets cannot be decoded.
const WHOLE: u64 = 90;

/// Failures of single packets up to this number prove nothing.
const ERRORS_ALLOWED: u64 = 10;

/// Damaged places in a row after which the rest of a source is not looked at.
const MOST_DAMAGE: u32 = 10_000;

/// Publishes a source. Everything but a failure is sent through the outlet.
///
/// # Errors
/// The reason not to publish it; the caller tells the parent.
pub fn run(
    from: impl Read + Seek + Send + 'static,
    spec: &JobSpec,
    outlet: &Outlet,
) -> Result<(), JobError> {
    let mut source = source::open(from)?;
    let facts = probe::examine(&mut source, spec)?;
    outlet.send(&Message::Probe(facts.probe.clone()))?;
    let rungs = rungs(&facts, spec);
    outlet.send(&Message::Plan(plan(&facts, &rungs, spec)))?;
    let waveform = match (&facts.video, &facts.cover) {
        (None, Some(cover)) => !cover::send(cover, spec.limits.max_pixels, outlet)?,
        (None, None) => true,
        (Some(_), _) => false,
    };
    let counted = if rungs.is_empty() {
        facts.audio.len()
    } else {
        rungs.len()
    };
    let total_ms = facts.probe.duration_ms.unwrap_or(0);
    let position = Arc::clone(&source.position);
    let job = Job {
        spec,
        outlet,
        rungs,
        waveform,
        video: facts.video,
        origin: facts.origin,
        total_ms,
        claimed_ms: facts.claimed_ms,
        length: source.length,
        tracker: Tracker::new(counted, total_ms, source.length, position),
    };
    let coded = Coded {
        input: source.input,
        backlog: facts.backlog,
        picture: facts.video_parameters,
        sounds: facts.audio,
    };
    let done = job.transcode(coded)?;
    outlet.send(&Message::Done(done))
}

/// The renditions of the picture; none when there is sound only.
pub fn rungs(facts: &Facts, spec: &JobSpec) -> Vec<Rung> {
    let Some(video) = &facts.video else {
        return Vec::new();
    };
    ladder::rungs(
        video.display_width,
        video.display_height,
        video.frame_rate_milli,
        &spec.ladder,
    )
}

/// The tracks that will come.
pub fn plan(facts: &Facts, rungs: &[Rung], spec: &JobSpec) -> Plan {
    let rate = facts
        .video
        .as_ref()
        .map_or(0, |video| video.frame_rate_milli);
    let frame_rate_milli = rate.min(spec.ladder.max_frame_rate_milli);
    let video = rungs.iter().map(|rung| {
        let (width, height) = (rung.width, rung.height);
        let kind = RenditionKind::Video {
            width,
            height,
            frame_rate_milli,
        };
        (kind, rung.codecs(), rung.maxrate, TICKS as u32)
    });
    let audio = facts.audio.iter().map(|audio| {
        let format = sound::format_for(audio.channels, &spec.ladder);
        let language = audio.language.clone();
        let (channels, sample_rate) = (format.channels, sound::RATE);
        let kind = RenditionKind::Audio {
            channels,
            sample_rate,
            language,
        };
        (
            kind,
            sound::encode::CODECS.to_owned(),
            format.bit_rate,
            sound::RATE,
        )
    });
    let renditions = (1..).zip(video.chain(audio)).map(|(track, rendition)| {
        let (kind, codecs, bandwidth, timescale) = rendition;
        Rendition {
            track,
            kind,
            codecs,
            bandwidth,
            timescale,
        }
    });
    Plan {
        renditions: renditions.collect(),
    }
}

/// What all stages of a job share.
struct Job<'a> {
    spec: &'a JobSpec,
    outlet: &'a Outlet,
    rungs: Vec<Rung>,
    waveform: bool,
    video: Option<VideoFacts>,
    origin: Origin,
    /// Playing time as far as it is known, milliseconds.
    total_ms: u64,
    /// Playing time that the container's own index claims, milliseconds.
    claimed_ms: Option<u64>,
    /// Length of the source, bytes.
    length: u64,
    tracker: Tracker,
}

/// What the stages take apart.
struct Coded {
    input: Input,
    backlog: VecDeque<Packet>,
    picture: Option<codec::Parameters>,
    sounds: Vec<AudioFacts>,
}

/// What the stages came to.
#[derive(Default)]
struct Results {
    tracks: Vec<TrackTotal>,
    pictures: Decoded,
    sounds: Vec<(u64, u64, u64)>,
    coverage: Coverage,
    error: Option<JobError>,
}

impl Results {
    fn fail(&mut self, error: JobError) {
        self.error = Some(match self.error.take() {
            Some(earlier) => earlier.worse(error),
            None => error,
        });
    }
}

type Stage<'s, T> = thread::ScopedJoinHandle<'s, Result<T, JobError>>;

impl Job<'_> {
    fn transcode(&self, coded: Coded) -> Result<Done, JobError> {
        let Coded {
            mut input,
            backlog,
            picture,
            sounds,
        } = coded;
        let mut results = thread::scope(|scope| {
            let mut routes = Vec::new();
            let mut ends = Vec::new();
            let mut listening = Vec::new();
            for (place, audio) in sounds.iter().enumerate() {
                let (packets_to, packets) = sync_channel(SOUND_PACKETS);
                let (end_to, picture_end) = channel();
                routes.push((audio.stream, packets_to));
                ends.push(end_to);
                let sound = Sound::new(audio, self.origin, self.place(place, picture_end));
                listening.push(scope.spawn(move || sound?.run(&packets)));
            }
            let mut pictures = None;
            if let (Some(video), Some(parameters)) = (&self.video, &picture) {
                let (packets_to, packets) = sync_channel(PACKETS);
                routes.push((video.stream, packets_to));
                let (to, decoded) = sync_channel::<Picture>(QUEUE);
                let decode = Decode::new(parameters, video, self.origin, self.spec, to);
                let decode = scope.spawn(move || {
                    let decoded = decode?.run(&packets)?;
                    // Sound that has failed is not waiting any more.
                    for end in ends {
                        let _ = end.send(decoded.end);
                    }
                    Ok(decoded)
                });
                pictures = Some(self.pictures(scope, video, decode, decoded));
            } else {
                drop(ends);
            }
            let read = read(&mut input, backlog, routes);
            join(read, pictures, listening)
        });
        match results.error.take() {
            Some(error) => Err(error),
            None => self.conclude(results),
        }
    }

    fn place(&self, place: usize, picture_end: Receiver<i64>) -> Place<'_> {
        Place {
            track: (self.rungs.len() + place) as u16 + 1,
            progress: self.rungs.is_empty().then_some(place),
            spec: self.spec,
            outlet: self.outlet,
            tracker: &self.tracker,
            picture_end,
            waveform: self.waveform && place == 0,
        }
    }

    /// Starts the stages that decoded pictures go through.
    fn pictures<'s, 'e: 's>(
        &'e self,
        scope: &'s thread::Scope<'s, 'e>,
        video: &'e VideoFacts,
        decode: Stage<'s, Decoded>,
        decoded: Receiver<Picture>,
    ) -> Pictures<'s> {
        let (mut scaled_to, mut encode) = (Vec::new(), Vec::new());
        for (place, &rung) in self.rungs.iter().enumerate() {
            let (to, scaled) = sync_channel::<Picture>(QUEUE);
            scaled_to.push(to);
            encode.push(scope.spawn(move || {
                let (width, height, total_ms) = (rung.width, rung.height, self.total_ms);
                let Self {
                    spec,
                    outlet,
                    tracker,
                    ..
                } = self;
                let mut stage = Encode::new(rung, place, video, spec, outlet, tracker)?;
                if place == 0 {
                    stage = stage.with_stills(PosterSearch::new(width, height, total_ms));
                }
                if place + 1 == self.rungs.len() {
                    let sheet = SpriteSheet::new(&spec.sprites, width, height, total_ms);
                    stage = stage.with_stills(sheet);
                }
                stage.run(&scaled)
            }));
        }
        let filters = Filters::new(video, &self.rungs, scaled_to);
        let filter = scope.spawn(move || filters.run(&decoded));
        Pictures {
            decode,
            filter,
            encode,
        }
    }

    /// Judges whether what came out is the whole source.
    fn conclude(&self, results: Results) -> Result<Done, JobError> {
        let pictures = &results.pictures;
        if pictures.dropped > 0 {
            let dropped = pictures.dropped;
            eprintln!(
                "{dropped} pictures left out: their times do not grow, or the rate is too high"
            );
        }
        let picture_ms = (pictures.end * 1_000 / TICKS).max(0) as u64;
        let sound_ms = results
            .sounds
            .iter()
            .map(|&(_, _, end_ms)| end_ms)
            .max()
            .unwrap_or(0);
        let played_ms = picture_ms.max(sound_ms);
        if let Some(claimed) = self.claimed_ms
            && played_ms * 100 < claimed * WHOLE
        {
            let detail = format!("claims {claimed} ms, but only {played_ms} ms can be decoded");
            return Err(JobError::refused(FailureCode::CorruptContainer, detail));
        }
        let lost_ms = results.coverage.lost_ms(self.length);
        if lost_ms * 100 > played_ms * (100 - WHOLE) {
            let detail = format!("of {played_ms} ms nothing is left of {lost_ms} ms on the way");
            return Err(JobError::refused(FailureCode::CorruptContainer, detail));
        }
        let counted = results
            .sounds
            .iter()
            .map(|&(packets, errors, _)| (packets, errors));
        for (packets, errors) in counted.chain([(pictures.packets, pictures.errors)]) {
            if errors > ERRORS_ALLOWED && errors * 100 > packets * (100 - WHOLE) {
                let detail = format!("{errors} of {packets} packets cannot be decoded");
                return Err(JobError::refused(FailureCode::CorruptContainer, detail));
            }
        }
        let track_ms = |track: &TrackTotal| track.duration * 1_000 / u64::from(track.timescale);
        let duration_ms = results.tracks.iter().map(track_ms).max().unwrap_or(0);
        if duration_ms < SHORTEST_MS {
            let detail = format!("{duration_ms} ms, at least {SHORTEST_MS} ms are needed");
            return Err(JobError::refused(FailureCode::DurationTooShort, detail));
        }
        Ok(Done {
            duration_ms,
            tracks: results.tracks,
        })
    }
}

/// Reads the source to its end and hands out its packets; answers what they covered of it.
fn read(
    input: &mut Input,
    backlog: VecDeque<Packet>,
    routes: Vec<(usize, SyncSender<Packet>)>,
) -> Result<Coverage, JobError> {
    let time_bases: Vec<Rational> = input.streams().map(|stream| stream.time_base()).collect();
    let mut joiner = Joiner::for_container(input.format().name());
    let mut coverage = Coverage::default();
    let mut hand_out = |mut packet: Packet| -> Result<(), JobError> {
        let stream = packet.stream();
        coverage.bytes(packet.size());
        let Some((_, to)) = routes.iter().find(|(routed, _)| *routed == stream) else {
            return Ok(());
        };
        if let (Some(joiner), Some(&time_base)) = (&mut joiner, time_bases.get(stream)) {
            joiner.join(&mut packet, time_base);
        }
        if let Some(&time_base) = time_bases.get(stream) {
            coverage.packet(&packet, time_base);
        }
        to.send(packet).map_err(|_| JobError::Stopped)
    };
    backlog.into_iter().try_for_each(&mut hand_out)?;
    let mut damage = 0;
    loop {
        let mut packet = Packet::empty();
        match packet.read(input) {
            Ok(()) => {
                damage = 0;
                hand_out(packet)?;
            }
            Err(ffmpeg::Error::InvalidData) if damage < MOST_DAMAGE => damage += 1,
            // Whether the end came too early shows when the playing time is compared.
            Err(_) => return Ok(coverage),
        }
    }
}

/// The threads that pictures go through.
struct Pictures<'s> {
    decode: Stage<'s, Decoded>,
    filter: Stage<'s, ()>,
    encode: Vec<Stage<'s, TrackTotal>>,
}

/// Waits for every stage and keeps the error that tells most.
fn join(
    read: Result<Coverage, JobError>,
    pictures: Option<Pictures<'_>>,
    sounds: Vec<Stage<'_, Heard>>,
) -> Results {
    let mut results = Results::default();
    match read {
        Ok(coverage) => results.coverage = coverage,
        Err(error) => results.fail(error),
    }
    if let Some(Pictures {
        decode,
        filter,
        encode,
    }) = pictures
    {
        match finished(decode) {
            Ok(decoded) => results.pictures = decoded,
            Err(error) => results.fail(error),
        }
        if let Err(error) = finished(filter) {
            results.fail(error);
        }
        for stage in encode {
            match finished(stage) {
                Ok(total) => results.tracks.push(total),
                Err(error) => results.fail(error),
            }
        }
    }
    for stage in sounds {
        match finished(stage) {
            Ok(heard) => {
                results
                    .sounds
                    .push((heard.packets, heard.errors, heard.end_ms));
                results.tracks.push(heard.total);
            }
            Err(error) => results.fail(error),
        }
    }
    results
}

fn finished<T>(stage: Stage<'_, T>) -> Result<T, JobError> {
    stage.join().unwrap_or_else(|_| {
        let cause = String::from("a stage panicked");
        Err(JobError::Internal {
            doing: "transcoding",
            cause,
        })
    })
}
