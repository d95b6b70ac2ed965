//! `Upload-Metadata`: what the publisher says about a file, read strictly.
//!
//! Comma-separated pairs of a key and, after one space, base64. Keys this server does not know are
//! checked for form and dropped: general clients send their own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use swarm::content::TitleKind;

/// The longest header value, bytes.
pub const MAX_LEN: usize = 8 << 10;
/// The most pairs.
pub const MAX_PAIRS: usize = 32;
/// The longest title, characters.
pub const MAX_TITLE: usize = 200;
/// The longest file name, characters.
pub const MAX_FILENAME: usize = 255;
/// The longest name or id of a profile, characters.
pub const MAX_PROFILE: usize = 60;
/// The longest media type, bytes.
const MAX_MEDIA_TYPE: usize = 100;

/// Why the header is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Longer than [`MAX_LEN`] or more than [`MAX_PAIRS`] pairs.
    #[error("it is longer than {MAX_LEN} bytes or has more than {MAX_PAIRS} pairs")]
    TooLong,
    /// A key is empty, repeated, or has a character that is not visible ASCII.
    #[error("a key is empty, repeated or not visible ASCII")]
    Key,
    /// A value is not padded base64 of UTF-8.
    #[error("the value of {0} is not padded base64 of UTF-8 text")]
    Value(&'static str),
    /// A text is empty, too long, or has control characters.
    #[error("`{0}` is empty, too long or has control characters")]
    Text(&'static str),
    /// `kind` is neither `video` nor `file`.
    #[error("`kind` is neither `video` nor `file`")]
    Kind,
}

/// The keys that mean something here.
const KEYS: [&str; 4] = ["filename", "title", "kind", "filetype"];

/// What the publisher says about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The file's name without folders; for people, never a path.
    pub filename: String,
    /// The title's name for people.
    pub title: String,
    /// What the title shall be.
    pub kind: TitleKind,
    /// The media type the publisher's program names; `application/octet-stream` otherwise.
    pub media_type: String,
    /// The name or id of the profile to make it with; none: the default.
    pub profile: Option<String>,
}

impl Metadata {
    /// Reads the header's value; an absent header is an empty value.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse(header: &str) -> Result<Self, MetadataError> {
        let pairs = pairs(header)?;
        let filename = known(&pairs, "filename")?
            .map(|name| clean("filename", base_name(&name), MAX_FILENAME))
            .transpose()?;
        let title = known(&pairs, "title")?
            .map(|title| clean("title", &title, MAX_TITLE))
            .transpose()?;
        let kind = match known(&pairs, "kind")?.as_deref() {
            None | Some("video") => TitleKind::Video,
            Some("file") => TitleKind::File,
            Some(_) => return Err(MetadataError::Kind),
        };
        let profile = known(&pairs, "profile")?
            .filter(|profile| !profile.is_empty())
            .map(|profile| clean("profile", &profile, MAX_PROFILE))
            .transpose()?;
        let media_type = known(&pairs, "filetype")?.filter(|t| is_media_type(t));
        let filename = filename.unwrap_or_else(|| "upload".to_owned());
        Ok(Self {
            title: title.unwrap_or_else(|| title_from(&filename)),
            filename,
            kind,
            media_type: media_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
            profile,
        })
    }

    /// The header's value for what [`Metadata::parse`] reads.
    #[must_use]
    pub fn to_header(&self) -> String {
        let kind = match self.kind {
            TitleKind::Video => "video",
            TitleKind::File => "file",
        };
        let always = [
            ("filename", self.filename.as_str()),
            ("title", &self.title),
            ("kind", kind),
            ("filetype", &self.media_type),
        ];
        let profile = self.profile.as_deref().map(|profile| ("profile", profile));
        let pairs = always.into_iter().chain(profile);
        let pairs = pairs.map(|(key, value)| format!("{key} {}", STANDARD.encode(value)));
        pairs.collect::<Vec<_>>().join(",")
    }
}

fn pairs(header: &str) -> Result<Vec<(&str, &str)>, MetadataError> {
    if header.len() > MAX_LEN {
        return Err(MetadataError::TooLong);
    }
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    if header.is_empty() {
        return Ok(pairs);
    }
    for pair in header.split(',') {
        let pair = pair.trim_matches(' ');
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let visible = !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic());
        if !visible || pairs.iter().any(|(seen, _)| *seen == key) {
            return Err(MetadataError::Key);
        }
        if pairs.len() == MAX_PAIRS {
            return Err(MetadataError::TooLong);
        }
        if STANDARD.decode(value).is_err() {
            let known = KEYS.into_iter().find(|known| *known == key);
            return Err(MetadataError::Value(known.unwrap_or("a key")));
        }
        pairs.push((key, value));
    }
    Ok(pairs)
}

fn known(pairs: &[(&str, &str)], key: &'static str) -> Result<Option<String>, MetadataError> {
    let Some((_, value)) = pairs.iter().find(|(k, _)| *k == key) else {
        return Ok(None);
    };
    let bytes = STANDARD
        .decode(value)
        .map_err(|_| MetadataError::Value(key))?;
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| MetadataError::Value(key))
}

fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

fn clean(key: &'static str, text: &str, max: usize) -> Result<String, MetadataError> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > max || text.chars().any(char::is_control) {
        return Err(MetadataError::Text(key));
    }
    Ok(text.to_owned())
}

fn title_from(filename: &str) -> String {
    let stem = match filename.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => filename,
    };
    stem.chars().take(MAX_TITLE).collect()
}

fn is_media_type(text: &str) -> bool {
    let token = |part: &str| {
        let ok = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
        !part.is_empty() && part.bytes().all(ok)
    };
    text.len() <= MAX_MEDIA_TYPE
        && text
            .split_once('/')
            .is_some_and(|(kind, sub)| token(kind) && token(sub))
}

#[cfg(test)]
mod tests;
