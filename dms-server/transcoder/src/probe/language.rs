//! Language codes: containers have three letters (ISO 639-2), browsers want BCP 47.

/// Three letters (bibliographic and terminological) and the two letters BCP 47 wants instead.
const SHORT: [(&str, &str); 52] = [
    ("ara", "ar"),
    ("bul", "bg"),
    ("cat", "ca"),
    ("ces", "cs"),
    ("cze", "cs"),
    ("cym", "cy"),
    ("dan", "da"),
    ("deu", "de"),
    ("ger", "de"),
    ("ell", "el"),
    ("gre", "el"),
    ("eng", "en"),
    ("spa", "es"),
    ("est", "et"),
    ("eus", "eu"),
    ("baq", "eu"),
    ("fas", "fa"),
    ("per", "fa"),
    ("fin", "fi"),
    ("fra", "fr"),
    ("fre", "fr"),
    ("gle", "ga"),
    ("heb", "he"),
    ("hin", "hi"),
    ("hrv", "hr"),
    ("hun", "hu"),
    ("ind", "id"),
    ("isl", "is"),
    ("ice", "is"),
    ("ita", "it"),
    ("jpn", "ja"),
    ("kor", "ko"),
    ("lav", "lv"),
    ("lit", "lt"),
    ("nld", "nl"),
    ("dut", "nl"),
    ("nor", "no"),
    ("pol", "pl"),
    ("por", "pt"),
    ("ron", "ro"),
    ("rum", "ro"),
    ("rus", "ru"),
    ("slk", "sk"),
    ("slo", "sk"),
    ("slv", "sl"),
    ("swe", "sv"),
    ("tha", "th"),
    ("tur", "tr"),
    ("ukr", "uk"),
    ("vie", "vi"),
    ("zho", "zh"),
    ("chi", "zh"),
];

/// The BCP 47 tag and the code of three letters for what a container says; `und` for both when
/// that is no language code.
pub fn tags(container: &str) -> (String, String) {
    let code = container.trim().to_ascii_lowercase();
    let plain = code.bytes().all(|byte| byte.is_ascii_lowercase());
    let known = SHORT
        .iter()
        .find(|(three, two)| code == *three || code == *two);
    let (tag, three) = match known {
        Some((three, two)) => (*two, *three),
        None if plain && code.len() == 3 => (code.as_str(), code.as_str()),
        None if plain && code.len() == 2 => (code.as_str(), "und"),
        None => ("und", "und"),
    };
    (tag.to_owned(), three.to_owned())
}

#[cfg(test)]
mod tests {
    use super::tags;

    #[test]
    fn what_containers_say_becomes_tags() {
        let tagged = |said: &str, tag: &str, three: &str| {
            assert_eq!(tags(said), (tag.to_owned(), three.to_owned()), "{said}");
        };
        tagged("eng", "en", "eng");
        tagged("ger", "de", "ger");
        tagged("fr", "fr", "fra");
        tagged("mis", "mis", "mis");
        tagged("und", "und", "und");
        tagged("qq\"><script>", "und", "und");
        tagged("", "und", "und");
    }
}
