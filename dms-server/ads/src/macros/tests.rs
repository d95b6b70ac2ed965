//! Each macro with what is known, with what is not, and with what is not told.

use super::*;

fn known() -> Values {
    Values {
        now_ms: Some(951_825_600_123),
        random: Some(42),
        error: Some(303),
        ad_ms: Some(5_250),
        content_ms: Some(3_723_004),
        asset: Some("https://cdn.example/a b.mp4?x=1".to_owned()),
        position: Some(Break::Mid),
        break_ms: Some(30_500),
        transaction: Some("7f-1".to_owned()),
        player_size: Some((1280, 720)),
        ..Values::default()
    }
}

#[test]
fn what_is_known_is_written_percent_encoded() {
    for (name, expected) in [
        ("CACHEBUSTING", "00000042"),
        ("TIMESTAMP", "2000-02-29T12%3A00%3A00.123Z"),
        ("ERRORCODE", "303"),
        ("ADPLAYHEAD", "00%3A00%3A05.250"),
        ("MEDIAPLAYHEAD", "01%3A02%3A03.004"),
        ("CONTENTPLAYHEAD", "01%3A02%3A03.004"),
        ("ASSETURI", "https%3A%2F%2Fcdn.example%2Fa%20b.mp4%3Fx%3D1"),
        ("BREAKPOSITION", "2"),
        ("BREAKMAXDURATION", "31"),
        ("TRANSACTIONID", "7f-1"),
        ("PLAYERSIZE", "1280,720"),
        ("LIMITADTRACKING", "1"),
        ("REGULATIONS", "-1"),
        ("PAGEURL", "-1"),
        ("IFA", "-2"),
        ("DEVICEIP", "-2"),
        ("DEVICEUA", "-2"),
        ("LATLONG", "-2"),
        ("SOMETHING", "[SOMETHING]"),
    ] {
        let url = format!("https://a.example/?x=[{name}]&y=1");
        assert_eq!(
            expand(&url, &known()),
            format!("https://a.example/?x={expected}&y=1")
        );
    }
}

#[test]
fn every_spelling_of_the_brackets_is_read_and_nothing_else_is_touched() {
    for (url, expected) in [
        ("%5BERRORCODE%5D", "303"),
        ("%5bERRORCODE%5d", "303"),
        ("%5bERRORCODE]", "303"),
        ("a[ERRORCODE][ERRORCODE]%5BERRORCODE%5Db", "a303303303b"),
        ("[ERRORCODE", "[ERRORCODE"),
        ("[errorcode]", "[errorcode]"),
        ("[]%5B%5D", "[]%5B%5D"),
        ("[[ERRORCODE]]", "[303]"),
        ("x[1]=%5b[ERRORCODE]é", "x[1]=%5b303é"),
        ("%5", "%5"),
        ("[\u{e9}ERRORCODE]", "[\u{e9}ERRORCODE]"),
    ] {
        assert_eq!(expand(url, &known()), expected, "{url}");
    }
}

#[test]
fn who_watches_is_told_only_where_it_was_allowed() {
    let mut values = known();
    let url = "[DEVICEIP]|[DEVICEUA]|[IFA]";
    assert_eq!(expand(url, &values), "-2|-2|-2");
    values.viewer = Some(Viewer {
        address: Some("2001:db8::1".to_owned()),
        agent: Some("Player 1".to_owned()),
        id: None,
    });
    assert_eq!(expand(url, &values), "2001%3Adb8%3A%3A1|Player%201|-1");
}

#[test]
fn what_happens_later_stays_until_then() {
    let values = Values {
        later: true,
        ..known()
    };
    let url = "[CACHEBUSTING][ERRORCODE][ADPLAYHEAD][TRANSACTIONID]";
    assert_eq!(
        expand(url, &values),
        "[CACHEBUSTING][ERRORCODE][ADPLAYHEAD]7f-1"
    );
    assert_eq!(expand("[ERRORCODE]", &Values::default()), "-1");
}

#[test]
fn a_url_of_nothing_but_macros_does_not_grow_without_end() {
    let values = Values {
        asset: Some("x".repeat(2_000)),
        ..Values::default()
    };
    assert!(expand(&"[ASSETURI]".repeat(1_000), &values).len() < URL_MAX + 10_001);
}
