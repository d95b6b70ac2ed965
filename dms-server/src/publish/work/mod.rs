//! What is under way: uploads and jobs as their publishers see them, to be armed, cancelled and tried again.

pub mod db;
pub mod routes;
#[cfg(test)]
mod tests;
pub mod view;

use dms_transcoder_protocol::FailureCode;

use crate::state::App;

/// How much of an upload is here; none: another server holds it, or its file goes just now.
pub async fn offset(app: &App, row: &db::UploadRow) -> Option<u64> {
    if row.title.is_some() {
        return Some(row.bytes.unsigned_abs());
    }
    if row.node != app.publish.node {
        return None;
    }
    app.publish.spool.length(row.id).await.ok()
}

/// Failures that were not the file's: the source is kept for as long as the upload, so that the job can be
/// tried again.
pub const RETRIABLE: [FailureCode; 4] = [
    FailureCode::Cancelled,
    FailureCode::StorageUnavailable,
    FailureCode::Timeout,
    FailureCode::TranscoderCrashed,
];

/// How long before its source goes a job is not tried again any more, milliseconds.
pub const RETRY_MARGIN_MS: i64 = 600_000;
