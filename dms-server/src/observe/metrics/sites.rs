//! The sites that have a label of their own.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// The label of addresses that are in no site.
const NO_SITE: &str = "none";

/// The label of the sites beyond the limit.
const OTHER: &str = "other";

/// Hands out at most so many labels; who comes later shares [`OTHER`].
#[derive(Debug)]
pub(super) struct SiteLabels {
    max: usize,
    /// Names with a label. Held for a look-up.
    named: Mutex<HashSet<String>>,
}

impl SiteLabels {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            named: Mutex::default(),
        }
    }

    pub(super) fn label<'a>(&self, site: Option<&'a str>) -> &'a str {
        let Some(name) = site else { return NO_SITE };
        // A panic under the lock leaves a whole set.
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if named.contains(name) {
            return name;
        }
        if named.len() >= self.max {
            return OTHER;
        }
        named.insert(name.to_owned());
        name
    }
}
