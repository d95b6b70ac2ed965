//! The decisions of an edge peer: what to fetch from whom and when, and whom to give to.

pub mod event;

pub use event::{
    Answer, Ask, AskId, FailReason, Fetch, FetchId, Input, Outcome, Output, Priority, RequestId,
    Source, Timer, Via, Want,
};
