//! Ads and announcements: where something may be inserted into a title, what fills it, and what came of it.

pub mod breaks;
