//! A video: the media program makes the tracks, segment by segment, and each is sealed as it comes.
//!
//! The pipe is read a few segments ahead of sealing and storing ([`AHEAD`] bytes), so that the
//! program rarely waits; beyond that the pipe fills and the program does wait. That bounds memory.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use dms_transcoder_protocol::{
    Done, FailureCode, FrameError, JobSpec, LadderLimits, Limits, Message, Poster, Probe, Sprites,
};
use swarm::content::TitleKind;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;

use super::assembly::{Assembly, Step};
use super::child::MediaProgram;
use super::finish::Made;
use super::seal::Sealer;
use super::{Attempt, AttemptError};
use crate::config;
use crate::publish::jobs::{self, db::Progress};
use crate::publish::profiles::{self, MadeWith};
use crate::publish::state::TitleState;

/// The shortest time between two notes of progress.
pub const PROGRESS_EVERY: Duration = Duration::from_millis(500);
/// Bytes of segments read ahead of sealing: some seconds of a whole ladder. A longer segment is read
/// alone.
const AHEAD: u32 = 8 << 20;
/// Messages read ahead of sealing.
const AHEAD_MESSAGES: usize = 64;
/// The longest frame the program may send, bytes: 4 s at 48 Mbit/s.
const MAX_FRAME: u32 = 24 << 20;
/// How much longer than its own limit the program may take before it is killed.
const GRACE: Duration = Duration::from_secs(15);

/// The job for the program, as configured, with the renditions of a profile.
#[must_use]
pub fn job_spec(config: &config::Media, ladder: LadderLimits) -> JobSpec {
    JobSpec {
        segment_ms: config.segment_ms,
        ladder,
        limits: Limits {
            wall_s: u32::try_from(config.job_timeout_s).unwrap_or(u32::MAX),
            memory_bytes: config.job_memory_bytes,
            max_frame_bytes: MAX_FRAME,
            ..Limits::default()
        },
        threads: u16::try_from(config.threads).unwrap_or(u16::MAX),
        require_sandbox: config.require_sandbox,
        ..JobSpec::default()
    }
}

/// Runs the program on the source and seals what comes.
///
/// # Errors
/// [`AttemptError`]; the program has ended then.
pub async fn make(
    attempt: &Attempt,
    sealer: &Sealer<'_>,
    source: File,
) -> Result<Made, AttemptError> {
    let config = &attempt.app.config.media;
    let spec = job_spec(config, ladder(attempt).await?);
    let program = MediaProgram::start(&config.transcoder, &spec, source).map_err(|e| {
        let path = config.transcoder.display();
        AttemptError::Crashed(format!("{path} does not start: {e}"))
    })?;
    #[cfg(test)]
    attempt.app.publish.steps.started(program.id());
    let (sender, receiver) = mpsc::channel(AHEAD_MESSAGES);
    let limit = Duration::from_secs(config.job_timeout_s) + GRACE;
    let work = async {
        tokio::join!(
            read_ahead(program, sender),
            consume(attempt, sealer, receiver)
        )
    };
    let Ok((ended, consumed)) = tokio::time::timeout(limit, work).await else {
        return Err(AttemptError::Refused {
            code: FailureCode::Timeout,
            detail: format!("killed after {} s", limit.as_secs()),
        });
    };
    conclude(consumed, ended)
}

/// The renditions that the title's profile allows; which one it was is noted.
async fn ladder(attempt: &Attempt) -> Result<LadderLimits, AttemptError> {
    let (app, claim) = (&attempt.app, &attempt.claim);
    let Some(profile) = profiles::db::of_title(&app.db, claim.title).await? else {
        return Ok(LadderLimits::default());
    };
    let numbers = profile.numbers();
    let made_with = MadeWith::of(&profile.name, numbers);
    let json = serde_json::to_string(&made_with).unwrap_or_default();
    if !jobs::db::made_with(&app.db, claim, &json).await? {
        return Err(AttemptError::Lost);
    }
    Ok(numbers.limits())
}

/// A message with its share of the memory set aside for reading ahead.
type Ahead = (Message, OwnedSemaphorePermit);

/// How the program ended.
struct Ended {
    frames: Result<(), FrameError>,
    status: Option<std::process::ExitStatus>,
    said: String,
}

async fn read_ahead(mut program: MediaProgram, sender: mpsc::Sender<Ahead>) -> Ended {
    let budget = Arc::new(Semaphore::new(AHEAD as usize));
    let frames = loop {
        let message = match program.next().await {
            Ok(Some(message)) => message,
            Ok(None) => break Ok(()),
            Err(e) => break Err(e),
        };
        let permits = weight(&message).min(AHEAD);
        let Ok(permit) = Arc::clone(&budget).acquire_many_owned(permits).await else {
            break Ok(());
        };
        if sender.send((message, permit)).await.is_err() {
            break Ok(());
        }
    };
    drop(sender);
    let (status, said) = program.end().await;
    Ended {
        frames,
        status,
        said,
    }
}

fn weight(message: &Message) -> u32 {
    let bytes = match message {
        Message::Header(header) => header.bytes.len(),
        Message::Segment(segment) => segment.bytes.len(),
        Message::Poster(poster) => poster.jpeg.len(),
        Message::Sprites(sprites) => sprites.jpeg.len(),
        _ => 0,
    };
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// What the messages added up to.
enum Consumed {
    Made(Made),
    /// The pipe ended before the last message.
    Nothing,
}

async fn consume(
    attempt: &Attempt,
    sealer: &Sealer<'_>,
    mut receiver: mpsc::Receiver<Ahead>,
) -> Result<Consumed, AttemptError> {
    let mut bench = Bench::new(attempt);
    let started = Instant::now();
    while let Some((message, _memory)) = receiver.recv().await {
        if let Some(done) = bench.take(message, sealer).await? {
            let video = Duration::from_millis(done.duration_ms);
            attempt.app.metrics.transcoded(video, started.elapsed());
            return Ok(Consumed::Made(bench.into_made(&done)));
        }
    }
    Ok(Consumed::Nothing)
}

/// Everything that came so far.
struct Bench<'a> {
    attempt: &'a Attempt,
    assembly: Assembly,
    probe: Option<Probe>,
    poster: Option<Poster>,
    sprites: Option<Sprites>,
    shown: Option<Instant>,
}

impl<'a> Bench<'a> {
    fn new(attempt: &'a Attempt) -> Self {
        Self {
            attempt,
            assembly: Assembly::default(),
            probe: None,
            poster: None,
            sprites: None,
            shown: None,
        }
    }

    async fn take(
        &mut self,
        message: Message,
        sealer: &Sealer<'_>,
    ) -> Result<Option<Done>, AttemptError> {
        let broken = |breach: super::assembly::Breach| AttemptError::Crashed(breach.to_string());
        match self.assembly.accept(message).map_err(broken)? {
            Step::Probed(probe) => self.probe = Some(probe),
            Step::Planned => self.attempt.enter(TitleState::Transcoding).await?,
            Step::Seal(clear) => {
                let track = clear.track;
                let segment = sealer.seal(clear).await?;
                self.assembly.add(track, segment).map_err(broken)?;
            }
            Step::Poster(poster) => self.poster = Some(poster),
            Step::Sprites(sprites) => self.sprites = Some(sprites),
            Step::Progress(progress) => self.show(&progress).await?,
            Step::Done(done) => return Ok(Some(done)),
            Step::Failed(failed) => {
                return Err(AttemptError::Refused {
                    code: failed.code,
                    detail: failed.detail,
                });
            }
        }
        Ok(None)
    }

    async fn show(
        &mut self,
        progress: &dms_transcoder_protocol::Progress,
    ) -> Result<(), AttemptError> {
        if self.shown.is_some_and(|at| at.elapsed() < PROGRESS_EVERY) {
            return Ok(());
        }
        self.shown = Some(Instant::now());
        let duration_ms = self.probe.as_ref().and_then(|p| p.duration_ms).unwrap_or(0);
        let renditions = self.assembly.renditions(duration_ms);
        let progress = Progress {
            permille: i64::from(progress.permille),
            eta_ms: progress
                .eta_ms
                .map(|ms| i64::try_from(ms).unwrap_or(i64::MAX)),
            renditions: serde_json::to_string(&renditions).ok(),
        };
        self.attempt.progress(&progress).await
    }

    fn into_made(self, done: &Done) -> Made {
        Made {
            kind: TitleKind::Video,
            duration_ms: done.duration_ms,
            tracks: self.assembly.into_tracks(done),
            poster: self.poster,
            sprites: self.sprites,
        }
    }
}

/// What the program sent decides; how it ended matters only when it did not say.
fn conclude(consumed: Result<Consumed, AttemptError>, ended: Ended) -> Result<Made, AttemptError> {
    let silent = match consumed {
        Ok(Consumed::Made(made)) => return Ok(made),
        Ok(Consumed::Nothing) => None,
        Err(AttemptError::Crashed(breach)) => Some(breach),
        Err(other) => return Err(other),
    };
    let how = match (silent, ended.frames, ended.status) {
        (Some(breach), _, _) => breach,
        (None, Err(frame), _) => frame.to_string(),
        (None, Ok(()), Some(status)) => format!("it ended without an answer ({status})"),
        (None, Ok(()), None) => "it had to be killed".to_owned(),
    };
    Err(AttemptError::Crashed(format!("{how}\n{}", ended.said)))
}
