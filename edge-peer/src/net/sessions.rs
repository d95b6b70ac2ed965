//! TLS sessions that can be resumed: a connection that comes up again costs no signatures.
//!
//! A resumed session carries the certificates of its first handshake. So all of them are forgotten
//! when this device gets another certificate, and the other end looks at the dates of the old one
//! each time ([`super::identity::device_now`]).

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use rustls::{
    NamedGroup,
    client::{
        ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue,
        Tls13ClientSessionValue,
    },
};
use rustls_pki_types::ServerName;

/// The most sessions kept: as many as a large office has PCs that one talks to.
const MAX_SESSIONS: usize = 256;

/// The sessions of one client configuration.
#[derive(Debug)]
pub struct Sessions {
    /// Which certificate is in use: grows with each one.
    certificate: Arc<AtomicU64>,
    /// The sessions made with one of them.
    kept: Mutex<(u64, Arc<ClientSessionMemoryCache>)>,
}

impl Sessions {
    /// None yet; they are forgotten whenever `certificate` grew.
    #[must_use]
    pub fn new(certificate: Arc<AtomicU64>) -> Self {
        let now = certificate.load(Ordering::Relaxed);
        let cache = ClientSessionMemoryCache::new(MAX_SESSIONS);
        Self {
            certificate,
            kept: Mutex::new((now, Arc::new(cache))),
        }
    }

    fn current(&self) -> Arc<ClientSessionMemoryCache> {
        let now = self.certificate.load(Ordering::Relaxed);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.0 != now {
            *kept = (now, Arc::new(ClientSessionMemoryCache::new(MAX_SESSIONS)));
        }
        kept.1.clone()
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.current().set_kx_hint(server, group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        self.current().kx_hint(server)
    }

    /// There is no TLS 1.2 here.
    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, server: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        self.current().insert_tls13_ticket(server, ticket);
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.current().take_tls13_ticket(server)
    }
}
