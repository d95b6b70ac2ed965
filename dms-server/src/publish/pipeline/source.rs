//! The source of a job as one open, seekable file.

use std::fs::File;
use std::io::{Seek as _, Write as _};

use futures_util::TryStreamExt as _;

use super::AttemptError;
use crate::publish::jobs::db::Claim;
use crate::state::App;
use dms_transcoder_protocol::FailureCode;

/// Opens the spooled upload, or fetches the master into an unnamed file of the work folder.
///
/// # Errors
/// [`AttemptError`]; a source of another length than declared is refused as `checksum_mismatch`.
pub async fn open(app: &App, claim: &Claim, bytes: i64) -> Result<File, AttemptError> {
    let file = match &claim.node {
        Some(_) => {
            let path = app.publish.spool.path(claim.upload);
            tokio::task::spawn_blocking(move || File::open(path)).await??
        }
        None => fetch(app, claim).await?,
    };
    let length = file.metadata()?.len();
    if length != bytes.unsigned_abs() {
        return Err(AttemptError::Refused {
            code: FailureCode::ChecksumMismatch,
            detail: format!("the source has {length} bytes, {bytes} were declared"),
        });
    }
    Ok(file)
}

/// The file loses its name at once: however this process ends, nothing is left of it.
async fn fetch(app: &App, claim: &Claim) -> Result<File, AttemptError> {
    let folder = app.config.media.work_folder.clone();
    tokio::fs::create_dir_all(&folder).await?;
    let path = folder.join(format!("{}.source", claim.upload));
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path)?;
    std::fs::remove_file(&path)?;
    let mut pieces = app.store.master(claim.upload).await?;
    while let Some(piece) = pieces.try_next().await? {
        file = tokio::task::spawn_blocking(move || file.write_all(&piece).map(|()| file)).await??;
    }
    file.rewind()?;
    Ok(file)
}
