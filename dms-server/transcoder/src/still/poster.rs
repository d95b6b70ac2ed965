//! The picture that stands for a title.
//!
//! Ten pictures of the first half are looked at, and the first one; the one with the most
//! contrast wins, so that it is neither black nor a plain title card.

use dms_transcoder_protocol::{Message, Poster};
use ffmpeg_next::frame;

use super::{Shrink, Stills, inside, jpeg};
use crate::error::JobError;
use crate::outlet::Outlet;

/// Pictures that are looked at after the first one.
const CANDIDATES: u64 = 10;

/// They are this share of the playing time apart.
const APART: u64 = 20;

/// How far they are apart when the playing time is unknown, milliseconds.
const APART_UNKNOWN_MS: u64 = 5_000;

/// The largest poster, pixels.
const LARGEST: (u32, u32) = (1280, 1280);

/// Contrast is judged on pictures of this size.
const SMALL: (u32, u32) = (64, 64);

/// Looks for the poster.
pub struct PosterSearch {
    apart_ms: u64,
    looked_at: u64,
    judge: Shrink,
    best: Option<(f64, frame::Video)>,
    shrink: Shrink,
    size: (u32, u32),
    sent: bool,
}

impl PosterSearch {
    /// For pictures of this size and a playing time in milliseconds (0: unknown).
    pub fn new(width: u16, height: u16, total_ms: u64) -> Self {
        let size = inside(u32::from(width), u32::from(height), LARGEST.0, LARGEST.1);
        let apart_ms = if total_ms == 0 {
            APART_UNKNOWN_MS
        } else {
            (total_ms / APART).max(1)
        };
        Self {
            apart_ms,
            looked_at: 0,
            judge: Shrink::to(SMALL.0, SMALL.1),
            best: None,
            shrink: Shrink::to(size.0, size.1),
            size,
            sent: false,
        }
    }

    fn send(&mut self, outlet: &Outlet) -> Result<(), JobError> {
        self.sent = true;
        let Some((_, mut picture)) = self.best.take() else {
            return Ok(());
        };
        let jpeg = jpeg::encode(&mut picture)?;
        let (width, height) = self.size;
        outlet.send(&Message::Poster(Poster {
            jpeg,
            width,
            height,
        }))
    }
}

impl Stills for PosterSearch {
    fn picture(
        &mut self,
        frame: &frame::Video,
        at_ms: u64,
        outlet: &Outlet,
    ) -> Result<(), JobError> {
        if self.sent || at_ms < self.looked_at * self.apart_ms {
            return Ok(());
        }
        let contrast = contrast(self.judge.run(frame)?.data(0));
        if self.best.as_ref().is_none_or(|(best, _)| contrast > *best) {
            self.best = Some((contrast, self.shrink.run(frame)?));
        }
        self.looked_at += 1;
        if self.looked_at > CANDIDATES {
            self.send(outlet)
        } else {
            Ok(())
        }
    }

    fn finish(&mut self, _: u64, outlet: &Outlet) -> Result<(), JobError> {
        if self.sent { Ok(()) } else { self.send(outlet) }
    }
}

/// The variance of brightness.
fn contrast(brightness: &[u8]) -> f64 {
    let count = brightness.len().max(1) as f64;
    let mean = brightness.iter().map(|&b| f64::from(b)).sum::<f64>() / count;
    brightness
        .iter()
        .map(|&b| (f64::from(b) - mean).powi(2))
        .sum::<f64>()
        / count
}

#[cfg(test)]
mod tests {
    use super::contrast;

    #[test]
    fn a_black_picture_has_no_contrast() {
        assert_eq!(contrast(&[16; 100]), 0.0);
        assert!(contrast(&[0, 255, 0, 255]) > contrast(&[100, 120, 100, 120]));
    }
}
