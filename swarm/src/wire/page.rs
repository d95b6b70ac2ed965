//! What the watch page that an agent serves may ask the DMS, passed on by that agent: both ends go by this list, so that
//! neither a hostile page nor a hostile agent gets further with a person's session than watching.

/// Where the device listener takes what such pages ask; the page's own path follows.
pub const PAGE_PATH: &str = "/v1/page";

/// The longest body that is passed on, bytes.
pub const MAX_PAGE_ASK: usize = 64 << 10;

/// The longest answer, bytes: pictures and captions are the longest.
pub const MAX_PAGE_ANSWER: usize = 8 << 20;

/// The longest path with its query, bytes.
const MAX_TARGET: usize = 256;

/// The longest name of a language, bytes.
const MAX_LANG: usize = 35;

/// Whether a page may ask this; `target` is a path, maybe with a query.
#[must_use]
pub fn may_ask(method: &str, target: &str) -> bool {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    if target.len() > MAX_TARGET || query.is_some_and(|query| !plain(query, b"=&-")) {
        return false;
    }
    let Some(rest) = path.strip_prefix("/api/v1/") else {
        return false;
    };
    let parts: Vec<&str> = rest.split('/').collect();
    match (method, parts.as_slice()) {
        ("GET", ["trust" | "titles"] | ["me", "for-you"])
        | ("POST", ["usage" | "delivery"] | ["ads", "events"]) => true,
        ("GET", ["titles", title, "breaks", id, "assets"]) => is_id(title) && is_number(id),
        ("GET", ["titles", title, "captions", lang]) => {
            is_id(title) && !lang.is_empty() && lang.len() <= MAX_LANG && plain(lang, b"-")
        }
        (
            "GET",
            [
                "titles",
                title,
                "poster.jpg" | "sprites.jpg" | "storyboard.vtt" | "captions" | "chapters.vtt",
            ],
        )
        | ("GET", ["titles" | "licenses", title] | ["me", "titles", title])
        | ("POST", ["titles", title, "license"])
        | ("PUT", ["me", "progress" | "saved" | "ratings", title])
        | ("DELETE", ["me", "saved" | "ratings", title]) => is_id(title),
        _ => false,
    }
}

/// Whether it is an id as text: 36 characters of lower-case hexadecimal with dashes, or 32 without.
fn is_id(text: &str) -> bool {
    let digits = text.bytes().filter(|b| *b != b'-').count();
    let fits = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-');
    digits == 32 && matches!(text.len(), 32 | 36) && text.bytes().all(fits)
}

/// Whether it is the number of a break.
fn is_number(text: &str) -> bool {
    (1..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn plain(text: &str, also: &[u8]) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || also.contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01a2045c-63c9-766f-9468-37e402be97ee";

    #[test]
    fn a_page_asks_what_watching_needs() {
        for (method, target) in [
            ("GET", "/api/v1/trust".to_owned()),
            ("GET", "/api/v1/titles?limit=20".to_owned()),
            ("GET", "/api/v1/me/for-you".to_owned()),
            ("GET", format!("/api/v1/titles/{ID}")),
            ("GET", format!("/api/v1/titles/{ID}/poster.jpg")),
            ("GET", format!("/api/v1/titles/{ID}/storyboard.vtt")),
            ("GET", format!("/api/v1/titles/{ID}/captions")),
            ("GET", format!("/api/v1/titles/{ID}/captions/pt-BR")),
            ("GET", format!("/api/v1/titles/{ID}/chapters.vtt")),
            ("POST", format!("/api/v1/titles/{ID}/license")),
            ("GET", format!("/api/v1/licenses/{}", ID.replace('-', ""))),
            ("POST", "/api/v1/usage".to_owned()),
            ("POST", "/api/v1/delivery".to_owned()),
            ("POST", "/api/v1/ads/events".to_owned()),
            (
                "GET",
                format!("/api/v1/titles/{ID}/breaks/7/assets?session={ID}"),
            ),
            ("GET", format!("/api/v1/me/titles/{ID}")),
            ("PUT", format!("/api/v1/me/progress/{ID}")),
            ("PUT", format!("/api/v1/me/saved/{ID}")),
            ("DELETE", format!("/api/v1/me/ratings/{ID}")),
        ] {
            assert!(may_ask(method, &target), "{method} {target}");
        }
    }

    #[test]
    fn and_nothing_else() {
        let long = "a".repeat(MAX_TARGET);
        for (method, target) in [
            ("DELETE", format!("/api/v1/titles/{ID}")),
            ("PATCH", format!("/api/v1/titles/{ID}")),
            ("PUT", format!("/api/v1/titles/{ID}/captions/en")),
            ("DELETE", format!("/api/v1/licenses/{ID}")),
            ("DELETE", format!("/api/v1/me/progress/{ID}")),
            ("GET", format!("/api/v1/titles/{ID}/manifest")),
            ("GET", "/api/v1/titles/..".to_owned()),
            ("GET", format!("/api/v1/titles/{ID}/captions/..")),
            ("GET", format!("/api/v1/titles/{ID}/captions/")),
            ("GET", format!("/api/v1/titles/{ID}%2fpolicy")),
            ("GET", format!("/api/v1//titles/{ID}")),
            ("GET", "/api/v1/licenses".to_owned()),
            ("GET", "/api/v1/ads/events".to_owned()),
            ("POST", "/api/v1/ads/campaigns".to_owned()),
            ("PUT", format!("/api/v1/titles/{ID}/breaks/7")),
            ("GET", format!("/api/v1/titles/{ID}/breaks/x/assets")),
            ("GET", format!("/api/v1/titles/{ID}/breaks//assets")),
            ("GET", "/api/v1/people".to_owned()),
            ("GET", "/api/v1/tokens".to_owned()),
            ("POST", "/api/v1/tokens".to_owned()),
            ("PUT", "/api/v1/me/password".to_owned()),
            ("POST", "/api/v1/me/handoff".to_owned()),
            ("GET", "/session".to_owned()),
            ("GET", "http://elsewhere/api/v1/trust".to_owned()),
            ("GET", "/api/v1/titles?limit=20%0d".to_owned()),
            ("GET", format!("/api/v1/titles?limit={long}")),
            ("get", "/api/v1/trust".to_owned()),
        ] {
            assert!(!may_ask(method, &target), "{method} {target}");
        }
    }
}
