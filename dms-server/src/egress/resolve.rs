//! Names to addresses, behind a trait so that tests can give a resolver that changes its mind.

use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

/// Look-ups at once: each holds a thread until the system gives up, also when nobody waits any more.
const LOOKUPS_MAX: usize = 32;

/// Asks for the addresses of a name.
pub trait Resolve: Send + Sync + fmt::Debug {
    /// Every address of a name, in the order to try them.
    fn resolve(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The resolver of the system: `/etc/hosts`, DNS, whatever it is set up to ask.
#[derive(Clone, Debug)]
pub struct System {
    places: Arc<Semaphore>,
}

impl Default for System {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(LOOKUPS_MAX)),
        }
    }
}

impl Resolve for System {
    fn resolve(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let (name, places) = (name.to_owned(), Arc::clone(&self.places));
        Box::pin(async move {
            let place = places.acquire_owned().await.map_err(io::Error::other)?;
            let lookup = move || -> io::Result<Vec<IpAddr>> {
                // Held by the thread and not by who waits: a look-up cannot be cancelled.
                let _place = place;
                let found = (name.as_str(), 0).to_socket_addrs()?;
                Ok(found.map(|address| address.ip()).collect())
            };
            tokio::task::spawn_blocking(lookup)
                .await
                .map_err(io::Error::other)?
        })
    }
}
