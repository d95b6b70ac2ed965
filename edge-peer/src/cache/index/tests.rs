//! What goes, what stays, and that the books balance.

use std::collections::HashMap;

use super::*;
use proptest::prelude::*;

fn id(n: u8) -> ChunkId {
    ChunkId([n; 32])
}

fn title(n: u8) -> TitleId {
    TitleId([n; 16])
}

fn filled(limit: u64, chunks: &[(u8, u32, Option<u8>)]) -> Index {
    let mut index = Index::new(limit);
    for &(n, len, of) in chunks {
        assert_eq!(index.reserve(id(n), len, of.map(title)), Ok(vec![]));
        assert!(index.written(id(n), Seal::known(n.into())));
    }
    index
}

#[test]
fn the_least_recently_used_goes_first_and_one_in_use_stays() {
    let mut index = filled(30, &[(1, 10, None), (2, 10, None), (3, 10, None)]);
    index.touch(id(1));
    index.take(id(2));
    assert_eq!(index.reserve(id(4), 10, None), Ok(vec![id(3)]));
    assert_eq!(index.reserve(id(5), 20, None), Err(NoRoom));
    assert_eq!(index.held(), 30);
    index.give(id(2));
    index.give(id(4));
    assert_eq!(index.shed(11), vec![id(2), id(1)]);
    assert_eq!(index.held(), 10);
}

#[test]
fn a_copy_of_a_pinned_title_goes_only_when_it_is_spare_or_the_pin_is_gone() {
    let mut index = filled(30, &[(1, 10, Some(1)), (2, 10, Some(1)), (3, 10, Some(2))]);
    assert!(index.pin(title(1), true));
    assert!(!index.pin(title(1), true));
    assert_eq!(index.reserve(id(4), 10, None), Ok(vec![id(3)]));
    index.give(id(4));
    assert_eq!(index.reserve(id(5), 20, None), Err(NoRoom));
    assert!(index.spare(id(2), true).is_some());
    assert_eq!(index.shed(100), vec![id(4), id(2)]);
    assert_eq!(index.get(id(1)), Some(10));
    // What comes later for a pinned title stays too.
    assert_eq!(index.reserve(id(6), 10, Some(title(1))), Ok(vec![]));
    index.give(id(6));
    assert_eq!(index.shed(100), vec![]);
    assert!(index.pin(title(1), false));
    assert_eq!(index.shed(100), vec![id(1), id(6)]);
    assert_eq!(index.pinned().count(), 0);
}

#[test]
fn a_chunk_without_a_file_is_readable_by_nobody() {
    let mut index = Index::new(30);
    assert_eq!(index.reserve(id(1), 10, None), Ok(vec![]));
    assert_eq!(index.on_disk(id(1)), None);
    assert!(index.written(id(1), Seal::known(7)));
    assert_eq!(index.on_disk(id(1)).unwrap().seal, Some(Seal::known(7)));
    assert!(!index.written(id(2), Seal::known(7)));
}

#[derive(Debug, Clone)]
enum Step {
    Reserve(u8, u32),
    Give(u8),
    Touch(u8),
    Take(u8),
    Remove(u8),
    Shed(u64),
    Pin(u8, bool),
    Spare(u8, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..12u8, 1..40u32).prop_map(|(n, len)| Step::Reserve(n, len)),
        (0..12u8).prop_map(Step::Give),
        (0..12u8).prop_map(Step::Touch),
        (0..12u8).prop_map(Step::Take),
        (0..12u8).prop_map(Step::Remove),
        (0..60u64).prop_map(Step::Shed),
        (0..3u8, any::<bool>()).prop_map(|(n, p)| Step::Pin(n, p)),
        (0..12u8, any::<bool>()).prop_map(|(n, s)| Step::Spare(n, s)),
    ]
}

/// What a simple index would know: uses and spare by chunk, and the pinned titles.
#[derive(Default)]
struct Model {
    chunks: HashMap<u8, (u32, bool)>,
    pinned: [bool; 3],
}

impl Model {
    fn step(&mut self, index: &mut Index, step: Step) -> Vec<ChunkId> {
        match step {
            Step::Reserve(n, len) => {
                let gone = index.reserve(id(n), len, Some(title(n % 3)));
                if gone.is_ok() {
                    self.chunks.entry(n).or_default().0 += 1;
                }
                return gone.unwrap_or_default();
            }
            Step::Shed(bytes) => return index.shed(bytes),
            Step::Give(n) => {
                index.give(id(n));
                if let Some(chunk) = self.chunks.get_mut(&n) {
                    chunk.0 = chunk.0.saturating_sub(1);
                }
            }
            Step::Touch(n) => index.touch(id(n)),
            Step::Take(n) => {
                if index.take(id(n)) {
                    self.chunks.entry(n).or_default().0 += 1;
                }
            }
            Step::Remove(n) => {
                assert_eq!(index.remove(id(n)), self.chunks.remove(&n).is_some());
            }
            Step::Pin(n, pinned) => {
                assert_eq!(
                    index.pin(title(n), pinned),
                    self.pinned[usize::from(n)] != pinned
                );
                self.pinned[usize::from(n)] = pinned;
            }
            Step::Spare(n, spare) => {
                index.spare(id(n), spare);
                if let Some(chunk) = self.chunks.get_mut(&n) {
                    chunk.1 = spare;
                }
            }
        }
        Vec::new()
    }
}

proptest! {
    #[test]
    fn the_books_balance(steps in proptest::collection::vec(step(), 1..200)) {
        let mut index = Index::new(100);
        let mut model = Model::default();
        for step in steps {
            let gone = model.step(&mut index, step);
            for victim in gone {
                let n = victim.0[0];
                let (uses, spare) = model.chunks.remove(&n).unwrap_or_default();
                prop_assert_eq!(uses, 0, "dropped in use");
                prop_assert!(spare || !model.pinned[usize::from(n % 3)], "dropped a last copy");
                prop_assert!(index.get(victim).is_none());
            }
            let sum: u64 = index.iter().map(|(_, len)| u64::from(len)).sum();
            prop_assert_eq!(sum, index.held());
            prop_assert_eq!(index.iter().count(), index.count());
            prop_assert_eq!(index.order().len(), index.count());
            prop_assert_eq!(index.count(), model.chunks.len());
            prop_assert!(index.held() <= index.limit());
        }
    }
}
