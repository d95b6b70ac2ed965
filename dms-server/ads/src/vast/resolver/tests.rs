//! Wrappers over answers from a table.

use std::collections::BTreeMap;

use super::*;
use crate::decision::Event;

fn inline(name: &str, attributes: &str) -> String {
    format!(
        "<Ad id='{name}' {attributes}><InLine><AdSystem>s</AdSystem><AdTitle>{name}</AdTitle>\
         <Error>https://e.example/{name}?[ERRORCODE]</Error><Impression>https://i.example/{name}</Impression>\
         <Creatives><Creative><Linear><Duration>00:00:10</Duration><TrackingEvents>\
         <Tracking event='progress' offset='50%'>https://t.example/{name}</Tracking></TrackingEvents>\
         <MediaFiles><MediaFile type='video/mp4' delivery='progressive'>https://m.example/{name}.mp4</MediaFile>\
         </MediaFiles></Linear></Creative></Creatives></InLine></Ad>"
    )
}

fn broken(name: &str, attributes: &str) -> String {
    inline(name, attributes).replace("video/mp4", "application/x-shockwave-flash")
}

fn wrapper(name: &str, to: &str, attributes: &str, rules: &str) -> String {
    format!(
        "<Ad id='{name}' {attributes}><Wrapper {rules}><AdSystem>s</AdSystem>\
         <VASTAdTagURI><![CDATA[ https://ads.example/{to} ]]></VASTAdTagURI>\
         <Error>https://e.example/{name}?[ERRORCODE]</Error><Impression>https://i.example/{name}</Impression>\
         <ViewableImpression><ViewUndetermined>https://v.example/{name}</ViewUndetermined></ViewableImpression>\
         <Creatives><Creative><Linear><TrackingEvents><Tracking event='progress' offset='50%'>\
         https://t.example/{name}</Tracking></TrackingEvents><VideoClicks>\
         <ClickTracking>https://c.example/{name}</ClickTracking></VideoClicks></Linear></Creative><Creative>\
         <CompanionAds><Companion width='300' height='250'><StaticResource creativeType='image/png'>\
         https://p.example/{name}.png</StaticResource></Companion></CompanionAds></Creative></Creatives>\
         </Wrapper></Ad>"
    )
}

fn vast(ads: &[String]) -> String {
    format!("<VAST version='4.2'>{}</VAST>", ads.concat())
}

fn run(documents: &[(&str, String)], room_ms: Option<u64>) -> Outcome {
    let documents: BTreeMap<String, &String> = documents
        .iter()
        .map(|(name, text)| (format!("https://ads.example/{name}"), text))
        .collect();
    let mut resolver = Resolver::new("https://ads.example/0", room_ms);
    let mut fetches = 0;
    while let Step::Fetch(url) = resolver.step() {
        fetches += 1;
        assert!(fetches <= FETCHES_MAX, "it never ends");
        match documents.get(&url) {
            Some(text) => resolver.answer(Ok(text.as_bytes())),
            None => resolver.answer(Err(VastError::new(code::TIMEOUT, "", "nobody answers"))),
        }
    }
    resolver.finish()
}

fn names(outcome: &Outcome) -> Vec<&str> {
    outcome.ads.iter().map(|ad| ad.id.as_str()).collect()
}

fn told(outcome: &Outcome) -> Vec<(String, u16)> {
    let short = |url: &str| {
        url.trim_start_matches("https://e.example/")
            .replace("?[ERRORCODE]", "")
    };
    outcome
        .reports
        .iter()
        .map(|r| (short(&r.url), r.code))
        .collect()
}

#[test]
fn every_level_of_wrappers_is_called() {
    let outcome = run(
        &[
            ("0", vast(&[wrapper("a", "1", "", "")])),
            ("1", vast(&[wrapper("b", "2", "", "")])),
            ("2", vast(&[inline("c", "")])),
        ],
        None,
    );
    assert_eq!(names(&outcome), ["c"]);
    assert_eq!((outcome.error, outcome.reports), (None, Vec::new()));
    let ad = &outcome.ads[0];
    let urls = |event: Event| -> Vec<&str> {
        let of = ad.tracking.iter().filter(|tracker| tracker.event == event);
        of.map(|tracker| tracker.url.as_str()).collect()
    };
    let expected = [
        "https://i.example/a",
        "https://v.example/a",
        "https://i.example/b",
        "https://v.example/b",
        "https://i.example/c",
    ];
    assert_eq!(urls(Event::Impression), expected);
    assert_eq!(
        urls(Event::Progress),
        [
            "https://t.example/a",
            "https://t.example/b",
            "https://t.example/c"
        ]
    );
    assert!(
        ad.tracking
            .iter()
            .all(|t| (t.event == Event::Progress) == (t.at_ms == Some(5_000)))
    );
    assert_eq!(
        urls(Event::Click),
        ["https://c.example/a", "https://c.example/b"]
    );
    assert_eq!(ad.errors.len(), 3);
    let pictures: Vec<&str> = ad.companions.iter().map(|c| c.url.as_str()).collect();
    assert_eq!(
        pictures,
        ["https://p.example/b.png", "https://p.example/a.png"]
    );
}

#[test]
fn what_fails_is_told_at_every_level_once() {
    let two = |last: String| {
        vec![
            ("0", vast(&[wrapper("a", "1", "", "")])),
            ("1", vast(&[wrapper("b", "2", "", "")])),
            ("2", last),
        ]
    };
    let no_ad = "<VAST version='4.2'><Error>https://e.example/d?[ERRORCODE]</Error></VAST>";
    for (last, code, own) in [
        (vast(&[broken("c", "")]), 403, Some("c")),
        (no_ad.to_owned(), 303, Some("d")),
        ("<VAST/>".to_owned(), 303, None),
        (" \n".to_owned(), 303, None),
        ("<html><body>busy".to_owned(), 100, None),
        ("<html/>".to_owned(), 101, None),
        ("<VAST version='9.0'/>".to_owned(), 102, None),
        (vast(&[wrapper("c", "1", "", "")]), 302, Some("c")),
        (vast(&[wrapper("c", "gone", "", "")]), 301, Some("c")),
    ] {
        let outcome = run(&two(last), None);
        let names = ["a", "b"].into_iter().chain(own);
        let expected: Vec<(String, u16)> = names.map(|name| (name.to_owned(), code)).collect();
        assert_eq!(told(&outcome), expected);
        assert!(outcome.ads.is_empty());
        assert_eq!(outcome.error.map(|error| error.code), Some(code));
    }
}

#[test]
fn more_than_five_wrappers_and_circles_end() {
    let chain = |length: usize| {
        let names: Vec<String> = (0..=length).map(|n| n.to_string()).collect();
        let documents = (0..length).map(|n| vast(&[wrapper(&names[n], &names[n + 1], "", "")]));
        let documents: Vec<String> = documents.chain([vast(&[inline("x", "")])]).collect();
        let table: Vec<(&str, String)> = names.iter().map(String::as_str).zip(documents).collect();
        run(&table, None)
    };
    assert_eq!(names(&chain(5)), ["x"]);
    let six = chain(6);
    assert_eq!(six.error.as_ref().map(|error| error.code), Some(302));
    assert_eq!((six.fetched.len(), six.reports.len()), (6, 6));
    let itself = run(&[("0", vast(&[wrapper("a", "0", "", "")]))], None);
    assert_eq!(
        (itself.error.map(|e| e.code), itself.fetched.len()),
        (Some(302), 1)
    );
}

#[test]
fn a_pod_comes_in_its_order_and_stand_alone_ads_replace_what_fails() {
    let pod = |second: String| {
        vast(&[
            inline("z", ""),
            inline("c", "sequence='3'"),
            inline("a", "sequence='1'"),
            second,
        ])
    };
    assert_eq!(
        names(&run(&[("0", pod(inline("b", "sequence='2'")))], None)),
        ["a", "b", "c"]
    );
    assert_eq!(
        names(&run(&[("0", pod(broken("b", "sequence='2'")))], None)),
        ["a", "z", "c"]
    );
    for (rules, expected) in [
        ("", &["a", "c"][..]),
        ("fallbackOnNoAd='true'", &["a", "z", "c"]),
    ] {
        let lost = wrapper("b", "gone", "sequence='2'", rules);
        assert_eq!(names(&run(&[("0", pod(lost))], None)), expected);
    }
}

#[test]
fn of_ads_that_stand_alone_as_many_are_taken_as_fit() {
    let all = || {
        [(
            "0",
            vast(&[
                broken("x", ""),
                inline("a", ""),
                inline("b", ""),
                inline("c", ""),
            ]),
        )]
    };
    assert_eq!(names(&run(&all(), None)), ["a"]);
    assert_eq!(names(&run(&all(), Some(20_000))), ["a", "b"]);
    assert_eq!(
        names(&run(&all(), Some(5_000))),
        ["a"],
        "one too long is better than none"
    );
}

#[test]
fn a_wrapper_says_how_much_is_taken_of_what_it_leads_to() {
    let pod = || {
        vast(&[
            inline("a", "sequence='1'"),
            inline("b", "sequence='2'"),
            inline("z", ""),
        ])
    };
    let through = |rules: &str, inner: String| {
        run(
            &[("0", vast(&[wrapper("w", "1", "", rules)])), ("1", inner)],
            None,
        )
    };
    assert_eq!(names(&through("", pod())), ["z"]);
    assert_eq!(names(&through("allowMultipleAds='1'", pod())), ["a", "b"]);
    let lone = vast(&[inline("a", "sequence='1'"), inline("b", "sequence='2'")]);
    assert_eq!(names(&through("", lone)), ["a"]);
    let deeper = || vast(&[wrapper("v", "2", "", "")]);
    let shut = through("followAdditionalWrappers='0'", deeper());
    assert_eq!(
        (shut.error.map(|e| e.code), shut.fetched.len()),
        (Some(303), 2)
    );
}

#[test]
fn bytes_fetches_and_reports_are_bounded() {
    let padding = format!("<!--{}-->", "x".repeat(900 << 10));
    let large =
        |ads: &[String]| vast(ads).replace("<VAST version", &format!("{padding}<VAST version"));
    let outcome = run(
        &[
            ("0", large(&[wrapper("a", "1", "", "")])),
            ("1", large(&[wrapper("b", "2", "", "")])),
            ("2", large(&[inline("c", "")])),
        ],
        None,
    );
    assert_eq!(outcome.error.map(|e| e.code), Some(302));
    let all = |to: &str| -> Vec<String> {
        let each = |n| {
            wrapper(
                &format!("w{n}"),
                &format!("{to}{n}"),
                &format!("sequence='{n}'"),
                "allowMultipleAds='1'",
            )
        };
        (1..=100).map(each).collect()
    };
    let outcome = run(&[("0", vast(&all("gone")))], None);
    assert_eq!(
        (outcome.fetched.len(), outcome.reports.len()),
        (FETCHES_MAX, 100)
    );
    let ads: Vec<String> = (1..=100)
        .map(|n| inline("a", &format!("sequence='{n}'")))
        .collect();
    assert_eq!(run(&[("0", vast(&ads))], None).ads.len(), ADS_MAX);
}

#[test]
fn what_was_found_before_time_was_up_stays() {
    let mut resolver = Resolver::new("https://ads.example/0", None);
    let pod = vast(&[
        inline("a", "sequence='1'"),
        wrapper("b", "1", "sequence='2'", ""),
        wrapper("c", "2", "sequence='3'", ""),
    ]);
    assert!(matches!(resolver.step(), Step::Fetch(_)));
    resolver.answer(Ok(pod.as_bytes()));
    assert_eq!(
        resolver.step(),
        Step::Fetch("https://ads.example/1".to_owned())
    );
    resolver.give_up(VastError::new(code::TIMEOUT, "", "too late"));
    assert_eq!(resolver.step(), Step::Done);
    let outcome = resolver.finish();
    assert_eq!(names(&outcome), ["a"]);
    assert_eq!(
        told(&outcome),
        [("b".to_owned(), 301), ("c".to_owned(), 301)]
    );
}
