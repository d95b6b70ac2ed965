//! Sizes, turns, pixel shapes, colours and rates of pictures.

use std::path::Path;

use dms_transcoder_protocol::{JobSpec, LadderLimits};

use crate::clips::{Clips, H264, decode, frames};
use crate::harness::{publish, publish_with};

/// Brightness of the four quarters of a file's first picture: top left, top right, bottom left,
/// bottom right.
fn quarters(path: &Path) -> Vec<u8> {
    let arguments = [
        "-frames:v",
        "1",
        "-vf",
        "scale=2:2:flags=area,format=gray",
        "-f",
        "rawvideo",
    ];
    decode(path, &arguments)
}

fn lavfi(source: &str) -> [&str; 4] {
    ["-f", "lavfi", "-i", source]
}

#[test]
fn a_full_hd_source_gets_the_whole_ladder() {
    let clips = Clips::new();
    let card = lavfi("testsrc2=size=1920x1080:rate=10:duration=1");
    let published = publish(&clips.make("a.mp4", &[&card, H264]));
    assert_eq!(
        published.sizes(),
        [(1920, 1080), (1280, 720), (854, 480), (640, 360)]
    );
    let bandwidths: Vec<u32> = published
        .pictures()
        .iter()
        .map(|t| t.rendition.bandwidth)
        .collect();
    assert!(bandwidths.is_sorted_by(|a, b| a > b), "{bandwidths:?}");
}

#[test]
fn the_ladder_can_be_limited() {
    let clips = Clips::new();
    let source = clips.make(
        "a.mp4",
        &[&lavfi("testsrc2=size=1280x720:rate=10:duration=1"), H264],
    );
    let ladder = LadderLimits {
        max_height: 480,
        max_renditions: 1,
        ..LadderLimits::default()
    };
    let published = publish_with(
        &source,
        &JobSpec {
            ladder,
            ..JobSpec::default()
        },
    );
    assert_eq!(published.sizes(), [(854, 480)]);
}

#[test]
fn odd_and_tiny_pictures_come_out_even() {
    let clips = Clips::new();
    let lossless = ["-c:v", "ffv1"];
    let odd = "testsrc2=size=642x362:rate=25:duration=1,format=yuv444p,crop=641:361";
    assert_eq!(
        publish(&clips.make("odd.mkv", &[&lavfi(odd), &lossless])).sizes(),
        [(640, 360)]
    );
    let tiny = "testsrc2=size=64x64:rate=25:duration=1,format=yuv444p,scale=3:5,setsar=1";
    let published = publish(&clips.make("tiny.mkv", &[&lavfi(tiny), &lossless]));
    assert_eq!(published.sizes(), [(4, 6)]);
    assert_eq!(published.pictures()[0].total.samples, 25);
}

#[test]
fn a_turned_picture_is_turned_back() {
    let clips = Clips::new();
    let upright = lavfi("color=black:size=320x180:rate=25:duration=1,drawbox=w=160:c=white:t=fill");
    let upright = clips.make("upright.mp4", &[&upright, H264]);
    let upright = upright.to_str().unwrap();
    // The tag of this muxer counts against the clock.
    for (tag, clockwise, size, bright) in [
        ("90", 270, (180, 320), [false, false, true, true]),
        ("180", 180, (320, 180), [false, true, false, true]),
        ("270", 90, (180, 320), [true, true, false, false]),
    ] {
        let turned = [
            "-i",
            upright,
            "-c",
            "copy",
            "-metadata:s:v",
            &format!("rotate={tag}"),
        ];
        let source = clips.make("turned.mp4", &[&turned]);
        let published = publish(&source);
        assert_eq!(published.sizes(), [size], "{tag}");
        assert_eq!(published.probe.video.as_ref().unwrap().rotation, clockwise);
        let seen = |path: &Path| -> Vec<bool> { quarters(path).iter().map(|&b| b > 128).collect() };
        assert_eq!(seen(&source), bright, "{tag}: the clip itself");
        assert_eq!(seen(&published.file(1)), bright, "{tag}");
    }
}

#[test]
fn pixels_become_square_and_fields_become_frames() {
    let clips = Clips::new();
    let card = lavfi("testsrc2=size=720x576:rate=25:duration=1,setsar=64/45");
    let fields = ["-flags", "+ilme+ildct", "-c:v", "mpeg2video"];
    let source = clips.make("a.ts", &[&card, &fields]);
    let published = publish(&source);
    assert_eq!(published.sizes(), [(1024, 576), (854, 480), (640, 360)]);
    assert_eq!(published.pictures()[0].total.samples, frames(&source));
}

#[test]
fn full_range_and_rgb_sources_keep_their_brightness() {
    let clips = Clips::new();
    let grey = "color=0x404040:size=160x90:rate=25:duration=1";
    let full = format!("{grey},scale=out_range=pc,format=yuvj420p");
    let sources = [
        clips.make("full.mkv", &[&lavfi(&full), &["-c:v", "mjpeg"]]),
        clips.make(
            "rgb.mov",
            &[&lavfi(grey), &["-c:v", "qtrle", "-pix_fmt", "rgb24"]],
        ),
        clips.make("plain.mp4", &[&lavfi(grey), H264]),
    ];
    for source in sources {
        let published = publish(&source);
        let arguments = [
            "-frames:v",
            "1",
            "-vf",
            "scale=1:1,format=rgb24",
            "-f",
            "rawvideo",
        ];
        let pixel = decode(&published.file(1), &arguments);
        let close = pixel.iter().all(|&part| part.abs_diff(0x40) <= 3);
        assert!(close, "{}: {pixel:?}", source.display());
    }
}

#[test]
fn a_variable_rate_keeps_its_times() {
    let clips = Clips::new();
    let uneven = "testsrc2=size=160x90:rate=25:duration=5,\
                  setpts='if(lt(N,50),N/25,2+(N-50)/10)/TB'";
    let source = clips.make("a.mkv", &[&lavfi(uneven), &["-vsync", "vfr"], H264]);
    let published = publish(&source);
    let track = published.pictures()[0];
    assert_eq!(track.total.samples, frames(&source));
    let starts: Vec<u64> = track.segments.iter().map(|s| s.start).collect();
    assert_eq!(starts, [0, 4 * 90_000, 8 * 90_000]);
    assert_eq!(track.segments[1].samples, 40);
}

#[test]
fn a_slide_show_is_cut_like_a_film() {
    let clips = Clips::new();
    let slides = lavfi("testsrc2=size=160x90:rate=1/9:duration=40");
    let published = publish(&clips.make("a.mp4", &[&slides, H264]));
    let track = published.pictures()[0];
    let longest = track.segments.iter().map(|s| s.duration).max().unwrap();
    assert!(longest <= 5 * 90_000, "{longest}");
    assert_eq!(track.total.duration, 45 * 90_000);
}

#[test]
fn more_than_sixty_frames_a_second_are_thinned_out() {
    let clips = Clips::new();
    let fast = lavfi("testsrc2=size=160x90:rate=120:duration=2");
    let published = publish(&clips.make("a.mp4", &[&fast, H264]));
    let samples = published.pictures()[0].total.samples;
    assert!((119..=121).contains(&samples), "{samples}");
    assert_eq!(published.pictures()[0].total.duration, 2 * 90_000);
}

#[test]
fn the_poster_is_not_black() {
    let clips = Clips::new();
    let film = "color=black:size=320x180:rate=25:duration=3[black];\
                testsrc2=size=320x180:rate=25:duration=6[card];[black][card]concat";
    let published = publish(&clips.make("a.mp4", &[&["-filter_complex", film], H264]));
    let bright = quarters(&published.poster_file());
    assert!(bright.iter().any(|&b| b > 60), "{bright:?}");
    let sprites = published.sprites.as_ref().unwrap();
    assert_eq!((sprites.count, sprites.interval_ms), (9, 1_000));
    assert_eq!((sprites.tile_width, sprites.tile_height), (160, 90));
}

#[test]
fn a_size_that_changes_on_the_way_is_fitted_in() {
    let clips = Clips::new();
    let part = |name: &str, size: &str| {
        let card = format!("testsrc2=size={size}:rate=25:duration=2");
        let raw = ["-c:v", "mpeg2video", "-f", "mpegts"];
        std::fs::read(clips.make(name, &[&lavfi(&card), &raw])).unwrap()
    };
    let mut whole = part("one.ts", "640x360");
    whole.extend(part("two.ts", "320x320"));
    let source = clips.write("both.ts", &whole);
    let published = publish(&source);
    assert_eq!(published.sizes(), [(640, 360)]);
    // The second part's clock starts anew; it is shown all the same.
    let track = published.pictures()[0];
    assert_eq!(track.total.samples, frames(&source));
    assert!(track.total.samples >= 99);
    assert!(
        track.total.duration.abs_diff(4 * 90_000) <= 9_000,
        "{}",
        track.total.duration
    );
}

#[test]
fn many_processors_do_not_exceed_the_memory_limit() {
    let clips = Clips::new();
    let card = lavfi("testsrc2=size=1920x1080:rate=30:duration=2");
    let source = clips.make("a.mp4", &[&card, H264]);
    publish_with(
        &source,
        &JobSpec {
            threads: 64,
            ..JobSpec::default()
        },
    );
}
