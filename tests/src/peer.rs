//! A running `edge-peer` with a state folder and an address of its own.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::process::Command;

use crate::{
    bins::bin,
    dms::Dms,
    play::{Play, Report},
    process::{Output, Process, free_port, run},
};

/// How long an agent may take to be connected and to know its site.
const READY: Duration = Duration::from_secs(60);

/// An agent on an address of its own.
pub struct EdgePeer {
    process: Option<Process>,
    state: PathBuf,
    logs: PathBuf,
    /// Further arguments of its next start, such as `--cache-limit 11MiB`.
    pub arguments: Vec<String>,
    /// Its name, such as `lyon-2`.
    pub name: String,
    /// Its address, such as `127.1.0.2`.
    pub ip: String,
    /// Its chunk listener, `ip:port`.
    pub chunk_addr: String,
    /// Its loopback API, `http://ip:port`.
    pub local_url: String,
}

impl EdgePeer {
    /// Enrols an agent with a fresh token and starts it.
    ///
    /// # Errors
    /// When it is not built, is refused, or does not connect in time.
    pub async fn start(dms: &Dms, folder: &Path, name: &str, ip: &str) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder.join(name)).context("the state folder is made")?;
        let mut peer = Self::copied(folder, name, ip)?;
        let token = dms.enrollment_token().await?;
        let token_file = peer.state.join("enrollment.token");
        std::fs::write(&token_file, token).context("the token is written")?;
        let enrolled = peer
            .run(&[
                "enroll",
                "--dms",
                &dms.url,
                "--name",
                name,
                "--token-file",
                path(&token_file)?,
            ])
            .await?;
        ensure!(
            enrolled.code == 0,
            "{name} is not enrolled: {}",
            enrolled.stderr
        );
        peer.start_again()?;
        peer.wait_connected().await?;
        Ok(peer)
    }

    /// An agent on a state folder that is there already, such as a copy; not started yet.
    ///
    /// # Errors
    /// When the address is not one of this machine's.
    pub fn copied(folder: &Path, name: &str, ip: &str) -> anyhow::Result<Self> {
        Ok(Self {
            process: None,
            state: folder.join(name),
            logs: folder.to_path_buf(),
            arguments: Vec::new(),
            name: name.to_owned(),
            ip: ip.to_owned(),
            chunk_addr: format!("{ip}:{}", free_port(ip)?),
            local_url: format!("http://{ip}:{}", free_port(ip)?),
        })
    }

    /// Starts the agent again on the same state and addresses.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        let command = self.command(&["run"])?;
        self.process = Some(Process::start(&self.name, command, &self.logs)?);
        Ok(())
    }

    /// Waits until its roster names it (or, in no site, until it is connected).
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn wait_connected(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            self.process()?.alive()?;
            if let Ok(status) = self.status().await
                && status["connected"] == true
            {
                return Ok(());
            }
            let log = crate::process::tail(&self.process()?.log());
            ensure!(
                start.elapsed() < READY,
                "{} is not connected: {log}",
                self.name
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until it knows `count` peers of its site, itself not counted.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn wait_roster(&mut self, count: u64) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            self.process()?.alive()?;
            let status = self.status().await.unwrap_or_default();
            if status["roster"].as_u64().is_some_and(|n| n >= count) {
                return Ok(());
            }
            ensure!(
                start.elapsed() < READY,
                "{} knows too few peers: {status}",
                self.name
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// An `edge-peer` command for this agent.
    ///
    /// # Errors
    /// When `edge-peer` is not built.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(bin("edge-peer")?);
        let local = self
            .local_url
            .strip_prefix("http://")
            .unwrap_or(&self.local_url);
        command
            .args(arguments)
            .arg("--state")
            .arg(&self.state)
            .args(["--bind", &self.ip]);
        command.args(["--chunk-listen", &self.chunk_addr, "--local-listen", local]);
        // A test machine may be a laptop on battery: what it shares must not depend on that.
        command.args(["--weight", "100"]);
        command.args(&self.arguments);
        Ok(command)
    }

    /// Runs an `edge-peer` command to its end.
    ///
    /// # Errors
    /// When it does not start or hangs.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        run(self.command(arguments)?, READY).await
    }

    /// What the agent says of itself.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn status(&self) -> anyhow::Result<Value> {
        let done = self.run(&["status", "--json"]).await?;
        serde_json::from_str(done.stdout.trim()).with_context(|| format!("status: {}", done.stderr))
    }

    /// The running agent.
    ///
    /// # Errors
    /// When it was killed.
    pub fn process(&mut self) -> anyhow::Result<&mut Process> {
        self.process
            .as_mut()
            .with_context(|| format!("{} runs", self.name))
    }

    /// Kills the agent at once.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.process()?.kill().await?;
        self.process = None;
        Ok(())
    }

    /// The file that native programs take their bearer from.
    #[must_use]
    pub fn local_token_file(&self) -> PathBuf {
        self.state.join("local.token")
    }

    /// The state folder: keys, certificate, cache.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// How a player plays `title` through this agent.
    #[must_use]
    pub fn player(&self, dms: &Dms, title: &str) -> Play {
        Play::new(title, &self.logs.join(format!("{}-player", self.name)))
            .agent(self)
            .dms(dms)
    }

    /// Plays `title` through this agent, headless and as fast as it can be decoded.
    ///
    /// # Errors
    /// When the player fails.
    pub async fn play(&self, dms: &Dms, title: &str) -> anyhow::Result<Report> {
        self.player(dms, title).run().await
    }
}

fn path(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("a path in UTF-8")
}
