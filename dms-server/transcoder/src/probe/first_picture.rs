//! Decoding a source's first picture.

use std::collections::VecDeque;

use dms_transcoder_protocol::{FailureCode, JobSpec};
use ffmpeg::codec::packet::side_data::Type as SideData;
use ffmpeg::format::context::Input;
use ffmpeg::{Packet, Rational, codec, decoder, frame};
use ffmpeg_next as ffmpeg;

use super::streams::{ChosenVideo, decoder_of};
use super::{Colour, Cover, FirstPicture};
use crate::error::JobError;

/// How much may be read before the first picture must have come, packets and bytes.
const MOST_PACKETS: usize = 6_000;
const MOST_BYTES: usize = 96 << 20;

/// Pixels that are up to this many times wider than tall, or the other way round, are believed.
const ODDEST_PIXEL: f64 = 8.0;

/// Reads on until the first picture has been decoded. What was read goes to the backlog.
pub fn find(
    input: &mut Input,
    chosen: &ChosenVideo,
    spec: &JobSpec,
    backlog: &mut VecDeque<Packet>,
) -> Result<FirstPicture, JobError> {
    let mut decoder = open(chosen, spec)?;
    let mut picture = frame::Video::empty();
    let mut bytes = 0;
    loop {
        let mut packet = Packet::empty();
        match packet.read(input) {
            Ok(()) => {}
            Err(ffmpeg::Error::InvalidData) if backlog.len() < MOST_PACKETS => continue,
            Err(_) => break,
        }
        if packet
            .side_data()
            .any(|data| data.kind() == SideData::EncryptionInfo)
        {
            let detail = "the first samples are encrypted";
            return Err(JobError::refused(FailureCode::DrmProtectedSource, detail));
        }
        bytes += packet.size();
        let ours = packet.stream() == chosen.stream;
        // A packet that cannot be decoded does not end the search: the next one may.
        let sent = ours && decoder.send_packet(&packet).is_ok();
        backlog.push_back(packet);
        if sent && decoder.receive_frame(&mut picture).is_ok() {
            return describe(&picture, &decoder, spec);
        }
        if backlog.len() >= MOST_PACKETS || bytes >= MOST_BYTES {
            break;
        }
    }
    if decoder.send_eof().is_ok() && decoder.receive_frame(&mut picture).is_ok() {
        return describe(&picture, &decoder, spec);
    }
    let detail = format!("no picture among the first {} packets", backlog.len());
    Err(JobError::refused(FailureCode::CorruptContainer, detail))
}

fn open(chosen: &ChosenVideo, spec: &JobSpec) -> Result<decoder::Video, JobError> {
    let codec = decoder_of(&chosen.parameters)?;
    let unsupported = |error: ffmpeg::Error| {
        let detail = format!("{} video cannot be decoded: {error}", codec.name());
        JobError::refused(FailureCode::UnsupportedCodec, detail)
    };
    let context =
        codec::Context::from_parameters(chosen.parameters.clone()).map_err(unsupported)?;
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(chosen.time_base);
    let mut options = ffmpeg::Dictionary::new();
    options.set("threads", "1");
    let opened = decoder
        .open_as_with(codec, options)
        .and_then(|opened| opened.video());
    let opened = opened.map_err(unsupported)?;
    check_size(opened.width(), opened.height(), spec)?;
    Ok(opened)
}

/// Refuses pictures beyond the limits.
pub fn check_size(width: u32, height: u32, spec: &JobSpec) -> Result<(), JobError> {
    let limits = &spec.limits;
    let pixels = u64::from(width) * u64::from(height);
    if width <= limits.max_width && height <= limits.max_height && pixels <= limits.max_pixels {
        return Ok(());
    }
    let detail = format!(
        "{width}x{height} pixels; at most {}x{} and {} pixels are allowed",
        limits.max_width, limits.max_height, limits.max_pixels
    );
    Err(JobError::refused(FailureCode::ResolutionTooLarge, detail))
}

fn describe(
    picture: &frame::Video,
    decoder: &decoder::Video,
    spec: &JobSpec,
) -> Result<FirstPicture, JobError> {
    check_size(picture.width(), picture.height(), spec)?;
    if picture.width() == 0 || picture.height() == 0 {
        let detail = "the first picture has no pixels";
        return Err(JobError::refused(FailureCode::CorruptContainer, detail));
    }
    let aspect = [picture.aspect_ratio(), decoder.aspect_ratio()]
        .into_iter()
        .find_map(credible);
    Ok(FirstPicture {
        ts: picture.timestamp().or(picture.pts()).unwrap_or(0),
        width: picture.width(),
        height: picture.height(),
        pixel_aspect: aspect.unwrap_or(1.0),
        format: picture.format(),
        colour: Colour {
            space: picture.color_space(),
            range: picture.color_range(),
            primaries: picture.color_primaries(),
            transfer: picture.color_transfer_characteristic(),
        },
    })
}

fn credible(aspect: Rational) -> Option<f64> {
    let (wide, tall) = (
        f64::from(aspect.numerator()),
        f64::from(aspect.denominator()),
    );
    let ratio = wide / tall;
    (wide > 0.0 && tall > 0.0 && (1.0 / ODDEST_PIXEL..=ODDEST_PIXEL).contains(&ratio))
        .then_some(ratio)
}

/// Reads on until the still picture that comes with the sound, which is near the start.
pub fn cover(input: &mut Input, stream: usize, backlog: &mut VecDeque<Packet>) -> Option<Cover> {
    const NEAR: usize = 64;
    let parameters = input.stream(stream)?.parameters().clone();
    decoder_of(&parameters).ok()?;
    while backlog.len() < NEAR {
        let mut packet = Packet::empty();
        packet.read(input).ok()?;
        if packet.stream() == stream {
            return Some(Cover { parameters, packet });
        }
        backlog.push_back(packet);
    }
    None
}
