//! `Range` requests of one part (RFC 9110 section 14): resuming and curl.

use std::ops::Range;

use http::{HeaderMap, header};

/// What of a body is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// All of it: also when the header is not understood, as the standard says.
    Whole,
    /// These bytes.
    Part(Range<usize>),
    /// Nothing the body has.
    Outside,
}

/// What a request wants of a body of `len` bytes.
#[must_use]
pub fn wanted(headers: &HeaderMap, len: usize) -> Span {
    let text = headers.get(header::RANGE).and_then(|v| v.to_str().ok());
    let Some(spec) = text.and_then(|t| t.strip_prefix("bytes=")) else {
        return Span::Whole;
    };
    let Some((first, last)) = spec.split_once('-') else {
        return Span::Whole;
    };
    let (first, last) = (first.trim(), last.trim());
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first > last => Span::Whole,
        (Some(_), None) if !last.is_empty() => Span::Whole,
        (Some(first), _) if first >= len => Span::Outside,
        (Some(first), Some(last)) => Span::Part(first..len.min(last.saturating_add(1))),
        (Some(first), None) => Span::Part(first..len),
        // Nothing has no last bytes.
        (None, Some(suffix)) if first.is_empty() && (suffix == 0 || len == 0) => Span::Outside,
        (None, Some(suffix)) if first.is_empty() => Span::Part(len.saturating_sub(suffix)..len),
        _ => Span::Whole,
    }
}

/// Digits alone: no sign. More than fit are beyond every end.
fn number(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_is_served_and_nonsense_is_the_whole() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, text.parse().unwrap());
            wanted(&headers, 10)
        };
        assert_eq!(of("bytes=2-4"), Span::Part(2..5));
        assert_eq!(of("bytes=2-"), Span::Part(2..10));
        assert_eq!(of("bytes=2-99"), Span::Part(2..10));
        assert_eq!(of("bytes=-3"), Span::Part(7..10));
        assert_eq!(of("bytes=-30"), Span::Part(0..10));
        assert_eq!(of("bytes=10-"), Span::Outside);
        assert_eq!(of("bytes=-0"), Span::Outside);
        assert_eq!(of("bytes=99999999999999999999-"), Span::Outside);
        for whole in [
            "bytes=4-2",
            "bytes=a-b",
            "bytes=1-2,4-5",
            "pages=1-2",
            "bytes=-",
            "bytes=+1-+2",
            "bytes=20-5",
        ] {
            assert_eq!(of(whole), Span::Whole, "{whole}");
        }
        assert_eq!(wanted(&HeaderMap::new(), 10), Span::Whole);
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, "bytes=-3".parse().unwrap());
        assert_eq!(wanted(&headers, 0), Span::Outside, "nothing has no end");
    }
}
