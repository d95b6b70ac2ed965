//! Why an ad is not shown, in VAST's own numbers.

use crate::xml::XmlError;

/// The numbers of VAST's table of errors, as far as they can be met without showing an ad.
pub mod code {
    /// The document is not XML.
    pub const XML: u16 = 100;
    /// It is XML, but not VAST.
    pub const SCHEMA: u16 = 101;
    /// It is VAST of a version that is not read.
    pub const VERSION: u16 = 102;
    /// An ad of a kind that was not expected.
    pub const KIND: u16 = 200;
    /// An overlay where a linear ad was expected.
    pub const LINEARITY: u16 = 201;
    /// Another duration than was expected.
    pub const DURATION: u16 = 202;
    /// A wrapper cannot be followed, for another reason than those below.
    pub const WRAPPER: u16 = 300;
    /// The URI of a wrapper cannot be fetched, or not in time.
    pub const TIMEOUT: u16 = 301;
    /// Too many wrappers, too many bytes, or wrappers in a circle.
    pub const LIMIT: u16 = 302;
    /// No ad.
    pub const NO_AD: u16 = 303;
    /// A linear ad cannot be shown, for another reason than those below.
    pub const LINEAR: u16 = 400;
    /// A media file is not there.
    pub const FILE: u16 = 401;
    /// A media file did not come in time.
    pub const FILE_TIMEOUT: u16 = 402;
    /// No media file of a kind that is played here.
    pub const MEDIA: u16 = 403;
    /// A media file cannot be played.
    pub const PLAY: u16 = 405;
    /// A conditional ad, which only its own program could decide on.
    pub const CONDITIONAL: u16 = 408;
    /// Something else.
    pub const UNDEFINED: u16 = 900;

    /// One word for a code, for counting.
    #[must_use]
    pub const fn name(code: u16) -> &'static str {
        match code {
            XML => "xml",
            SCHEMA => "schema",
            VERSION => "version",
            KIND => "kind",
            LINEARITY => "not_linear",
            DURATION => "duration",
            WRAPPER => "wrapper",
            TIMEOUT => "timeout",
            LIMIT => "wrapper_limit",
            NO_AD => "no_ad",
            LINEAR => "linear",
            FILE => "media_missing",
            FILE_TIMEOUT => "media_timeout",
            MEDIA => "no_media",
            PLAY => "media_unplayable",
            CONDITIONAL => "conditional",
            _ => "undefined",
        }
    }
}

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("VAST error {code}: {text}")]
pub struct VastError {
    /// The code of VAST's table.
    pub code: u16,
    /// The element: `VAST/Ad[1]/InLine/Creatives`. Empty when it is no element's fault.
    pub path: String,
    /// What is wrong, in words.
    pub text: String,
}

impl VastError {
    /// One.
    #[must_use]
    pub fn new(code: u16, path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            code,
            path: path.into(),
            text: text.into(),
        }
    }

    pub(super) fn schema(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(code::SCHEMA, path, text)
    }
}

impl From<XmlError> for VastError {
    fn from(error: XmlError) -> Self {
        Self::new(code::XML, error.path, error.text)
    }
}
