//! `dms-transcoder`: turns a video file of any kind into CMAF tracks, in a sandbox.
//!
//! It is a process of its own because it parses hostile files with libraries written in C: what
//! takes it over can read the one file it was given, write to its parent, and nothing else.

mod annexb;
mod cli;
mod cmaf;
mod coverage;
mod discontinuity;
mod error;
mod job;
mod outlet;
mod pace;
mod picture;
mod probe;
mod progress;
mod sandbox;
mod sound;
mod source;
mod still;
mod track;
mod watchdog;

fn main() -> std::process::ExitCode {
    cli::run()
}
