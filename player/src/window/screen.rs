//! The window's surface: one YUV texture, as large as the window allows, in its own proportions.

use ffmpeg_next::{format::Pixel, frame, software::scaling};
use sdl2::{
    pixels::{Color, PixelFormatEnum},
    rect::Rect,
    render::{Canvas, Texture, TextureCreator},
    video::{FullscreenType, Window, WindowContext},
};
use swarm::content::{Manifest, TrackKind};

use crate::error::PlayError;

/// The largest window that is opened unasked.
const MAX_FIRST_SIZE: (u32, u32) = (1280, 720);
/// The size without a picture.
const SOUND_ONLY_SIZE: (u32, u32) = (640, 120);

/// The size for the window of a title: its largest picture, within reason.
pub(super) fn size_of(manifest: &Manifest) -> (u32, u32) {
    let largest = manifest
        .tracks
        .iter()
        .filter_map(|track| match track.kind {
            TrackKind::Video { width, height, .. } => Some((u32::from(width), u32::from(height))),
            _ => None,
        })
        .max_by_key(|(width, height)| width * height);
    largest.map_or(SOUND_ONLY_SIZE, |size| {
        let fitted = fit((size, (1, 1)), MAX_FIRST_SIZE);
        let smaller = size.0 <= MAX_FIRST_SIZE.0 && size.1 <= MAX_FIRST_SIZE.1;
        if smaller {
            size
        } else {
            (fitted.width(), fitted.height())
        }
    })
}

/// Opens a window; drawn by the graphics card when there is one.
pub(super) fn open(
    sdl: &sdl2::Sdl,
    title: &str,
    (width, height): (u32, u32),
) -> Result<Canvas<Window>, PlayError> {
    sdl2::hint::set("SDL_RENDER_SCALE_QUALITY", "linear");
    let video = sdl.video().map_err(PlayError::Window)?;
    let window = || {
        let builder = video
            .window(title, width, height)
            .position_centered()
            .resizable()
            .build();
        builder.map_err(|error| PlayError::Window(error.to_string()))
    };
    let canvas = match window()?.into_canvas().accelerated().build() {
        Ok(canvas) => canvas,
        Err(error) => {
            tracing::info!(%error, "drawing without a graphics card");
            let software = window()?.into_canvas().software().build();
            software.map_err(|error| PlayError::Window(error.to_string()))?
        }
    };
    video.enable_screen_saver();
    Ok(canvas)
}

/// Width, height, and the shape of one pixel.
type Shape = ((u32, u32), (i32, i32));

pub(super) struct Screen<'a> {
    canvas: &'a mut Canvas<Window>,
    creator: &'a TextureCreator<WindowContext>,
    texture: Option<(Texture<'a>, Shape)>,
    /// For pictures that are not 8-bit 4:2:0.
    scaler: Option<scaling::Context>,
}

impl<'a> Screen<'a> {
    pub(super) fn new(
        canvas: &'a mut Canvas<Window>,
        creator: &'a TextureCreator<WindowContext>,
    ) -> Self {
        let mut screen = Self {
            canvas,
            creator,
            texture: None,
            scaler: None,
        };
        let _ = screen.redraw();
        screen
    }

    /// Shows a picture.
    pub(super) fn show(&mut self, picture: &frame::Video) -> Result<(), PlayError> {
        if matches!(picture.format(), Pixel::YUV420P | Pixel::YUVJ420P) {
            return self.show_planar(picture);
        }
        let converted = self
            .convert(picture)
            .map_err(|e| PlayError::Window(e.to_string()))?;
        self.show_planar(&converted)
    }

    /// Draws the last picture again.
    pub(super) fn redraw(&mut self) -> Result<(), PlayError> {
        self.canvas.set_draw_color(Color::BLACK);
        self.canvas.clear();
        if let Some((texture, shape)) = &self.texture {
            let size = self.canvas.output_size().map_err(PlayError::Window)?;
            self.canvas
                .copy(texture, None, fit(*shape, size))
                .map_err(PlayError::Window)?;
        }
        self.canvas.present();
        Ok(())
    }

    pub(super) fn set_title(&mut self, text: &str) {
        // A title with a zero byte is the only thing that is refused.
        let _ = self.canvas.window_mut().set_title(text);
    }

    pub(super) fn toggle_fullscreen(&mut self, on: FullscreenType) -> Result<(), PlayError> {
        let window = self.canvas.window_mut();
        let next = match window.fullscreen_state() {
            FullscreenType::Off => on,
            _ => FullscreenType::Off,
        };
        window.set_fullscreen(next).map_err(PlayError::Window)?;
        self.redraw()
    }

    fn convert(&mut self, picture: &frame::Video) -> Result<frame::Video, ffmpeg_next::Error> {
        let (format, width, height) = (picture.format(), picture.width(), picture.height());
        let scaler = match &mut self.scaler {
            Some(scaler) => {
                let (to, flags) = (Pixel::YUV420P, scaling::Flags::BILINEAR);
                scaler.cached(format, width, height, to, width, height, flags);
                scaler
            }
            none => none.insert(scaling::Context::get(
                format,
                width,
                height,
                Pixel::YUV420P,
                width,
                height,
                scaling::Flags::BILINEAR,
            )?),
        };
        let mut converted = frame::Video::empty();
        scaler.run(picture, &mut converted)?;
        Ok(converted)
    }

    fn show_planar(&mut self, picture: &frame::Video) -> Result<(), PlayError> {
        // Chroma has half the lines: an odd last line or column is left out.
        let size = (picture.width() & !1, picture.height() & !1);
        let ratio = picture.aspect_ratio();
        let pixel = match (ratio.numerator(), ratio.denominator()) {
            (num, den) if num > 0 && den > 0 => (num, den),
            _ => (1, 1),
        };
        if self
            .texture
            .as_ref()
            .is_none_or(|(_, shape)| *shape != (size, pixel))
        {
            let texture = self
                .creator
                .create_texture_streaming(PixelFormatEnum::IYUV, size.0, size.1)
                .map_err(|error| PlayError::Window(error.to_string()))?;
            self.texture = Some((texture, (size, pixel)));
        }
        let lines = size.1 as usize;
        let plane = |index: usize, lines: usize| {
            let stride = picture.stride(index);
            let bytes = picture.data(index).get(..stride * lines);
            bytes.map(|bytes| (bytes, stride))
        };
        let planes = (plane(0, lines), plane(1, lines / 2), plane(2, lines / 2));
        let (Some((y, y_pitch)), Some((u, u_pitch)), Some((v, v_pitch))) = planes else {
            return Err(PlayError::Window(
                "a picture is smaller than it says".into(),
            ));
        };
        if let Some((texture, _)) = &mut self.texture {
            texture
                .update_yuv(None, y, y_pitch, u, u_pitch, v, v_pitch)
                .map_err(|error| PlayError::Window(error.to_string()))?;
        }
        self.redraw()
    }
}

/// Where a picture goes in a window: in its proportions, as large as possible, in the middle.
fn fit(((width, height), (num, den)): Shape, window: (u32, u32)) -> Rect {
    let wide = f64::from(width) * f64::from(num) / f64::from(den);
    let scale = (f64::from(window.0) / wide).min(f64::from(window.1) / f64::from(height));
    let size = |length: f64| (length * scale).round().max(1.0) as u32;
    let (shown_width, shown_height) = (size(wide), size(f64::from(height)));
    let middle = |outer: u32, inner: u32| (i64::from(outer) - i64::from(inner)) as i32 / 2;
    let (x, y) = (
        middle(window.0, shown_width),
        middle(window.1, shown_height),
    );
    Rect::new(x, y, shown_width, shown_height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_keep_their_proportions() {
        let square = (1, 1);
        let table = [
            (((1280, 720), square), (1280, 720), (0, 0, 1280, 720)),
            (((1280, 720), square), (1000, 1000), (0, 218, 1000, 563)),
            (((720, 1280), square), (1280, 720), (437, 0, 405, 720)),
            (((720, 576), (64, 45)), (1024, 576), (0, 0, 1024, 576)),
            (((2, 2), square), (1, 1), (0, 0, 1, 1)),
        ];
        for (shape, window, (x, y, width, height)) in table {
            assert_eq!(
                fit(shape, window),
                Rect::new(x, y, width, height),
                "{shape:?} {window:?}"
            );
        }
    }
}
