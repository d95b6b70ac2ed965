//! `Upload-Metadata`, well formed and not.

use proptest::prelude::*;

use super::*;

fn pair(key: &str, value: &str) -> String {
    format!("{key} {}", STANDARD.encode(value))
}

#[test]
fn names_kind_and_type_are_read_and_strange_keys_dropped() {
    let header = [
        pair("filename", "C:\\videos\\Town Hall.final.mp4"),
        pair("kind", "file"),
        pair("filetype", "application/pdf"),
        "relativePath".to_owned(),
    ]
    .join(", ");
    let metadata = Metadata::parse(&header).unwrap();
    assert_eq!(metadata.filename, "Town Hall.final.mp4");
    assert_eq!(metadata.title, "Town Hall.final");
    assert_eq!(metadata.kind, TitleKind::File);
    assert_eq!(metadata.media_type, "application/pdf");
}

#[test]
fn nothing_said_means_a_video_called_upload() {
    let metadata = Metadata::parse("").unwrap();
    assert_eq!(
        (metadata.title.as_str(), metadata.kind),
        ("upload", TitleKind::Video)
    );
    assert_eq!(
        Metadata::parse(&pair("filename", ".env")).unwrap().title,
        ".env"
    );
}

#[test]
fn what_is_not_of_the_form_is_refused() {
    let parse = |header: &str| Metadata::parse(header).unwrap_err();
    assert_eq!(parse("title YQ==,title YQ=="), MetadataError::Key);
    assert_eq!(parse("title YQ==,,kind YQ=="), MetadataError::Key);
    assert_eq!(parse("titl\u{e9} YQ=="), MetadataError::Key);
    assert_eq!(parse("title YQ"), MetadataError::Value("title"));
    assert_eq!(parse("color Y Q=="), MetadataError::Value("a key"));
    assert_eq!(parse("title /w=="), MetadataError::Value("title"));
    assert_eq!(parse(&pair("title", "a\nb")), MetadataError::Text("title"));
    assert_eq!(parse(&pair("title", "  ")), MetadataError::Text("title"));
    assert_eq!(
        parse(&pair("title", &"x".repeat(201))),
        MetadataError::Text("title")
    );
    assert_eq!(
        parse(&pair("filename", "a/")),
        MetadataError::Text("filename")
    );
    assert_eq!(parse(&pair("kind", "movie")), MetadataError::Kind);
    assert_eq!(parse(&"x".repeat(MAX_LEN + 1)), MetadataError::TooLong);
    let many: Vec<_> = (0..=MAX_PAIRS).map(|i| format!("k{i}")).collect();
    assert_eq!(parse(&many.join(",")), MetadataError::TooLong);
}

proptest! {
    #[test]
    fn what_is_written_is_read(title in "[^\\p{Cc}\\s][^\\p{Cc}]{0,80}[^\\p{Cc}\\s]",
                               name in "[a-zA-Z0-9 é._-]{0,60}x", file: bool) {
        let metadata = Metadata {
            filename: name.trim().to_owned(),
            title,
            kind: if file { TitleKind::File } else { TitleKind::Video },
            media_type: "video/mp4".to_owned(),
            profile: file.then(|| "Small offices".to_owned()),
        };
        prop_assert_eq!(Metadata::parse(&metadata.to_header()), Ok(metadata));
    }

    #[test]
    fn no_input_panics(header in "\\PC{0,200}") {
        let _ = Metadata::parse(&header);
    }
}
