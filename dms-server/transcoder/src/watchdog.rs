//! Ends a job that takes too long, whatever its stages are doing.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::process;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use dms_transcoder_protocol::{Failed, FailureCode, Limits, Message};

use crate::outlet::Outlet;

/// How often the clocks are looked at.
const INTERVAL: Duration = Duration::from_millis(200);

/// How long a stage may take to finish the message it is sending, in intervals.
const PATIENCE: u32 = 10;

/// Units of processor time in `/proc/self/stat` per second: a constant of Linux's interface.
const STAT_HZ: u64 = 100;

/// Watches the time on the wall and the processor time of all threads.
#[derive(Debug)]
pub struct Watchdog {
    started: Instant,
    wall: Duration,
    cpu_s: u64,
    /// Opened before the sandbox closes; none where the system has no such file.
    stat: Option<File>,
}

impl Watchdog {
    /// Starts the clock.
    pub fn new(limits: &Limits) -> Self {
        Self {
            started: Instant::now(),
            wall: Duration::from_secs(u64::from(limits.wall_s)),
            cpu_s: u64::from(limits.cpu_s),
            stat: File::open("/proc/self/stat").ok(),
        }
    }

    /// Watches until the process ends.
    pub fn start(self, outlet: Arc<Outlet>) {
        thread::spawn(move || {
            loop {
                thread::sleep(INTERVAL.min(self.wall));
                if let Some(detail) = self.exceeded() {
                    end(&outlet, &detail);
                }
            }
        });
    }

    fn exceeded(&self) -> Option<String> {
        if self.started.elapsed() >= self.wall {
            return Some(format!("not done after {} s", self.wall.as_secs()));
        }
        let used = self.stat.as_ref().and_then(cpu_seconds)?;
        (used >= self.cpu_s).then(|| format!("not done after {used} s of processor time"))
    }
}

fn end(outlet: &Outlet, detail: &str) -> ! {
    eprintln!("dms-transcoder: timeout: {detail}");
    let failed = Failed {
        code: FailureCode::Timeout,
        detail: detail.to_owned(),
    };
    let message = Message::Failed(failed);
    for _ in 0..PATIENCE {
        if outlet.send_if_free(&message) {
            break;
        }
        thread::sleep(INTERVAL);
    }
    process::exit(1)
}

/// User and system time: fields 14 and 15. The second field is a name in brackets, which may
/// hold anything.
fn cpu_seconds(stat: &File) -> Option<u64> {
    let mut text = [0; 1024];
    let length = stat.read_at(&mut text, 0).ok()?;
    let text = String::from_utf8_lossy(text.get(..length)?);
    let (_, after_name) = text.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) / STAT_HZ)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_from_the_system() {
        let stat = File::open("/proc/self/stat").unwrap();
        let mut sum = 0_u64;
        while cpu_seconds(&stat).unwrap() < 1 {
            sum = (0..1_000_000_u64).fold(sum, |sum, n| sum.wrapping_mul(31).wrapping_add(n));
        }
        assert!(cpu_seconds(&stat).unwrap() < 600, "{sum}");
    }
}
