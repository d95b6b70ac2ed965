//! Documents as the standard's examples have them, and hostile ones.

use proptest::prelude::*;

use super::*;

const ADS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<vmap:VMAP xmlns:vmap="http://www.iab.net/videosuite/vmap" version="1.0">
  <vmap:AdBreak timeOffset="start" breakType="linear" breakId="pre">
    <vmap:AdSource id="1" allowMultipleAds="false"><vmap:AdTagURI templateType="vast3"><![CDATA[https://ads.example/?a=1&b=[CACHEBUSTING]]]></vmap:AdTagURI></vmap:AdSource>
    <vmap:TrackingEvents><vmap:Tracking event="breakStart">https://t.example</vmap:Tracking></vmap:TrackingEvents>
  </vmap:AdBreak>
  <vmap:AdBreak timeOffset="00:10:23.125" breakType="linear">
    <vmap:AdSource><vmap:VASTAdData><VAST version="3.0"><Ad id="x"/></VAST></vmap:VASTAdData></vmap:AdSource>
  </vmap:AdBreak>
  <vmap:AdBreak timeOffset="33.5%" breakType="linear,nonlinear"/>
  <vmap:AdBreak timeOffset="end" breakType="display" repeatAfter="00:05:00">
    <vmap:AdSource><vmap:AdTagURI>https://ads.example/?a=1&amp;b=&#50;</vmap:AdTagURI></vmap:AdSource>
  </vmap:AdBreak>
</vmap:VMAP>"#;

#[test]
fn a_document_says_its_breaks_and_where_they_ask() {
    let vmap = read(ADS.as_bytes()).expect("a document");
    let positions: Vec<_> = vmap.breaks.iter().map(|b| b.position).collect();
    assert_eq!(
        positions,
        [
            Position::Start,
            Position::At(623_125),
            Position::Share(33_500),
            Position::End
        ]
    );
    let sources: Vec<_> = vmap.breaks.iter().map(|b| b.source.clone()).collect();
    let tag = |url: &str| Some(Source::AdTag(url.to_owned()));
    assert_eq!(sources[0], tag("https://ads.example/?a=1&b=[CACHEBUSTING]"));
    let vast = r#"<VAST version="3.0"><Ad id="x"/></VAST>"#;
    assert_eq!(sources[1], Some(Source::Inline(vast.to_owned())));
    assert_eq!(sources[2], None);
    assert_eq!(sources[3], tag("https://ads.example/?a=1&b=2"));
    let linear: Vec<_> = vmap.breaks.iter().map(|b| b.linear).collect();
    assert_eq!(linear, [true, true, true, false]);
    assert_eq!(vmap.warnings.len(), 2, "{:?}", vmap.warnings);
}

#[test]
fn places_are_of_the_playing_time() {
    for (given, ms) in [
        ("start", Some(0)),
        ("end", Some(90_000)),
        ("0%", Some(0)),
        ("50%", Some(45_000)),
        ("33.333%", Some(29_999)),
        ("100%", Some(90_000)),
        ("00:00:01", Some(1000)),
        ("01:00:00.5", Some(3_600_500)),
    ] {
        let position = Position::parse(given).expect(given);
        assert_eq!(position.ms(Some(90_000)), ms, "{given}");
    }
    assert_eq!(Position::End.ms(None), None);
    for wrong in [
        "#1",
        "",
        "101%",
        "-1%",
        "%",
        "1:2",
        "00:60:00",
        "00:00:60",
        "00:00:00.",
        "a",
        "00:00:00.1234",
    ] {
        assert!(Position::parse(wrong).is_err(), "{wrong}");
    }
    assert!(Position::parse("#1").is_err_and(|why| why.contains("Give a time")));
}

#[test]
fn hostile_documents_are_refused() {
    let deep = format!("<VMAP>{}", "<a>".repeat(DEPTH_MAX));
    let wide = format!("<VMAP>{}</VMAP>", "<a/>".repeat(NODES_MAX));
    let many = format!(
        "<VMAP>{}</VMAP>",
        "<AdBreak timeOffset=\"start\"/>".repeat(BREAKS_MAX + 1)
    );
    let long = " ".repeat(DOCUMENT_MAX + 1);
    for (document, wrong) in [
        (
            r#"<!DOCTYPE VMAP [<!ENTITY a "b">]><VMAP/>"#,
            "document type",
        ),
        (
            "<VMAP><AdBreak timeOffset=\"start\"><AdSource><AdTagURI>&a;</AdTagURI></AdSource></AdBreak></VMAP>",
            "entity",
        ),
        ("<VMAP><AdBreak timeOffset=\"&a;\"/></VMAP>", "entity"),
        ("<VAST/>", "root"),
        ("<VMAP>", "well-formed"),
        ("<VMAP></VMAPS>", "well-formed"),
        ("", "well-formed"),
        ("<VMAP><AdBreak/></VMAP>", "no timeOffset"),
        ("<VMAP><AdBreak timeOffset=\"#2\"/></VMAP>", "#2"),
        (deep.as_str(), "deep"),
        (wide.as_str(), "nodes"),
        (many.as_str(), "500 breaks"),
        (long.as_str(), "1 MiB"),
    ] {
        let error = read(document.as_bytes()).expect_err(wrong).to_string();
        assert!(error.contains(wrong), "{wrong}: {error}");
    }
    assert_eq!(read(b"\xff"), Err(VmapError::NotText));
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in ".{0,300}", at in 0usize..1000, byte in any::<u8>()) {
        let _ = read(text.as_bytes());
        let mut bytes = ADS.as_bytes().to_vec();
        let place = at % bytes.len();
        bytes[place] = byte;
        let _ = read(&bytes);
    }
}
