//! Tries the store out, step by step: writes a small object, reads it, reads a part of it, removes it.
//!
//! A step that fails ends the trial, but what was written is removed all the same.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::StatusCode;
use object_store::path::Path;

use super::{ObjectStoreExt, Store, StoreError};
use crate::problem::Problem;

/// Length of the object, bytes: more than a block, so that a disk with no room says so.
const LENGTH: usize = 64 << 10;
/// The part of it that is read.
const PART: std::ops::Range<u64> = 10_000..30_000;

/// What is tried, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new object is written and synced.
    Write,
    /// It is read as a whole, and compared.
    Read,
    /// A part of it is read, and compared.
    ReadRange,
    /// It is removed.
    Delete,
}

/// How a step went.
#[derive(Debug)]
pub struct Tried {
    /// The step.
    pub step: Step,
    /// How long it took.
    pub took: Duration,
    /// Why it failed.
    pub problem: Option<Problem>,
}

impl Store {
    /// Tries every step; the list ends with the first that failed.
    pub async fn trial(&self) -> Vec<Tried> {
        let key = Path::from(format!("probe/{}", uuid::Uuid::new_v4()));
        let written: Bytes = (0..LENGTH).map(|at| (at % 251) as u8).collect();
        let mut tried = Vec::new();
        for step in [Step::Write, Step::Read, Step::ReadRange, Step::Delete] {
            let begun = Instant::now();
            let problem = self.step(step, &key, &written).await.err();
            let failed = problem.is_some();
            let took = begun.elapsed();
            tried.push(Tried {
                step,
                took,
                problem,
            });
            if failed {
                let _ = self.delete(&key).await;
                break;
            }
        }
        tried
    }

    async fn step(&self, step: Step, key: &Path, written: &Bytes) -> Result<(), Problem> {
        match step {
            Step::Write => self.put(key, written.clone()).await.map_err(said)?,
            Step::Read => {
                let read = self.get(key).await.map_err(said)?;
                same(read.as_deref(), Some(written))?;
            }
            Step::ReadRange => {
                let read = self.objects.get_range(key, PART).await;
                let read = read.map_err(StoreError::from).map_err(said)?;
                let part = written.get(PART.start as usize..PART.end as usize);
                same(Some(&read), part)?;
            }
            Step::Delete => {
                self.delete(key).await.map_err(said)?;
                same(self.get(key).await.map_err(said)?.as_deref(), None)?;
            }
        }
        Ok(())
    }
}

fn same(read: Option<&[u8]>, written: Option<&[u8]>) -> Result<(), Problem> {
    if read == written {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "store_mismatch",
        "The store does not have what was written into it a moment ago.",
    ))
}

/// What an administrator has to know: here the system's own words help.
fn said(error: StoreError) -> Problem {
    match error {
        StoreError::Full | StoreError::ReadOnly(_) => error.into(),
        other => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "store_unusable",
            format!("The store cannot be used: {other}."),
        ),
    }
}
