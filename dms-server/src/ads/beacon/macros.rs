//! What is filled into URLs when an event happens. One function, so that another one may take its place.

use crate::webhook::message::rfc3339;

/// What is known of an event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// When it happened, milliseconds since the Unix epoch.
    pub(super) at_ms: i64,
    /// Media time of the creative, milliseconds.
    pub(super) media_ms: i64,
    /// The error's code.
    pub(super) code: u16,
}

/// The URL with its macros filled in; those that are not known here stay. In brackets, or with these escaped.
pub(super) fn fill(url: &str, known: &Known) -> String {
    let head = playhead(known.media_ms);
    let values = [
        (
            "CACHEBUSTING",
            format!("{:08}", rand::random_range(0..100_000_000_u32)),
        ),
        ("TIMESTAMP", escaped(&rfc3339(known.at_ms))),
        ("ADPLAYHEAD", escaped(&head)),
        ("MEDIAPLAYHEAD", escaped(&head)),
        ("CONTENTPLAYHEAD", escaped(&head)),
        ("ERRORCODE", known.code.to_string()),
    ];
    let mut filled = url.to_owned();
    for (name, value) in values {
        for (open, close) in [("[", "]"), ("%5B", "%5D"), ("%5b", "%5d")] {
            filled = filled.replace(&format!("{open}{name}{close}"), &value);
        }
    }
    filled
}

/// `HH:MM:SS.mmm`.
fn playhead(media_ms: i64) -> String {
    let (seconds, ms) = (media_ms / 1_000, media_ms % 1_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{ms:03}")
}

fn escaped(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_are_filled_in_and_unknown_ones_stay() {
        let known = Known {
            at_ms: 0,
            media_ms: 3_723_004,
            code: 405,
        };
        let url = "https://a.example/?t=[TIMESTAMP]&h=%5BMEDIAPLAYHEAD%5D&e=[ERRORCODE]&x=[IFA]&c=[CACHEBUSTING]";
        let filled = fill(url, &known);
        let (head, busting) = filled.rsplit_once("c=").expect("its end");
        assert_eq!(
            head,
            "https://a.example/?t=1970-01-01T00%3A00%3A00Z&h=01%3A02%3A03.004&e=405&x=[IFA]&"
        );
        assert!(
            busting.len() == 8 && busting.bytes().all(|b| b.is_ascii_digit()),
            "{busting}"
        );
    }
}
