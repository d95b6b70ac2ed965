//! The control connection: what an edge peer and the DMS tell each other.

use minicbor::{CborLen, Decode, Encode};

use super::campaign::{Bits, Campaign, Enough, Holding, MAX_CAMPAIGN_CHUNKS};
use super::observation::Observation;
use super::question::{Answered, Asked};
use crate::content::{ChunkId, ChunkRef, DeviceId, SiteId, TitleId, manifest::MAX_TRACKS};

/// Why a frame is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Longer than [`super::MAX_CONTROL_FRAME`].
    #[error("the frame of {len} bytes is longer than allowed")]
    TooLong {
        /// The frame's length, bytes.
        len: usize,
    },
    /// Not a message of this protocol version.
    #[error("not a control message")]
    Malformed,
    /// A list is longer than its maximum.
    #[error("a list in the message is longer than allowed")]
    TooMany,
}

/// What a site lets its peers do.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, CborLen, serde::Serialize, serde::Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Peering {
    /// Take and give.
    #[n(0)]
    On,
    /// Take only.
    #[n(1)]
    ConsumeOnly,
    /// Neither: use the origin.
    #[n(2)]
    Off,
}

/// Whether this peer gives at the moment, and if not, why.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, CborLen, serde::Serialize, serde::Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// It gives.
    #[n(0)]
    On,
    /// The employee paused it.
    #[n(1)]
    Paused,
    /// On battery.
    #[n(2)]
    Battery,
    /// On a metered link.
    #[n(3)]
    Metered,
    /// On a VPN.
    #[n(4)]
    Vpn,
    /// It is going away.
    #[n(5)]
    Leaving,
}

/// Bytes per second; 0 means no limit.
pub type Rate = u64;

/// The site a peer was found in.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct SiteInfo {
    /// The site.
    #[n(0)]
    pub id: SiteId,
    /// Its name, for people.
    #[n(1)]
    pub name: String,
    /// What its peers may do.
    #[n(2)]
    pub peering: Peering,
    /// The site's WAN cap.
    #[n(3)]
    pub wan_cap: Rate,
}

/// One peer that may serve.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct RosterPeer {
    /// The peer's device id; its certificate must name it.
    #[n(0)]
    pub device: DeviceId,
    /// `ip:port` of its chunk listener.
    #[n(1)]
    pub addr: String,
    /// Its share of homes; 100 for a wired desktop, 0 for a peer that only takes.
    #[n(2)]
    pub weight: u32,
}

/// A site's peers at one version.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct RosterSnapshot {
    /// Grows with each change.
    #[n(0)]
    pub version: u64,
    /// How many homes a chunk has.
    #[n(1)]
    pub homes: u8,
    /// Ascending by device id.
    #[n(2)]
    pub peers: Vec<RosterPeer>,
}

/// What changed from version `from` to version `to` of a roster.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct RosterChange {
    /// The version this applies to; another one calls for a snapshot.
    #[n(0)]
    pub from: u64,
    /// The version after it.
    #[n(1)]
    pub to: u64,
    /// Added or changed peers.
    #[n(2)]
    pub upsert: Vec<RosterPeer>,
    /// Peers that are gone.
    #[n(3)]
    pub remove: Vec<DeviceId>,
}

/// Where the newest manifest of a title is: an object of the swarm like any other.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct TitleHead {
    /// The title.
    #[n(0)]
    pub title: TitleId,
    /// Its newest complete version.
    #[n(1)]
    pub version: u64,
    /// The signed manifest, cut into chunks.
    #[n(2)]
    pub manifest: Vec<ChunkRef>,
}

/// A chunk whose bytes did not hash to its id.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct BadChunk {
    /// Who sent it.
    #[n(0)]
    pub from: DeviceId,
    /// What was asked for.
    #[n(1)]
    pub chunk: ChunkId,
    /// What the bytes hashed to.
    #[n(2)]
    pub got: ChunkId,
}

/// Somebody decided that a device which sent wrong bytes is to be asked again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Pardon {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// When it was pardoned, milliseconds since the Unix epoch: each pardon counts once.
    #[n(1)]
    pub at_ms: u64,
}

/// Bytes moved since the agent started. All are payload, without headers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct TransferTotals {
    /// Bytes taken from the origin.
    #[n(0)]
    pub from_origin: u64,
    /// Bytes taken from peers.
    #[n(1)]
    pub from_peers: u64,
    /// Bytes given to peers.
    #[n(2)]
    pub to_peers: u64,
    /// Bytes in the cache now.
    #[n(3)]
    pub cached: u64,
}

/// What a peer asks of its site's WAN ledger. Sent only in a site with a WAN cap, and there once at least,
/// with or without a need: it says that the peer begins nothing more on the fair share it had while the
/// DMS was away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct LeaseAsk {
    /// Bytes leased to it over this connection, as far as it has heard.
    #[n(0)]
    pub got: u64,
    /// By how many the peer divides the cap while the DMS is away; 0 when it was never told.
    #[n(1)]
    pub among: u32,
    /// Bytes it waits for, beyond those it holds a lease of, for somebody who watches live.
    #[n(2)]
    pub live: u64,
    /// The same, for somebody who watches.
    #[n(3)]
    pub playing: u64,
    /// The same, for a campaign.
    #[n(4)]
    pub pre_position: u64,
    /// The same, whenever there is room.
    #[n(5)]
    pub files: u64,
    /// How much longer the last slice of its fair share lasts, milliseconds.
    #[n(6)]
    pub busy_ms: u64,
}

/// Bytes of the site's WAN that a peer may begin to take from the origin.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Lease {
    /// How many; 0 only renews `among`.
    #[n(0)]
    pub bytes: u64,
    /// What is not begun by then lapses, milliseconds.
    #[n(1)]
    pub ttl_ms: u32,
    /// By how many the peer divides the cap while the DMS is away.
    #[n(2)]
    pub among: u32,
}

/// Edge peer to DMS.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
pub enum ToDms {
    /// First frame.
    #[n(0)]
    #[cbor(map)]
    Hello {
        /// [`super::PROTOCOL`].
        #[n(0)]
        protocol: u16,
        /// The agent's version, for people.
        #[n(1)]
        agent: String,
        /// `ip:port` of the chunk listener.
        #[n(2)]
        listen: String,
        /// The weight the peer gives itself from its link and power; the DMS may lower it.
        #[n(3)]
        weight: u32,
        /// Whether it gives now.
        #[n(4)]
        sharing: Sharing,
    },
    /// The peer's own state changed.
    #[n(1)]
    #[cbor(map)]
    State {
        /// See [`ToDms::Hello`].
        #[n(0)]
        weight: u32,
        /// See [`ToDms::Hello`].
        #[n(1)]
        sharing: Sharing,
    },
    /// Where is the newest manifest of this title?
    #[n(2)]
    #[cbor(map)]
    Resolve {
        /// Echoed in the answer.
        #[n(0)]
        request: u32,
        /// The title.
        #[n(1)]
        title: TitleId,
    },
    /// Totals, sent now and then and on change; also proof of life.
    #[n(3)]
    #[cbor(map)]
    Totals(#[n(0)] TransferTotals),
    /// Somebody sent wrong bytes.
    #[n(4)]
    #[cbor(map)]
    Bad(#[n(0)] BadChunk),
    /// The roster does not fit the last change: send a snapshot.
    #[n(5)]
    WantRoster,
    /// The peer wants WAN bytes leased.
    #[n(6)]
    #[cbor(map)]
    Lease(#[n(0)] LeaseAsk),
    /// What the peer has of a campaign; sent after a change, at most every few seconds.
    #[n(7)]
    #[cbor(map)]
    Holding(#[n(0)] Holding),
    /// A player asks something through the peer.
    #[n(8)]
    #[cbor(map)]
    Ask(#[n(0)] Asked),
    /// What the peer sees of the network around it; sent once a connection, and on change.
    #[n(9)]
    #[cbor(map)]
    Observed(#[n(0)] Observation),
}

/// DMS to edge peer.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, CborLen)]
pub enum ToPeer {
    /// Answer to [`ToDms::Hello`].
    #[n(0)]
    #[cbor(map)]
    Welcome {
        /// [`super::PROTOCOL`].
        #[n(0)]
        protocol: u16,
        /// The peer's device id as its certificate says.
        #[n(1)]
        device: DeviceId,
        /// The site of the peer's address; none means no peering.
        #[n(2)]
        site: Option<SiteInfo>,
        /// Send [`ToDms::Totals`] at least this often, seconds.
        #[n(3)]
        heartbeat_s: u32,
    },
    /// The whole roster of the peer's site.
    #[n(1)]
    #[cbor(map)]
    Roster(#[n(0)] RosterSnapshot),
    /// A change of it.
    #[n(2)]
    #[cbor(map)]
    Change(#[n(0)] RosterChange),
    /// Answer to [`ToDms::Resolve`].
    #[n(3)]
    #[cbor(map)]
    Head {
        /// The request's number.
        #[n(0)]
        request: u32,
        /// None: no such title, or none that is complete.
        #[n(1)]
        head: Option<TitleHead>,
    },
    /// Ask these devices for nothing and give them nothing.
    #[n(4)]
    #[cbor(map)]
    Banned(#[n(0)] Vec<DeviceId>),
    /// The DMS is closing; come back after this many milliseconds.
    #[n(5)]
    #[cbor(map)]
    Goodbye {
        /// Milliseconds.
        #[n(0)]
        retry_after_ms: u32,
    },
    /// The peer's site, or what the site lets it do, changed.
    #[n(6)]
    #[cbor(map)]
    Site {
        /// See [`ToPeer::Welcome`].
        #[n(0)]
        site: Option<SiteInfo>,
    },
    /// WAN bytes leased to the peer.
    #[n(7)]
    #[cbor(map)]
    Lease(#[n(0)] Lease),
    /// The titles that the peer's site is to hold, all of them: each peer takes care of the chunks it is a home of.
    /// Sent after a change, and after the roster when there are some.
    #[n(8)]
    #[cbor(map)]
    Hold(#[n(0)] Vec<Campaign>),
    /// Which chunks of a campaign the site's homes have enough copies of; none before it is said.
    #[n(9)]
    #[cbor(map)]
    Enough(#[n(0)] Enough),
    /// Ask these devices again, whatever they sent before.
    #[n(10)]
    #[cbor(map)]
    Pardoned(#[n(0)] Vec<Pardon>),
    /// Answer to [`ToDms::Ask`].
    #[n(11)]
    #[cbor(map)]
    Answer(#[n(0)] Answered),
}

macro_rules! frame {
    ($name:ident) => {
        impl $name {
            /// This message as one control frame.
            #[must_use]
            pub fn encode(&self) -> Vec<u8> {
                let mut out = Vec::with_capacity(minicbor::len(self));
                let written = minicbor::encode(self, &mut out);
                debug_assert!(written.is_ok(), "a Vec takes every byte");
                out
            }

            /// Reads one control frame; trailing bytes are an error.
            ///
            /// # Errors
            /// [`WireError`] when it is too long, not a message, or exceeds a list's maximum.
            pub fn decode(frame: &[u8]) -> Result<Self, WireError> {
                if frame.len() > super::MAX_CONTROL_FRAME {
                    return Err(WireError::TooLong { len: frame.len() });
                }
                let mut decoder = minicbor::Decoder::new(frame);
                let message: Self = decoder.decode().map_err(|_| WireError::Malformed)?;
                if decoder.position() != frame.len() {
                    return Err(WireError::Malformed);
                }
                message.check()?;
                Ok(message)
            }
        }
    };
}
frame!(ToDms);
frame!(ToPeer);

impl ToDms {
    fn check(&self) -> Result<(), WireError> {
        match self {
            Self::Hello { agent, listen, .. } if agent.len() > 64 || listen.len() > 64 => {
                Err(WireError::TooMany)
            }
            Self::Holding(h) if too_long(&h.held) || too_long(&h.kept) => Err(WireError::TooMany),
            Self::Ask(asked) if !asked.fits() => Err(WireError::TooMany),
            Self::Observed(seen) if !seen.fits() => Err(WireError::TooMany),
            _ => Ok(()),
        }
    }
}

fn too_long(bits: &Bits) -> bool {
    bits.size() > MAX_CAMPAIGN_CHUNKS / 8
}

impl ToPeer {
    fn check(&self) -> Result<(), WireError> {
        let too_many = match self {
            Self::Roster(r) => r.peers.len() > super::MAX_ROSTER,
            Self::Change(c) => {
                c.upsert.len() > super::MAX_ROSTER || c.remove.len() > super::MAX_ROSTER
            }
            Self::Head { head: Some(h), .. } => {
                h.manifest.len() > super::MAX_MANIFEST_LEN / crate::content::MAX_CHUNK_LEN as usize
            }
            Self::Hold(campaigns) => {
                let tracks = campaigns.iter().map(|c| c.tracks.len());
                campaigns.len() > super::MAX_CAMPAIGNS || tracks.max() > Some(MAX_TRACKS)
            }
            Self::Enough(enough) => too_long(&enough.chunks),
            Self::Banned(devices) => devices.len() > super::MAX_ROSTER,
            Self::Answer(answered) => !answered.fits(),
            Self::Pardoned(pardons) => pardons.len() > super::MAX_PARDONS,
            _ => false,
        };
        if too_many {
            Err(WireError::TooMany)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_round_trip_and_trailing_bytes_are_refused() {
        let hello = ToDms::Hello {
            protocol: super::super::PROTOCOL,
            agent: "0.1.0".into(),
            listen: "127.1.0.1:7001".into(),
            weight: 100,
            sharing: Sharing::On,
        };
        let mut frame = hello.encode();
        assert_eq!(ToDms::decode(&frame), Ok(hello));
        frame.push(0);
        assert_eq!(ToDms::decode(&frame), Err(WireError::Malformed));
    }
}
