//! Notes for tests that have a database and no server.

use std::sync::LazyLock;

use zeroize::Zeroizing;

use super::{Actor, ChainKey, Entry, Note, act};

static KEY: LazyLock<ChainKey> = LazyLock::new(|| ChainKey::new(Zeroizing::new([1; 32])));

/// A note about an act of the system at this time.
pub(crate) fn note(at_ms: i64) -> Note<'static> {
    let object = ("test", String::new());
    let entry = Entry::new(at_ms, Actor::system(), act::LOG_BEGAN, object);
    Note::new(&KEY, entry)
}
