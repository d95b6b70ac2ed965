//! Sound: layouts, languages, places in time, and titles that are nothing else.

use std::path::Path;

use dms_transcoder_protocol::{JobSpec, LadderLimits, RenditionKind};

use crate::clips::{CARD, Clips, H264, TONE, decode};
use crate::harness::{Published, publish, publish_with};

fn lavfi(source: &str) -> [&str; 4] {
    ["-f", "lavfi", "-i", source]
}

/// Channels, average bit rate and language of each sound track.
fn kinds(published: &Published) -> Vec<(u8, u32, String)> {
    let kind = |track: &&crate::harness::Track| match &track.rendition.kind {
        RenditionKind::Audio {
            channels, language, ..
        } => (*channels, track.rendition.bandwidth, language.clone()),
        RenditionKind::Video { .. } => unreachable!(),
    };
    published.sounds().iter().map(kind).collect()
}

/// The first channel, as samples at 48 kHz.
fn samples(path: &Path) -> Vec<i16> {
    let raw = decode(path, &["-af", "pan=mono|c0=c0", "-f", "s16le"]);
    raw.chunks_exact(2)
        .map(|two| i16::from_le_bytes([two[0], two[1]]))
        .collect()
}

/// The second at which sound is first heard.
fn onset(path: &Path) -> f64 {
    let samples = samples(path);
    let first = samples
        .iter()
        .position(|sample| sample.unsigned_abs() > 1_000)
        .unwrap();
    first as f64 / 48_000.0
}

#[test]
fn a_silent_film_has_no_sound_track() {
    let clips = Clips::new();
    let published = publish(&clips.make("a.mp4", &[CARD, H264]));
    assert!(published.sounds().is_empty());
    assert!(published.probe.audio.is_empty());
}

#[test]
fn mono_stays_mono_and_more_becomes_stereo() {
    let clips = Clips::new();
    let tones = |layout: &str| {
        let sound = format!("sine=frequency=440:duration=5,aformat=channel_layouts={layout}");
        let channels = layout.to_owned() + ".mkv";
        clips.make(&channels, &[CARD, &lavfi(&sound), H264, &["-c:a", "flac"]])
    };
    assert_eq!(kinds(&publish(&tones("mono"))), [(1, 64_000, "und".into())]);
    assert_eq!(
        kinds(&publish(&tones("stereo"))),
        [(2, 128_000, "und".into())]
    );
    let surround = publish(&tones("5.1"));
    assert_eq!(kinds(&surround), [(2, 128_000, "und".into())]);
    assert_eq!(surround.probe.audio[0].channels, 6);
    assert!(onset(&surround.file(2)) < 0.05);
}

#[test]
fn sound_lasts_as_long_as_the_picture() {
    let clips = Clips::new();
    let short = lavfi("sine=frequency=440:duration=2");
    let published = publish(&clips.make("short.mp4", &[CARD, &short, H264, &["-c:a", "aac"]]));
    let sound = published.sounds()[0].total.duration;
    assert!(sound.abs_diff(5 * 48_000) <= 1_024, "{sound}");
    let long = lavfi("sine=frequency=440:duration=5.3");
    let published = publish(&clips.make("long.mp4", &[CARD, &long, H264, &["-c:a", "aac"]]));
    let sound = published.sounds()[0].total.duration;
    assert!(sound.abs_diff(5 * 48_000) <= 1_024, "{sound}");
}

#[test]
fn sound_that_goes_on_after_the_picture_is_kept() {
    let clips = Clips::new();
    let long = lavfi("sine=frequency=440:duration=9");
    let published = publish(&clips.make("a.mp4", &[CARD, &long, H264, &["-c:a", "aac"]]));
    let sound = published.sounds()[0].total.duration;
    assert!(sound.abs_diff(9 * 48_000) <= 2_048, "{sound}");
    assert_eq!(published.pictures()[0].total.duration, 5 * 90_000);
}

#[test]
fn sound_that_starts_late_or_early_stays_at_its_place() {
    let clips = Clips::new();
    let tone = clips.make("tone.wav", &[TONE]);
    let card = clips.make("card.mp4", &[CARD, H264]);
    let (tone, card) = (tone.to_str().unwrap(), card.to_str().unwrap());
    let copy = ["-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "flac"];
    let late = ["-i", card, "-itsoffset", "1.5", "-i", tone];
    let published = publish(&clips.make("late.mkv", &[&late, &copy]));
    let heard = onset(&published.file(2));
    assert!((heard - 1.5).abs() < 0.03, "heard at {heard}");

    // Half a second of silence, then the tone; the picture starts when the tone does.
    let delayed = lavfi("sine=frequency=440:duration=5,adelay=500");
    let early = ["-itsoffset", "0.5", "-i", card];
    let published = publish(&clips.make("early.mkv", &[&early, &delayed, &copy]));
    let heard = onset(&published.file(2));
    assert!(heard < 0.03, "heard at {heard}");
}

#[test]
fn a_gap_in_the_sound_becomes_silence() {
    let clips = Clips::new();
    let gap = "sine=frequency=440:duration=5,aselect='lt(t,1)+gt(t,3)'";
    let arguments = [CARD, &lavfi(gap), H264, &["-c:a", "pcm_s16le", "-copyts"]];
    let published = publish(&clips.make("gap.mkv", &arguments));
    let samples = samples(&published.file(2));
    let loud = |from: f64, to: f64| {
        let part = &samples[(from * 48_000.0) as usize..(to * 48_000.0) as usize];
        part.iter().any(|sample| sample.unsigned_abs() > 1_000)
    };
    assert!(loud(0.2, 0.8) && !loud(1.2, 2.8) && loud(3.2, 4.5));
}

#[test]
fn each_language_becomes_a_track() {
    let clips = Clips::new();
    let second = lavfi("sine=frequency=880:duration=5");
    let tagged = [
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-map",
        "2:a",
        "-map",
        "2:a",
        "-c:a",
        "aac",
        "-metadata:s:a:0",
        "language=eng",
        "-metadata:s:a:1",
        "language=fra",
        "-metadata:s:a:2",
        "language=fra",
    ];
    let source = clips.make("a.mkv", &[CARD, TONE, &second, H264, &tagged]);
    let published = publish(&source);
    assert_eq!(
        kinds(&published),
        [(1, 64_000, "en".into()), (1, 64_000, "fr".into())]
    );
    let ladder = LadderLimits {
        max_audio_tracks: 1,
        ..LadderLimits::default()
    };
    let published = publish_with(
        &source,
        &JobSpec {
            ladder,
            ..JobSpec::default()
        },
    );
    assert_eq!(kinds(&published), [(1, 64_000, "en".into())]);
}

#[test]
fn sound_alone_is_published_with_a_drawn_poster() {
    let clips = Clips::new();
    for (name, codec) in [
        ("a.wav", "pcm_s16le"),
        ("a.mp3", "libmp3lame"),
        ("a.m4a", "aac"),
    ] {
        let source = clips.make(name, &[TONE, &["-c:a", codec]]);
        let published = publish(&source);
        assert!(published.pictures().is_empty() && published.probe.video.is_none());
        assert!(
            published.done.duration_ms.abs_diff(5_000) < 60,
            "{}",
            published.done.duration_ms
        );
        assert_eq!(
            (published.poster.width, published.poster.height),
            (640, 360)
        );
    }
}

#[test]
fn a_cover_becomes_the_poster() {
    let clips = Clips::new();
    let cover = clips.make(
        "cover.png",
        &[&lavfi("color=red:size=300x200"), &["-frames:v", "1"]],
    );
    let cover = [
        "-i",
        cover.to_str().unwrap(),
        "-map",
        "0:a",
        "-map",
        "1:v",
        "-c:v",
        "copy",
    ];
    let attached = ["-disposition:v:0", "attached_pic", "-c:a", "libmp3lame"];
    let published = publish(&clips.make("a.mp3", &[TONE, &cover, &attached]));
    assert!(published.pictures().is_empty());
    assert_eq!(
        (published.poster.width, published.poster.height),
        (300, 200)
    );
    let pixel = ["-vf", "scale=1:1,format=rgb24", "-f", "rawvideo"];
    let pixel = decode(&published.poster_file(), &pixel);
    assert!(pixel[0] > 200 && pixel[1] < 60, "{pixel:?}");
}
