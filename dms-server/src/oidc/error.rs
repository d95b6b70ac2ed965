//! Why nobody was signed in, and what they are told.

use http::StatusCode;

use super::token::Refused;
use crate::egress::EgressError;
use crate::problem::Problem;

/// What went wrong between this server and the provider. The words are for the log: they hold nothing that
/// the provider wrote.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OidcError {
    /// An address of the provider could not be asked.
    #[error("the provider's {0}: {1}")]
    Egress(&'static str, EgressError),
    /// It was asked a moment ago and did not answer.
    #[error("the provider did not answer a moment ago")]
    Resting,
    /// It answered with this status.
    #[error("the provider's {0} answered {1}")]
    Status(&'static str, StatusCode),
    /// What it answered cannot be used.
    #[error("the provider's {0} is not usable: {1}")]
    Answer(&'static str, &'static str),
    /// The code was used, is over, or belongs to another sign-in.
    #[error("the provider does not know the code any more")]
    Grant,
    /// The ID token is not accepted.
    #[error("the ID token is refused: {0}")]
    Token(#[from] Refused),
}

impl OidcError {
    /// Whether somebody may be trying codes or tokens that are not theirs.
    #[must_use]
    pub const fn is_guess(&self) -> bool {
        matches!(self, Self::Grant | Self::Token(_))
    }
}

impl From<OidcError> for Problem {
    fn from(error: OidcError) -> Self {
        let down = match &error {
            OidcError::Egress(_, cause) => !cause.is_refusal(),
            OidcError::Status(_, status) => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            OidcError::Resting => true,
            _ => false,
        };
        let mut problem = match &error {
            OidcError::Grant => return begin_again(),
            _ if down => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "oidc_unavailable",
                "The identity provider does not answer at the moment. Try again shortly.",
            ),
            OidcError::Token(_) => Self::new(
                StatusCode::FORBIDDEN,
                "oidc_token_refused",
                "The identity provider's answer did not pass the checks. Try again; if it stays, ask the operator of this server: its log says why.",
            ),
            _ => Self::new(
                StatusCode::BAD_GATEWAY,
                "oidc_provider",
                "This server and the identity provider do not understand each other. Ask the operator of this server: its log says why.",
            ),
        };
        problem.cause = Some(std::sync::Arc::new(error));
        problem
    }
}

/// The sign-in is over or was begun elsewhere.
#[must_use]
pub fn begin_again() -> Problem {
    Problem::invalid(
        "oidc_begin_again",
        "This sign-in took too long, or was begun in another window. Begin again.",
    )
}

/// The provider sent the person back without a code. Its code is one of a few known words or nothing at all;
/// what else it wrote is not repeated.
#[must_use]
pub fn refused_by_provider(code: &str) -> Problem {
    match code {
        "access_denied" | "consent_required" => Problem::new(
            StatusCode::FORBIDDEN,
            "oidc_denied",
            "The identity provider did not let you in, or you cancelled. Ask the administrator of your directory for access to this application.",
        ),
        "login_required" | "interaction_required" | "account_selection_required" => begin_again(),
        "temporarily_unavailable" | "server_error" => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "oidc_unavailable",
            "The identity provider cannot sign you in at the moment. Try again shortly.",
        ),
        _ => Problem::new(
            StatusCode::BAD_GATEWAY,
            "oidc_provider",
            "The identity provider did not accept this server's request. Ask the operator of this server to compare client id, redirect address and scopes with what the provider has.",
        ),
    }
}
