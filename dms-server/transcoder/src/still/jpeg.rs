//! JPEG files.

use ffmpeg::format::Pixel;
use ffmpeg::{Packet, Rational, codec, encoder, frame};
use ffmpeg_next as ffmpeg;

use crate::error::JobError;

/// libavcodec's quality scale for JPEG: 2 is best, 31 worst.
const QUALITY: usize = 4;

/// `FF_QP2LAMBDA`: what one step of the scale is in libavcodec's own unit.
const LAMBDA: usize = 118;

/// Writes a picture in the layout `YUVJ420P` as a JPEG file.
pub fn encode(picture: &mut frame::Video) -> Result<Vec<u8>, JobError> {
    let mut build = || -> Result<Vec<u8>, ffmpeg::Error> {
        let codec = encoder::find(codec::Id::MJPEG).ok_or(ffmpeg::Error::EncoderNotFound)?;
        let mut video = codec::Context::new_with_codec(codec).encoder().video()?;
        video.set_width(picture.width());
        video.set_height(picture.height());
        video.set_format(Pixel::YUVJ420P);
        video.set_time_base(Rational::new(1, 25));
        let mut options = ffmpeg::Dictionary::new();
        options.set("flags", "+qscale");
        options.set("global_quality", &(QUALITY * LAMBDA).to_string());
        options.set("threads", "1");
        let mut encoder = video.open_with(options)?;
        picture.set_pts(Some(0));
        encoder.send_frame(picture)?;
        encoder.send_eof()?;
        let mut packet = Packet::empty();
        encoder.receive_packet(&mut packet)?;
        Ok(packet.data().unwrap_or_default().to_vec())
    };
    build().map_err(JobError::library("writing a JPEG file"))
}
