//! The system tests: one binary, real processes, real files.
//!
//! `tidy` holds the rules of the code itself; everything else drives a [`harness::Stack`].

mod tidy;
