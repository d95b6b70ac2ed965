//! Whether this PC gives, and how much of the homes' work it takes.

mod caps;
mod given;
mod pause;
mod watcher;

pub use caps::{Cap, Capped, Caps, InForce, LEAST_DISK, LEAST_UPLOAD, Limits, Snapped};
pub use given::{Given, Moved};
pub use pause::{Pause, epoch_ms};
pub use watcher::{Watcher, watch};

use swarm::wire::Sharing;

use crate::platform::{Link, Power};

/// The weight of a wired desktop.
pub const FULL: u32 = 100;
/// A wired laptop on mains may be carried away at any moment.
const LAPTOP: u32 = 60;
/// Every byte on Wi-Fi takes air time of the whole room, twice.
const WIRELESS: u32 = 25;

/// What is known about this PC now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// Its power.
    pub power: Option<Power>,
    /// The link on which it reaches the DMS.
    pub link: Option<Link>,
    /// Whether that link costs by the byte, as configured.
    pub metered: Option<bool>,
    /// The weight as configured.
    pub weight: Option<u32>,
    /// Whether the employee paused giving.
    pub paused: bool,
    /// Whether the agent is about to stop.
    pub leaving: bool,
}

/// What the DMS and the state machine are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Willing {
    /// Whether it gives, and if not, why.
    pub sharing: Sharing,
    /// Its share of homes, 0 to 100; 0 while it does not give.
    pub weight: u32,
}

impl Circumstances {
    /// What follows from the circumstances. The employee's word comes first, then cost, then power.
    #[must_use]
    pub fn willing(&self) -> Willing {
        let sharing = if self.leaving {
            Sharing::Leaving
        } else if self.paused {
            Sharing::Paused
        } else if self.link == Some(Link::Vpn) {
            Sharing::Vpn
        } else if self.metered.unwrap_or(self.link == Some(Link::Mobile)) {
            Sharing::Metered
        } else if self.power == Some(Power::Battery) {
            Sharing::Battery
        } else {
            Sharing::On
        };
        let weight = match sharing {
            Sharing::On => self.weight.unwrap_or_else(|| self.own_weight()).min(FULL),
            _ => 0,
        };
        Willing { sharing, weight }
    }

    fn own_weight(&self) -> u32 {
        match (self.link, self.power) {
            (Some(Link::Wireless), _) => WIRELESS,
            (_, Some(Power::Mains)) => LAPTOP,
            _ => FULL,
        }
    }
}

/// The reason in words, for a sentence that begins with "Not sharing".
#[must_use]
pub fn reason(sharing: Sharing) -> &'static str {
    match sharing {
        Sharing::On => "",
        Sharing::Paused => "paused",
        Sharing::Battery => "on battery",
        Sharing::Metered => "on a metered link",
        Sharing::Vpn => "on a VPN",
        Sharing::Leaving => "stopping",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESK: Circumstances = Circumstances {
        power: Some(Power::Desktop),
        link: Some(Link::Wired),
        metered: None,
        weight: None,
        paused: false,
        leaving: false,
    };

    fn willing(change: impl Fn(&mut Circumstances)) -> (Sharing, u32) {
        let mut circumstances = DESK;
        change(&mut circumstances);
        let Willing { sharing, weight } = circumstances.willing();
        (sharing, weight)
    }

    #[test]
    fn a_pc_gives_by_its_power_and_link() {
        assert_eq!(willing(|_| {}), (Sharing::On, 100));
        assert_eq!(
            willing(|c| *c = Circumstances::default()),
            (Sharing::On, 100)
        );
        assert_eq!(willing(|c| c.power = Some(Power::Mains)), (Sharing::On, 60));
        assert_eq!(
            willing(|c| c.link = Some(Link::Wireless)),
            (Sharing::On, 25)
        );
        assert_eq!(willing(|c| c.weight = Some(40)), (Sharing::On, 40));
        assert_eq!(willing(|c| c.weight = Some(400)), (Sharing::On, 100));
    }

    #[test]
    fn a_pc_gives_nothing_when_something_speaks_against_it() {
        assert_eq!(
            willing(|c| c.power = Some(Power::Battery)),
            (Sharing::Battery, 0)
        );
        assert_eq!(
            willing(|c| c.link = Some(Link::Mobile)),
            (Sharing::Metered, 0)
        );
        assert_eq!(willing(|c| c.metered = Some(true)), (Sharing::Metered, 0));
        assert_eq!(willing(|c| c.link = Some(Link::Vpn)), (Sharing::Vpn, 0));
        let free = |c: &mut Circumstances| (c.link, c.metered) = (Some(Link::Mobile), Some(false));
        assert_eq!(willing(free), (Sharing::On, 100));
        let paused = |c: &mut Circumstances| (c.paused, c.weight) = (true, Some(9));
        assert_eq!(willing(paused), (Sharing::Paused, 0));
        let leaving = |c: &mut Circumstances| (c.paused, c.leaving) = (true, true);
        assert_eq!(willing(leaving), (Sharing::Leaving, 0));
    }
}
