//! The request headers of tus 1.0: read strictly, refused with a reason.
//!
//! Pure: nothing here touches a file or the database. <https://tus.io/protocols/resumable-upload>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::checksum::Checksum;
use super::metadata::Metadata;
use super::refusal::Refusal;

/// The one version of the protocol this server speaks.
pub const VERSION: &str = "1.0.0";
/// The extensions this server speaks.
pub const EXTENSIONS: &str = "creation,creation-with-upload,checksum,expiration,termination";
/// The media type of a body that is part of an upload.
pub const OFFSET_STREAM: &str = "application/offset+octet-stream";
/// The longest upload anybody may declare, whatever the configuration says: what the database's
/// signed 64-bit column holds, bytes.
pub const MAX_LENGTH: u64 = i64::MAX as u64;

/// What a `POST` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creation {
    /// The declared length of the whole upload, bytes.
    pub length: u64,
    /// What the publisher says about the file.
    pub metadata: Metadata,
    /// The first bytes come with the request.
    pub with_body: bool,
    /// The checksum of those first bytes.
    pub checksum: Option<Checksum>,
    /// How many bytes come with the request, when it says.
    pub body_len: Option<u64>,
}

impl Creation {
    /// The request's body as the first piece, if it has one.
    #[must_use]
    pub fn first_piece(&self) -> Option<Append> {
        let checksum = self.checksum.clone();
        self.with_body.then_some(Append {
            offset: 0,
            checksum,
            body_len: self.body_len,
        })
    }

    /// The declared length, when the body says that it is longer.
    #[must_use]
    pub fn overrun(&self) -> Option<u64> {
        self.body_len
            .is_some_and(|length| length > self.length)
            .then_some(self.length)
    }
}

/// What a `PATCH` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// Where the body goes.
    pub offset: u64,
    /// The checksum of the body.
    pub checksum: Option<Checksum>,
    /// The length of the body, when the request says.
    pub body_len: Option<u64>,
}

/// Every request but `OPTIONS` must name the version.
///
/// # Errors
/// [`Refusal::Version`].
pub fn check_version(headers: &HeaderMap) -> Result<(), Refusal> {
    match text(headers, "tus-resumable")? {
        Some(VERSION) => Ok(()),
        _ => Err(Refusal::Version),
    }
}

/// Reads a `POST`; lengths above `max_length` are refused.
///
/// # Errors
/// The first thing that is wrong.
pub fn creation(headers: &HeaderMap, max_length: u64) -> Result<Creation, Refusal> {
    check_version(headers)?;
    if headers.contains_key("upload-defer-length") {
        return Err(Refusal::Unsupported("Upload-Defer-Length"));
    }
    if headers.contains_key("upload-concat") {
        return Err(Refusal::Unsupported("Upload-Concat"));
    }
    let length = required_number(headers, "Upload-Length")?;
    let max = max_length.min(MAX_LENGTH);
    if length > max {
        return Err(Refusal::TooLong { length, max });
    }
    let metadata = Metadata::parse(text(headers, "upload-metadata")?.unwrap_or_default())?;
    let body_len = number(headers, "Content-Length")?;
    let with_body = headers.contains_key(CONTENT_TYPE);
    if with_body {
        require_offset_stream(headers)?;
    } else if body_len.unwrap_or(0) > 0 {
        return Err(Refusal::ContentType);
    }
    Ok(Creation {
        length,
        metadata,
        with_body,
        checksum: checksum(headers)?,
        body_len,
    })
}

/// Reads a `PATCH`.
///
/// # Errors
/// The first thing that is wrong.
pub fn append(headers: &HeaderMap) -> Result<Append, Refusal> {
    check_version(headers)?;
    require_offset_stream(headers)?;
    Ok(Append {
        offset: required_number(headers, "Upload-Offset")?,
        checksum: checksum(headers)?,
        body_len: number(headers, "Content-Length")?,
    })
}

fn require_offset_stream(headers: &HeaderMap) -> Result<(), Refusal> {
    match text(headers, CONTENT_TYPE.as_str())? {
        Some(OFFSET_STREAM) => Ok(()),
        _ => Err(Refusal::ContentType),
    }
}

fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, Refusal> {
    let Some(value) = text(headers, "upload-checksum")? else {
        return Ok(None);
    };
    let (algorithm, digest) = value
        .split_once(' ')
        .ok_or(Refusal::Header("Upload-Checksum"))?;
    let digest = STANDARD
        .decode(digest)
        .map_err(|_| Refusal::Header("Upload-Checksum"))?;
    Checksum::new(algorithm, &digest).map(Some)
}

fn required_number(headers: &HeaderMap, name: &'static str) -> Result<u64, Refusal> {
    number(headers, name)?.ok_or(Refusal::Missing(name))
}

/// A number in ASCII digits alone: no sign, no space. More than 64 bits reads as the largest
/// number, which every limit refuses.
fn number(headers: &HeaderMap, name: &'static str) -> Result<Option<u64>, Refusal> {
    let Some(value) = text(headers, name)? else {
        return Ok(None);
    };
    if value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::Header(name));
    }
    Ok(Some(value.parse().unwrap_or(u64::MAX)))
}

/// The header's only value. A repeated header is refused: which one counts would be a guess.
fn text<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Refusal::Header(name));
    }
    value.to_str().map(Some).map_err(|_| Refusal::Header(name))
}

#[cfg(test)]
mod tests;
