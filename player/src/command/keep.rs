//! `dms-player keep`, `kept` and `forget`: titles for where there is no network.

use std::{
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

use clap::Args;
use serde::Serialize;
use swarm::content::{Manifest, TitleId, TitleKind, TrackKind};

use crate::{
    config::SourceArgs,
    engine::{
        quality::{Chooser, Quality},
        session::{Came, acquire},
    },
    error::PlayError,
    license::now_ms,
    offline::{
        Pieces, Saved, Shelf, budget_ms,
        timekeeper::{Place, Timekeeper},
    },
    source::{Endpoint, Kept, Source, Wants},
};

/// How often it is looked how far the agent is.
const LOOK: Duration = Duration::from_millis(250);
const MIB: f64 = 1_048_576.0;

/// Flags of `keep`.
#[derive(Args, Debug)]
pub(super) struct KeepArgs {
    #[command(flatten)]
    source: SourceArgs,

    /// highest, lowest, or a number of lines such as 720
    #[arg(long, value_name = "QUALITY", default_value = "highest")]
    quality: Quality,

    /// Print what was saved as one JSON object
    #[arg(long)]
    json: bool,
}

/// Flags of `kept`.
#[derive(Args, Debug)]
pub(super) struct KeptArgs {
    /// Where the player keeps its state [default: the user's state folder]
    #[arg(long, value_name = "DIR", env = "DMS_PLAYER_STATE")]
    state: Option<std::path::PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Flags of `forget`.
#[derive(Args, Debug)]
pub(super) struct ForgetArgs {
    #[command(flatten)]
    source: SourceArgs,
}

/// What `kept --json` prints.
#[derive(Serialize)]
struct List {
    schema: u32,
    items: Vec<Saved>,
}

pub(super) fn keep(args: KeepArgs) -> Result<(), PlayError> {
    if args.quality == Quality::Auto {
        let text = "--quality auto needs a network while playing: give highest, lowest or lines.";
        return Err(PlayError::Usage(text.into()));
    }
    let config = args.source.clone().resolve()?;
    let runtime = super::small_runtime()?;
    let saved = runtime.block_on(async {
        tokio::select! {
            saved = save(&args, &config) => saved,
            _ = tokio::signal::ctrl_c() => Err(PlayError::Interrupted),
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
    let saved = saved?;
    if args.json {
        return super::print_json(&saved);
    }
    let days = saved.until_ms.saturating_sub(now_ms()).div_ceil(86_400_000);
    eprintln!(
        "Saved: {:.1} MiB on this computer, to be played without a network for {days} days.",
        saved.bytes as f64 / MIB
    );
    Ok(())
}

async fn save(args: &KeepArgs, config: &crate::config::SourceConfig) -> Result<Saved, PlayError> {
    let source = Source::connect(config).await?;
    let agent = source.agent().ok_or_else(no_agent)?;
    let device = agent.device().ok_or_else(no_agent)?;
    let shelf = Shelf::new(&config.state);
    let place = Place::lock(&shelf, device)?.stored()?;
    let watch = place.as_ref().ok().map(Timekeeper::contact);
    let wants = Wants {
        offline: true,
        watch,
        ..Wants::default()
    };
    let asked = Instant::now();
    let (manifest, came, _) = acquire(agent, config, TitleKind::Video, wants).await?;
    let waited_ms = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
    let manifest = manifest.manifest();
    let tracks = tracks(manifest, &came, args.quality)?;
    // The agent first: a title that does not fit is not half saved.
    let kept = agent.keep(config.title, &tracks).await?;
    let lease = *came.license.lease();
    let keeper = match place {
        Ok(keeper) => keeper,
        Err(place) => place.begin(lease.issued_ms)?,
    };
    // The licence was sealed to a key of this moment: nobody can have signed it before it was asked for.
    keeper.answered(lease.issued_ms, waited_ms);
    keeper.admit(config.title, &lease, budget_ms(manifest.duration_ms))?;
    let pieces = Pieces {
        saved: Saved {
            schema: 1,
            title: config.title,
            version: manifest.version,
            license: hex::encode(lease.license_id),
            tracks,
            bytes: kept.bytes,
            saved_ms: lease.issued_ms,
            until_ms: lease.offline_until_ms.min(lease.not_after_ms),
        },
        manifest: came.manifest.to_vec(),
        license: came.bytes.to_vec(),
        recipient: came.recipient.ok_or_else(|| {
            PlayError::LicenseInvalid("it is sealed to a key that cannot be saved".into())
        })?,
    };
    shelf.put(&pieces)?;
    until_whole(agent, config.title, kept).await?;
    Ok(pieces.saved)
}

/// One rendition of the picture, and everything else that the licence opens.
fn tracks(manifest: &Manifest, came: &Came, quality: Quality) -> Result<Vec<u16>, PlayError> {
    let is_video = |kind: &TrackKind| matches!(kind, TrackKind::Video { .. });
    let open = manifest.tracks.iter();
    let open: Vec<_> = open.filter(|track| came.license.covers(track.id)).collect();
    let videos: Vec<_> = open.iter().copied().filter(|t| is_video(&t.kind)).collect();
    let picture = Chooser::new(quality, &videos).map(|chooser| chooser.choose(Duration::ZERO));
    let others = open
        .iter()
        .filter(|track| !is_video(&track.kind))
        .map(|track| track.id);
    let mut tracks: Vec<u16> = others.chain(picture).map(|track| track.0).collect();
    tracks.sort_unstable();
    if tracks.is_empty() {
        return Err(PlayError::NothingToPlay(manifest.title));
    }
    Ok(tracks)
}

/// Waits until the agent holds all of it, and shows how far it is.
async fn until_whole(agent: &Endpoint, title: TitleId, mut kept: Kept) -> Result<(), PlayError> {
    let show = std::io::stderr().is_terminal();
    while kept.bytes_here < kept.bytes {
        if kept.no_room {
            let text = "its cache is full of titles that are kept; let go of one";
            return Err(PlayError::NoRoom(text.into()));
        }
        tokio::time::sleep(LOOK).await;
        kept = agent.kept(title).await?;
        if show {
            let percent = 100.0 * kept.bytes_here as f64 / kept.bytes.max(1) as f64;
            let mut stderr = std::io::stderr();
            let _ = write!(
                stderr,
                "\r{percent:5.1} %  {:.1} of {:.1} MiB \x1b[K",
                kept.bytes_here as f64 / MIB,
                kept.bytes as f64 / MIB
            );
            let _ = stderr.flush();
        }
    }
    if show {
        eprint!("\r\x1b[K");
    }
    Ok(())
}

pub(super) fn kept(args: KeptArgs) -> Result<(), PlayError> {
    let state = crate::config::state_folder(args.state)?;
    let items = Shelf::new(&state).list()?;
    if args.json {
        return super::print_json(&List { schema: 1, items });
    }
    if items.is_empty() {
        eprintln!(
            "Nothing is saved. `dms-player keep TITLE` saves a title for where there is no network."
        );
    }
    for saved in items {
        let left_ms = saved.until_ms.saturating_sub(now_ms());
        let left = match left_ms {
            0 => "over; save it again".to_owned(),
            ms if ms < 172_800_000 => format!("{} h left", ms.div_ceil(3_600_000)),
            ms => format!("{} days left", ms / 86_400_000),
        };
        let mut stdout = std::io::stdout();
        let size = saved.bytes as f64 / MIB;
        let _ = writeln!(stdout, "{}  {size:8.1} MiB  {left}", saved.title);
    }
    Ok(())
}

pub(super) fn forget(args: ForgetArgs) -> Result<(), PlayError> {
    let config = args.source.resolve()?;
    // Here first: without its key nobody plays it, whether the agent answers or not.
    let was_here = Shelf::new(&config.state).remove(config.title)?;
    let runtime = super::small_runtime()?;
    let was_there = runtime.block_on(async {
        let source = Source::connect(&config).await?;
        source
            .agent()
            .ok_or_else(no_agent)?
            .let_go(config.title)
            .await
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
    match was_there? || was_here {
        true => Ok(()),
        false => Err(PlayError::NotSaved(config.title)),
    }
}

fn no_agent() -> PlayError {
    PlayError::Usage(
        "Titles are saved by the agent on this computer: start it, or enrol it.".into(),
    )
}
