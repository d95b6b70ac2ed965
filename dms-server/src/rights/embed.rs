//! Which pages of others may show a title in a frame.
//!
//! An origin stands in a header (`frame-ancestors`) as it is written here, so only the one plain spelling is taken:
//! nothing that a browser would read as more than this one origin.

use std::fmt::Write;

/// Origins that one policy names at most.
pub const ORIGINS_MAX: usize = 50;
/// The longest name of a host (RFC 1035).
const HOST_MAX: usize = 253;
/// The longest label of one.
const LABEL_MAX: usize = 63;
/// Any page of anybody.
pub const ANY: &str = "*";

/// What is wrong with a list: where, a stable code, and what to do.
#[must_use]
pub fn faults(origins: &[String], for_named_only: bool) -> Vec<(String, &'static str, String)> {
    if origins.len() > ORIGINS_MAX {
        let fix = format!("Name at most {ORIGINS_MAX} origins.");
        return vec![("/embed".to_owned(), "too_many", fix)];
    }
    let mut found = Vec::new();
    for (index, origin) in origins.iter().enumerate() {
        if origin == ANY {
            let fix = if for_named_only {
                "Any page may show it, but only some people may watch it. Name the pages, or open it to everyone."
            } else if origins.len() > 1 {
                "This lets every page show it, so the others say nothing. Keep one or the other."
            } else {
                continue;
            };
            let code = match for_named_only {
                true => "embed_any_for_named",
                false => "embed_any_and_more",
            };
            found.push((format!("/embed/{index}"), code, fix.to_owned()));
        } else if !is_origin(origin) {
            let fix = "Give an origin: https://, the host in lower case, a port if it is not 443, and nothing after it.";
            found.push((format!("/embed/{index}"), "not_an_origin", fix.to_owned()));
        }
    }
    found
}

/// Whether this is an exact `https` origin, spelled as browsers spell it.
fn is_origin(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else {
        return false;
    };
    let (host, port) = match rest.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (rest, None),
    };
    let port_is_good = port.is_none_or(|port| {
        let number: Option<u16> = port.parse().ok();
        number.is_some_and(|n| n != 0 && n != 443 && n.to_string() == port)
    });
    port_is_good && host.len() <= HOST_MAX && host.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=LABEL_MAX).contains(&label.len())
        && label.bytes().all(plain)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// The directive of a Content-Security-Policy for a page that these origins may show.
#[must_use]
pub fn frame_ancestors(origins: &[String]) -> String {
    let mut directive = "frame-ancestors 'self'".to_owned();
    // Read back from the database: what got there by another way does not get into a header.
    for origin in origins.iter().filter(|o| *o == ANY || is_origin(o)) {
        // Writing to a string does not fail.
        let _ = write!(directive, " {origin}");
    }
    directive
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(origins: &[&str], named: bool) -> Vec<(String, &'static str)> {
        let origins: Vec<String> = origins.iter().map(|&o| o.to_owned()).collect();
        let found = faults(&origins, named).into_iter();
        found.map(|(at, code, _)| (at, code)).collect()
    }

    #[test]
    fn only_exact_origins_are_taken() {
        for good in [
            "https://intranet.example",
            "https://intranet",
            "https://wiki.example:8443",
            "https://xn--bcher-kva.example",
            "https://192.0.2.1",
        ] {
            assert_eq!(codes(&[good], true), [], "{good}");
        }
        for wrong in [
            "",
            "https://",
            "http://intranet.example",
            "https://intranet.example/",
            "https://intranet.example/page",
            "https://*.example",
            "https://a.example:443",
            "https://a.example:0",
            "https://a.example:070",
            "https://a.example:70000",
            "https://a.example:",
            "https://a..example",
            "https://-a.example",
            "https://A.example",
            "https://a.example https://b.example",
            "https://a.example;script-src *",
            "https://me@a.example",
            "https://[2001:db8::1]",
            "'self'",
            "null",
            "data:",
        ] {
            let want = [("/embed/0".to_owned(), "not_an_origin")];
            assert_eq!(codes(&[wrong], false), want, "{wrong}");
        }
        let many = vec!["https://a.example"; ORIGINS_MAX + 1];
        assert_eq!(codes(&many, false), [("/embed".to_owned(), "too_many")]);
    }

    #[test]
    fn any_page_and_only_some_people_contradict_one_another() {
        assert_eq!(codes(&["*"], false), []);
        let at = |index: usize| format!("/embed/{index}");
        assert_eq!(codes(&["*"], true), [(at(0), "embed_any_for_named")]);
        let both = ["https://a.example", "*"];
        assert_eq!(codes(&both, false), [(at(1), "embed_any_and_more")]);
    }

    #[test]
    fn a_header_gets_nothing_but_origins() {
        let origins = ["https://a.example", "https://b.example; script-src *", "*"];
        let origins = origins.map(str::to_owned);
        let directive = "frame-ancestors 'self' https://a.example *";
        assert_eq!(frame_ancestors(&origins), directive);
        assert_eq!(frame_ancestors(&[]), "frame-ancestors 'self'");
    }
}
