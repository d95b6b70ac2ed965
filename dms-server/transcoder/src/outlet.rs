//! Where results go: frames on a pipe, or files of a folder for people.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dms_transcoder_protocol::{FrameError, Message, Rendition, RenditionKind, write_message};

use crate::error::JobError;

/// Takes messages from every stage of a job, one at a time and whole.
pub struct Outlet {
    to: Mutex<To>,
    /// The longest message, bytes.
    most: usize,
}

enum To {
    Pipe(BufWriter<Box<dyn Write + Send>>),
    Folder(Folder),
}

impl Outlet {
    /// Messages become frames of at most `most` bytes.
    pub fn pipe(to: impl Write + Send + 'static, most: usize) -> Self {
        Self {
            to: Mutex::new(To::Pipe(BufWriter::new(Box::new(to)))),
            most,
        }
    }

    /// Messages become files of an existing folder.
    pub fn folder(path: PathBuf) -> Self {
        Self {
            to: Mutex::new(To::Folder(Folder {
                path,
                tracks: Vec::new(),
            })),
            most: usize::MAX,
        }
    }

    /// Sends one message and waits until it is taken.
    ///
    /// # Errors
    /// Nobody reads the pipe, or the folder cannot be written.
    pub fn send(&self, message: &Message) -> Result<(), JobError> {
        match &mut *self.locked() {
            To::Pipe(pipe) => {
                let length = message_len(message);
                if length > self.most {
                    return Err(FrameError::TooLong(length as u64).into());
                }
                write_message(pipe, message)?;
                Ok(pipe.flush()?)
            }
            To::Folder(folder) => Ok(folder.write(message)?),
        }
    }

    /// Sends unless another stage is in the middle of sending; for the watchdog, which must not
    /// wait for a parent that does not read. True when it was sent.
    pub fn send_if_free(&self, message: &Message) -> bool {
        let Ok(mut to) = self.to.try_lock() else {
            return false;
        };
        match &mut *to {
            To::Pipe(pipe) => write_message(pipe, message).is_ok() && pipe.flush().is_ok(),
            To::Folder(folder) => folder.write(message).is_ok(),
        }
    }

    fn locked(&self) -> MutexGuard<'_, To> {
        self.to.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bulk of a message; what CBOR adds is a few dozen bytes.
fn message_len(message: &Message) -> usize {
    match message {
        Message::Segment(segment) => segment.bytes.len(),
        Message::Header(header) => header.bytes.len(),
        Message::Poster(poster) => poster.jpeg.len(),
        Message::Sprites(sprites) => sprites.jpeg.len(),
        _ => 0,
    }
}

/// The debug folder: `poster.jpg`, `sprites.jpg`, and for each track a folder with
/// `header.mp4`, `1.m4s`... and `track.mp4`, which is all of them joined; `summary.txt` has the
/// rest.
struct Folder {
    path: PathBuf,
    tracks: Vec<Rendition>,
}

impl Folder {
    fn write(&mut self, message: &Message) -> std::io::Result<()> {
        match message {
            Message::Plan(plan) => {
                self.tracks.clone_from(&plan.renditions);
                for rendition in &self.tracks {
                    fs::create_dir_all(self.path.join(folder_name(rendition)))?;
                }
                self.note(message)
            }
            Message::Header(header) => {
                let folder = self.of_track(header.track);
                fs::write(folder.join("header.mp4"), &header.bytes)?;
                fs::write(folder.join("track.mp4"), &header.bytes)
            }
            Message::Segment(segment) => {
                let folder = self.of_track(segment.track);
                fs::write(
                    folder.join(format!("{}.m4s", segment.index)),
                    &segment.bytes,
                )?;
                append(folder.join("track.mp4"), &segment.bytes)
            }
            Message::Poster(poster) => fs::write(self.path.join("poster.jpg"), &poster.jpeg),
            Message::Sprites(sprites) => fs::write(self.path.join("sprites.jpg"), &sprites.jpeg),
            Message::Progress(progress) => {
                let percent = f64::from(progress.permille) / 10.0;
                eprintln!(
                    "{percent:5.1} %, {:.2}x",
                    f64::from(progress.speed_milli) / 1_000.0
                );
                Ok(())
            }
            Message::Probe(_) | Message::Done(_) | Message::Failed(_) => self.note(message),
        }
    }

    fn note(&self, message: &Message) -> std::io::Result<()> {
        append(
            self.path.join("summary.txt"),
            format!("{message:#?}\n").as_bytes(),
        )
    }

    fn of_track(&self, track: u16) -> PathBuf {
        let rendition = self
            .tracks
            .iter()
            .find(|rendition| rendition.track == track);
        let name = rendition.map_or_else(|| format!("track-{track}"), folder_name);
        self.path.join(name)
    }
}

fn folder_name(rendition: &Rendition) -> String {
    match &rendition.kind {
        RenditionKind::Video { height, .. } => format!("{}-video-{height}", rendition.track),
        RenditionKind::Audio { language, .. } => format!("{}-audio-{language}", rendition.track),
    }
}

fn append(path: PathBuf, bytes: &[u8]) -> std::io::Result<()> {
    fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?
        .write_all(bytes)
}
