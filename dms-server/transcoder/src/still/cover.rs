//! The poster of a title whose sound comes with a still picture.

use dms_transcoder_protocol::{Message, Poster};
use ffmpeg::{codec, frame};
use ffmpeg_next as ffmpeg;

use super::{Shrink, inside, jpeg};
use crate::error::JobError;
use crate::outlet::Outlet;
use crate::probe::{Cover, decoder_of};

/// The largest poster, pixels.
const LARGEST: (u32, u32) = (1280, 1280);

/// Decodes the still picture and sends it as the poster. False when it cannot be decoded.
pub fn send(cover: &Cover, max_pixels: u64, outlet: &Outlet) -> Result<bool, JobError> {
    let Some(picture) = decode(cover, max_pixels) else {
        return Ok(false);
    };
    let (width, height) = inside(picture.width(), picture.height(), LARGEST.0, LARGEST.1);
    let mut picture = Shrink::to(width, height).run(&picture)?;
    let jpeg = jpeg::encode(&mut picture)?;
    outlet.send(&Message::Poster(Poster {
        jpeg,
        width,
        height,
    }))?;
    Ok(true)
}

fn decode(cover: &Cover, max_pixels: u64) -> Option<frame::Video> {
    let codec = decoder_of(&cover.parameters).ok()?;
    let context = codec::Context::from_parameters(cover.parameters.clone()).ok()?;
    let mut options = ffmpeg::Dictionary::new();
    options.set("max_pixels", &max_pixels.to_string());
    let mut decoder = context
        .decoder()
        .open_as_with(codec, options)
        .ok()?
        .video()
        .ok()?;
    decoder.send_packet(&cover.packet).ok()?;
    decoder.send_eof().ok()?;
    let mut picture = frame::Video::empty();
    decoder.receive_frame(&mut picture).ok()?;
    Some(picture)
}
