//! Counting what really goes out, by the site it goes to.

use std::io;
use std::net::IpAddr;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use prometheus::IntCounter;
use swarm::content::{ChunkId, SiteId};

use crate::observe::metrics::Source;
use crate::state::App;

/// Bytes handed to a connection at a time: what an aborted answer is counted too much by.
const PIECE: usize = 128 << 10;

/// The account of one answer.
#[derive(Clone, Debug)]
pub struct Delivery {
    app: App,
    site: Option<SiteId>,
    counter: IntCounter,
}

impl Delivery {
    /// An account for answers to this address.
    #[must_use]
    pub fn to(app: &App, remote: IpAddr) -> Self {
        let site = app.sites.site_of(remote);
        let name = site.and_then(|site| app.sites.site_name(site));
        let counter = app.metrics.delivered_to(Source::Origin, name.as_deref());
        Self {
            app: app.clone(),
            site,
            counter,
        }
    }

    /// `part` of the chunk `id` of `len` bytes, piece by piece, each counted as it is taken.
    pub fn pieces(
        self,
        id: ChunkId,
        len: u64,
        part: Bytes,
    ) -> impl Stream<Item = io::Result<Bytes>> + use<> {
        let mut left = part;
        let pieces = std::iter::from_fn(move || {
            (!left.is_empty()).then(|| Ok(left.split_to(PIECE.min(left.len()))))
        });
        self.counted(id, len, stream::iter(pieces))
    }

    /// Pieces of the chunk `id` of `len` bytes, each counted as it is taken.
    pub fn counted<S>(
        self,
        id: ChunkId,
        len: u64,
        pieces: S,
    ) -> impl Stream<Item = S::Item> + use<S>
    where
        S: Stream<Item = io::Result<Bytes>>,
    {
        let mut begun = false;
        let campaign = self
            .site
            .and_then(|site| self.app.campaigns.title_of(site, id));
        pieces.inspect(move |piece| {
            let Ok(piece) = piece else { return };
            if let (false, Some(site)) = (begun, self.site) {
                self.app.wan.begin(site, id, len);
            }
            begun = true;
            self.counter.inc_by(piece.len() as u64);
            if let Some(site) = self.site {
                self.app.wan.sent(site, piece.len() as u64);
                if let Some(title) = campaign {
                    self.app.campaigns.sent(site, title, piece.len() as u64);
                }
            }
        })
    }
}
