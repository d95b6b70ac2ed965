//! Title ids by small numbers, so that an entry of the index holds four bytes instead of sixteen;
//! and which titles are pinned.

use std::collections::HashMap;

use swarm::content::TitleId;

/// No title.
pub const NO_TITLE: u32 = u32::MAX;

/// The titles that chunks were fetched for.
#[derive(Debug, Default)]
pub struct Titles {
    places: Vec<Place>,
    by_id: HashMap<TitleId, u32>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Place {
    id: TitleId,
    chunks: u32,
    pinned: bool,
}

impl Titles {
    /// The number of a title of one more chunk.
    pub fn enter(&mut self, title: Option<TitleId>) -> u32 {
        let Some(id) = title else {
            return NO_TITLE;
        };
        let number = self.number(id);
        if let Some(place) = self.place(number) {
            place.chunks += 1;
        }
        number
    }

    /// A chunk of this title is gone.
    pub fn leave(&mut self, number: u32) {
        if let Some(place) = self.place(number) {
            place.chunks = place.chunks.saturating_sub(1);
        }
        self.drop_unused(number);
    }

    /// The title with this number.
    pub fn get(&self, number: u32) -> Option<TitleId> {
        Some(self.places.get(number as usize)?.id)
    }

    /// Whether the title with this number is pinned.
    pub fn is_pinned(&self, number: u32) -> bool {
        self.places.get(number as usize).is_some_and(|p| p.pinned)
    }

    /// Pins a title or lets it go; answers its number if that changed anything.
    pub fn pin(&mut self, id: TitleId, pinned: bool) -> Option<u32> {
        if !pinned && !self.by_id.contains_key(&id) {
            return None;
        }
        let number = self.number(id);
        let place = self.place(number)?;
        let changed = place.pinned != pinned;
        place.pinned = pinned;
        changed.then_some(number)
    }

    /// A title that has no chunk and no pin gives its number back.
    pub fn drop_unused(&mut self, number: u32) {
        let Some(place) = self.places.get(number as usize) else {
            return;
        };
        if place.chunks == 0 && !place.pinned && self.by_id.remove(&place.id).is_some() {
            self.free.push(number);
        }
    }

    /// The pinned titles.
    pub fn pinned(&self) -> impl Iterator<Item = TitleId> + '_ {
        self.places.iter().filter(|p| p.pinned).map(|p| p.id)
    }

    fn place(&mut self, number: u32) -> Option<&mut Place> {
        self.places.get_mut(number as usize)
    }

    fn number(&mut self, id: TitleId) -> u32 {
        if let Some(&number) = self.by_id.get(&id) {
            return number;
        }
        let place = Place {
            id,
            chunks: 0,
            pinned: false,
        };
        let number = match self.free.pop() {
            Some(number) => {
                if let Some(free) = self.place(number) {
                    *free = place;
                }
                number
            }
            None => {
                self.places.push(place);
                u32::try_from(self.places.len() - 1).unwrap_or(NO_TITLE)
            }
        };
        self.by_id.insert(id, number);
        number
    }
}
