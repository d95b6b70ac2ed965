//! HLS playlists (RFC 8216) drawn from a manifest.
//!
//! One renderer serves the DMS, the agent and the gateway of the player. Every URI is relative,
//! so a playlist is right wherever the tree hangs: `master.m3u8`, `{version}/{track}/index.m3u8`,
//! `{version}/{track}/{segment}.m4s`.

use std::fmt::Write;

use super::{Manifest, TitleKind, Track, TrackId, TrackKind};

mod ranges;

/// The protocol version the playlists declare: the first with CMAF segments.
const VERSION: u8 = 7;
/// The group every audio rendition is in.
const AUDIO: &str = "audio";
/// The group every subtitle is in.
const SUBTITLES: &str = "subtitles";

/// What the tree's segments are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sealing {
    /// FLOE messages; the master playlist says so in an `EXT-X-SESSION-DATA`.
    Floe1,
    /// Plain CMAF.
    Clear,
}

/// Whether media playlists say where something may be inserted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Breaks<'a> {
    /// They do not: whoever plays them has nobody to ask what is inserted.
    Hidden,
    /// They do. What fills break 3 is asked at `{this}/3/assets`, a path or an address that is
    /// relative to the media playlist.
    At(&'a str),
}

/// Why there is no playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HlsError {
    /// The title is a file: fetch its chunks instead.
    #[error("the title is a file, not something to play")]
    NotPlayable,
    /// The title has no such media track.
    #[error("the title has no media track {0}")]
    NoTrack(TrackId),
}

/// The master playlist.
///
/// # Errors
/// [`HlsError::NotPlayable`] for a file and for a title with neither video nor audio.
pub fn master_playlist(manifest: &Manifest, sealing: Sealing) -> Result<String, HlsError> {
    if manifest.kind == TitleKind::File {
        return Err(HlsError::NotPlayable);
    }
    let mut out = head();
    out.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
    if sealing == Sealing::Floe1 {
        out.push_str("#EXT-X-SESSION-DATA:DATA-ID=\"dms.sealing\",VALUE=\"floe1\"\n");
    }
    let renditions = Renditions::of(manifest);
    if renditions.videos.is_empty() && renditions.audios.is_empty() {
        return Err(HlsError::NotPlayable);
    }
    for (nth, audio) in renditions.grouped_audio().iter().enumerate() {
        media_line(&mut out, manifest, audio, nth);
    }
    for (nth, subtitle) in renditions.subtitles.iter().enumerate() {
        media_line(&mut out, manifest, subtitle, nth);
    }
    for variant in renditions.variants() {
        stream_lines(&mut out, manifest, variant, &renditions);
    }
    Ok(out)
}

/// The track of a media playlist, if there is such a playlist.
///
/// # Errors
/// [`HlsError`] when the title is a file or has no such track.
pub fn playlist_track(manifest: &Manifest, id: TrackId) -> Result<&Track, HlsError> {
    if manifest.kind == TitleKind::File {
        return Err(HlsError::NotPlayable);
    }
    let track = manifest.track(id).filter(|t| t.timescale > 0);
    track.ok_or(HlsError::NoTrack(id))
}

/// The media playlist of one track. Of a title without breaks it is the same whatever `breaks` says.
///
/// # Errors
/// [`HlsError`] when the title is a file or has no such track.
pub fn media_playlist(
    manifest: &Manifest,
    id: TrackId,
    breaks: Breaks<'_>,
) -> Result<String, HlsError> {
    let track = playlist_track(manifest, id)?;
    let longest = track
        .media()
        .map(|(_, s)| rounded_seconds(s.duration, track))
        .max();
    let mut out = head();
    let _ = write!(
        out,
        "#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-PLAYLIST-TYPE:VOD\n\
         #EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"0.m4s\"\n",
        longest.unwrap_or(1).max(1)
    );
    if let Breaks::At(prefix) = breaks {
        ranges::write(&mut out, manifest, prefix);
    }
    for (index, segment) in track.media() {
        let micros = micros(segment.duration, track);
        let (whole, part) = (micros / 1_000_000, micros % 1_000_000);
        let _ = write!(out, "#EXTINF:{whole}.{part:06},\n{index}.m4s\n");
    }
    out.push_str("#EXT-X-ENDLIST\n");
    Ok(out)
}

/// The tracks of a manifest by what they are in a playlist.
struct Renditions<'a> {
    videos: Vec<&'a Track>,
    audios: Vec<&'a Track>,
    subtitles: Vec<&'a Track>,
}

impl<'a> Renditions<'a> {
    fn of(manifest: &'a Manifest) -> Self {
        let pick = |wanted: fn(&TrackKind) -> bool| {
            manifest.tracks.iter().filter(|t| wanted(&t.kind)).collect()
        };
        Self {
            videos: pick(|k| matches!(k, TrackKind::Video { .. })),
            audios: pick(|k| matches!(k, TrackKind::Audio { .. })),
            subtitles: pick(|k| matches!(k, TrackKind::Subtitle { .. })),
        }
    }

    /// The audio tracks that stand in a group: all beside video; without video one for each
    /// language, when there is more than one to choose from.
    fn grouped_audio(&self) -> Vec<&'a Track> {
        if !self.videos.is_empty() {
            return self.audios.clone();
        }
        let mut languages: Vec<&Track> = Vec::new();
        for audio in &self.audios {
            if !languages.iter().any(|l| language(l) == language(audio)) {
                languages.push(audio);
            }
        }
        if languages.len() > 1 {
            languages
        } else {
            Vec::new()
        }
    }

    /// The tracks that are variant streams: the video ladder, or the sound's.
    fn variants(&self) -> Vec<&'a Track> {
        if !self.videos.is_empty() {
            return self.videos.clone();
        }
        let Some(first) = self.audios.first() else {
            return Vec::new();
        };
        self.audios
            .iter()
            .copied()
            .filter(|a| language(a) == language(first))
            .collect()
    }
}

fn media_line(out: &mut String, manifest: &Manifest, track: &Track, nth: usize) {
    let (kind, group) = match track.kind {
        TrackKind::Subtitle { .. } => ("SUBTITLES", SUBTITLES),
        _ => ("AUDIO", AUDIO),
    };
    let tag = language(track);
    // Names are unique in a group: the track id follows from the second rendition on.
    let name = if nth == 0 {
        tag.to_owned()
    } else {
        format!("{tag} ({})", track.id)
    };
    let _ = write!(
        out,
        "#EXT-X-MEDIA:TYPE={kind},GROUP-ID=\"{group}\",NAME=\"{name}\""
    );
    if !tag.is_empty() && tag != "und" {
        let _ = write!(out, ",LANGUAGE=\"{tag}\"");
    }
    let default = if nth == 0 && group == AUDIO {
        "YES"
    } else {
        "NO"
    };
    let _ = write!(out, ",DEFAULT={default},AUTOSELECT=YES");
    if let TrackKind::Audio { channels, .. } = track.kind {
        let _ = write!(out, ",CHANNELS=\"{channels}\"");
    }
    let _ = writeln!(out, ",URI=\"{}\"", playlist_uri(manifest, track));
}

fn stream_lines(out: &mut String, manifest: &Manifest, track: &Track, all: &Renditions<'_>) {
    // A variant's bandwidth counts the heaviest rendition it may be played with.
    let grouped = all.grouped_audio();
    let beside = || grouped.iter().filter(|a| a.id != track.id);
    let most = |of: fn(&Track) -> u32| beside().map(|a| u64::from(of(a))).max().unwrap_or(0);
    let bandwidth = u64::from(track.bandwidth) + most(|t| t.bandwidth);
    let average = u64::from(track.average_bandwidth) + most(|t| t.average_bandwidth);
    let mut codecs: Vec<&str> = vec![&track.codecs];
    for audio in &grouped {
        if !codecs.contains(&audio.codecs.as_str()) {
            codecs.push(&audio.codecs);
        }
    }
    let _ = write!(
        out,
        "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth},AVERAGE-BANDWIDTH={average},CODECS=\"{}\"",
        codecs.join(",")
    );
    if let TrackKind::Video {
        width,
        height,
        frame_rate_milli,
    } = track.kind
    {
        let (whole, part) = (frame_rate_milli / 1000, frame_rate_milli % 1000);
        let _ = write!(
            out,
            ",RESOLUTION={width}x{height},FRAME-RATE={whole}.{part:03}"
        );
    }
    if !grouped.is_empty() {
        let _ = write!(out, ",AUDIO=\"{AUDIO}\"");
    }
    if !all.subtitles.is_empty() {
        let _ = write!(out, ",SUBTITLES=\"{SUBTITLES}\"");
    }
    let _ = writeln!(out, "\n{}", playlist_uri(manifest, track));
}

fn head() -> String {
    format!("#EXTM3U\n#EXT-X-VERSION:{VERSION}\n")
}

fn playlist_uri(manifest: &Manifest, track: &Track) -> String {
    format!("{}/{}/index.m3u8", manifest.version, track.id)
}

fn language(track: &Track) -> &str {
    match &track.kind {
        TrackKind::Audio { language, .. } | TrackKind::Subtitle { language } => language,
        TrackKind::Video { .. } | TrackKind::File { .. } => "",
    }
}

fn micros(ticks: u64, track: &Track) -> u128 {
    let scale = u128::from(track.timescale);
    (u128::from(ticks) * 1_000_000 + scale / 2) / scale
}

/// RFC 8216 section 4.3.3.1: an `EXTINF` rounded to the nearest second is at most the target.
fn rounded_seconds(ticks: u64, track: &Track) -> u128 {
    (micros(ticks, track) + 500_000) / 1_000_000
}

#[cfg(test)]
mod tests;
