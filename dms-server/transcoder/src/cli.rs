//! The command line: a job for `dms`, and two ways of use for people.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use anyhow::Context;
use clap::Parser;
use dms_transcoder_protocol::{Failed, JobSpec, Message};
use serde_json::json;

use crate::error::JobError;
use crate::outlet::Outlet;
use crate::sandbox::{self, Confined};
use crate::watchdog::Watchdog;
use crate::{job, probe, source};

/// The source cannot be published; the reason was sent.
const REFUSED: u8 = 1;
/// The command line or standard input is wrong.
const USAGE: u8 = 2;
/// A library or this program failed.
const INTERNAL: u8 = 70;
/// Nobody takes the results.
const OUTPUT: u8 = 74;
/// The kernel cannot confine the process.
const SANDBOX: u8 = 78;

/// Turns a video into CMAF tracks (H.264 and AAC), in a sandbox.
///
/// The source is standard input, which must be a file and not a pipe. With JOB, results are
/// binary frames on standard output, for dms. People use --probe or --to-dir.
#[derive(Debug, Parser)]
#[command(name = "dms-transcoder", version, after_help = EXAMPLES)]
struct Arguments {
    /// The job, as dms writes it: base64url of CBOR
    #[arg(value_name = "JOB", required_unless_present_any = ["probe", "to_dir", "sandbox_selftest"])]
    job: Option<String>,

    /// Say what the source is, as JSON, and which renditions it would get
    #[arg(long, conflicts_with_all = ["job", "to_dir"])]
    probe: bool,

    /// Write headers, segments, poster and sprites into a folder instead
    #[arg(long, value_name = "DIR", conflicts_with = "job")]
    to_dir: Option<PathBuf>,

    /// Run even where the kernel cannot confine the process
    #[arg(long, conflicts_with = "job")]
    without_sandbox: bool,

    /// Let the media libraries say on standard error what they think of the source
    #[arg(long)]
    verbose: bool,

    /// Try what the sandbox must refuse, and report
    #[arg(long, hide = true, conflicts_with_all = ["job", "to_dir", "probe"])]
    sandbox_selftest: bool,
}

const EXAMPLES: &str = "Examples:
  dms-transcoder --probe < talk.mov
  mkdir out && dms-transcoder --to-dir out < talk.mov && ffplay out/1-video-1080/track.mp4

Exit codes:
   0  done
   1  the source cannot be published: the last frame, or standard error, says why
   2  wrong arguments, or standard input is not a file
  70  a library or this program failed
  74  nobody takes the results
  78  the kernel cannot confine the process (Linux 5.13 or newer with Landlock and seccomp can)";

/// Runs the program.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match carry_out(&arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("dms-transcoder: {error:#}");
            ExitCode::from(USAGE)
        }
    }
}

fn carry_out(arguments: &Arguments) -> anyhow::Result<u8> {
    let mut spec = match &arguments.job {
        Some(job) => JobSpec::from_argument(job).context("the argument JOB is not a job")?,
        None => JobSpec {
            require_sandbox: !arguments.without_sandbox,
            ..JobSpec::default()
        },
    };
    if spec.threads == 0 {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        spec.threads = u16::try_from(processors).unwrap_or(u16::MAX);
    }
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    if !arguments.sandbox_selftest {
        let is_file = input.metadata()?.is_file();
        anyhow::ensure!(
            is_file,
            "standard input is not a file: add `< FILE` to the command"
        );
    }
    if let Some(folder) = &arguments.to_dir {
        let empty = folder
            .read_dir()
            .context("--to-dir needs an existing folder")?
            .next()
            .is_none();
        anyhow::ensure!(empty, "the folder {} is not empty", folder.display());
    }
    let watchdog = Watchdog::new(&spec.limits);
    let confined = sandbox::enter(&spec.limits, arguments.to_dir.as_deref())?;
    if let Confined::Partly(missing) = &confined {
        eprintln!("dms-transcoder: the sandbox is not complete: {missing}");
        if spec.require_sandbox {
            return Ok(SANDBOX);
        }
    }
    if arguments.sandbox_selftest {
        return Ok(u8::from(!sandbox::selftest::run(spec.limits.memory_bytes)));
    }
    quieten(arguments.verbose)?;
    if arguments.probe {
        return Ok(tell_probe(input, &spec));
    }
    let outlet = Arc::new(match &arguments.to_dir {
        Some(folder) => Outlet::folder(folder.clone()),
        None => Outlet::pipe(output, spec.limits.max_frame_bytes as usize),
    });
    watchdog.start(Arc::clone(&outlet));
    Ok(conclude(job::run(input, &spec, &outlet), &outlet))
}

fn quieten(verbose: bool) -> anyhow::Result<()> {
    use ffmpeg_next::log::{Level, set_level};
    ffmpeg_next::init()?;
    set_level(if verbose { Level::Info } else { Level::Fatal });
    Ok(())
}

/// Tells the parent how the job ended, and people on standard error.
fn conclude(result: Result<(), JobError>, outlet: &Outlet) -> u8 {
    let Err(error) = result else { return 0 };
    eprintln!("dms-transcoder: {error}");
    match (error.failed(), error) {
        (Some(failed), _) => {
            eprintln!("{}", failed.code.sentence());
            match outlet.send(&Message::Failed(failed)) {
                Ok(()) => REFUSED,
                Err(_) => OUTPUT,
            }
        }
        (None, JobError::Output(_) | JobError::File(_)) => OUTPUT,
        (None, _) => INTERNAL,
    }
}

fn tell_probe(input: File, spec: &JobSpec) -> u8 {
    let examined = source::open(input).and_then(|mut source| {
        let facts = probe::examine(&mut source, spec)?;
        Ok((
            job::plan(&facts, &job::rungs(&facts, spec), spec),
            facts.probe,
        ))
    });
    let (told, code) = match examined {
        Ok((plan, probe)) => {
            let video = probe.video.map(|video| {
                json!({
                    "codec": video.codec, "width": video.width, "height": video.height,
                    "display_width": video.display_width, "display_height": video.display_height,
                    "frame_rate_milli": video.frame_rate_milli, "rotation": video.rotation,
                    "pixel_format": video.pixel_format,
                })
            });
            let audio = probe.audio.iter().map(|audio| {
                json!({
                    "codec": audio.codec, "channels": audio.channels,
                    "sample_rate": audio.sample_rate, "language": audio.language,
                })
            });
            let renditions = plan.renditions.iter().map(|rendition| {
                json!({
                    "track": rendition.track, "codecs": rendition.codecs,
                    "bandwidth": rendition.bandwidth, "kind": format!("{:?}", rendition.kind),
                })
            });
            let told = json!({
                "container": probe.container, "duration_ms": probe.duration_ms,
                "bytes": probe.bytes, "video": video, "audio": audio.collect::<Vec<_>>(),
                "renditions": renditions.collect::<Vec<_>>(),
            });
            (told, 0)
        }
        Err(error) => match error.failed() {
            Some(Failed { code, detail }) => {
                let (name, sentence) = (code.as_str(), code.sentence());
                (
                    json!({ "code": name, "sentence": sentence, "detail": detail }),
                    REFUSED,
                )
            }
            None => (json!({ "error": error.to_string() }), INTERNAL),
        },
    };
    println!("{told:#}");
    code
}
