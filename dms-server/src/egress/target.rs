//! Which URLs are taken, read once: what is checked here is what is dialled.
//!
//! The `url` crate reads as browsers do, so that `https://0x7f.1/`, full-width digits and percent-encoded
//! hosts become the address they mean before anybody looks at them. Nothing reads the text again.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use url::{Host, Url};

/// The longest URL, bytes.
pub const URL_MAX: usize = 2_048;

/// The longest host name, bytes, and the longest part of one between its dots.
const NAME_MAX: (usize, usize) = (253, 63);

/// Ports below 1024 that are taken. The others there belong to services that were never meant to be
/// asked over HTTP: mail, file shares, remote shells. From 1024 on anybody may serve HTTPS.
const LOW_PORTS: [u16; 2] = [80, 443];

/// Why a URL is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Longer than [`URL_MAX`].
    #[error("the URL is longer than {URL_MAX} bytes")]
    TooLong,
    /// A character that programs read in different ways.
    #[error(
        "the URL has spaces, backslashes or control characters in it; write them as %20 and so on"
    )]
    Characters,
    /// Not a URL.
    #[error("this is no URL; write it like https://hooks.example.com/dms")]
    Syntax,
    /// Neither HTTPS nor HTTP.
    #[error("the URL must begin with https://")]
    Scheme,
    /// A user name or password.
    #[error("the URL has a user name or password in it; leave them out")]
    Userinfo,
    /// A host that is neither a plain name nor an address.
    #[error(
        "the URL's host must be a name of letters, digits and hyphens without a dot at its end, or an address"
    )]
    Host,
    /// A port that is not for HTTP.
    #[error("port {0} is not called; serve it on 443 or on a port from 1024 on")]
    Port(u16),
}

/// A URL that was taken.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
    host: Place,
    port: u16,
}

/// Where a target stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Behind a name in lower-case ASCII.
    Name(String),
    /// At an address.
    Address(IpAddr),
}

impl std::fmt::Debug for Target {
    /// Without the path and the query: what people paste there is often a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({}://{})", self.url.scheme(), self.authority())
    }
}

impl Target {
    /// Reads a URL that somebody typed.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        check_text(text)?;
        Self::of(Url::parse(text).map_err(|_| TargetError::Syntax)?)
    }

    /// Reads where a redirect leads.
    ///
    /// # Errors
    /// [`TargetError`]: a redirect is a URL like any other.
    pub fn join(&self, location: &str) -> Result<Self, TargetError> {
        check_text(location)?;
        Self::of(self.url.join(location).map_err(|_| TargetError::Syntax)?)
    }

    fn of(mut url: Url) -> Result<Self, TargetError> {
        if !matches!(url.scheme(), "https" | "http") {
            return Err(TargetError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::Userinfo);
        }
        let host = match url.host().ok_or(TargetError::Host)? {
            Host::Ipv4(v4) => Place::Address(v4.into()),
            Host::Ipv6(v6) => Place::Address(v6.into()),
            Host::Domain(name) if is_name(name) => Place::Name(name.to_owned()),
            Host::Domain(_) => return Err(TargetError::Host),
        };
        let port = url.port_or_known_default().ok_or(TargetError::Scheme)?;
        if port < 1_024 && !LOW_PORTS.contains(&port) {
            return Err(TargetError::Port(port));
        }
        url.set_fragment(None);
        if url.as_str().len() > URL_MAX {
            return Err(TargetError::TooLong);
        }
        Ok(Self { url, host, port })
    }

    /// Where it stands.
    #[must_use]
    pub fn host(&self) -> &Place {
        &self.host
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is asked over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The whole URL as it was understood, without a fragment.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Host and port as the `Host` header has them: the port only when it is not the scheme's own.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Path and query as the request line has them.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }

    /// Whether both have the same scheme, host and port.
    #[must_use]
    pub fn same_origin(&self, other: &Self) -> bool {
        self.is_https() == other.is_https() && self.host == other.host && self.port == other.port
    }
}

/// Refuses what a reader may skip or turn into something else.
fn check_text(text: &str) -> Result<(), TargetError> {
    if text.len() > URL_MAX {
        return Err(TargetError::TooLong);
    }
    let odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    if text.contains(odd) {
        return Err(TargetError::Characters);
    }
    Ok(())
}

/// Whether every part of the name is of letters, digits, hyphens and underscores. A dot at the end, which
/// makes another spelling of the same name, leaves an empty part.
fn is_name(name: &str) -> bool {
    let fits = |part: &str| {
        (1..=NAME_MAX.1).contains(&part.len())
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= NAME_MAX.0 && name.split('.').all(fits)
}
