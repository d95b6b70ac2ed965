//! Why a job ends early.

use std::io;

use dms_transcoder_protocol::{Failed, FailureCode, FrameError};
use ffmpeg_next as ffmpeg;

/// The longest detail sent to the parent, characters.
const DETAIL_MAX: usize = 300;

/// Why a job ends early.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The source cannot be published.
    #[error("{code}: {detail}")]
    Refused {
        /// What the publisher is told.
        code: FailureCode,
        /// What support is told.
        detail: String,
    },
    /// Nobody takes the results any more.
    #[error("the results cannot be written: {0}")]
    Output(#[from] FrameError),
    /// A file of the debug folder cannot be written.
    #[error("the results cannot be written: {0}")]
    File(#[from] io::Error),
    /// Another stage of the job has failed; its error says why.
    #[error("another stage stopped")]
    Stopped,
    /// The media libraries or this program failed; nothing is known to be wrong with the source.
    #[error("{doing}: {cause}")]
    Internal {
        /// What was being done.
        doing: &'static str,
        /// What the library said.
        cause: String,
    },
}

impl JobError {
    /// A source that cannot be published.
    pub fn refused(code: FailureCode, detail: impl Into<String>) -> Self {
        Self::Refused {
            code,
            detail: detail.into().chars().take(DETAIL_MAX).collect(),
        }
    }

    /// A failure of a library while doing something. Running out of memory is the source's
    /// fault: the limit is there for sources that are too large.
    pub fn library(doing: &'static str) -> impl FnOnce(ffmpeg::Error) -> Self {
        move |error| match error {
            ffmpeg::Error::Other {
                errno: ffmpeg::error::ENOMEM,
            } => Self::refused(
                FailureCode::ResolutionTooLarge,
                format!("{doing}: the memory limit is not enough for this source"),
            ),
            error => Self::Internal {
                doing,
                cause: error.to_string(),
            },
        }
    }

    /// The message for the parent, when there is one.
    pub fn failed(&self) -> Option<Failed> {
        match self {
            Self::Refused { code, detail } => Some(Failed {
                code: *code,
                detail: detail.clone(),
            }),
            _ => None,
        }
    }

    /// Of two stages that failed, the error that tells more.
    pub fn worse(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Stopped, _) => other,
            (_, Self::Refused { .. }) if !matches!(self, Self::Refused { .. }) => other,
            _ => self,
        }
    }
}
