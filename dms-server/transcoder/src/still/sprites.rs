//! The sheet of small pictures for the seek bar.

use dms_transcoder_protocol::{Message, SpriteSpec, Sprites};
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame;

use super::{Shrink, Stills, jpeg};
use crate::error::JobError;
use crate::outlet::Outlet;

/// Tallest tile, in widths: a very narrow picture is squeezed rather than making a huge sheet.
const TALLEST: f64 = 2.0;

/// When tiles are taken: at multiples of an interval that doubles when there are too many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Schedule {
    interval_ms: u64,
    most: usize,
    count: usize,
}

impl Schedule {
    /// For a playing time in milliseconds, 0 when it is unknown.
    pub fn new(spec: &SpriteSpec, total_ms: u64) -> Self {
        let most = usize::from(spec.max_tiles).max(1);
        let interval_ms = total_ms
            .div_ceil(most as u64)
            .max(u64::from(spec.min_interval_ms));
        Self {
            interval_ms,
            most,
            count: 0,
        }
    }

    /// How many tiles the picture at this time provides: 0 when none is due; more than one when
    /// it comes after several were due.
    fn due(&self, at_ms: u64) -> usize {
        usize::try_from(at_ms / self.interval_ms + 1)
            .map_or(0, |due| due.saturating_sub(self.count))
    }
}

/// Gathers tiles.
pub struct SpriteSheet {
    schedule: Schedule,
    columns: u16,
    shrink: Shrink,
    tile: (u32, u32),
    tiles: Vec<frame::Video>,
}

impl SpriteSheet {
    /// A sheet for pictures of this size and a playing time in milliseconds (0: unknown).
    pub fn new(spec: &SpriteSpec, width: u16, height: u16, total_ms: u64) -> Self {
        let shape = (f64::from(height) / f64::from(width.max(1))).min(TALLEST);
        let tile_width = u32::from(spec.tile_width) & !1;
        let tile_height = ((f64::from(tile_width) * shape / 2.0).round() as u32 * 2).max(2);
        Self {
            schedule: Schedule::new(spec, total_ms),
            columns: spec.columns,
            shrink: Shrink::to(tile_width, tile_height),
            tile: (tile_width, tile_height),
            tiles: Vec::new(),
        }
    }

    /// Adds a tile that is due at this time, if it still is when there is room for it.
    fn push(&mut self, tile: frame::Video, at_ms: u64) {
        if self.tiles.len() >= self.schedule.most {
            self.thin_out();
        }
        if self.schedule.due(at_ms) > 0 {
            self.tiles.push(tile);
            self.schedule.count = self.tiles.len();
        }
    }

    /// Fills with the last tile what is due up to this time.
    fn repeat_last(&mut self, until_ms: u64) {
        while self.schedule.due(until_ms) > 0
            && let Some(last) = self.tiles.last().cloned()
        {
            self.push(last, until_ms);
        }
    }

    /// Keeps every second tile at twice the interval.
    fn thin_out(&mut self) {
        let mut keep = false;
        self.tiles.retain(|_| {
            keep = !keep;
            keep
        });
        self.schedule.interval_ms *= 2;
        self.schedule.count = self.tiles.len();
    }

    fn sheet(&self) -> (frame::Video, u16) {
        let rows = self.tiles.len().div_ceil(usize::from(self.columns)).max(1);
        let (width, height) = self.tile;
        let sheet_width = width * u32::from(self.columns);
        let mut sheet = frame::Video::new(Pixel::YUVJ420P, sheet_width, height * rows as u32);
        for (plane, black) in [(0, 0), (1, 128), (2, 128)] {
            sheet.data_mut(plane).fill(black);
        }
        for (index, tile) in self.tiles.iter().enumerate() {
            let column = index % usize::from(self.columns);
            let row = index / usize::from(self.columns);
            place(tile, &mut sheet, column, row);
        }
        (sheet, rows as u16)
    }
}

/// Copies a tile to its place, plane by plane.
fn place(tile: &frame::Video, sheet: &mut frame::Video, column: usize, row: usize) {
    for plane in 0..3 {
        let (width, height) = (
            tile.plane_width(plane) as usize,
            tile.plane_height(plane) as usize,
        );
        let (from_stride, to_stride) = (tile.stride(plane), sheet.stride(plane));
        let to = sheet.data_mut(plane);
        for (line, from) in tile
            .data(plane)
            .chunks(from_stride)
            .take(height)
            .enumerate()
        {
            let start = (row * height + line) * to_stride + column * width;
            if let (Some(to), Some(from)) = (to.get_mut(start..start + width), from.get(..width)) {
                to.copy_from_slice(from);
            }
        }
    }
}

impl Stills for SpriteSheet {
    fn picture(&mut self, frame: &frame::Video, at_ms: u64, _: &Outlet) -> Result<(), JobError> {
        // Of several tiles that are due, the earlier ones show what was there until now.
        if self.schedule.due(at_ms) > 1 {
            self.repeat_last(self.schedule.interval_ms * (at_ms / self.schedule.interval_ms) - 1);
        }
        if self.schedule.due(at_ms) > 0 {
            let tile = self.shrink.run(frame)?;
            self.push(tile, at_ms);
        }
        Ok(())
    }

    fn finish(&mut self, end_ms: u64, outlet: &Outlet) -> Result<(), JobError> {
        self.repeat_last(end_ms.saturating_sub(1));
        let (mut sheet, rows) = self.sheet();
        let sprites = Sprites {
            jpeg: jpeg::encode(&mut sheet)?,
            columns: self.columns,
            rows,
            tile_width: self.tile.0 as u16,
            tile_height: self.tile.1 as u16,
            interval_ms: u32::try_from(self.schedule.interval_ms).unwrap_or(u32::MAX),
            count: self.tiles.len() as u16,
        };
        outlet.send(&Message::Sprites(sprites))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_follows_from_the_playing_time() {
        let spec = SpriteSpec::default();
        assert_eq!(Schedule::new(&spec, 5_000).interval_ms, 1_000);
        assert_eq!(Schedule::new(&spec, 100_000).interval_ms, 1_000);
        assert_eq!(Schedule::new(&spec, 7_200_000).interval_ms, 72_000);
        assert_eq!(Schedule::new(&spec, 0).interval_ms, 1_000);
    }

    #[test]
    fn tiles_are_due_at_multiples_of_the_interval() {
        let mut schedule = Schedule {
            interval_ms: 1_000,
            most: 10,
            count: 0,
        };
        assert_eq!(schedule.due(0), 1);
        schedule.count = 1;
        assert_eq!(schedule.due(999), 0);
        assert_eq!(schedule.due(1_000), 1);
        assert_eq!(schedule.due(3_500), 3);
    }
}
