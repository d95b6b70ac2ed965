//! Containers and codecs: every picture of the source comes out.

use crate::clips::{CARD, Clips, H264, TONE, frames};
use crate::harness::publish;

/// Publishes a clip of 125 pictures and counts them again.
fn every_picture_comes_out(name: &str, sound: bool, arguments: &[&str]) {
    let clips = Clips::new();
    let inputs: &[&[&str]] = if sound { &[CARD, TONE] } else { &[CARD] };
    let source = clips.make(name, &[inputs.concat().as_slice(), arguments]);
    let expected = frames(&source);
    let published = publish(&source);
    assert_eq!(published.pictures()[0].total.samples, expected, "{name}");
    assert_eq!(published.sounds().len(), usize::from(sound), "{name}");
}

#[test]
fn mp4_with_h264_and_aac() {
    let clips = Clips::new();
    let source = clips.ordinary("a.mp4", &[]);
    let published = publish(&source);
    assert_eq!(published.pictures()[0].total.samples, 125);
    assert_eq!(published.pictures()[0].total.duration, 5 * 90_000);
    assert_eq!(published.done.duration_ms, 5_000);
    let probe = &published.probe;
    assert_eq!(probe.duration_ms, Some(5_000));
    assert_eq!(probe.bytes, std::fs::metadata(&source).unwrap().len());
    let video = probe.video.as_ref().unwrap();
    assert_eq!(
        (video.codec.as_str(), video.width, video.height),
        ("h264", 320, 180)
    );
    assert_eq!((video.frame_rate_milli, video.rotation), (25_000, 0));
    assert_eq!(probe.audio[0].codec, "aac");
}

#[test]
fn webm_with_vp8_and_vorbis() {
    let vp8 = [
        "-c:v",
        "libvpx",
        "-deadline",
        "realtime",
        "-c:a",
        "libvorbis",
    ];
    every_picture_comes_out("a.webm", true, &vp8);
}

#[test]
fn webm_with_vp9_and_opus() {
    let vp9 = [
        "-c:v",
        "libvpx-vp9",
        "-deadline",
        "realtime",
        "-cpu-used",
        "8",
        "-c:a",
        "libopus",
    ];
    every_picture_comes_out("a.webm", true, &vp9);
}

#[test]
fn matroska_with_h264_and_ac3() {
    every_picture_comes_out("a.mkv", true, &[H264, &["-c:a", "ac3"]].concat());
}

#[test]
fn ogg_with_theora_and_vorbis() {
    every_picture_comes_out("a.ogv", true, &["-c:v", "libtheora", "-c:a", "libvorbis"]);
}

#[test]
fn ten_bit_hevc() {
    let hevc = [
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        "log-level=none",
        "-pix_fmt",
        "yuv420p10le",
        "-c:a",
        "aac",
    ];
    every_picture_comes_out("a.mp4", true, &hevc);
}

#[test]
fn av1() {
    every_picture_comes_out(
        "a.mp4",
        false,
        &["-c:v", "libaom-av1", "-cpu-used", "8", "-t", "2"],
    );
}

#[test]
fn mpeg_2_in_a_transport_and_in_a_program_stream() {
    let mpeg = ["-c:v", "mpeg2video", "-c:a", "mp2"];
    every_picture_comes_out("a.ts", true, &mpeg);
    every_picture_comes_out("a.mpg", true, &mpeg);
}

#[test]
fn old_windows_and_flash_files() {
    every_picture_comes_out("a.wmv", true, &["-c:v", "wmv2", "-c:a", "wmav2"]);
    every_picture_comes_out("a.avi", true, &["-c:v", "mjpeg", "-c:a", "pcm_s16le"]);
    let flash = ["-c:v", "flv", "-c:a", "libmp3lame", "-ar", "44100"];
    every_picture_comes_out("a.flv", true, &flash);
}

#[test]
fn editing_codecs() {
    every_picture_comes_out("a.mov", true, &["-c:v", "prores", "-c:a", "pcm_s24le"]);
    every_picture_comes_out("a.mkv", true, &["-c:v", "ffv1", "-c:a", "flac"]);
}

#[test]
fn frames_at_a_broadcast_rate_keep_their_times() {
    let clips = Clips::new();
    let card = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=160x90:rate=24000/1001:duration=13",
    ];
    let published = publish(&clips.make("a.mp4", &[&card, H264]));
    let track = published.pictures()[0];
    assert_eq!(track.total.samples, 312);
    assert_eq!(track.total.duration, 312 * 90_000 * 1001 / 24_000);
    // The first picture at or after each multiple of four seconds: numbers 96, 192 and 288.
    let starts: Vec<u64> = track.segments.iter().map(|s| s.start).collect();
    assert_eq!(starts, [0, 360_360, 720_720, 1_081_080]);
}
