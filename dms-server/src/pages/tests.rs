//! The pages' headers.
