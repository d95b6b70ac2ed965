//! Directories over HTTP.
