//! Still pictures: the poster and the sheet of small pictures for the seek bar.

pub mod cover;
pub mod jpeg;
pub mod poster;
pub mod sprites;
pub mod waveform;

use ffmpeg::format::Pixel;
use ffmpeg::frame;
use ffmpeg::software::scaling;
use ffmpeg_next as ffmpeg;

use crate::error::JobError;
use crate::outlet::Outlet;

/// A maker of still pictures, which sees every picture of a rendition in order.
pub trait Stills {
    /// The next picture and its time, milliseconds.
    fn picture(
        &mut self,
        frame: &frame::Video,
        at_ms: u64,
        outlet: &Outlet,
    ) -> Result<(), JobError>;

    /// There are no more pictures; the last one stays until this time, milliseconds.
    fn finish(&mut self, end_ms: u64, outlet: &Outlet) -> Result<(), JobError>;
}

/// Scales pictures to one size for JPEG. Pictures may change their size.
pub struct Shrink {
    width: u32,
    height: u32,
    context: Option<scaling::Context>,
}

impl Shrink {
    /// Scales to this size.
    pub fn to(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            context: None,
        }
    }

    /// A picture of this size in JPEG's layout.
    pub fn run(&mut self, frame: &frame::Video) -> Result<frame::Video, JobError> {
        let doing = "scaling a still picture";
        let shape = (frame.format(), frame.width(), frame.height());
        let fits = |context: &scaling::Context| {
            let input = context.input();
            (input.format, input.width, input.height) == shape
        };
        if !self.context.as_ref().is_some_and(fits) {
            let (format, width, height) = shape;
            let context = scaling::Context::get(
                format,
                width,
                height,
                Pixel::YUVJ420P,
                self.width,
                self.height,
                scaling::Flags::AREA,
            );
            self.context = Some(context.map_err(JobError::library(doing))?);
        }
        let mut small = frame::Video::empty();
        match &mut self.context {
            Some(context) => context
                .run(frame, &mut small)
                .map_err(JobError::library(doing))?,
            None => return Err(JobError::Stopped),
        }
        Ok(small)
    }
}

/// Largest width and height of this shape inside a box, even, and not larger than the picture.
pub fn inside(width: u32, height: u32, box_width: u32, box_height: u32) -> (u32, u32) {
    let (w, h) = (f64::from(width.max(1)), f64::from(height.max(1)));
    let scale = (f64::from(box_width) / w)
        .min(f64::from(box_height) / h)
        .min(1.0);
    let even = |side: f64| ((side * scale / 2.0).round() as u32 * 2).max(2);
    (even(w), even(h))
}
