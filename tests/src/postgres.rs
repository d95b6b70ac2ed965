//! A private PostgreSQL server on loopback, from the system's package.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::process::{Process, free_port, run};

/// How long the server may take to be ready.
const READY: Duration = Duration::from_secs(60);

/// A running server with one empty database; its files go with it.
pub struct Postgres {
    _server: Process,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Postgres {
    /// Makes a cluster in a temporary folder and starts it.
    ///
    /// # Errors
    /// When the package is missing or the server does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let programs = programs()?;
        let folder = tempfile::tempdir().context("a temporary folder is made")?;
        let data = folder.path().join("data");
        give_to_postgres(folder.path())?;
        let mut initdb = as_postgres(&programs.join("initdb"));
        initdb
            .arg("-D")
            .arg(&data)
            .args(["-U", "dms", "-A", "trust", "-E", "UTF8", "--no-sync"]);
        let made = run(initdb, READY).await?;
        ensure!(made.code == 0, "initdb failed: {}", made.stderr);
        let port = free_port("127.0.0.1")?;
        let mut server = as_postgres(&programs.join("postgres"));
        server
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-k", ""]);
        server.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
        let logs = tempfile::tempdir().context("a temporary folder is made")?;
        let mut server = Process::start("postgres", server, logs.path())?;
        wait_ready(&programs, port, &mut server).await?;
        Ok(Self {
            _server: server,
            port,
            _folder: folder,
        })
    }

    /// The URL of its one database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://dms@127.0.0.1:{}/postgres", self.port)
    }
}

/// The folder of the newest installed server programs.
fn programs() -> anyhow::Result<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .context("PostgreSQL is installed (scripts/setup)")?
        .filter_map(|e| Some(e.ok()?.path().join("bin")))
        .filter(|p| p.join("initdb").is_file())
        .collect();
    versions.sort();
    versions
        .pop()
        .context("PostgreSQL's server programs are installed (scripts/setup)")
}

/// PostgreSQL refuses to run as root: then it runs as the package's own user.
fn as_postgres(program: &Path) -> Command {
    if rustix::process::geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command
            .args([
                "--reuid=postgres",
                "--regid=postgres",
                "--clear-groups",
                "--",
            ])
            .arg(program);
        command
    } else {
        Command::new(program)
    }
}

fn give_to_postgres(folder: &Path) -> anyhow::Result<()> {
    if rustix::process::geteuid().is_root() {
        let status = std::process::Command::new("chown")
            .arg("postgres:postgres")
            .arg(folder)
            .status();
        ensure!(
            status.context("chown runs")?.success(),
            "the folder is given to postgres"
        );
    }
    Ok(())
}

async fn wait_ready(programs: &Path, port: u16, server: &mut Process) -> anyhow::Result<()> {
    let start = std::time::Instant::now();
    loop {
        server.alive()?;
        let mut probe = Command::new(programs.join("pg_isready"));
        probe.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
        if run(probe, READY).await?.code == 0 {
            return Ok(());
        }
        ensure!(
            start.elapsed() < READY,
            "PostgreSQL is not ready after {READY:?}: {}",
            server.log()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
