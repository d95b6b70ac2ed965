//! Why an upload request is refused, whose fault it is, and which status says so.

use std::io;

use http::StatusCode;

use super::metadata::MetadataError;

/// Why a request about an upload is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The request does not name version 1.0.0.
    #[error("the header Tus-Resumable must be 1.0.0")]
    Version,
    /// A header is missing.
    #[error("the header {0} is missing")]
    Missing(&'static str),
    /// A header is repeated or has a value of the wrong form.
    #[error("the header {0} is repeated or malformed")]
    Header(&'static str),
    /// An extension of the protocol that this server does not offer.
    #[error("{0} is not supported: see Tus-Extension in the answer to OPTIONS")]
    Unsupported(&'static str),
    /// The header `Upload-Metadata` is refused.
    #[error("the header Upload-Metadata is malformed: {0}")]
    Metadata(#[from] MetadataError),
    /// There is no such profile.
    #[error("there is no transcode profile {asked}; there are: {known}")]
    Profile {
        /// What was asked for.
        asked: String,
        /// The names that there are.
        known: String,
    },
    /// The body is not declared as part of an upload.
    #[error("the Content-Type must be application/offset+octet-stream")]
    ContentType,
    /// The checksum's algorithm is unknown.
    #[error("the checksum algorithm must be one of sha256, sha1")]
    ChecksumAlgorithm,
    /// The declared length is more than one upload may have.
    #[error("an upload of {length} bytes is declared; the most is {max}")]
    TooLong {
        /// The declared length, bytes.
        length: u64,
        /// The most an upload may have, bytes.
        max: u64,
    },
    /// The publisher's uploads together would be more than the quota.
    #[error(
        "this upload needs {length} bytes and {free} of your quota are free: finish or delete \
         other uploads, or ask an administrator for more room"
    )]
    Quota {
        /// The declared length, bytes.
        length: u64,
        /// What is left of the quota, bytes.
        free: u64,
    },
    /// The body has more bytes than are missing.
    #[error("the body has more bytes than the upload still misses ({missing})")]
    Overrun {
        /// What is missing of the declared length, bytes.
        missing: u64,
    },
    /// The offset is not where the upload stands.
    #[error("the upload stands at offset {offset}, not at the offset that was sent")]
    Offset {
        /// Where the upload stands, bytes.
        offset: u64,
    },
    /// The piece does not hash to its checksum; nothing of it was kept.
    #[error("the piece does not match its checksum and was dropped: send it again")]
    ChecksumMismatch,
    /// There is no such upload of this publisher.
    #[error("there is no such upload: it expired, was deleted, or never existed")]
    NotFound,
    /// Every byte is here and the title was made.
    #[error("this upload has become a title: delete the title instead")]
    Finished,
    /// Another request is writing and does not let go.
    #[error("another request is writing to this upload: try again in a moment")]
    Busy,
    /// The body ended early or stood still; what came is kept.
    #[error("the body ended early; what came is kept: ask for the offset and go on from there")]
    Interrupted,
    /// The disk is full.
    #[error("the server's disk is full; what came is kept: try again later")]
    DiskFull,
    /// The disk or the database failed.
    #[error("the server's storage failed")]
    Storage(#[source] io::Error),
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

impl Refusal {
    /// The status of the answer. 460 is tus's own.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Version => StatusCode::PRECONDITION_FAILED,
            Self::Missing(_)
            | Self::Header(_)
            | Self::Unsupported(_)
            | Self::Metadata(_)
            | Self::Profile { .. }
            | Self::ChecksumAlgorithm
            | Self::Interrupted => StatusCode::BAD_REQUEST,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLong { .. } | Self::Quota { .. } | Self::Overrun { .. } => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::Offset { .. } | Self::Finished => StatusCode::CONFLICT,
            Self::ChecksumMismatch => {
                StatusCode::from_u16(460).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
            }
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Busy => StatusCode::LOCKED,
            Self::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
            Self::Storage(_) | Self::Database(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The header that is wrong, a code, and what to send there instead.
    #[must_use]
    pub fn place(&self) -> Option<(&'static str, &'static str, String)> {
        let form = || "Send it once, in the form that tus 1.0.0 gives it.".to_owned();
        let (header, code, fix) = match self {
            Self::Version => ("Tus-Resumable", "version", "Send 1.0.0.".to_owned()),
            Self::Missing(header) => (*header, "missing", form()),
            Self::Header(header) => (*header, "malformed", form()),
            Self::Metadata(error) => {
                let fix = format!("Send pairs of a key and base64: {error}.");
                ("Upload-Metadata", "malformed", fix)
            }
            Self::ContentType => {
                let fix = "Send application/offset+octet-stream.".to_owned();
                ("Content-Type", "malformed", fix)
            }
            Self::ChecksumAlgorithm => {
                let fix = "Send a sha256 or sha1, or none.".to_owned();
                ("Upload-Checksum", "unknown_value", fix)
            }
            Self::ChecksumMismatch => {
                let fix = "Send the piece again.".to_owned();
                ("Upload-Checksum", "mismatch", fix)
            }
            Self::TooLong { max, .. } => (
                "Upload-Length",
                "range",
                format!("Give at most {max} bytes."),
            ),
            Self::Quota { free, .. } => (
                "Upload-Length",
                "range",
                format!("Give at most {free} bytes."),
            ),
            Self::Overrun { missing } => (
                "Content-Length",
                "range",
                format!("Send at most {missing} bytes."),
            ),
            Self::Offset { offset } => {
                ("Upload-Offset", "elsewhere", format!("Go on at {offset}."))
            }
            _ => return None,
        };
        Some((header, code, fix))
    }

    /// The stable code in the problem document.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Version => "tus_version",
            Self::Missing(_) | Self::Header(_) => "bad_header",
            Self::Unsupported(_) => "unsupported_extension",
            Self::Metadata(_) => "bad_metadata",
            Self::Profile { .. } => "unknown_profile",
            Self::ContentType => "bad_content_type",
            Self::ChecksumAlgorithm => "checksum_algorithm",
            Self::TooLong { .. } => "upload_too_large",
            Self::Quota { .. } => "quota_exceeded",
            Self::Overrun { .. } => "upload_overrun",
            Self::Offset { .. } => "wrong_offset",
            Self::ChecksumMismatch => "checksum_mismatch",
            Self::NotFound => "upload_not_found",
            Self::Finished => "upload_finished",
            Self::Busy => "upload_busy",
            Self::Interrupted => "upload_interrupted",
            Self::DiskFull | Self::Storage(_) | Self::Database(_) => "storage_unavailable",
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            io::ErrorKind::NotFound => Self::NotFound,
            _ => Self::Storage(error),
        }
    }
}
