//! XML from strangers: bytes to a small tree, within bounds.
//!
//! There are no documents' own entities, no external ones, no document types: what is read is never longer
//! than what came. Namespaces are left away; names compare without case.

mod decode;
mod tree;

pub use self::decode::decode;
pub use self::tree::{Node, parse};

/// The largest document, bytes.
pub const DOCUMENT_MAX: usize = 1 << 20;

/// The most nodes of a document: elements, comments, instructions.
pub const NODES_MAX: usize = 20_000;

/// The deepest nesting of elements.
pub const DEPTH_MAX: usize = 64;

/// The most attributes of a document.
pub const ATTRIBUTES_MAX: usize = 1_000;

/// The longest text of an element or an attribute, bytes.
pub const TEXT_MAX: usize = 128 << 10;

/// The longest name, bytes.
pub const NAME_MAX: usize = 128;

/// What is wrong with a document, and in which element.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct XmlError {
    /// The element, as `VAST/Ad/InLine`; empty before the first one.
    pub path: String,
    /// What is wrong, in words.
    pub text: String,
}

impl XmlError {
    fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }
}
