//! What the tus headers may and may not say.

use http::HeaderMap;

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(*name, value.parse().unwrap());
    }
    map
}

fn create(pairs: &[(&'static str, &str)]) -> Result<Creation, Refusal> {
    let mut all = vec![("tus-resumable", "1.0.0")];
    all.extend_from_slice(pairs);
    creation(&headers(&all), 1000)
}

#[test]
fn a_creation_without_and_with_a_body() {
    let plain = create(&[("upload-length", "1000")]).unwrap();
    assert_eq!((plain.length, plain.with_body), (1000, false));
    let with = create(&[
        ("upload-length", "10"),
        ("content-type", OFFSET_STREAM),
        ("content-length", "4"),
    ])
    .unwrap();
    assert_eq!((with.with_body, with.body_len), (true, Some(4)));
}

#[test]
fn lengths_that_are_no_lengths() {
    let refused = |value| create(&[("upload-length", value)]).unwrap_err();
    for value in ["", "-1", "+5", "1e3", "0x10", " 5", "5 ", "1.0"] {
        assert!(
            matches!(refused(value), Refusal::Header("Upload-Length")),
            "{value:?}"
        );
    }
    for value in [
        "1001",
        "9223372036854775808",
        "18446744073709551616",
        &"9".repeat(400),
    ] {
        assert!(
            matches!(refused(value), Refusal::TooLong { max: 1000, .. }),
            "{value:?}"
        );
    }
    assert!(matches!(
        create(&[]),
        Err(Refusal::Missing("Upload-Length"))
    ));
    let twice = create(&[("upload-length", "1"), ("upload-length", "2")]);
    assert!(matches!(twice, Err(Refusal::Header("Upload-Length"))));
    let unlimited = headers(&[
        ("tus-resumable", "1.0.0"),
        ("upload-length", "9223372036854775808"),
    ]);
    assert!(matches!(
        creation(&unlimited, u64::MAX),
        Err(Refusal::TooLong { .. })
    ));
}

#[test]
fn versions_types_and_extensions_that_are_not_spoken() {
    let version = |v| append(&headers(&[("tus-resumable", v)]));
    assert!(matches!(version("1.0.1"), Err(Refusal::Version)));
    assert!(matches!(append(&HeaderMap::new()), Err(Refusal::Version)));
    let defer = create(&[("upload-defer-length", "1")]);
    assert!(matches!(
        defer,
        Err(Refusal::Unsupported("Upload-Defer-Length"))
    ));
    let concat = create(&[("upload-length", "1"), ("upload-concat", "partial")]);
    assert!(matches!(concat, Err(Refusal::Unsupported("Upload-Concat"))));
    let typed = create(&[("upload-length", "1"), ("content-type", "text/plain")]);
    assert!(matches!(typed, Err(Refusal::ContentType)));
    let untyped = create(&[("upload-length", "1"), ("content-length", "1")]);
    assert!(matches!(untyped, Err(Refusal::ContentType)));
}

#[test]
fn appends_with_checksums() {
    let append = |sum: &str| {
        append(&headers(&[
            ("tus-resumable", "1.0.0"),
            ("content-type", OFFSET_STREAM),
            ("upload-offset", "70"),
            ("upload-checksum", sum),
        ]))
    };
    let sha1 = append("sha1 Lve95gjOVATpfV8EL5X4nxwjKHE=").unwrap();
    assert!(matches!(sha1.checksum, Some(Checksum::Sha1(_))));
    assert_eq!(sha1.offset, 70);
    assert!(matches!(
        append("md5 Lve95gjOVATpfV8EL5X4nw=="),
        Err(Refusal::ChecksumAlgorithm)
    ));
    for bad in [
        "sha256",
        "sha256 Lve95gjO",
        "sha1 ***",
        "sha1  Lve95gjOVATpfV8EL5X4nxwjKHE=",
    ] {
        assert!(
            matches!(append(bad), Err(Refusal::Header("Upload-Checksum"))),
            "{bad}"
        );
    }
}

#[test]
fn a_checksum_knows_its_bytes() {
    let digest = STANDARD.decode("Kq5sNclPz7QV2+lfQIuc6R7oRu0=").unwrap();
    let checksum = Checksum::new("sha1", &digest).unwrap();
    let hash = |text: &[u8]| {
        let mut hasher = checksum.hasher();
        hasher.update(text);
        hasher
    };
    assert!(checksum.matches(hash(b"hello world")));
    assert!(!checksum.matches(hash(b"hello worle")));
}
