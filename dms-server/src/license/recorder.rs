//! Licences that depend on nothing but themselves, recorded many at a time.
//!
//! A commit waits for the disk. Whoever asks while one is under way waits for the next, which takes all of them: the more
//! ask, the less each costs. A licence leaves when its batch is on the disk, and not before.

use tokio::sync::{Mutex, mpsc, oneshot};

use super::db::{self, LicenseRow};
use crate::audit::Entry;
use crate::problem::{Problem, Result};
use crate::state::App;

/// Licences recorded in one transaction at most.
const BATCH: usize = 256;
/// Licences that wait at most; more wait with whoever asks.
const WAITING: usize = 4096;

struct Job {
    row: LicenseRow,
    entry: Entry,
    done: oneshot::Sender<Result<()>>,
}

/// The queue before the task that records.
#[derive(Debug)]
pub struct Recorder {
    queue: mpsc::Sender<Job>,
    /// Taken by the task.
    jobs: Mutex<mpsc::Receiver<Job>>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Job({})", self.row.id)
    }
}

impl Default for Recorder {
    fn default() -> Self {
        let (queue, jobs) = mpsc::channel(WAITING);
        Self {
            queue,
            jobs: Mutex::new(jobs),
        }
    }
}

/// Records a licence; returns when it is on the disk.
///
/// # Errors
/// The database's, or that the server stops.
pub async fn add(app: &App, row: LicenseRow, entry: Entry) -> Result<()> {
    let (done, ended) = oneshot::channel();
    let stops = || Problem::unavailable("The server stops. Ask again in a moment.");
    let job = Job { row, entry, done };
    app.licenses.queue.send(job).await.map_err(|_| stops())?;
    ended.await.map_err(|_| stops())?
}

/// Records what is queued, until the server stops: then what is queued still, and nothing more.
pub async fn run(app: App) {
    let mut jobs = app.licenses.jobs.lock().await;
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            // What is queued is recorded before the end is looked at.
            biased;
            count = jobs.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    return;
                }
            }
            () = app.stop.cancelled(), if !jobs.is_closed() => {
                jobs.close();
                continue;
            }
        }
        let rows: Vec<(&LicenseRow, &Entry)> = batch.iter().map(|j| (&j.row, &j.entry)).collect();
        let recorded = db::add_many(&app.db, &rows, app.keys.audit()).await;
        let recorded = recorded.map_err(Problem::from);
        for job in batch.drain(..) {
            // Whoever asked may have gone; the licence is in the record all the same.
            let _ = job.done.send(recorded.clone());
        }
    }
}
