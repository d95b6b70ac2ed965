//! Watches power, link and the employee's pause, and tells when what follows from them changes.

use std::{
    net::IpAddr,
    time::{Duration, SystemTime},
};

use tokio::sync::watch::{self, Receiver, Sender};
use tokio_util::sync::CancellationToken;

use super::{Circumstances, Pause, Willing};
use crate::platform::{Sys, interface_of};

/// How often the system is asked. A plug that was pulled stops giving within this time.
const PERIOD: Duration = Duration::from_secs(1);

/// What the watcher looks at besides the system.
pub struct Watcher {
    /// The system.
    pub sys: Sys,
    /// As configured.
    pub metered: Option<bool>,
    /// As configured.
    pub weight: Option<u32>,
    /// The employee's pause.
    pub pause: Receiver<Pause>,
    /// The address from which the DMS is reached, once known.
    pub local: Receiver<Option<IpAddr>>,
    /// Cancelled when the agent is about to stop.
    pub leaving: CancellationToken,
}

/// The channel that a watcher tells its findings on, with what holds at the start.
pub fn watch(watcher: &Watcher) -> (Sender<Willing>, Receiver<Willing>) {
    watch::channel(watcher.look())
}

impl Watcher {
    /// Watches until everybody stopped listening.
    pub async fn run(mut self, told: Sender<Willing>) {
        loop {
            let found = self.look();
            told.send_if_modified(|known| std::mem::replace(known, found) != found);
            if self.leaving.is_cancelled() {
                return;
            }
            tokio::select! {
                () = self.leaving.cancelled() => {}
                () = told.closed() => return,
                () = tokio::time::sleep(PERIOD) => {}
                changed = self.pause.changed() => if changed.is_err() { return },
                changed = self.local.changed() => if changed.is_err() { return },
            }
        }
    }

    fn look(&self) -> Willing {
        let link = self.local.borrow().and_then(interface_of);
        let circumstances = Circumstances {
            power: self.sys.power(),
            link: link.and_then(|name| self.sys.link(&name)),
            metered: self.metered,
            weight: self.weight,
            paused: self.pause.borrow().holds(SystemTime::now()),
            leaving: self.leaving.is_cancelled(),
        };
        circumstances.willing()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use swarm::wire::Sharing;

    #[tokio::test]
    async fn a_pulled_plug_a_pause_and_the_end_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let battery = dir.path().join("class/power_supply/BAT0");
        fs::create_dir_all(&battery).unwrap();
        fs::write(battery.join("type"), "Battery").unwrap();
        fs::write(battery.join("status"), "Full").unwrap();
        let (pause, paused) = watch::channel(Pause::No);
        let (_local, local) = watch::channel(None);
        let leaving = CancellationToken::new();
        let watcher = Watcher {
            sys: Sys::at(dir.path()),
            metered: None,
            weight: None,
            pause: paused,
            local,
            leaving: leaving.clone(),
        };
        let (told, mut willing) = watch(&watcher);
        assert_eq!(willing.borrow_and_update().sharing, Sharing::On);
        let task = tokio::spawn(watcher.run(told));

        fs::write(battery.join("status"), "Discharging").unwrap();
        willing.changed().await.unwrap();
        assert_eq!(willing.borrow_and_update().sharing, Sharing::Battery);
        pause.send_replace(Pause::UntilResumed);
        willing.changed().await.unwrap();
        assert_eq!(willing.borrow_and_update().sharing, Sharing::Paused);
        leaving.cancel();
        willing.changed().await.unwrap();
        assert_eq!(willing.borrow_and_update().sharing, Sharing::Leaving);
        task.await.unwrap();
    }
}
