//! Progress for people: a bar on a terminal, else a line now and then.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is written where there is no terminal.
const EVERY: Duration = Duration::from_secs(10);

/// What is being counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, with a rate.
    Bytes,
    /// Thousandths.
    Permille,
}

/// One piece of long work.
pub struct Progress {
    bar: Option<ProgressBar>,
    what: String,
    of: u64,
    unit: Unit,
    said: Option<Instant>,
}

impl Progress {
    /// Begins; `of` is the whole.
    #[must_use]
    pub fn new(what: &str, of: u64, unit: Unit) -> Self {
        let bar = std::io::stderr()
            .is_terminal()
            .then(|| ProgressBar::new(of));
        if let Some(bar) = &bar {
            let template = match unit {
                Unit::Bytes => {
                    "{msg:14} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left"
                }
                Unit::Permille => "{msg:14} {wide_bar} {percent} % {prefix}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_message(what.to_owned());
        }
        Self {
            bar,
            what: what.to_owned(),
            of,
            unit,
            said: None,
        }
    }

    /// Now it stands at `done`; `left` are the estimated seconds to go.
    pub fn at(&mut self, done: u64, left: Option<u64>) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            if self.unit == Unit::Permille {
                bar.set_prefix(left.map_or(String::new(), |s| format!("{s} s left")));
            }
            return;
        }
        if self.said.is_some_and(|said| said.elapsed() < EVERY) {
            return;
        }
        self.said = Some(Instant::now());
        let percent = done.saturating_mul(100).checked_div(self.of).unwrap_or(100);
        let left = left.map_or(String::new(), |s| format!(", {s} s left"));
        eprintln!("{}: {percent} %{left}", self.what);
    }

    /// The work goes by another name from here on.
    pub fn rename(&mut self, what: &str) {
        if self.what == what {
            return;
        }
        what.clone_into(&mut self.what);
        self.said = None;
        if let Some(bar) = &self.bar {
            bar.set_message(what.to_owned());
        }
    }

    /// Something a person should read, above the bar.
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }

    /// Removes the bar.
    pub fn done(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
