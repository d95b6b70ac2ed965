//! Whether this PC gives, and how much of the homes' work it takes.

mod given;
mod pause;
mod watcher;

pub use given::Given;
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

    #[test]
    fn a_pc_gives_only_when_nothing_speaks_against_it() {
        let desk = Circumstances {
            power: Some(Power::Desktop),
            link: Some(Link::Wired),
            ..Circumstances::default()
        };
        let unknown = Circumstances::default();
        let laptop = Circumstances {
            power: Some(Power::Mains),
            ..desk
        };
        let wifi = Circumstances {
            link: Some(Link::Wireless),
            ..laptop
        };
        let cases = [
            (desk, Sharing::On, 100),
            (unknown, Sharing::On, 100),
            (laptop, Sharing::On, 60),
            (wifi, Sharing::On, 25),
            (
                Circumstances {
                    weight: Some(40),
                    ..desk
                },
                Sharing::On,
                40,
            ),
            (
                Circumstances {
                    power: Some(Power::Battery),
                    ..wifi
                },
                Sharing::Battery,
                0,
            ),
            (
                Circumstances {
                    link: Some(Link::Mobile),
                    ..desk
                },
                Sharing::Metered,
                0,
            ),
            (
                Circumstances {
                    metered: Some(true),
                    ..desk
                },
                Sharing::Metered,
                0,
            ),
            (
                Circumstances {
                    link: Some(Link::Mobile),
                    metered: Some(false),
                    ..desk
                },
                Sharing::On,
                100,
            ),
            (
                Circumstances {
                    link: Some(Link::Vpn),
                    ..desk
                },
                Sharing::Vpn,
                0,
            ),
            (
                Circumstances {
                    paused: true,
                    weight: Some(9),
                    ..desk
                },
                Sharing::Paused,
                0,
            ),
            (
                Circumstances {
                    leaving: true,
                    paused: true,
                    ..desk
                },
                Sharing::Leaving,
                0,
            ),
        ];
        for (circumstances, sharing, weight) in cases {
            let expected = Willing { sharing, weight };
            assert_eq!(circumstances.willing(), expected, "{circumstances:?}");
        }
    }
}
