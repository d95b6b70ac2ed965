//! VMAP 1.0: where a title's breaks are, and where each asks what fills it.
//!
//! What a source has inline stays text; it is VAST, which another parser reads. Documents with a DTD are refused,
//! so there is no entity but XML's five.

mod offset;
mod read;
#[cfg(test)]
mod tests;

pub use offset::Position;
pub use read::read;

/// The longest document, bytes.
pub const DOCUMENT_MAX: usize = 1 << 20;
/// The most nodes of a document.
pub const NODES_MAX: usize = 100_000;
/// How deep nodes may lie in one another.
pub const DEPTH_MAX: usize = 64;
/// The most breaks of a document.
pub const BREAKS_MAX: usize = 500;

/// A break of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmapBreak {
    /// Where it is.
    pub position: Position,
    /// Whether it is of the kind `linear`: one that interrupts the content.
    pub linear: bool,
    /// What the document calls it.
    pub id: Option<String>,
    /// It is to be repeated so often, milliseconds.
    pub repeat_after_ms: Option<u64>,
    /// What fills it.
    pub source: Option<Source>,
}

/// What fills a break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The VAST document itself, as text.
    Inline(String),
    /// Where it is asked for, with macros.
    AdTag(String),
}

/// What a document says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vmap {
    /// Its breaks, in its order.
    pub breaks: Vec<VmapBreak>,
    /// What it says that means nothing here.
    pub warnings: Vec<String>,
}

/// Why a document is refused, and where: the byte from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VmapError {
    /// Longer than is read.
    #[error("it is longer than 1 MiB")]
    TooLong,
    /// Not UTF-8.
    #[error("it is not UTF-8")]
    NotText,
    /// No XML.
    #[error("byte {at}: it is not well-formed XML: {why}")]
    Xml {
        /// Where.
        at: u64,
        /// What is wrong.
        why: String,
    },
    /// A DTD or an entity of its own.
    #[error("byte {at}: a document type or an entity of its own is not taken")]
    Entity {
        /// Where.
        at: u64,
    },
    /// Too many nodes.
    #[error("byte {at}: it has more than 100,000 nodes")]
    TooManyNodes {
        /// Where.
        at: u64,
    },
    /// Too deep.
    #[error("byte {at}: its nodes lie more than 64 deep")]
    TooDeep {
        /// Where.
        at: u64,
    },
    /// Another document.
    #[error("its root is {0:?}; a VMAP document begins with VMAP")]
    Root(String),
    /// Too many breaks.
    #[error("it has more than 500 breaks")]
    TooManyBreaks,
    /// A break without a place.
    #[error("break {index}: it has no timeOffset")]
    NoOffset {
        /// Which, from 1.
        index: usize,
    },
    /// A place that cannot be.
    #[error("break {index}: timeOffset {given:?}: {why}")]
    Offset {
        /// Which, from 1.
        index: usize,
        /// As it stands there.
        given: String,
        /// What is wrong.
        why: &'static str,
    },
}
