//! The short code that a person reads on one screen and types on another.

/// Letters that no other looks or sounds like, and no vowels, so that no word comes about (RFC 8628, section 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Letters of a code: 34 bits, for ten minutes and a few guesses a minute.
const LENGTH: usize = 8;

/// A code in its one spelling: eight capital letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// Draws one.
    #[must_use]
    pub fn draw() -> Self {
        let letter = |_| char::from(LETTERS[rand::random_range(0..LETTERS.len())]);
        Self((0..LENGTH).map(letter).collect())
    }

    /// What somebody typed, however they wrote it; `None` when it cannot be a code.
    #[must_use]
    pub fn typed(text: &str) -> Option<Self> {
        if text.len() > 4 * LENGTH {
            return None;
        }
        let kept = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let code: String = kept.map(|c| c.to_ascii_uppercase()).collect();
        let fits = code.len() == LENGTH && code.bytes().all(|b| LETTERS.contains(&b));
        fits.then_some(Self(code))
    }

    /// As it is shown: two groups of four.
    #[must_use]
    pub fn shown(&self) -> String {
        let (first, last) = self.0.split_at(LENGTH / 2);
        format!("{first}-{last}")
    }

    /// The letters.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = UserCode::draw();
        let shown = code.shown();
        assert_eq!(shown.len(), LENGTH + 1);
        let spaced = shown.replace('-', " ");
        for text in [
            shown.clone(),
            shown.to_lowercase(),
            spaced,
            format!(" {shown}\n"),
        ] {
            assert_eq!(UserCode::typed(&text).as_ref(), Some(&code), "{text:?}");
        }
        let long = "B".repeat(100);
        for wrong in [
            "",
            "BCDF",
            "BCDFGHJKL",
            "ABCDFGHJ",
            "BCDFGHJ0",
            "BCDFGHJé",
            &long,
        ] {
            assert_eq!(UserCode::typed(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn codes_differ_and_use_every_letter() {
        let codes: BTreeSet<String> = (0..1000).map(|_| UserCode::draw().shown()).collect();
        assert_eq!(codes.len(), 1000);
        let letters: BTreeSet<char> = codes.iter().flat_map(|c| c.chars()).collect();
        assert_eq!(letters.len(), LETTERS.len() + 1);
    }
}
