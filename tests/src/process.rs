//! A child process with its log in a file, ended when dropped.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

/// How long a program may take to end after it was asked to.
const END: Duration = Duration::from_secs(15);

/// A running program.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command`; what it prints goes to `<name>.log` in `folder`, after what is there.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(name: &str, mut command: Command, folder: &Path) -> anyhow::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let out = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&log)
            .with_context(|| format!("{} opens", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone().context("a file is cloned")?)
            .stderr(out)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{name} starts"))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log,
        })
    }

    /// Its process id while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it has printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Fails, with the end of its log, when it has ended.
    ///
    /// # Errors
    /// When it has ended.
    pub fn alive(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait().context("a child is waited for")? {
            bail!(
                "{} ended with {status}; its log ends with\n{}",
                self.name,
                tail(&self.log())
            );
        }
        Ok(())
    }

    /// Sends `signal`.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = self
            .child
            .id()
            .and_then(|p| i32::try_from(p).ok())
            .and_then(Pid::from_raw);
        let pid = pid.with_context(|| format!("{} still runs", self.name))?;
        kill_process(pid, signal).with_context(|| format!("{} is signalled", self.name))
    }

    /// Kills it at once, as a power cut would, and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.child
            .kill()
            .await
            .with_context(|| format!("{} is killed", self.name))
    }

    /// Asks it to end (SIGTERM) and waits for that.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn end(&mut self) -> anyhow::Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        tokio::time::timeout(END, self.child.wait())
            .await
            .with_context(|| format!("{} ends within {END:?} after SIGTERM", self.name))?
            .context("a child is waited for")
    }

    /// Its resident memory now, bytes; 0 when it has ended.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        let Some(pid) = self.pid() else { return 0 };
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status
            .lines()
            .find_map(|l| l.strip_prefix("VmRSS:"))
            .and_then(|l| l.trim().trim_end_matches("kB").trim().parse::<u64>().ok())
            .map_or(0, |kib| kib * 1024)
    }
}

/// The last lines of a log.
#[must_use]
pub fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(25)..].join("\n")
}

/// What a short-lived program printed and how it ended.
#[derive(Debug)]
pub struct Output {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// Runs `command` to its end, at most `limit`.
///
/// # Errors
/// When it does not start or does not end in time.
pub async fn run(mut command: Command, limit: Duration) -> anyhow::Result<Output> {
    let what = format!("{:?}", command.as_std());
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(limit, output)
        .await
        .with_context(|| format!("{what} ends within {limit:?}"))?
        .with_context(|| format!("{what} starts"))?;
    Ok(Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// The ports that are given out: below those that systems take for connections that go out, which would else be faster now
/// and then than the program a port was meant for.
const PORTS: std::ops::Range<u16> = 10_240..32_000;

/// A TCP port of `ip` that nobody listens on now, and that no other call of this process got.
///
/// # Errors
/// When the address is not one of this machine's, or all ports are taken.
pub fn free_port(ip: &str) -> anyhow::Result<u16> {
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    let count = PORTS.end - PORTS.start;
    // Another process begins elsewhere.
    let next = NEXT.get_or_init(|| AtomicU16::new(rand::random_range(0..count)));
    let mut refused = None;
    for _ in 0..count {
        let port = PORTS.start + next.fetch_add(1, Ordering::Relaxed) % count;
        match std::net::TcpListener::bind((ip, port)) {
            Ok(_) => return Ok(port),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    match refused {
        Some(error) => Err(error).with_context(|| format!("{ip} is bound")),
        None => bail!("every port of {ip} is taken"),
    }
}
