//! What the kernel says of a process.

use anyhow::Context;
use rustix::process::{Resource, getrlimit, setrlimit};

/// Kernel clock ticks a second, as `/proc` counts processor time on Linux.
const TICKS: f64 = 100.0;

/// Lets this process, and the server it starts, open as many files as it may. Answers how many.
pub fn raise_open_files() -> anyhow::Result<usize> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("cannot raise the limit of open files")?;
    Ok(limit.current.map_or(usize::MAX, |most| {
        usize::try_from(most).unwrap_or(usize::MAX)
    }))
}

/// Processor seconds a process has used, in user and kernel mode.
pub fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in brackets, may hold spaces.
    let (_, fields) = text.rsplit_once(')').context("a stat line")?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let mut ticks = || -> anyhow::Result<f64> { Ok(fields.next().context("a field")?.parse()?) };
    Ok((ticks()? + ticks()?) / TICKS)
}

/// Bytes of memory a process holds.
pub fn rss_bytes(pid: u32) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024.0)
}
