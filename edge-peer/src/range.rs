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
    match (first.trim().parse::<usize>(), last.trim().parse::<usize>()) {
        (Ok(first), _) if first >= len => Span::Outside,
        (Ok(first), Ok(last)) if first <= last => {
            Span::Part(first..len.min(last.saturating_add(1)))
        }
        (Ok(first), Err(_)) if last.trim().is_empty() => Span::Part(first..len),
        (Err(_), Ok(0)) if first.trim().is_empty() => Span::Outside,
        (Err(_), Ok(suffix)) if first.trim().is_empty() => {
            Span::Part(len.saturating_sub(suffix)..len)
        }
        _ => Span::Whole,
    }
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
        for whole in [
            "bytes=4-2",
            "bytes=a-b",
            "bytes=1-2,4-5",
            "pages=1-2",
            "bytes=-",
        ] {
            assert_eq!(of(whole), Span::Whole, "{whole}");
        }
        assert_eq!(wanted(&HeaderMap::new(), 10), Span::Whole);
    }
}
