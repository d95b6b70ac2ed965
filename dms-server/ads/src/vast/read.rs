//! From XML to a document.

use super::creative;
use super::document::{
    ADS_MAX, AdDoc, Common, Content, InLine, Linear, Note, Refused, Vast, Version, Viewable,
    Wrapper,
};
use super::error::{VastError, code};
use crate::xml::{self, Node};

/// The most URLs of one kind in one ad.
pub(super) const URLS_MAX: usize = 500;

/// The longest URL, bytes. Macros make it longer.
pub(super) const URL_MAX: usize = 8 << 10;

/// The longest name, title and the like, characters; what is longer is cut.
const NAME_MAX: usize = 500;

/// Reads an answer. A document without ads is read too: that there is none is not its fault.
///
/// # Errors
/// [`VastError`] of codes 100, 101 and 102. What is wrong with one ad stands in [`Vast::refused`].
pub fn parse(bytes: &[u8]) -> Result<Vast, VastError> {
    let text = xml::decode(bytes)?;
    let root = xml::parse(&text)?;
    if root.is("VideoAdServingTemplate") {
        let text = "this is VAST 1; send 2.0 to 4.2";
        return Err(VastError::new(code::VERSION, &root.name, text));
    }
    if !root.is("VAST") {
        let text = format!("the root is {}, not VAST", root.name);
        return Err(VastError::schema(&root.name, text));
    }
    let mut reader = Reader::default();
    let errors = reader.urls(&root, "VAST", "Error");
    let version = root.attribute("version").map(version).transpose()?;
    let ads = root.all("Ad").count();
    if ads > 0 && version.is_none() {
        return Err(VastError::schema(
            "VAST",
            "the attribute version is missing",
        ));
    }
    if ads > ADS_MAX {
        let text = format!("there are more than {ADS_MAX} ads");
        return Err(VastError::schema("VAST", text));
    }
    let (mut read, mut refused) = (Vec::new(), Vec::new());
    for (at, node) in root.all("Ad").enumerate() {
        let path = format!("VAST/Ad[{}]", at + 1);
        match reader.ad(node, &path) {
            Ok(ad) => read.push(ad),
            Err(error) => {
                let body = node.one("InLine").or_else(|| node.one("Wrapper"));
                refused.push(Refused {
                    sequence: sequence(node),
                    error,
                    errors: body.map_or_else(Vec::new, |body| reader.urls(body, &path, "Error")),
                });
            }
        }
    }
    // Stable: those of one place stay as they came.
    read.sort_by_key(|ad| ad.sequence.unwrap_or(u32::MAX));
    Ok(Vast {
        version,
        errors,
        ads: read,
        refused,
        notes: reader.notes,
    })
}

fn version(text: &str) -> Result<Version, VastError> {
    let mut numbers = text.split('.');
    match (numbers.next().unwrap_or(""), numbers.next().unwrap_or("0")) {
        ("2", "0") => Ok(Version::V2),
        ("3", "0") => Ok(Version::V3),
        ("4", "0") => Ok(Version::V40),
        ("4", "1") => Ok(Version::V41),
        // What a later 4.x adds is left away as anything unknown is.
        ("4", "2" | "3") => Ok(Version::V42),
        _ => {
            let text = format!("VAST {} is not read; send 2.0 to 4.2", cut(text));
            Err(VastError::new(code::VERSION, "VAST", text))
        }
    }
}

fn sequence(node: &Node) -> Option<u32> {
    node.attribute("sequence")?.parse().ok().filter(|n| *n > 0)
}

/// A text for people, not too long.
pub(super) fn cut(text: &str) -> String {
    text.trim().chars().take(NAME_MAX).collect()
}

/// Whether a text is a URL that can be called. Schemes have no case; macros may stand anywhere behind.
pub(super) fn is_url(text: &str) -> bool {
    let begins = |scheme: &str| {
        let head = text.get(..scheme.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(scheme)) && text.len() > scheme.len()
    };
    text.len() <= URL_MAX
        && (begins("https://") || begins("http://"))
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

pub(super) fn truth(node: &Node, name: &str) -> Option<bool> {
    match node.attribute(name)?.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

/// Reads, and notes what is not as it should be.
#[derive(Default)]
pub(super) struct Reader {
    notes: Vec<Note>,
}

impl Reader {
    pub(super) fn note(&mut self, path: &str, text: impl Into<String>) {
        if self.notes.len() < URLS_MAX {
            self.notes.push(Note {
                path: path.to_owned(),
                text: text.into(),
            });
        }
    }

    /// An element's text as a URL, if it is one.
    pub(super) fn url(&mut self, node: &Node, path: &str) -> Option<String> {
        // VAST 1 had its URLs one element deeper; some servers still write so.
        let text = node.text_of("URL").unwrap_or_else(|| node.trimmed());
        if text.is_empty() || text.eq_ignore_ascii_case("about:blank") {
            return None;
        }
        // Line breaks within are what an editor's wrapping left.
        let joined: String = text.split(['\r', '\n', '\t']).map(str::trim).collect();
        let joined = joined.replace(' ', "%20");
        if is_url(&joined) {
            return Some(joined);
        }
        self.note(
            path,
            format!("{}: this is no URL that is called", node.name),
        );
        None
    }

    /// The URLs of the children of this name.
    pub(super) fn urls(&mut self, node: &Node, path: &str, name: &'static str) -> Vec<String> {
        let found: Vec<String> = node
            .all(name)
            .take(URLS_MAX)
            .filter_map(|child| self.url(child, path))
            .collect();
        found
    }

    fn ad(&mut self, node: &Node, path: &str) -> Result<AdDoc, VastError> {
        if node.attribute("sequence").is_some() && sequence(node).is_none() {
            self.note(path, "sequence is no number above 0; the ad stands alone");
        }
        let (common, content) = match (node.one("InLine"), node.one("Wrapper")) {
            (Some(body), None) => {
                let path = format!("{path}/InLine");
                self.inline(node, body, &path)?
            }
            (None, Some(body)) => {
                let path = format!("{path}/Wrapper");
                let (common, wrapper) = self.wrapper(body, &path)?;
                (common, Content::Wrapper(wrapper))
            }
            (None, None) => {
                return Err(VastError::schema(
                    path,
                    "there is neither InLine nor Wrapper",
                ));
            }
            (Some(_), Some(_)) => {
                return Err(VastError::schema(path, "there are both InLine and Wrapper"));
            }
        };
        Ok(AdDoc {
            id: cut(node.attribute("id").unwrap_or_default()),
            sequence: sequence(node),
            kind: node.attribute("adType").map(cut),
            path: path.to_owned(),
            common,
            content,
        })
    }

    fn inline(
        &mut self,
        ad: &Node,
        node: &Node,
        path: &str,
    ) -> Result<(Common, Content), VastError> {
        if truth(ad, "conditionalAd") == Some(true) {
            let text = "the ad is conditional: only its own program could decide on it";
            return Err(VastError::new(code::CONDITIONAL, path, text));
        }
        for name in ["AdSystem", "AdTitle"] {
            if node.text_of(name).is_none() {
                self.note(path, format!("{name} is missing"));
            }
        }
        if node.one("Impression").is_none() {
            return Err(VastError::schema(path, "Impression is missing"));
        }
        let mut common = self.common(node, path);
        let linear = self.creatives(node, path, &mut common)?;
        let pricing = node.one("Pricing").map(|pricing| {
            let attribute = |name| cut(pricing.attribute(name).unwrap_or_default());
            (
                attribute("model"),
                attribute("currency"),
                cut(&pricing.text),
            )
        });
        let categories = node.all("Category").filter(|c| !c.trimmed().is_empty());
        let inline = InLine {
            title: node.text_of("AdTitle").map(cut),
            description: node.text_of("Description").map(cut),
            advertiser: node.text_of("Advertiser").map(cut),
            pricing,
            serving_id: node.text_of("AdServingId").map(cut),
            categories: categories.take(URLS_MAX).map(category).collect(),
            linear,
        };
        Ok((common, Content::InLine(Box::new(inline))))
    }

    fn creatives(
        &mut self,
        node: &Node,
        path: &str,
        common: &mut Common,
    ) -> Result<Linear, VastError> {
        let path = format!("{path}/Creatives");
        let creatives: Vec<&Node> = node
            .all("Creatives")
            .flat_map(|c| c.all("Creative"))
            .collect();
        if creatives.is_empty() {
            return Err(VastError::schema(path, "there is no Creative"));
        }
        creative::common(self, &creatives, &path, common);
        let mut linears: Vec<(u32, usize)> = Vec::new();
        for (at, creative) in creatives.iter().enumerate() {
            if creative.one("Linear").is_some() {
                linears.push((sequence(creative).unwrap_or(u32::MAX), at));
            }
        }
        linears.sort_unstable();
        let mut failed = None;
        for (_, at) in linears {
            let path = format!("{path}/Creative[{}]", at + 1);
            let Some(creative) = creatives.get(at) else {
                continue;
            };
            match creative::linear(self, creative, &path) {
                Ok(linear) => {
                    creative::events(self, creative, &path, common);
                    return Ok(linear);
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        Err(failed.unwrap_or_else(|| {
            let text = "there is no linear creative";
            VastError::new(code::LINEARITY, path, text)
        }))
    }

    fn wrapper(&mut self, node: &Node, path: &str) -> Result<(Common, Wrapper), VastError> {
        let missing = |text| VastError::schema(format!("{path}/VASTAdTagURI"), text);
        let uri = node
            .one("VASTAdTagURI")
            .or_else(|| node.one("VASTAdTagURL"));
        let uri = uri.ok_or_else(|| missing("VASTAdTagURI is missing"))?;
        if uri.trimmed().is_empty() && uri.text_of("URL").is_none() {
            return Err(missing("VASTAdTagURI is empty"));
        }
        let url = self.url(uri, path).ok_or_else(|| {
            let text = "VASTAdTagURI is no URL that is called";
            VastError::new(code::WRAPPER, format!("{path}/VASTAdTagURI"), text)
        })?;
        for name in ["AdSystem", "Impression"] {
            if node.one(name).is_none() {
                self.note(path, format!("{name} is missing"));
            }
        }
        let mut common = self.common(node, path);
        let creatives: Vec<&Node> = node
            .all("Creatives")
            .flat_map(|c| c.all("Creative"))
            .collect();
        let creatives_path = format!("{path}/Creatives");
        creative::common(self, &creatives, &creatives_path, &mut common);
        for (at, creative) in creatives.iter().enumerate() {
            let path = format!("{creatives_path}/Creative[{}]", at + 1);
            creative::events(self, creative, &path, &mut common);
        }
        let blocked = node.all("BlockedAdCategories").take(URLS_MAX);
        let wrapper = Wrapper {
            url,
            follow: truth(node, "followAdditionalWrappers").unwrap_or(true),
            multiple: truth(node, "allowMultipleAds").unwrap_or(false),
            fallback: truth(node, "fallbackOnNoAd").unwrap_or(false),
            blocked: blocked.map(category).collect(),
        };
        Ok((common, wrapper))
    }

    fn common(&mut self, node: &Node, path: &str) -> Common {
        let system = node.one("AdSystem").filter(|s| !s.trimmed().is_empty());
        let mut viewable = Viewable::default();
        for seen in node.all("ViewableImpression").take(URLS_MAX) {
            viewable.seen.extend(self.urls(seen, path, "Viewable"));
            viewable.unseen.extend(self.urls(seen, path, "NotViewable"));
            viewable
                .undetermined
                .extend(self.urls(seen, path, "ViewUndetermined"));
        }
        let extensions = node.all("Extensions").flat_map(|e| e.all("Extension"));
        let extensions: Vec<&Node> = extensions.take(URLS_MAX).collect();
        // VAST 2 and 3 have verifications in an extension of this type.
        let own = node.all("AdVerifications");
        let within = extensions.iter().flat_map(|e| e.all("AdVerifications"));
        let verifications = own.chain(within).flat_map(|v| v.all("Verification"));
        Common {
            system: system.map(|s| (cut(&s.text), s.attribute("version").map(cut))),
            impressions: self.urls(node, path, "Impression"),
            errors: self.urls(node, path, "Error"),
            viewable,
            verifications: verifications.take(URLS_MAX).map(Node::to_xml).collect(),
            extensions: extensions
                .iter()
                .map(|e| (e.attribute("type").map(cut), e.to_xml()))
                .collect(),
            ..Common::default()
        }
    }
}

fn category(node: &Node) -> (Option<String>, String) {
    (node.attribute("authority").map(cut), cut(&node.text))
}
