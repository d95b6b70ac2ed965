//! Why a title cannot be published: a closed list with stable names.

use std::fmt;
use std::str::FromStr;

use minicbor::{CborLen, Decode, Encode};

/// Why a media job failed. The names are part of the public API: they are only ever added to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum FailureCode {
    /// The file is no audio or video in a container that is accepted.
    #[n(0)]
    NotVideo,
    /// A container of media without anything that can be played.
    #[n(1)]
    NoVideoTrack,
    /// The container is damaged or cut short.
    #[n(2)]
    CorruptContainer,
    /// No decoder for what the file carries.
    #[n(3)]
    UnsupportedCodec,
    /// The source itself is encrypted.
    #[n(4)]
    DrmProtectedSource,
    /// Shorter than the shortest title.
    #[n(5)]
    DurationTooShort,
    /// More pixels, or longer, than the limits allow.
    #[n(6)]
    ResolutionTooLarge,
    /// High dynamic range, which is not switched on.
    #[n(7)]
    HdrNotEnabled,
    /// Sound alone, which this server does not take.
    #[n(8)]
    AudioOnlyBlocked,
    /// No room left for this publisher.
    #[n(9)]
    QuotaExceeded,
    /// The stored upload is not what was sent.
    #[n(10)]
    ChecksumMismatch,
    /// The server cannot read or write its storage.
    #[n(11)]
    StorageUnavailable,
    /// The media program ended without an answer.
    #[n(12)]
    TranscoderCrashed,
    /// The job took longer than it may.
    #[n(13)]
    Timeout,
    /// Somebody stopped the job.
    #[n(14)]
    Cancelled,
}

/// A name that is no failure code.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is no failure code")]
pub struct UnknownFailureCode(pub String);

impl FailureCode {
    /// Every code, in the order of their numbers.
    pub const ALL: [Self; 15] = [
        Self::NotVideo,
        Self::NoVideoTrack,
        Self::CorruptContainer,
        Self::UnsupportedCodec,
        Self::DrmProtectedSource,
        Self::DurationTooShort,
        Self::ResolutionTooLarge,
        Self::HdrNotEnabled,
        Self::AudioOnlyBlocked,
        Self::QuotaExceeded,
        Self::ChecksumMismatch,
        Self::StorageUnavailable,
        Self::TranscoderCrashed,
        Self::Timeout,
        Self::Cancelled,
    ];

    /// The stable name, as in the API, the database, metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotVideo => "not_video",
            Self::NoVideoTrack => "no_video_track",
            Self::CorruptContainer => "corrupt_container",
            Self::UnsupportedCodec => "unsupported_codec",
            Self::DrmProtectedSource => "drm_protected_source",
            Self::DurationTooShort => "duration_too_short",
            Self::ResolutionTooLarge => "resolution_too_large",
            Self::HdrNotEnabled => "hdr_not_enabled",
            Self::AudioOnlyBlocked => "audio_only_blocked",
            Self::QuotaExceeded => "quota_exceeded",
            Self::ChecksumMismatch => "checksum_mismatch",
            Self::StorageUnavailable => "storage_unavailable",
            Self::TranscoderCrashed => "transcoder_crashed",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
        }
    }

    /// What happened and what to do about it, for the publisher.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NotVideo => {
                "This file is not a video or sound recording. Upload MP4, MOV, MKV, WebM, AVI, \
                 MPEG-TS, Ogg, FLV, ASF, MP3, FLAC, AAC or WAV, or publish it as a file instead."
            }
            Self::NoVideoTrack => {
                "There is no picture and no sound in this file. Export it again with a video \
                 track and upload the new file."
            }
            Self::CorruptContainer => {
                "This file is damaged or was cut short. Check that it plays to the end on your \
                 computer, then upload it again from the original."
            }
            Self::UnsupportedCodec => {
                "This file uses a codec that cannot be read here. Export it as H.264 video with \
                 AAC sound in an MP4 file and upload that."
            }
            Self::DrmProtectedSource => {
                "This file is copy protected. Upload an unprotected master that you hold the \
                 rights to."
            }
            Self::DurationTooShort => {
                "This video is shorter than a tenth of a second. Upload a longer one."
            }
            Self::ResolutionTooLarge => {
                "This video is larger or longer than the server's limits. Export it smaller, or \
                 ask an administrator to raise the limits."
            }
            Self::HdrNotEnabled => {
                "This is a high dynamic range (HDR) video, which is not enabled here. Export it \
                 in standard dynamic range (Rec. 709) and upload that."
            }
            Self::AudioOnlyBlocked => {
                "This file has sound but no picture, and this server takes videos only. Add a \
                 picture, or ask an administrator to allow sound-only titles."
            }
            Self::QuotaExceeded => {
                "There is no storage left for this title. Delete titles that are not needed, or \
                 ask an administrator for more room."
            }
            Self::ChecksumMismatch => {
                "What arrived is not what was sent. Upload the file again; if it happens twice, \
                 tell an administrator."
            }
            Self::StorageUnavailable => {
                "The server cannot reach its storage. Try again in a few minutes; if it goes on, \
                 tell an administrator."
            }
            Self::TranscoderCrashed => {
                "The media program crashed on this file. Export the video again and retry; if it \
                 crashes again, send the job's log to an administrator."
            }
            Self::Timeout => {
                "Preparing this video took longer than allowed. Retry when the server is less \
                 busy, or ask an administrator to raise the time limit."
            }
            Self::Cancelled => "Preparing this video was stopped. Publish it again to start over.",
        }
    }
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FailureCode {
    type Err = UnknownFailureCode;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|code| code.as_str() == name)
            .ok_or_else(|| UnknownFailureCode(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back_and_are_distinct() {
        for (position, code) in FailureCode::ALL.into_iter().enumerate() {
            assert_eq!(code.as_str().parse(), Ok(code));
            assert_eq!(minicbor::to_vec(code).unwrap(), vec![position as u8]);
            assert!(code.sentence().ends_with('.'));
        }
        assert!("Not_Video".parse::<FailureCode>().is_err());
    }
}
