//! `dms-transcoder` as `dms` runs it: a child with a file as standard input and a pipe as output.
//!
//! The clips are made here, by the `ffmpeg` program; `ffprobe` judges what comes out.

mod clips;
mod formats;
mod harness;
mod program;
mod refusals;
mod shapes;
mod sounds;
