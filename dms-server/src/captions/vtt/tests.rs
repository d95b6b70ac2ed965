//! The reader against files that are right, odd, wrong and hostile.

use proptest::prelude::*;

use super::*;

fn cues(text: &str) -> Vec<(u64, u64, String)> {
    let track = read(text.as_bytes()).unwrap_or_else(|faults| panic!("{faults:?}"));
    let cues = track.cues.into_iter();
    cues.map(|cue| (cue.start_ms, cue.end_ms, cue.text))
        .collect()
}

fn places(text: &str) -> Vec<(&'static str, u32, u32, u32)> {
    let faults = read(text.as_bytes()).expect_err("it is wrong");
    let place = |fault: Fault| (fault.code, fault.line, fault.column, fault.cue);
    faults.into_iter().map(place).collect()
}

#[test]
fn webvtt_is_read_and_written_plainly() {
    let file = "\u{feff}WEBVTT - talk\r\nX-KEY: 1\r\n\r\nNOTE a\r\nb --> c\r\n\r\nSTYLE\r\n::cue { color: red }\r\n\r\n\
        intro\r\n00:01.000 --> 00:02.500 align:start line:90% region:x\r\n<v Ana>Hello <b>all</b>\r\n1 &lt; 2 &amp; 3\r\n\r\n\
        100:00:00.000 --> 100:00:01.000\r\n- Yes\r\n";
    let track = read(file.as_bytes()).expect("it is right");
    assert!(track.warnings.is_empty());
    assert_eq!(
        track.to_webvtt(),
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.500 align:start line:90%\nHello all\n1 &lt; 2 &amp; 3\n\
         \n100:00:00.000 --> 100:00:01.000\n- Yes\n"
    );
}

#[test]
fn subrip_becomes_webvtt() {
    let file = "1\n00:00:01,000 --> 00:00:02,000\n<font color=\"red\">{\\an8}Hi</font>\n\n2\n0:00:03,000 --> 0:00:04,000 X1:1\nYou {sic}\n";
    let two = [
        (1000, 2000, "Hi".to_owned()),
        (3000, 4000, "You {sic}".to_owned()),
    ];
    assert_eq!(cues(file), two);
}

#[test]
fn every_fault_has_its_place() {
    assert_eq!(places(""), [("no_cues", 1, 1, 0)]);
    assert_eq!(places("WEBVTT\n\nNOTE x\n"), [("no_cues", 1, 1, 0)]);
    assert_eq!(places("hello\nworld\n"), [("no_times", 1, 1, 1)]);
    let file = "WEBVTT\n\n00:01.000 --> 00:02\nA\n\n00:03,000 --> 00:04.000\nB\n\n00:06.000 --> 00:05.000\nC\n\nlost\nlines\n";
    assert_eq!(
        places(file),
        [
            ("invalid_time", 3, 15, 1),
            ("invalid_time", 6, 1, 2),
            ("ends_before_it_begins", 9, 15, 3),
            ("no_times", 12, 1, 4)
        ]
    );
    let file = "WEBVTT\n\n00:01.000 --> 00:02.000 align:up\nA\n\n00:03.000 --> 00:04.000\nB\n00:05.000 --> 00:06.000\nC\n";
    assert_eq!(
        places(file),
        [("invalid_setting", 3, 25, 1), ("no_empty_line", 8, 1, 2)]
    );
    let file = format!("WEBVTT\n\n00:01.000 --> 00:02.000\n{}\n", "x".repeat(1001));
    assert_eq!(places(&file), [("text_too_long", 4, 1, 1)]);
    let faults = read(b"WEBVTT\n\n00:01.000 --> 00:02.000\nca\xff").expect_err("not UTF-8");
    assert_eq!(
        (faults[0].code, faults[0].line, faults[0].column),
        ("not_utf8", 4, 3)
    );
    for time in [
        "1:2.000",
        "00:60.000",
        "60:00.000",
        "-1:00.000",
        "00:01.0000",
        "1000:00:00.000",
        "+0:01.000",
    ] {
        assert_eq!(timestamp(time, false), None, "{time}");
    }
}

#[test]
fn overlaps_and_disorder_are_flagged_and_put_right() {
    let file = "WEBVTT\n\n00:05.000 --> 00:09.000\nB\n\n00:08.000 --> 00:10.000\nC\n\n00:01.000 --> 00:02.000\nA\n";
    let mut track = read(file.as_bytes()).expect("it is right");
    let codes: Vec<_> = track
        .warnings
        .iter()
        .map(|w| (w.code, w.line, w.cue))
        .collect();
    assert_eq!(codes, [("overlap", 6, 2), ("out_of_order", 9, 3)]);
    assert!(track.cues.is_sorted_by_key(|cue| cue.start_ms));
    track.warnings.clear();
    track.warn_beyond(9_500);
    assert_eq!(
        (track.warnings.len(), track.warnings[0].code),
        (1, "beyond_end")
    );
}

#[test]
fn no_markup_goes_through() {
    for (markup, text) in [
        ("<script>alert(1)</script>", "alert(1)"),
        ("<img src=x onerror=alert(1)>", ""),
        ("<scr<script>ipt>", "ipt>"),
        ("&lt;b&gt;", "<b>"),
        ("&amp;lt;", "&lt;"),
        ("a <b", "a "),
        ("\u{202e}gnp\u{0}\u{7}", "gnp"),
    ] {
        assert_eq!(plain(markup, false), text.trim(), "{markup}");
        assert!(!escape(&plain(markup, false)).contains(['<', '>']));
    }
}

#[test]
fn huge_files_are_bounded() {
    let faults = read(&vec![b'x'; FILE_MAX + 1]).expect_err("too long");
    assert_eq!(faults[0].code, "too_long");
    let wrong = "x\ny\n\n".repeat(10_000);
    assert_eq!(read(wrong.as_bytes()).expect_err("wrong").len(), TOLD_MAX);
    let cue = "00:01.000 --> 00:02.000\na\n\n";
    let many = format!("WEBVTT\n\n{}", cue.repeat(CUES_MAX + 1));
    assert_eq!(places(&many)[0].0, "too_many_cues");
    let many = format!("WEBVTT\n\n{}", cue.repeat(CUES_MAX));
    assert_eq!(
        read(many.as_bytes()).expect("right").warnings.len(),
        TOLD_MAX
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_with_a_place(bytes in any::<Vec<u8>>()) {
        if let Err(faults) = read(&bytes) {
            prop_assert!(faults.iter().all(|fault| fault.line > 0 && fault.column > 0));
        }
    }

    #[test]
    fn what_is_written_is_read_again(times in proptest::collection::vec((0_u64..10_000_000, 1_u64..10_000, "[ -~\u{e4}]{1,40}"), 1..20)) {
        let cue = |(start_ms, length, text): &(u64, u64, String)| Cue {
            line: 0, start_ms: *start_ms, end_ms: start_ms + length, settings: String::new(), text: plain(&escape(text), false),
        };
        let mut cues: Vec<Cue> = times.iter().map(cue).filter(|cue| !cue.text.is_empty()).collect();
        cues.sort_by_key(|cue| (cue.start_ms, cue.end_ms));
        prop_assume!(!cues.is_empty());
        let track = Track { cues, warnings: Vec::new() };
        let again = read(track.to_webvtt().as_bytes()).expect("its own writing");
        prop_assert_eq!(again.to_webvtt(), track.to_webvtt());
    }
}
