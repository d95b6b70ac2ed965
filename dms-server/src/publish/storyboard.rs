//! The seek bar's pictures: a WebVTT file whose cues name a place in the sprite sheet.

use std::fmt::Write as _;

/// Where the pictures lie in the sheet.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct SpriteSheet {
    /// Tiles in a row.
    pub columns: u16,
    /// Width of a tile, pixels.
    pub tile_width: u16,
    /// Height of a tile, pixels.
    pub tile_height: u16,
    /// Tile n shows the picture at n times this, milliseconds.
    pub interval_ms: u32,
    /// Tiles in use.
    pub count: u16,
}

impl SpriteSheet {
    /// The cues: one a tile, the last one up to the end of the title.
    #[must_use]
    pub fn to_webvtt(&self, duration_ms: u64) -> String {
        let mut vtt = String::from("WEBVTT\n");
        for tile in 0..self.count {
            let start = u64::from(tile) * u64::from(self.interval_ms);
            let last = tile + 1 == self.count;
            let end = if last {
                duration_ms
            } else {
                start + u64::from(self.interval_ms)
            };
            let columns = self.columns.max(1);
            let x = u32::from(tile % columns) * u32::from(self.tile_width);
            let y = u32::from(tile / columns) * u32::from(self.tile_height);
            // Writing into a String cannot fail.
            let _ = write!(
                vtt,
                "\n{} --> {}\nsprites.jpg#xywh={x},{y},{},{}\n",
                timestamp(start),
                timestamp(end.max(start + 1)),
                self.tile_width,
                self.tile_height,
            );
        }
        vtt
    }
}

fn timestamp(ms: u64) -> String {
    let (s, ms) = (ms / 1000, ms % 1000);
    format!("{:02}:{:02}:{:02}.{ms:03}", s / 3600, s / 60 % 60, s % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_run_in_rows_and_the_last_cue_ends_with_the_title() {
        let sheet = SpriteSheet {
            columns: 2,
            tile_width: 160,
            tile_height: 90,
            interval_ms: 1_800_500,
            count: 3,
        };
        let want = "WEBVTT\n\
            \n00:00:00.000 --> 00:30:00.500\nsprites.jpg#xywh=0,0,160,90\n\
            \n00:30:00.500 --> 01:00:01.000\nsprites.jpg#xywh=160,0,160,90\n\
            \n01:00:01.000 --> 01:00:02.345\nsprites.jpg#xywh=0,90,160,90\n";
        assert_eq!(sheet.to_webvtt(3_602_345), want);
    }
}
