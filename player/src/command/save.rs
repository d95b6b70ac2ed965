//! `dms-player save`.

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use clap::Args;
use serde::Serialize;
use swarm::content::{TitleId, TitleKind};

use crate::{
    config::SourceArgs,
    engine::session::Session,
    error::PlayError,
    receive::{self, Options, Played, Progress, Watch},
    source::BytesBySource,
};

/// How often progress is shown on a terminal.
const SHOW_EVERY: Duration = Duration::from_millis(250);
const MIB: f64 = 1_048_576.0;

/// Flags of `save`.
#[derive(Args, Debug)]
pub(super) struct SaveArgs {
    #[command(flatten)]
    source: SourceArgs,

    /// Where the file is to be; it appears there when it is complete
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Print how it went as one JSON object
    #[arg(long)]
    json: bool,

    /// Receive in reading order, as if it were watched at this rate meanwhile, bits a second
    #[arg(long, value_name = "BITS", value_parser = bitrate)]
    bitrate: Option<f64>,

    /// How much must be there before playing begins, seconds
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = crate::config::seconds, requires = "bitrate")]
    preroll: Duration,

    /// Fetch no further ahead of the play position than a player with so small a buffer, seconds [default: nothing waits]
    #[arg(long, value_name = "SECONDS", value_parser = crate::config::seconds, requires = "bitrate")]
    look_ahead: Option<Duration>,

    /// When the viewer began to wait, seconds since 1970 [default: when this program started]
    #[arg(long, value_name = "SECONDS", value_parser = crate::config::seconds, requires = "bitrate")]
    began: Option<Duration>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Saved {
    schema: u32,
    title: TitleId,
    version: u64,
    file: String,
    bytes: u64,
    seconds: f64,
    path: String,
    received: BytesBySource,
    #[serde(flatten)]
    played: Option<Played>,
    notes: Vec<String>,
}

pub(super) fn run(args: SaveArgs, began: Instant) -> Result<(), PlayError> {
    let config = args.source.clone().resolve()?;
    let options = args.options(began)?;
    let runtime = super::small_runtime()?;
    let saved = runtime.block_on(async {
        let session = Session::open_kind(&config, TitleKind::File).await?;
        let progress = Arc::new(Progress::default());
        let shown = progress.clone();
        tokio::select! {
            done = receive::receive(&session, options, progress) => done.map(|d| (session, d)),
            _ = tokio::signal::ctrl_c() => Err(PlayError::Interrupted),
            () = show(&shown, began) => Err(PlayError::Interrupted),
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
    let (session, (bytes, played)) = saved?;
    let (took, manifest) = (began.elapsed().as_secs_f64(), session.manifest());
    let saved = Saved {
        schema: 1,
        title: manifest.title,
        version: manifest.version,
        file: args.output.display().to_string(),
        bytes,
        seconds: took,
        path: session.source().path().to_string(),
        received: session.source().bytes(),
        played,
        notes: session.source().notes(),
    };
    match args.json {
        true => super::print_json(&saved),
        false => {
            eprintln!("{} saved: {bytes} bytes in {took:.1} s.", saved.file);
            Ok(())
        }
    }
}

impl SaveArgs {
    fn options(&self, began: Instant) -> Result<Options, PlayError> {
        let is_file = self.output.file_name().is_some() && !self.output.is_dir();
        if !is_file {
            let text = format!(
                "--output takes the name of a file, and {} is none.",
                self.output.display()
            );
            return Err(PlayError::Usage(text));
        }
        let watch = self.bitrate.map(|bitrate| Watch {
            bitrate,
            preroll: self.preroll,
            look_ahead: self.look_ahead,
            began: self.began.and_then(instant_of).unwrap_or(began),
        });
        Ok(Options {
            target: self.output.clone(),
            watch,
        })
    }
}

/// The moment `since` 1970, on the clock that never jumps.
fn instant_of(since: Duration) -> Option<Instant> {
    let ago = SystemTime::now().duration_since(UNIX_EPOCH + since).ok()?;
    Instant::now().checked_sub(ago)
}

fn bitrate(text: &str) -> Result<f64, String> {
    let bits: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (1e3..=1e12).contains(&bits) {
        Ok(bits)
    } else {
        Err("between 1e3 and 1e12 bits a second".into())
    }
}

/// Shows progress on a terminal, for as long as it is not dropped.
async fn show(progress: &Progress, began: Instant) {
    if !std::io::stderr().is_terminal() {
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(SHOW_EVERY).await;
        let (done, whole) = progress.bytes();
        let seconds = began.elapsed().as_secs_f64().max(0.001);
        let percent = 100.0 * done as f64 / whole.max(1) as f64;
        let rate = done as f64 / MIB / seconds;
        let mut stderr = std::io::stderr();
        let _ = write!(
            stderr,
            "\r{percent:5.1} %  {:.1} of {:.1} MiB  {rate:.1} MiB/s \x1b[K",
            done as f64 / MIB,
            whole as f64 / MIB
        );
        if whole > 0 && done >= whole {
            let _ = write!(stderr, "\r\x1b[K");
        }
        let _ = stderr.flush();
    }
}
