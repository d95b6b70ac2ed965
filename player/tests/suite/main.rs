//! The real player against a real server with a real, small title.

mod breaks;
mod clip;
mod gateway;
mod headless;
mod offline;
mod player;
mod server;
mod window;
