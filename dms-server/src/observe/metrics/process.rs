//! What the kernel says of this process, under the names every Prometheus program uses.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge, IntGauge, Result};

/// The unit of times in `/proc`, per second: fixed for programs on every architecture this runs on.
const CLOCK_TICKS: f64 = 100.0;

/// Reads `/proc/self` when asked; where there is none, it has nothing to say.
#[derive(Clone, Debug)]
pub(super) struct Process {
    gauges: Arc<Gauges>,
}

#[derive(Debug)]
struct Gauges {
    cpu: Counter,
    /// Guards the step of `cpu` from what it was to what it is.
    cpu_step: Mutex<()>,
    resident: IntGauge,
    virtual_memory: IntGauge,
    threads: IntGauge,
    open_fds: IntGauge,
    max_fds: IntGauge,
    start: Gauge,
}

impl Process {
    pub(super) fn new() -> Result<Self> {
        let gauges = Gauges {
            cpu: Counter::new(
                "process_cpu_seconds_total",
                "Processor time spent, user and system.",
            )?,
            cpu_step: Mutex::default(),
            resident: IntGauge::new("process_resident_memory_bytes", "Memory in RAM.")?,
            virtual_memory: IntGauge::new("process_virtual_memory_bytes", "Memory mapped.")?,
            threads: IntGauge::new("process_threads", "Threads.")?,
            open_fds: IntGauge::new("process_open_fds", "Open file descriptors.")?,
            max_fds: IntGauge::new("process_max_fds", "The most open file descriptors.")?,
            start: Gauge::new(
                "process_start_time_seconds",
                "When the process began, since the Unix epoch.",
            )?,
        };
        Ok(Self {
            gauges: Arc::new(gauges),
        })
    }
}

impl Gauges {
    fn all(&self) -> [&dyn Collector; 7] {
        [
            &self.cpu,
            &self.resident,
            &self.virtual_memory,
            &self.threads,
            &self.open_fds,
            &self.max_fds,
            &self.start,
        ]
    }

    /// Reads what there is; `None` when `/proc` is not as Linux has it.
    fn read(&self) -> Option<()> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // The program's name stands in parentheses and may hold anything; the fields follow the last.
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        // Counted from the field after the name, which proc(5) numbers 3.
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        let cpu = (field(14)? + field(15)?) / CLOCK_TICKS;
        {
            let _step = self.cpu_step.lock().unwrap_or_else(PoisonError::into_inner);
            self.cpu.inc_by((cpu - self.cpu.get()).max(0.0));
        }
        self.start.set(boot_time()? + field(22)? / CLOCK_TICKS);

        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        self.resident.set(number_after(&status, "VmRSS:")? * 1024);
        self.virtual_memory
            .set(number_after(&status, "VmSize:")? * 1024);
        self.threads.set(number_after(&status, "Threads:")?);

        let open = std::fs::read_dir("/proc/self/fd").ok()?.count();
        self.open_fds.set(i64::try_from(open).ok()?);
        let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
        // No number is "unlimited".
        self.max_fds
            .set(number_after(&limits, "Max open files").unwrap_or(i64::MAX));
        Some(())
    }
}

fn boot_time() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}

/// The first number of the line that begins with `name`.
fn number_after(text: &str, name: &str) -> Option<i64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

impl Collector for Process {
    fn desc(&self) -> Vec<&Desc> {
        let all = self.gauges.all();
        all.into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        if self.gauges.read().is_none() {
            return Vec::new();
        }
        let all = self.gauges.all();
        all.into_iter().flat_map(Collector::collect).collect()
    }
}
