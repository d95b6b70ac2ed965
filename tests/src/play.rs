//! A headless `dms-player` and its report.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, ensure};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{
    bins::bin,
    dms::Dms,
    peer::EdgePeer,
    process::{Output, run},
};

/// How long one playback may take.
const PLAY: Duration = Duration::from_secs(7_200);

/// How long the gateway may take until it serves.
const READY: Duration = Duration::from_secs(60);

/// A `dms-player serve`; dropping it ends it.
pub struct Gateway {
    process: Child,
    /// Its master playlist.
    pub url: String,
}

impl Gateway {
    /// Ends it.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub async fn end(mut self) -> anyhow::Result<()> {
        self.process.kill().await.context("the gateway ends")
    }
}

/// What the player says of a playback. Unknown fields are kept in no place: the player's own
/// tests check them.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub struct Report {
    /// `agent` or `dms`.
    pub path: String,
    /// From the start of the program to the first frame, milliseconds.
    pub startup_ms: u64,
    /// How often the picture stopped.
    pub stalls: u64,
    /// For how long, milliseconds.
    pub stalled_ms: u64,
    /// Frames the manifest promises for what was played.
    pub frames_expected: u64,
    /// Frames decoded.
    pub frames_decoded: u64,
    /// Bytes by where they came from.
    pub bytes: Bytes,
}

/// Payload bytes by source.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize)]
pub struct Bytes {
    /// From this PC's own cache.
    pub cache: u64,
    /// From peers of the site.
    pub peer: u64,
    /// From the origin.
    pub origin: u64,
}

/// One playback to be run.
pub struct Play {
    title: String,
    state: PathBuf,
    arguments: Vec<String>,
    yields: bool,
}

impl Play {
    /// A headless playback of `title`, with the player's own files in `state`.
    #[must_use]
    pub fn new(title: &str, state: &Path) -> Self {
        Self {
            title: title.to_owned(),
            state: state.to_path_buf(),
            arguments: Vec::new(),
            yields: false,
        }
    }

    /// Gives way to other programs: many decoders that run as fast as they can would else keep
    /// the agents of the same machine from delivering.
    #[must_use]
    pub fn yielding(mut self) -> Self {
        self.yields = true;
        self
    }

    /// Through this agent.
    #[must_use]
    pub fn agent(self, peer: &EdgePeer) -> Self {
        let token = peer.local_token_file().display().to_string();
        self.with(&["--agent", &peer.local_url, "--agent-token-file", &token])
    }

    /// With the DMS as the second way.
    #[must_use]
    pub fn dms(self, dms: &Dms) -> Self {
        let token = dms.token_file().display().to_string();
        self.with(&["--dms", &dms.url, "--token-file", &token])
    }

    /// With more arguments.
    #[must_use]
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments
            .extend(arguments.iter().map(ToString::to_string));
        self
    }

    /// The command, for `play` or `serve`.
    ///
    /// # Errors
    /// When `dms-player` is not built.
    pub fn command(&self, verb: &str) -> anyhow::Result<Command> {
        std::fs::create_dir_all(&self.state).context("the player's folder is made")?;
        let player = bin("dms-player")?;
        let mut command = match self.yields {
            true => Command::new("nice"),
            false => Command::new(&player),
        };
        if self.yields {
            command.args(["-n", "10"]).arg(&player);
        }
        command.arg(verb).arg(&self.title).args(&self.arguments);
        command.arg("--state").arg(&self.state).kill_on_drop(true);
        Ok(command)
    }

    /// Serves the title as clear HLS to other players of this computer.
    ///
    /// # Errors
    /// When the player does not start or says no address in time.
    pub async fn serve(&self) -> anyhow::Result<Gateway> {
        let mut command = self.command("serve")?;
        let mut process = command
            .stdout(Stdio::piped())
            .spawn()
            .context("dms-player starts")?;
        let stdout = process.stdout.take().context("its output is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let url = tokio::time::timeout(READY, lines.next_line())
            .await
            .context("the gateway says its URL in time")??
            .context("the gateway says its URL")?;
        Ok(Gateway { process, url })
    }

    /// Plays to the end, whatever comes of it.
    ///
    /// # Errors
    /// When the player does not start or hangs.
    pub async fn output(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        let mut command = self.command("play")?;
        command
            .args(["--headless", "--report", "json"])
            .args(arguments);
        run(command, PLAY).await
    }

    /// Plays to the end as fast as it can be decoded.
    ///
    /// # Errors
    /// When the player fails or its report is not one.
    pub async fn run(&self) -> anyhow::Result<Report> {
        self.report(&["--fast"]).await
    }

    /// Plays to the end as a person would watch it, in real time.
    ///
    /// # Errors
    /// As [`Play::run`].
    pub async fn watch(&self) -> anyhow::Result<Report> {
        self.report(&[]).await
    }

    async fn report(&self, arguments: &[&str]) -> anyhow::Result<Report> {
        let done = self.output(arguments).await?;
        ensure!(
            done.code == 0,
            "dms-player ended with {}: {}",
            done.code,
            done.stderr
        );
        let last = done.stdout.lines().last().unwrap_or_default();
        let whole = serde_json::from_str(done.stdout.trim());
        whole
            .or_else(|_| serde_json::from_str(last))
            .with_context(|| format!("a report: {}", done.stdout))
    }
}
