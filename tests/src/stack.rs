//! A whole system: a DMS, sites, and edge peers at them.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::{dms::Dms, peer::EdgePeer, postgres::Postgres};

/// What a stack should have.
#[derive(Default)]
pub struct StackBuilder {
    sites: Vec<(String, String, u8)>,
    postgres: bool,
    folder: Option<PathBuf>,
}

/// A running system. Dropping it ends every process and removes the folder, unless the builder
/// was given one.
pub struct Stack {
    /// The peers, in the order of the sites. Before `dms`: dropped first.
    pub peers: Vec<EdgePeer>,
    /// The DMS.
    pub dms: Dms,
    _postgres: Option<Postgres>,
    folder: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Stack {
    /// A stack to be described.
    #[must_use]
    pub fn builder() -> StackBuilder {
        StackBuilder::default()
    }

    /// Where the processes' files and logs are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends every process in order and waits for each.
    ///
    /// # Errors
    /// When one does not end when asked to.
    pub async fn end(mut self) -> anyhow::Result<()> {
        for peer in &mut self.peers {
            let name = peer.name.clone();
            peer.process()?
                .end()
                .await
                .with_context(|| format!("{name} ends"))?;
        }
        self.dms.end().await
    }
}

impl StackBuilder {
    /// A site with so many peers, at the first addresses of `subnet` (an IPv4 /16 of loopback).
    #[must_use]
    pub fn site(mut self, name: &str, subnet: &str, peers: u8) -> Self {
        self.sites.push((name.to_owned(), subnet.to_owned(), peers));
        self
    }

    /// On PostgreSQL instead of SQLite.
    #[must_use]
    pub fn postgres(mut self) -> Self {
        self.postgres = true;
        self
    }

    /// In this folder, which stays.
    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_path_buf());
        self
    }

    /// Starts everything and waits until every peer knows its whole site.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn start(self) -> anyhow::Result<Stack> {
        let temporary = match &self.folder {
            Some(_) => None,
            None => Some(tempfile::tempdir().context("a temporary folder is made")?),
        };
        let folder = match (&self.folder, &temporary) {
            (Some(folder), _) => folder.clone(),
            (None, Some(temporary)) => temporary.path().to_path_buf(),
            (None, None) => unreachable!("one of the two was just made"),
        };
        let postgres = if self.postgres {
            Some(Postgres::start().await?)
        } else {
            None
        };
        let url = postgres.as_ref().map(Postgres::url);
        let dms = Dms::start(&folder.join("dms"), url.as_deref()).await?;
        let mut peers = Vec::new();
        for (name, subnet, count) in &self.sites {
            dms.add_site(name, subnet).await?;
            peers.extend(start_site(&dms, &folder, name, subnet, *count).await?);
        }
        Ok(Stack {
            peers,
            dms,
            _postgres: postgres,
            folder,
            _temporary: temporary,
        })
    }
}

async fn start_site(
    dms: &Dms,
    folder: &Path,
    name: &str,
    subnet: &str,
    count: u8,
) -> anyhow::Result<Vec<EdgePeer>> {
    let prefix = subnet.split('.').take(2).collect::<Vec<_>>().join(".");
    let mut peers = Vec::new();
    for number in 1..=count {
        let ip = format!("{prefix}.0.{number}");
        peers.push(EdgePeer::start(dms, folder, &format!("{name}-{number}"), &ip).await?);
    }
    for peer in &mut peers {
        peer.wait_roster(u64::from(count.saturating_sub(1))).await?;
    }
    Ok(peers)
}
