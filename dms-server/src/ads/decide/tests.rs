//! Over the real server.
