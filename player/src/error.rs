//! What can end a playback: one enum, each variant with a stable code, a sentence and an exit code.

use swarm::content::{ChunkId, ManifestError, TitleId, TrackId};

/// Why nothing (or no more) is played. `Display` is the sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlayError {
    /// The command line asks for something impossible.
    #[error("{0}")]
    Usage(String),
    /// Neither the agent nor the DMS knows the title.
    #[error("There is no title {0}, or it is not published yet.")]
    TitleNotFound(TitleId),
    /// The title is still being prepared.
    #[error("Title {0} is not ready yet. Try again when the portal shows it as complete.")]
    TitleNotReady(TitleId),
    /// The title is a file.
    #[error("Title {0} is a file, not a video. Receive it with `dms-player save`.")]
    NotVideo(TitleId),
    /// The title is a video.
    #[error("Title {0} is a video, not a file. Play it with `dms-player play`.")]
    NotFile(TitleId),
    /// What is received cannot be written.
    #[error("{path} cannot be written: {reason}.")]
    Output {
        /// The file.
        path: String,
        /// What happened.
        reason: String,
    },
    /// A bearer token is missing or not accepted.
    #[error(
        "{0} does not accept this player's token. Give a fresh one with --token-file or --agent-token-file."
    )]
    SignInNeeded(String),
    /// The DMS refuses a licence.
    #[error("You have no licence for title {title}.{detail}")]
    NotLicensed {
        /// The title.
        title: TitleId,
        /// What the DMS adds, after a space; empty when it adds nothing.
        detail: String,
        /// The DMS's code; empty when the licence is there and does not cover what is wanted.
        code: String,
    },
    /// The licence was taken back, or its person or device was locked out.
    #[error("The licence for title {0} was withdrawn. Ask your administrator.")]
    LicenseWithdrawn(TitleId),
    /// A saved title may not be played without contact now.
    #[error("The saved title {title} cannot be played offline: {reason}.")]
    NotOffline {
        /// The title.
        title: TitleId,
        /// What the watch says, with what helps.
        reason: String,
    },
    /// The title is not saved on this computer.
    #[error("Title {0} is not saved here. Save it with `dms-player keep` while connected.")]
    NotSaved(TitleId),
    /// Another player uses the saved titles.
    #[error("Another player on this computer is using your saved titles. Close it first.")]
    SavedInUse,
    /// The agent has no room.
    #[error("The agent cannot keep it: {0}.")]
    NoRoom(String),
    /// The licence has ended, or ended while playing.
    #[error("The licence for title {0} has expired. Ask for a new one and play again.")]
    LicenseExpired(TitleId),
    /// The licence begins later.
    #[error("The licence for title {0} is not valid yet. Check this computer's clock.")]
    LicenseNotYetValid(TitleId),
    /// The licence is not what was asked for, or not signed by a trusted key.
    #[error("The licence is refused: {0}.")]
    LicenseInvalid(String),
    /// The licence forbids clear segments for other players.
    #[error("The licence for title {0} allows no third-party players. Use `dms-player play`.")]
    ThirdPartyForbidden(TitleId),
    /// The licence opens no picture and no sound.
    #[error("The licence for title {0} opens none of its tracks.")]
    NothingToPlay(TitleId),
    /// No agent, and no DMS to use instead.
    #[error(
        "No agent answers at {0}. Start the agent, or name a DMS with --dms URL --token-file FILE."
    )]
    AgentUnreachable(String),
    /// The DMS does not answer.
    #[error("{url} cannot be reached: {reason}.")]
    Unreachable {
        /// What was asked.
        url: String,
        /// What happened.
        reason: String,
    },
    /// An answer that the protocol does not have.
    #[error("{url} gave an unexpected answer: {reason}.")]
    Unexpected {
        /// What was asked.
        url: String,
        /// What was wrong with it.
        reason: String,
    },
    /// The signing keys are not the ones seen first.
    #[error(
        "The signing keys of {0} changed since the first use. \
         If your administrator announced this, play again with --accept-new-keys."
    )]
    KeysChanged(String),
    /// The manifest cannot be trusted.
    #[error("The manifest is refused: {0}.")]
    ManifestInvalid(#[from] ManifestError),
    /// The bytes of a chunk do not hash to its id, from every source asked.
    #[error("Chunk {0} is corrupt: its bytes are not the ones the manifest lists.")]
    CorruptChunk(ChunkId),
    /// A sealed segment does not open.
    #[error("Segment {segment} of track {track} does not open: it is not what the DMS sealed.")]
    CorruptSegment {
        /// The track.
        track: TrackId,
        /// The segment.
        segment: usize,
    },
    /// A segment's media cannot be decoded.
    #[error("Track {track} cannot be decoded: {reason}.")]
    Decode {
        /// The track.
        track: TrackId,
        /// FFmpeg's words.
        reason: String,
    },
    /// Fewer or more frames came out of the decoder than the manifest lists.
    #[error("{decoded} of {expected} {what} were decoded.")]
    WrongCount {
        /// `frames` or `audio packets`.
        what: &'static str,
        /// As the manifest says.
        expected: u64,
        /// As the decoder counted.
        decoded: u64,
    },
    /// No window, or no picture in it.
    #[error("The window cannot be opened: {0}. Use --headless without a display.")]
    Window(String),
    /// A file of the player, or one it was given, cannot be read or written.
    #[error("{path} cannot be used: {reason}.")]
    State {
        /// The file or folder.
        path: String,
        /// What happened.
        reason: String,
    },
    /// Ctrl-C.
    #[error("Interrupted.")]
    Interrupted,
}

impl PlayError {
    /// The stable code that goes with the sentence, for programs and for searching.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Usage(_) => "usage",
            Self::TitleNotFound(_) => "title_not_found",
            Self::TitleNotReady(_) => "title_not_ready",
            Self::NotVideo(_) => "not_video",
            Self::NotFile(_) => "not_file",
            Self::Output { .. } => "output_failed",
            Self::SignInNeeded(_) => "sign_in_needed",
            Self::NotLicensed { .. } => "not_licensed",
            Self::LicenseExpired(_) => "license_expired",
            Self::LicenseWithdrawn(_) => "license_withdrawn",
            Self::NotOffline { .. } => "not_offline",
            Self::NotSaved(_) => "not_saved",
            Self::SavedInUse => "saved_in_use",
            Self::NoRoom(_) => "no_room",
            Self::LicenseNotYetValid(_) => "license_not_yet_valid",
            Self::LicenseInvalid(_) => "license_invalid",
            Self::ThirdPartyForbidden(_) => "third_party_forbidden",
            Self::NothingToPlay(_) => "nothing_to_play",
            Self::AgentUnreachable(_) => "agent_unreachable",
            Self::Unreachable { .. } => "unreachable",
            Self::Unexpected { .. } => "unexpected_answer",
            Self::KeysChanged(_) => "keys_changed",
            Self::ManifestInvalid(_) => "manifest_invalid",
            Self::CorruptChunk(_) => "corrupt_chunk",
            Self::CorruptSegment { .. } => "corrupt_segment",
            Self::Decode { .. } => "decode_failed",
            Self::WrongCount { .. } => "wrong_frame_count",
            Self::Window(_) => "window_failed",
            Self::State { .. } => "state_unusable",
            Self::Interrupted => "interrupted",
        }
    }

    /// The process's exit code: 1 failure, 2 usage, 3 not found, 4 denied, 5 invalid input,
    /// 6 conflict, 7 unreachable, 130 interrupted.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::TitleNotFound(_) | Self::NotSaved(_) => 3,
            Self::SignInNeeded(_)
            | Self::NotLicensed { .. }
            | Self::LicenseExpired(_)
            | Self::LicenseWithdrawn(_)
            | Self::NotOffline { .. }
            | Self::LicenseNotYetValid(_)
            | Self::LicenseInvalid(_)
            | Self::ThirdPartyForbidden(_)
            | Self::NothingToPlay(_) => 4,
            Self::NotVideo(_)
            | Self::NotFile(_)
            | Self::ManifestInvalid(_)
            | Self::CorruptChunk(_)
            | Self::CorruptSegment { .. } => 5,
            Self::KeysChanged(_) | Self::TitleNotReady(_) | Self::SavedInUse => 6,
            Self::AgentUnreachable(_) | Self::Unreachable { .. } => 7,
            Self::Unexpected { .. }
            | Self::Decode { .. }
            | Self::WrongCount { .. }
            | Self::Window(_)
            | Self::Output { .. }
            | Self::NoRoom(_)
            | Self::State { .. } => 1,
            Self::Interrupted => 130,
        }
    }
}
