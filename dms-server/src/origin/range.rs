//! `Range: bytes=...` (RFC 9110) over something of a known length.

use std::ops::Range;

/// What a `Range` header asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Everything: no header, or one this server does not serve (several ranges, another unit).
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// Nothing that is there.
    Unsatisfiable,
}

/// Reads a header's value for something of `len` bytes.
#[must_use]
pub fn read(value: Option<&str>, len: u64) -> Asked {
    let Some(spec) = value.and_then(|v| v.strip_prefix("bytes=")) else {
        return Asked::Whole;
    };
    let Some((first, last)) = spec.split_once('-') else {
        return Asked::Whole;
    };
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        // More digits than fit are beyond every end.
        digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    match (number(first.trim()), number(last.trim())) {
        (Some(first), Some(last)) if first > last => Asked::Whole,
        (Some(first), _)
            if first >= len && (last.trim().is_empty() || number(last.trim()).is_some()) =>
        {
            Asked::Unsatisfiable
        }
        (Some(first), Some(last)) => Asked::Part(first..last.saturating_add(1).min(len)),
        (Some(first), None) if last.trim().is_empty() => Asked::Part(first..len),
        // Nothing has no last bytes.
        (None, Some(suffix)) if first.trim().is_empty() && (suffix == 0 || len == 0) => {
            Asked::Unsatisfiable
        }
        (None, Some(suffix)) if first.trim().is_empty() => {
            Asked::Part(len.saturating_sub(suffix)..len)
        }
        _ => Asked::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_the_standard() {
        let cases = [
            (None, Asked::Whole),
            (Some("bytes=0-0"), Asked::Part(0..1)),
            (Some("bytes=2-"), Asked::Part(2..10)),
            (Some("bytes=2-99"), Asked::Part(2..10)),
            (Some("bytes=-3"), Asked::Part(7..10)),
            (Some("bytes=-30"), Asked::Part(0..10)),
            (Some("bytes=9-99999999999999999999999"), Asked::Part(9..10)),
            (Some("bytes=10-"), Asked::Unsatisfiable),
            (Some("bytes=99999999999999999999-"), Asked::Unsatisfiable),
            (Some("bytes=-0"), Asked::Unsatisfiable),
            (Some("bytes=5-2"), Asked::Whole),
            (Some("bytes=0-1,3-4"), Asked::Whole),
            (Some("bytes=a-b"), Asked::Whole),
            (Some("bytes=-"), Asked::Whole),
            (Some("chunks=0-1"), Asked::Whole),
        ];
        for (header, expected) in cases {
            assert_eq!(read(header, 10), expected, "{header:?}");
        }
        assert_eq!(read(Some("bytes=-3"), 0), Asked::Unsatisfiable);
    }
}
