//! Sources that cannot be published: each is refused with its own code.

use dms_transcoder_protocol::{FailureCode, JobSpec, LadderLimits, Limits};

use crate::clips::{CARD, Clips, H264, TONE};
use crate::harness::{assert_refused, publish, refuse_with};

fn lavfi(source: &str) -> [&str; 4] {
    ["-f", "lavfi", "-i", source]
}

fn within(limits: Limits) -> JobSpec {
    JobSpec {
        limits,
        ..JobSpec::default()
    }
}

#[test]
fn what_is_no_video_is_named_so() {
    let clips = Clips::new();
    let playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/passwd\n#EXT-X-ENDLIST\n";
    let sources = [
        clips.write(
            "letter.txt",
            b"Dear all,\nplease find the video attached.\n",
        ),
        clips.write("empty.mp4", b""),
        clips.write("list.m3u8", playlist),
        clips.write("list.mp4", playlist),
        clips.write("concat.mp4", b"ffconcat version 1.0\nfile '/etc/passwd'\n"),
        clips.write("words.srt", b"1\n00:00:01,000 --> 00:00:02,000\nHello\n"),
        clips.write("page.html", b"<!doctype html><html><body>404</body></html>"),
        clips.make(
            "picture.png",
            &[&lavfi("testsrc2=size=320x180"), &["-frames:v", "1"]],
        ),
        clips.make(
            "picture.jpg",
            &[&lavfi("testsrc2=size=320x180"), &["-frames:v", "1"]],
        ),
    ];
    for source in sources {
        assert_refused(&source, FailureCode::NotVideo);
    }
}

#[test]
fn a_file_that_was_cut_short_is_corrupt() {
    let clips = Clips::new();
    let index_last = clips.ordinary("last.mp4", &[]);
    let index_first = clips.ordinary("first.mp4", &["-movflags", "+faststart"]);
    let matroska = clips.ordinary("a.mkv", &[]);
    for (source, name) in [
        (&index_last, "a.mp4"),
        (&index_first, "b.mp4"),
        (&matroska, "c.mkv"),
    ] {
        assert_refused(&clips.cut(source, name, 60), FailureCode::CorruptContainer);
    }
    // A few last pictures may be missing.
    publish(&clips.cut(&index_first, "almost.mp4", 96));
}

#[test]
fn a_file_with_damage_inside_is_published_or_refused_but_never_crashes_the_program() {
    let clips = Clips::new();
    let whole = std::fs::read(clips.ordinary("a.mkv", &[])).unwrap();
    let mut state = 1_u32;
    for share in [20_000, 2_000, 200, 20] {
        let mut bytes = whole.clone();
        for byte in bytes.iter_mut().skip(4_096) {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if (state >> 8).is_multiple_of(share) {
                *byte = (state >> 24) as u8;
            }
        }
        let source = clips.write("damaged.mkv", &bytes);
        let (messages, status) = crate::harness::messages(&source, &JobSpec::default());
        assert!(
            matches!(status.code(), Some(0 | 1)),
            "{status}: {:?}",
            messages.last()
        );
    }
}

#[test]
fn a_file_that_lost_a_part_of_its_middle_is_corrupt() {
    let clips = Clips::new();
    let long = lavfi("testsrc2=size=320x180:rate=25:duration=20");
    let tone = lavfi("sine=duration=20");
    let clip = clips.make("a.mkv", &[&long, &tone, H264, &["-g", "25", "-c:a", "aac"]]);
    let whole = std::fs::read(clip).unwrap();
    let without = |percent: usize| {
        let mut bytes = whole.clone();
        let (from, length) = (bytes.len() / 3, bytes.len() * percent / 100);
        // Such as a disk gives for sectors that it cannot read.
        bytes[from..from + length].fill(0);
        clips.write("hole.mkv", &bytes)
    };
    assert_refused(&without(40), FailureCode::CorruptContainer);
    publish(&without(1));
}

#[test]
fn an_encrypted_source_is_refused() {
    let clips = Clips::new();
    let plain = clips.ordinary("plain.mp4", &[]);
    let encrypt = [
        "-i",
        plain.to_str().unwrap(),
        "-c",
        "copy",
        "-encryption_scheme",
        "cenc-aes-ctr",
        "-encryption_key",
        "00112233445566778899aabbccddeeff",
        "-encryption_kid",
        "0123456789abcdef0123456789abcdef",
    ];
    assert_refused(
        &clips.make("a.mp4", &[&encrypt]),
        FailureCode::DrmProtectedSource,
    );
}

#[test]
fn high_dynamic_range_is_refused() {
    let clips = Clips::new();
    let card = lavfi("testsrc2=size=160x90:rate=25:duration=1");
    for transfer in ["smpte2084", "arib-std-b67"] {
        let parameters =
            format!("log-level=none:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc");
        let hevc = [
            "-c:v",
            "libx265",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p10le",
            "-x265-params",
            &parameters,
        ];
        assert_refused(
            &clips.make("a.mp4", &[&card, &hevc]),
            FailureCode::HdrNotEnabled,
        );
    }
}

#[test]
fn a_codec_without_a_decoder_is_unsupported() {
    let clips = Clips::new();
    let rare = clips.make(
        "a.mkv",
        &[
            &lavfi("testsrc2=size=160x90:duration=1"),
            &["-c:v", "snow", "-strict", "-2"],
        ],
    );
    assert_refused(&rare, FailureCode::UnsupportedCodec);
}

#[test]
fn a_container_without_picture_and_sound_has_no_video_track() {
    let clips = Clips::new();
    let words = clips.write("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\nHello\n");
    let words = ["-i", words.to_str().unwrap(), "-c:s", "srt"];
    assert_refused(&clips.make("a.mkv", &[&words]), FailureCode::NoVideoTrack);
}

#[test]
fn a_single_picture_is_too_short() {
    let clips = Clips::new();
    let one = clips.make(
        "a.mp4",
        &[&lavfi("testsrc2=size=160x90:rate=25:duration=0.04"), H264],
    );
    assert_refused(&one, FailureCode::DurationTooShort);
}

#[test]
fn limits_are_kept() {
    let clips = Clips::new();
    let source = clips.ordinary("a.mp4", &[]);
    let small = |limits: Limits| refuse_with(&source, &within(limits)).code;
    let all = Limits::default();
    let too_large = FailureCode::ResolutionTooLarge;
    assert_eq!(
        small(Limits {
            max_width: 300,
            ..all.clone()
        }),
        too_large
    );
    assert_eq!(
        small(Limits {
            max_height: 179,
            ..all.clone()
        }),
        too_large
    );
    assert_eq!(
        small(Limits {
            max_pixels: 320 * 180 - 1,
            ..all.clone()
        }),
        too_large
    );
    assert_eq!(
        small(Limits {
            max_duration_ms: 4_000,
            ..all
        }),
        too_large
    );
}

#[test]
fn a_limit_on_time_ends_the_job() {
    let clips = Clips::new();
    let long = lavfi("testsrc2=size=1280x720:rate=30:duration=30");
    let source = clips.make("a.mp4", &[&long, H264]);
    let (mut wall, mut cpu) = (Limits::default(), Limits::default());
    wall.wall_s = 1;
    cpu.cpu_s = 1;
    for limits in [wall, cpu] {
        let failed = refuse_with(&source, &within(limits));
        assert_eq!(failed.code, FailureCode::Timeout);
    }
}

#[test]
fn sound_alone_can_be_blocked() {
    let clips = Clips::new();
    let source = clips.make("a.wav", &[TONE]);
    let ladder = LadderLimits {
        allow_audio_only: false,
        ..LadderLimits::default()
    };
    let failed = refuse_with(
        &source,
        &JobSpec {
            ladder,
            ..JobSpec::default()
        },
    );
    assert_eq!(failed.code, FailureCode::AudioOnlyBlocked);
}

#[test]
fn a_picture_larger_than_memory_is_refused_or_ends_the_child_alone() {
    let clips = Clips::new();
    let large = lavfi("testsrc2=size=3840x2160:rate=5:duration=1");
    let source = clips.make("a.mp4", &[&large, H264]);
    let limits = Limits {
        memory_bytes: 80 << 20,
        ..Limits::default()
    };
    let (messages, status) = crate::harness::messages(&source, &within(limits));
    assert!(!status.success(), "{:?}", messages.last());
}

#[test]
fn a_card_alone_still_works() {
    let clips = Clips::new();
    publish(&clips.make("a.mp4", &[CARD, H264]));
}
