//! Why an exchange with an address that somebody typed did not happen, or broke off.

use super::address::Class;
use super::target::TargetError;

/// Why there is no answer. The words name the fix and neither the address behind the name nor what the
/// system said: they reach whoever typed the URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EgressError {
    /// The URL is not taken, whatever stands behind it.
    #[error("{0}")]
    Target(#[from] TargetError),
    /// The host has an address that is not for everybody.
    #[error(
        "the host has {0}, which this server does not call; its operator may open the subnet with egress.allow"
    )]
    Address(Class),
    /// Plain HTTP to an address that the operator did not open.
    #[error(
        "write https://; plain HTTP is only for subnets that the operator opened with egress.allow"
    )]
    PlainHttp,
    /// The name has no address, or the name service does not answer.
    #[error("the host's name cannot be resolved; check its spelling")]
    Unresolved,
    /// Nobody takes the connection.
    #[error("no connection to the host: it is off, or a firewall is in between")]
    Unreachable,
    /// This machine knows no authority at all.
    #[error(
        "this server knows no certificate authorities: install ca-certificates, or set egress.ca_file"
    )]
    NoAuthorities,
    /// The certificate is of an unknown authority, for another name, or out of date.
    #[error(
        "the host's certificate is not valid for it; one of a private authority needs egress.ca_file"
    )]
    Certificate,
    /// The TLS handshake failed for another reason.
    #[error("no secure connection: the host does not speak TLS 1.2 or 1.3 on this port")]
    Tls,
    /// What came is no HTTP/1.1, its head is too large, or the connection broke off before one.
    #[error("the host did not answer in HTTP/1.1, or its answer's head is too large")]
    Protocol,
    /// The whole exchange took too long.
    #[error("the host took longer than 5 seconds")]
    TimedOut,
    /// A file took too long, or hardly anything of it came for a while.
    #[error("the host sends the file too slowly")]
    TooSlow,
    /// The body is larger than asked for.
    #[error("the answer is too large")]
    TooLarge,
    /// The body broke off.
    #[error("the answer broke off before its end")]
    Truncated,
    /// One redirect after another.
    #[error("the host redirects more than 5 times; give the address it ends at")]
    TooManyRedirects,
    /// A redirect to plain HTTP.
    #[error("the host redirects from HTTPS to plain HTTP, which is not followed")]
    Downgrade,
    /// A redirect without a place, or with several.
    #[error("the host redirects to nowhere")]
    NoLocation,
    /// Too many exchanges at once.
    #[error("this server makes too many requests at the moment; try again shortly")]
    Busy,
}

impl EgressError {
    /// Whether the URL, or what it leads to, is refused by rule. No socket was opened to what is refused.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Target(_) | Self::Address(_) | Self::PlainHttp | Self::Downgrade
        )
    }
}
