//! What the loop shows of itself.

use swarm::{
    peer::Load,
    wire::{Sharing, SiteInfo},
};

/// A picture of the loop, renewed after each turn that changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Whether the control connection is up.
    pub connected: bool,
    /// Whether the DMS does not accept this device any more.
    pub refused: bool,
    /// The site; none: no peering.
    pub site: Option<SiteInfo>,
    /// Members of the site besides this PC.
    pub others: usize,
    /// Whether this PC gives.
    pub sharing: Sharing,
    /// Bytes that players, pages and programs of this PC wait for.
    pub waiting_bytes: u64,
    /// What the machine is busy with.
    pub load: Load,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            connected: false,
            refused: false,
            site: None,
            others: 0,
            sharing: Sharing::On,
            waiting_bytes: 0,
            load: Load::default(),
        }
    }
}
