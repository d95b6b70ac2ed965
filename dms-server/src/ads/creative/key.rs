//! What makes two creatives the same. Pure.

use url::Url;
use uuid::Uuid;

/// Parts of a query that only keep caches from answering, in lower case.
const BUSTERS: [&str; 14] = [
    "_",
    "cb",
    "cachebuster",
    "cachebusting",
    "cache_buster",
    "cache-buster",
    "correlator",
    "nocache",
    "ord",
    "rand",
    "random",
    "rnd",
    "timestamp",
    "ts",
];

/// Registries and values by which servers say that they have no id.
const NO_ID: [&str; 5] = ["", "unknown", "none", "null", "0"];

/// Longer ids are no ids.
const ID_MAX: usize = 200;

/// The creative that is made of a title of the library.
#[must_use]
pub fn of_title(title: Uuid) -> String {
    format!("title {title}")
}

/// The creative that a decision names: by its universal ad id, else by its URL without what differs from answer to answer.
#[must_use]
pub fn of_ad(universal_id: Option<&(String, String)>, url: &str) -> String {
    let id = universal_id.filter(|(registry, value)| {
        !NO_ID.contains(&value.trim().to_ascii_lowercase().as_str())
            && !registry.trim().eq_ignore_ascii_case("unknown")
            && registry.len() + value.len() <= ID_MAX
    });
    match id {
        Some((registry, value)) => {
            format!(
                "id {} {}",
                registry.trim().to_ascii_lowercase(),
                value.trim()
            )
        }
        None => of_url(url),
    }
}

/// The creative at a URL.
#[must_use]
pub fn of_url(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else {
        return format!("url {url}");
    };
    parsed.set_fragment(None);
    let kept: Vec<&str> = parsed
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !pair.is_empty() && !BUSTERS.contains(&name.to_ascii_lowercase().as_str())
        })
        .collect();
    let query = Some(kept.join("&")).filter(|query| !query.is_empty());
    parsed.set_query(query.as_deref());
    format!("url {parsed}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(registry: &str, value: &str) -> (String, String) {
        (registry.to_owned(), value.to_owned())
    }

    #[test]
    fn an_ad_id_is_the_creative_wherever_it_lies() {
        let known = id("Ad-ID.org", " CNPA0484000H ");
        let key = of_ad(Some(&known), "https://a.example/1.mp4");
        assert_eq!(key, "id ad-id.org CNPA0484000H");
        assert_eq!(of_ad(Some(&known), "https://b.example/2.mp4"), key);
    }

    #[test]
    fn an_id_that_says_nothing_is_none() {
        let url = "https://a.example/1.mp4";
        let long = "x".repeat(300);
        for none in [
            id("unknown", "1"),
            id("ad-id.org", "Unknown"),
            id("x", ""),
            id("x", &long),
        ] {
            assert_eq!(of_ad(Some(&none), url), of_ad(None, url), "{none:?}");
        }
    }

    #[test]
    fn cache_busters_are_no_part_of_a_url() {
        let key = "url https://a.example/1.mp4?size=720";
        for same in [
            "https://a.example/1.mp4?size=720",
            "https://A.example:443/1.mp4?cb=1&size=720#x",
            "https://a.example/1.mp4?size=720&_=77&ORD=9",
        ] {
            assert_eq!(of_url(same), key);
        }
        assert_eq!(
            of_url("https://a.example/1.mp4?cb=2"),
            "url https://a.example/1.mp4"
        );
        assert_ne!(of_url("https://a.example/1.mp4?size=480"), key);
        assert_eq!(of_url("no url"), "url no url");
    }
}
