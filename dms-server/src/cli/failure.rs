//! What a command can fail with, and the exit code of each.

use std::io;
use std::path::PathBuf;

use crate::problem::ProblemBody;

/// Why a command did not do its work. Its text names the fix.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The server answered with a problem.
    #[error("{}", sentence(.0))]
    Refused(Box<ProblemBody>),
    /// The server's answer is not one of this API.
    #[error("{url} does not answer like a DMS (status {status}); check --url")]
    Foreign {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// No answer.
    #[error("cannot reach the DMS at {url}: {cause}; start it with `dms serve`, or give --url")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why.
        cause: String,
    },
    /// There is no token to sign in with.
    #[error(
        "not signed in: run dms login, give --token-file FILE, or set DMS_TOKEN_FILE (the server writes the owner's to owner.token)"
    )]
    NoToken,
    /// Nobody let the command line in.
    #[error("{0}")]
    NotLetIn(String),
    /// A local file cannot be read or written.
    #[error("{}: {}", path.display(), of_file(source))]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something was looked for that should not be, and it is there.
    #[error("{0}")]
    Found(String),
    /// Something that was named is not there.
    #[error("{0}")]
    Missing(String),
    /// What was given is not usable.
    #[error("{0}")]
    Input(String),
    /// The title could not be published.
    #[error("{code}: {message}")]
    Title {
        /// A code of the closed list of media errors.
        code: String,
        /// One sentence.
        message: String,
    },
}

/// What the system said of a file, and what to do where there is something.
fn of_file(source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::NotFound => "there is no such file; check the path".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "it may not be read or written; check its rights".to_owned()
        }
        _ => source.to_string(),
    }
}

fn sentence(problem: &ProblemBody) -> String {
    let mut text = format!("{}: {}", problem.code, problem.detail);
    for field in &problem.errors {
        text.push_str(&format!("\n  {}: {}", field.pointer, field.fix));
    }
    if problem.code == "unauthenticated" {
        text.push_str(" Sign in again with dms login, or give another --token-file.");
    }
    if let Some(id) = problem
        .request_id
        .as_deref()
        .filter(|_| problem.status >= 500)
    {
        text.push_str(&format!(" (request {id})"));
    }
    text
}

impl Failure {
    /// 1 failure, 3 not found, 4 denied or login needed, 5 invalid input, 6 conflict, 7 unreachable.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(problem) => match problem.status {
                404 | 410 => 3,
                401 | 403 => 4,
                400 | 413 | 415 | 422 | 460 => 5,
                409 | 412 => 6,
                502..=504 => 7,
                _ => 1,
            },
            Self::Foreign { .. } | Self::Unreachable { .. } => 7,
            Self::NoToken | Self::NotLetIn(_) => 4,
            Self::Input(_) => 5,
            Self::Missing(_) => 3,
            Self::File { source, .. } if source.kind() == io::ErrorKind::NotFound => 3,
            Self::File { .. } | Self::Found(_) => 1,
            // The server's own trouble is no fault of the file.
            Self::Title { code, .. } => match code.as_str() {
                "storage_unavailable" | "transcoder_crashed" | "timeout" | "cancelled" => 1,
                _ => 5,
            },
        }
    }

    /// Whether the same request may go through later: the server is away or restarting.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused(problem) => matches!(problem.status, 423 | 429 | 502..=504),
            _ => false,
        }
    }
}
