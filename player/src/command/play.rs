//! `dms-player play`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use clap::{Args, ValueEnum};

use crate::{
    breaks::Breaks,
    config::{SourceArgs, SourceConfig},
    engine::{feed::LookAhead, headless, quality::Quality, session::Session, transport::Pace},
    error::PlayError,
    report::Report,
    window,
};

/// Flags of `play`.
#[derive(Args, Debug)]
pub(super) struct PlayArgs {
    #[command(flatten)]
    source: SourceArgs,

    /// Decode everything, show nothing
    #[arg(long)]
    headless: bool,

    /// Do not wait for the clock; stalls are judged as if playing in real time
    #[arg(long, requires = "headless")]
    fast: bool,

    /// Print how it went as one JSON object
    #[arg(long, value_name = "FORMAT")]
    report: Option<ReportFormat>,

    /// auto, highest, lowest, or a number of lines such as 720 [default: auto; headless: highest]
    #[arg(long, value_name = "QUALITY")]
    quality: Option<Quality>,

    /// How far ahead to fetch, seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    buffer: u64,

    /// Where to start, seconds
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = crate::config::seconds)]
    start: Duration,

    /// The most memory for what is fetched ahead, MiB
    #[arg(long, value_name = "MIB", default_value_t = 64,
          value_parser = clap::value_parser!(u64).range(1..=4096))]
    buffer_memory: u64,

    /// Put the SHA-256 of all decoded pictures (raw planes) into the report
    #[arg(long, requires = "headless")]
    frames_sha256: bool,

    /// Play the content alone; not where a break has to be seen
    #[arg(long)]
    no_ads: bool,
}

/// How long the end may wait until what was played is told.
const CLOSING: Duration = Duration::from_secs(3);

#[derive(ValueEnum, Clone, Copy, Debug)]
enum ReportFormat {
    Json,
}

pub(super) fn run(args: PlayArgs, began: Instant) -> Result<(), PlayError> {
    let report_wanted = args.report.is_some();
    let config = args.source.clone().resolve()?;
    let title = config.title;
    let runtime = super::runtime()?;
    let opened = runtime.block_on(Session::open(&config));
    let played = opened.and_then(|session| {
        let breaks = args.breaks(&config, &session)?;
        let (with, options) = (breaks.as_ref(), args.headless_options());
        let played = match args.headless {
            true => runtime.block_on(headless::play(&session, with, options, began)),
            false => window::play(&runtime, &session, with, args.window_options(), began),
        };
        let closing = async {
            let told = async {
                if let Some(breaks) = &breaks {
                    breaks.tell().await;
                }
            };
            tokio::time::timeout(CLOSING, futures_util::future::join(told, session.close())).await
        };
        let _ = runtime.block_on(closing);
        played
    });
    // Tasks that still wait for the network must not hold up the exit.
    runtime.shutdown_background();
    let report = played.unwrap_or_else(|error| {
        let mut report = Report::without_session(title);
        report.fail(error);
        report
    });
    if report_wanted {
        super::print_json(&report)?;
    } else if report.failure.is_none() {
        tracing::info!("{}", report.summary());
    }
    report.failure.map_or(Ok(()), Err)
}

impl PlayArgs {
    /// The title's breaks, if they are played. Telling of what earlier playbacks showed needs none.
    fn breaks(
        &self,
        config: &SourceConfig,
        session: &Arc<Session>,
    ) -> Result<Option<Arc<Breaks>>, PlayError> {
        let holds = session.manifest().breaks.iter().any(|at| at.hold);
        match (self.no_ads, holds) {
            (false, _) => Ok(Some(Breaks::new(config, session))),
            (true, false) => Ok(None),
            (true, true) => Err(PlayError::Usage(
                "This title has breaks that have to be seen: play it without --no-ads.".into(),
            )),
        }
    }

    fn look_ahead(&self) -> LookAhead {
        LookAhead {
            time: Duration::from_secs(self.buffer),
            bytes: self.buffer_memory << 20,
        }
    }

    fn headless_options(&self) -> headless::Options {
        headless::Options {
            quality: self.quality.unwrap_or(Quality::Highest),
            pace: if self.fast {
                Pace::Fast
            } else {
                Pace::RealTime
            },
            look_ahead: self.look_ahead(),
            hash: self.frames_sha256,
            at: self.start,
        }
    }

    fn window_options(&self) -> window::Options {
        window::Options {
            quality: self.quality.unwrap_or(Quality::Auto),
            look_ahead: self.look_ahead(),
            at: self.start,
        }
    }
}
