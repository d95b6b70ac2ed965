//! The text of a cue: from markup to plain text, and back to WebVTT that says the same.

/// Entities that WebVTT knows; any other stays as it is written.
const ENTITIES: [(&str, &str); 7] = [
    ("&amp;", "&"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&nbsp;", "\u{a0}"),
    ("&lrm;", ""),
    ("&rlm;", ""),
    ("&quot;", "\""),
];

/// A cue's text without its tags, and without the commands of SubRip. What looks like a tag and has no end
/// goes up to the end of the text.
#[must_use]
pub fn plain(markup: &str, subrip: bool) -> String {
    let mut out = String::with_capacity(markup.len());
    let mut rest = markup;
    while let Some(at) = rest.find(['<', '&', '{']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        rest = if from.starts_with('<') {
            from.split_once('>').map_or("", |(_, after)| after)
        } else if from.starts_with('&') {
            let known = ENTITIES.iter().find(|(name, _)| from.starts_with(name));
            let (name, means) = known.unwrap_or(&("&", "&"));
            out.push_str(means);
            from.get(name.len()..).unwrap_or_default()
        } else if subrip && from.starts_with("{\\") {
            // A command of SubRip's relatives, such as {\an8}.
            from.split_once('}').map_or("", |(_, after)| after)
        } else {
            out.push('{');
            from.get(1..).unwrap_or_default()
        };
    }
    out.push_str(rest);
    let lines: Vec<_> = out.lines().map(tidy).filter(|l| !l.is_empty()).collect();
    lines.join("\n")
}

/// Without what cannot be seen and could reorder or hide the rest.
fn tidy(line: &str) -> String {
    let seen = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let line: String = line.replace('\t', " ").chars().filter(seen).collect();
    line.trim().to_owned()
}

/// Plain text as WebVTT writes it: without a tag, and without what would end the cue.
#[must_use]
pub fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}
