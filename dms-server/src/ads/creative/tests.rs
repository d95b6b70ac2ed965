//! Creatives over the real server.
