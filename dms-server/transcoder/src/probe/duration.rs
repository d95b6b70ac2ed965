//! How long a source claims to be.

use ffmpeg::format::context::Input;
use ffmpeg::{Rescale, Stream};
use ffmpeg_next as ffmpeg;

use super::streams::Chosen;

/// Containers that store their playing time. For others libavformat guesses it from the bit rate
/// or the end of the file, which proves nothing.
const INDEXED: [&str; 7] = ["mov", "matroska", "avi", "flv", "asf", "wav", "flac"];

const MILLISECONDS: ffmpeg::Rational = ffmpeg::Rational(1, 1_000);

/// The playing time of the chosen streams as the container stores it, milliseconds.
pub fn claimed_ms(input: &Input, chosen: &Chosen) -> Option<u64> {
    let format = input.format();
    if !format.name().split(',').any(|name| INDEXED.contains(&name)) {
        return None;
    }
    let video = chosen.video.iter().map(|video| video.stream);
    let audio = chosen.audio.iter().map(|audio| audio.facts.stream);
    let streams = video.chain(audio).filter_map(|index| input.stream(index));
    let longest = streams.map(|stream| stream_ms(&stream)).max().flatten();
    longest.or_else(|| estimated_ms(input))
}

/// The playing time as libavformat sees it, milliseconds.
pub fn estimated_ms(input: &Input) -> Option<u64> {
    positive(input.duration(), ffmpeg::rescale::TIME_BASE)
}

fn stream_ms(stream: &Stream<'_>) -> Option<u64> {
    let tagged = || stream.metadata().get("DURATION").and_then(parse_tag);
    positive(stream.duration(), stream.time_base()).or_else(tagged)
}

fn positive(duration: i64, time_base: ffmpeg::Rational) -> Option<u64> {
    let known = Some(duration).filter(|&d| d > 0 && d != ffmpeg::ffi::AV_NOPTS_VALUE);
    known.and_then(|d| u64::try_from(d.rescale(time_base, MILLISECONDS)).ok())
}

/// Matroska's `01:02:03.456000000`.
fn parse_tag(tag: &str) -> Option<u64> {
    let mut parts = tag.split(':');
    let hours: u64 = parts.next()?.parse().ok()?;
    let minutes: u64 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next()?.parse().ok()?;
    let plausible = hours < 10_000 && minutes < 60 && (0.0..60.0).contains(&seconds);
    let ms = || (hours * 60 + minutes) * 60_000 + (seconds * 1_000.0) as u64;
    (parts.next().is_none() && plausible)
        .then(ms)
        .filter(|&ms| ms > 0)
}

#[cfg(test)]
mod tests {
    use super::parse_tag;

    #[test]
    fn matroska_tags_are_read_and_nonsense_is_not() {
        assert_eq!(parse_tag("00:00:05.000000000"), Some(5_000));
        assert_eq!(parse_tag("01:02:03.5"), Some(3_723_500));
        assert_eq!(parse_tag("00:00:00.000"), None);
        assert_eq!(parse_tag("99999999999999999999:00:00"), None);
        assert_eq!(parse_tag("00:61:00.0"), None);
        assert_eq!(parse_tag("00:00:NaN"), None);
        assert_eq!(parse_tag("5 s"), None);
    }
}
