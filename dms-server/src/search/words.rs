//! What of a text is searched: its words, folded, so that case, accents and marks between words do not
//! matter.
//!
//! Pure. Both databases get the same folded words, so that both find the same.

use unicode_normalization::UnicodeNormalization as _;

/// The longest query, characters.
pub const QUERY_MAX: usize = 200;
/// Words of a query that are looked for; more only narrow further what is narrow already.
const WORDS_MAX: usize = 12;

/// The words of a text in lower case without accents, with a space between each two.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars().flat_map(char::to_lowercase).nfkd() {
        if is_accent(c) {
            continue;
        }
        if !c.is_alphanumeric() {
            inside = false;
            continue;
        }
        let alone = stands_alone(c);
        if !out.is_empty() && (!inside || alone) {
            out.push(' ');
        }
        out.push(c);
        inside = !alone;
    }
    out
}

/// Marks that a letter is found without.
const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{3099}' | '\u{309a}')
}

/// Scripts without spaces: each sign is a word.
const fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// What somebody looks for: phrases, all of which have to be there; of each, the last word may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    phrases: Vec<Vec<String>>,
}

impl Query {
    /// Reads what somebody typed. None: there is no word in it, and nothing can be found.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut left = WORDS_MAX;
        let mut phrases = Vec::new();
        for run in text.split_whitespace() {
            let folded = fold(run);
            let words: Vec<String> = folded
                .split(' ')
                .filter(|word| !word.is_empty())
                .take(left)
                .map(str::to_owned)
                .collect();
            left -= words.len();
            if !words.is_empty() {
                phrases.push(words);
            }
        }
        (!phrases.is_empty()).then_some(Self { phrases })
    }

    /// As SQLite's FTS5 reads it. Words hold letters and digits only: none ends its quotes.
    #[must_use]
    pub fn fts5(&self) -> String {
        let phrase = |words: &Vec<String>| format!("\"{}\"*", words.join(" "));
        let phrases: Vec<_> = self.phrases.iter().map(phrase).collect();
        phrases.join(" AND ")
    }

    /// As PostgreSQL's `to_tsquery` reads it.
    #[must_use]
    pub fn tsquery(&self) -> String {
        let phrase = |words: &Vec<String>| {
            let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
            format!("{}:*", quoted.join(" <-> "))
        };
        let phrases: Vec<_> = self.phrases.iter().map(phrase).collect();
        phrases.join(" & ")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_accents_and_marks_do_not_matter() {
        assert_eq!(fold("  Café-Röntgen, ÅNGSTRÖM! "), "cafe rontgen angstrom");
        assert_eq!(fold("İstanbul ﬁle ①"), "istanbul file 1");
        assert_eq!(fold("四半期の会議 Q3"), "四 半 期 の 会 議 q3");
        assert_eq!(fold("🙂 \0 \" ' * ( )"), "");
    }

    #[test]
    fn a_query_is_phrases_whose_last_words_go_on() {
        let query = Query::parse("  Q3-Bud  Ann\"OR 会議 ").expect("words");
        assert_eq!(query.fts5(), "\"q3 bud\"* AND \"ann or\"* AND \"会 議\"*");
        assert_eq!(
            query.tsquery(),
            "'q3' <-> 'bud':* & 'ann' <-> 'or':* & '会' <-> '議':*"
        );
        assert_eq!(Query::parse(" * ( \" "), None);
        let many = "a ".repeat(100);
        let query = Query::parse(&many).expect("words");
        assert_eq!(query.phrases.len(), WORDS_MAX);
    }

    proptest! {
        #[test]
        fn folded_texts_hold_words_and_single_spaces(text in any::<String>()) {
            let folded = fold(&text);
            prop_assert!(folded.chars().all(|c| c == ' ' || c.is_alphanumeric()));
            prop_assert!(!folded.contains("  ") && folded.trim() == folded);
        }
    }
}
