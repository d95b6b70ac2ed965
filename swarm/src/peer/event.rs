//! What a peer is told and what it wants done: the whole vocabulary between the machine and its
//! shell.

use crate::{
    content::{ChunkId, ChunkRef, DeviceId},
    time::{Instant, Micros},
    wire::{Lease, LeaseAsk, Peering, Rate, RosterChange, RosterSnapshot, Sharing},
};

/// A want of this machine's player, page or campaign. Chosen by the shell, never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId(pub u64);

/// A request of another peer. Chosen by the shell, never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AskId(pub u64);

/// One attempt to get a chunk from one source. Chosen by the machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FetchId(pub u64);

/// Where a chunk can be fetched.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Source {
    /// A peer of the site.
    Peer(DeviceId),
    /// The DMS, over the WAN.
    Origin,
}

/// Where a delivered chunk came from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Via {
    /// It was here already.
    Cache,
    /// It was fetched for this request, or for one that came a moment earlier.
    Fetched(Source),
}

/// What comes first when not everything can. Ascending: the first is the most urgent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Priority {
    /// Somebody watches it as it happens.
    Live,
    /// Somebody watches.
    Playing,
    /// It must be here by a time.
    PrePosition,
    /// Whenever there is room.
    File,
}

/// How many priorities there are.
pub const PRIORITIES: usize = 4;

/// Somebody on this machine needs a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Want {
    /// The shell's number for it.
    pub request: RequestId,
    /// The chunk.
    pub chunk: ChunkId,
    /// Its exact length, bytes, as the manifest says.
    pub len: u32,
    /// When it is needed.
    pub deadline: Instant,
    /// How urgent it is.
    pub priority: Priority,
}

/// Another peer asks for a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ask {
    /// The shell's number for it.
    pub ask: AskId,
    /// Who asks: the device its certificate names.
    pub from: DeviceId,
    /// The chunk.
    pub chunk: ChunkId,
    /// Until when the asker waits for an answer.
    pub deadline: Instant,
    /// How many times the request was passed on already, as it says.
    pub hops: u8,
    /// How urgent it is, as it says.
    pub priority: Priority,
    /// The chunk's length, bytes, as it says. A hint: the asker may be wrong.
    pub len: Option<u32>,
}

/// Something happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// The DMS said what the site lets its peers do; `None`: this address is in no site. Both
    /// forget the roster when there is no site.
    Site(Option<Peering>),
    /// The control connection is up, or the site changed: the site's WAN cap. With one above 0 every fetch
    /// from the origin needs a lease.
    WanCap(Rate),
    /// The DMS leased WAN bytes.
    Lease(Lease),
    /// The DMS sent the site's roster.
    Roster(RosterSnapshot),
    /// The DMS sent a change of it.
    Change(RosterChange),
    /// The control connection is gone. Everything known stays; under a WAN cap this peer goes on with its
    /// fair share.
    ControlLost,
    /// The DMS named devices to avoid. Adds to those known.
    Banned(Vec<DeviceId>),
    /// These devices are to be asked again, although they sent wrong bytes to this one.
    Pardoned(Vec<DeviceId>),
    /// This machine gives from now on, or does not.
    Sharing(Sharing),
    /// Answered by exactly one [`Output::Deliver`] or [`Output::Fail`], unless it is cancelled.
    Want(Want),
    /// The want is gone. It gets no answer any more.
    Cancel(RequestId),
    /// Answered by exactly one [`Output::Answer`], unless the asker goes first.
    Asked(Ask),
    /// The asker's connection is gone, before the answer or while the chunk was on its way.
    AskGone(AskId),
    /// The asker has the whole chunk. Follows [`Answer::Serve`].
    Served(AskId),
    /// The cache has this verified chunk: told for each one at start, and for one that came by
    /// another way than [`Output::Fetch`].
    Holds(ChunkId),
    /// The cache lost the chunk.
    Evicted(ChunkId),
    /// The site is to hold so many copies of these chunks: every peer of it is told the same ones. Their homes
    /// fetch or copy them at [`Priority::PrePosition`], now and whenever the roster makes others their homes.
    Hold {
        /// The chunks.
        chunks: Vec<ChunkRef>,
        /// How many copies of each; with more than the roster's homes the chunk has that many homes.
        copies: u8,
    },
    /// The site need not hold these any more.
    LetGo(Vec<ChunkId>),
    /// The source of a fetch has the chunk, and its bytes begin to come: the head of the answer is here. Who
    /// does not tell this makes a machine that takes a working source for a silent one.
    Began(FetchId),
    /// A fetch ended. An aborted one may still end; that is ignored.
    Fetched {
        /// The fetch.
        fetch: FetchId,
        /// How it ended.
        outcome: Outcome,
    },
    /// The time of `Peer::next_timeout` has come.
    Timeout,
}

/// How a fetch ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The chunk came, hashed to its id, and can be read from the cache now.
    Delivered {
        /// Its length, bytes.
        len: u32,
        /// From the start to the first byte of the body.
        waited: Micros,
        /// From the start to the last byte.
        took: Micros,
    },
    /// Bytes came that are not the chunk. They were dropped.
    BadHash {
        /// What they hash to.
        got: ChunkId,
    },
    /// 404.
    NotHere,
    /// 503.
    Busy,
    /// 307.
    Referred(Vec<DeviceId>),
    /// No connection, a broken one, a timeout, or an answer that means nothing.
    Failed,
}

/// Something to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Get this chunk there, and tell how it ended with [`Input::Fetched`].
    Fetch(Fetch),
    /// Stop this fetch: its result is of no use any more.
    Abort(FetchId),
    /// Answer another peer.
    Answer {
        /// Which request.
        ask: AskId,
        /// What to answer.
        answer: Answer,
    },
    /// The chunk is in the cache: give it to who wanted it.
    Deliver {
        /// Which want.
        request: RequestId,
        /// The chunk.
        chunk: ChunkId,
        /// Where it came from.
        via: Via,
    },
    /// The chunk will not come.
    Fail {
        /// Which want.
        request: RequestId,
        /// Why.
        reason: FailReason,
    },
    /// Tell the DMS that this device sent wrong bytes.
    ReportBad {
        /// Who.
        from: DeviceId,
        /// What was asked for.
        chunk: ChunkId,
        /// What the bytes hashed to.
        got: ChunkId,
    },
    /// Ask the DMS for the whole roster.
    WantRoster,
    /// This machine's link is worth so much of its weight as a home: tell the DMS the product of both.
    Worth {
        /// 100 is all of it, and holds until something else is said.
        percent: u32,
    },
    /// Ask the DMS to lease WAN bytes.
    WantLease(LeaseAsk),
}

/// One attempt to get a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fetch {
    /// The attempt's number.
    pub fetch: FetchId,
    /// The chunk.
    pub chunk: ChunkId,
    /// Its exact length, if it is known. Another length is a failure.
    pub len: Option<u32>,
    /// Where.
    pub from: Source,
    /// When the chunk is needed, for the request's header. It is no timeout: a late answer is of use
    /// too, and the machine aborts what is not. A shell ends a fetch by itself only for a
    /// connection that does not come up or a transfer that stands still, since
    /// [`Outcome::Failed`] makes a peer suspect.
    pub deadline: Instant,
    /// How many times the request was passed on, for the request's header.
    pub hops: u8,
    /// How urgent it is: what waits when the shell's connections are taken.
    pub priority: Priority,
}

/// The answer to another peer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// 200: send it from the cache. An upload slot is taken until [`Input::Served`] or
    /// [`Input::AskGone`].
    Serve,
    /// 307 to these peers, best first.
    Refer(Vec<DeviceId>),
    /// 404.
    NotHere,
    /// 503.
    Busy,
}

/// Why a want is not met.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FailReason {
    /// More is wanted at once than this peer keeps track of.
    #[error("this peer has too many requests already; ask again in a moment")]
    Overloaded,
    /// The origin does not have it.
    #[error("the origin does not have this chunk")]
    Unavailable,
    /// No source could deliver it, long after it was needed.
    #[error("no source delivered the chunk in time")]
    TooLate,
}

/// Why the machine wants to be woken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer {
    /// A source may be late: another one is asked beside it.
    Hedge,
    /// A source that could not be used is tried again.
    Retry,
    /// Somebody has waited as long as it is any use.
    GiveUp,
    /// Chunks that the site is to hold: the next are looked at.
    Keep,
    /// The WAN budget: time to ask for more, or to use the next share.
    Budget,
}
