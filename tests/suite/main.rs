//! The system tests: one binary, real processes, real files.
//!
//! `tidy` holds the rules of the code itself; everything else drives a [`harness::Stack`].

mod account;
mod bad_inputs;
mod browser;
mod campaign;
mod curl;
mod disk;
mod gateway;
mod jobs;
mod kill;
mod links;
mod login;
mod odd_inputs;
mod offline;
mod people;
mod publish_and_play;
mod rotate;
mod rules;
mod served;
mod tidy;
mod tls;
