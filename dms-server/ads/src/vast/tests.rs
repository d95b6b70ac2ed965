//! Documents of every version, good and bad, and what becomes of each.

use super::*;

/// What becomes of a document: its ads, or the code that it is refused with.
fn outcome(bytes: &[u8]) -> Result<Vec<String>, u16> {
    let document = parse(bytes).map_err(|error| error.code)?;
    match document.refused.first() {
        Some(refused) if document.ads.is_empty() => Err(refused.error.code),
        _ => Ok(document.ads.into_iter().map(|ad| ad.id).collect()),
    }
}

const MEDIA: &str = "<MediaFile type='video/mp4' delivery='progressive' width='640' height='360'> https://m.example/a.mp4 </MediaFile>";

fn linear(media: &str) -> String {
    format!("<Linear><Duration>00:00:15</Duration><MediaFiles>{media}</MediaFiles></Linear>")
}

fn inline(attributes: &str, creative: &str) -> String {
    format!(
        "<Ad id='a' {attributes}><InLine><AdSystem>s</AdSystem><AdTitle>t</AdTitle>\
         <Impression><![CDATA[ https://i.example/ ]]></Impression>\
         <Creatives><Creative>{creative}</Creative></Creatives></InLine></Ad>"
    )
}

fn wrapper(inside: &str) -> String {
    format!(
        "<Ad id='w'><Wrapper><AdSystem>s</AdSystem><Impression>https://i.example/</Impression>{inside}</Wrapper></Ad>"
    )
}

fn vast(version: &str, ads: &str) -> String {
    format!("<VAST version='{version}'>{ads}</VAST>")
}

#[test]
fn each_version_is_read_and_others_are_refused() {
    let ad = inline("", &linear(MEDIA));
    for version in ["2.0", "2.0.1", "3.0", "4.0", "4.1", "4.2", " 4.2 ", "4.3"] {
        assert_eq!(
            outcome(vast(version, &ad).as_bytes()),
            Ok(vec!["a".to_owned()]),
            "{version}"
        );
    }
    for version in ["1.0", "1.1", "2.1", "5.0", "", "four", "4.9"] {
        assert_eq!(
            outcome(vast(version, &ad).as_bytes()),
            Err(102),
            "{version}"
        );
    }
    assert_eq!(
        outcome(b"<VideoAdServingTemplate><Ad/></VideoAdServingTemplate>"),
        Err(102)
    );
    assert_eq!(outcome(format!("<VAST>{ad}</VAST>").as_bytes()), Err(101));
}

/// Whether the document is read, or refused with the code.
fn expect(name: &str, text: &str, expected: Option<u16>) {
    let found = outcome(text.as_bytes());
    assert_eq!(found.as_ref().err(), expected.as_ref(), "{name}: {found:?}");
}

#[test]
fn a_document_with_quirks_is_read() {
    let ad = |creative: &str| vast("4.2", &inline("", creative));
    let good = ad(&linear(MEDIA));
    let file = |from: &str, to: &str| ad(&linear(&MEDIA.replace(from, to)));
    let without = |part: &str| good.replace(part, "");
    let uri = "<VASTAdTagURI>https://w.example/</VASTAdTagURI>";
    let wrapped = |inside: &str| vast("4.2", &wrapper(inside));
    for (name, text, expected) in [
        (
            "upper case",
            good.replace("InLine", "Inline")
                .replace("MediaFile", "MEDIAFILE"),
            None,
        ),
        (
            "prefix",
            good.replace("<VAST", "<v:VAST xmlns:v='u'")
                .replace("</VAST", "</v:VAST"),
            None,
        ),
        ("space in front", format!("\n\n {good}\n"), None),
        (
            "declaration",
            format!("<?xml version='1.0' encoding='utf-8'?>{good}"),
            None,
        ),
        ("mark", format!("\u{feff}{good}"), None),
        (
            "mezzanine alone",
            good.replace("MediaFile ", "Mezzanine ")
                .replace("</MediaFile>", "</Mezzanine>"),
            None,
        ),
        ("stream", file("video/mp4", "application/x-mpegURL"), None),
        ("audio", file("video/mp4", "audio/mpeg"), None),
        (
            "parameter of type",
            file("video/mp4", "video/mp4; codecs=avc1"),
            None,
        ),
        ("no title", without("<AdTitle>t</AdTitle>"), None),
        ("no system", without("<AdSystem>s</AdSystem>"), None),
        (
            "unknown element",
            good.replace("<Creatives>", "<Later x='1'/><Creatives>"),
            None,
        ),
        (
            "bad skip",
            good.replace("<Linear>", "<Linear skipoffset='soon'>"),
            None,
        ),
        (
            "conditional=false",
            good.replace("<Ad ", "<Ad conditionalAd='false' "),
            None,
        ),
        ("wrapper", wrapped(uri), None),
        (
            "wrapper of VAST 1",
            wrapped("<VASTAdTagURL><URL>https://w.example/</URL></VASTAdTagURL>"),
            None,
        ),
    ] {
        expect(name, &text, expected);
    }
}

#[test]
fn a_wrong_document_is_refused_with_its_code() {
    let ad = |creative: &str| vast("4.2", &inline("", creative));
    let good = ad(&linear(MEDIA));
    let wrapped = |inside: &str| vast("4.2", &wrapper(inside));
    let duration = |text: &str| good.replace("00:00:15", text);
    for (name, text, expected) in [
        ("not XML", "busy".to_owned(), Some(100)),
        ("empty", String::new(), Some(100)),
        ("JSON", "{\"ads\": []}".to_owned(), Some(100)),
        ("not closed", good.replace("</VAST>", ""), Some(100)),
        (
            "bare ampersand",
            good.replace("a.mp4", "a.mp4?x=1&y=2"),
            Some(100),
        ),
        ("document type", format!("<!DOCTYPE VAST>{good}"), Some(100)),
        (
            "entity",
            good.replace("t</AdTitle>", "&nbsp;</AdTitle>"),
            Some(100),
        ),
        (
            "encoding",
            format!("<?xml version='1.0' encoding='windows-1252'?>{good}"),
            Some(100),
        ),
        ("HTML", "<html><body/></html>".to_owned(), Some(101)),
        ("VMAP", "<vmap:VMAP xmlns:vmap='u'/>".to_owned(), Some(101)),
        ("empty ad", vast("4.2", "<Ad id='a'/>"), Some(101)),
        (
            "both",
            vast("4.2", "<Ad><InLine/><Wrapper/></Ad>"),
            Some(101),
        ),
        (
            "no impression",
            good.replace("Impression", "Expression"),
            Some(101),
        ),
        (
            "no creatives",
            good.replace("Creatives", "Creations"),
            Some(101),
        ),
        ("no duration", good.replace("Duration", "Time"), Some(101)),
        (
            "no media files",
            good.replace("MediaFiles", "Files"),
            Some(101),
        ),
        ("no media file", ad(&linear("")), Some(101)),
        ("seconds", duration("15"), Some(101)),
        ("zero", duration("00:00:00"), Some(101)),
        ("negative", duration("-00:00:15"), Some(101)),
        ("61 seconds", duration("00:00:61"), Some(101)),
        ("no URI", wrapped(""), Some(101)),
    ] {
        expect(name, &text, expected);
    }
}

#[test]
fn what_cannot_be_shown_is_refused_with_its_code() {
    let ad = |creative: &str| vast("4.2", &inline("", creative));
    let good = ad(&linear(MEDIA));
    let file = |from: &str, to: &str| ad(&linear(&MEDIA.replace(from, to)));
    let wrapped = |inside: &str| vast("4.2", &wrapper(inside));
    let overlay = "<NonLinearAds><NonLinear width='1' height='1'/></NonLinearAds>";
    for (name, text, expected) in [
        (
            "empty URI",
            wrapped("<VASTAdTagURI> </VASTAdTagURI>"),
            Some(101),
        ),
        (
            "odd URI",
            wrapped("<VASTAdTagURI>file:///etc/passwd</VASTAdTagURI>"),
            Some(300),
        ),
        (
            "script URI",
            wrapped("<VASTAdTagURI>javascript:alert(1)</VASTAdTagURI>"),
            Some(300),
        ),
        ("overlay", ad(overlay), Some(201)),
        ("companions alone", ad("<CompanionAds/>"), Some(201)),
        ("relative file", file("https://m.example/", "/"), Some(401)),
        ("empty file", file("https://m.example/a.mp4", ""), Some(401)),
        (
            "program",
            file("video/mp4", "application/javascript"),
            Some(403),
        ),
        (
            "VPAID",
            file("delivery=", "apiFramework='VPAID' delivery="),
            Some(403),
        ),
        (
            "Flash",
            file("video/mp4", "application/x-shockwave-flash"),
            Some(403),
        ),
        ("no type", file("type='video/mp4'", ""), Some(403)),
        (
            "conditional",
            good.replace("<Ad ", "<Ad conditionalAd='true' "),
            Some(408),
        ),
    ] {
        expect(name, &text, expected);
    }
}

#[test]
fn without_an_ad_a_document_is_read() {
    for text in [
        "<VAST/>",
        "<VAST version='3.0'/>",
        "<VAST version='4.2'><Error>https://e.example/</Error></VAST>",
    ] {
        assert_eq!(outcome(text.as_bytes()), Ok(Vec::new()), "{text}");
    }
}

#[test]
fn an_ad_is_all_that_it_says() {
    let text = vast(
        "4.0",
        &inline(
            "sequence='2' adType='video'",
            &format!(
                "<UniversalAdId idRegistry='Ad-ID' idValue='8465'>unknown</UniversalAdId>{}",
                linear(MEDIA).replace("<Linear>", "<Linear skipoffset='00:00:05'>")
            ),
        ),
    );
    let document = parse(text.as_bytes()).expect("read");
    let ad = document.ads.first().expect("an ad");
    assert_eq!(
        (document.version, ad.sequence),
        (Some(Version::V40), Some(2))
    );
    let document::Content::InLine(inline) = &ad.content else {
        panic!("in line");
    };
    assert_eq!(inline.linear.skip, Some(Offset::Time(5_000)));
    assert_eq!(inline.linear.media[0].url, "https://m.example/a.mp4");
    assert_eq!(ad.common.impressions, ["https://i.example/"]);
    let error = parse(vast("4.2", "<Ad/><Ad/>").as_bytes()).expect("read");
    assert_eq!(error.refused[1].error.path, "VAST/Ad[2]");
}
