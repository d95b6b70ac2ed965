//! What becomes of a job whose attempt did not publish. Pure.

use dms_transcoder_protocol::FailureCode;

use super::AttemptError;
use crate::publish::jobs::db::{Claim, Ending};

/// Attempts that may fail by themselves before the job fails.
pub const MAX_FAILURES: i64 = 3;
/// Crashes of the media program before the job fails: the same file would crash it again.
pub const MAX_CRASHES: i64 = 2;
/// Times a server may end in the middle of a job before the job is held to be the cause.
pub const MAX_INTERRUPTIONS: i64 = 10;
/// How long the first retry waits, milliseconds; each further one waits four times as long.
const BACKOFF_MS: i64 = 2_000;

/// Was the job interrupted so often that it must be the cause?
#[must_use]
pub fn is_poisonous(claim: &Claim) -> bool {
    claim.interruptions > MAX_INTERRUPTIONS
}

/// Ends an attempt. `None`: somebody else has the job, and nothing is to be written.
#[must_use]
pub fn ending(claim: &Claim, error: &AttemptError, now_ms: i64) -> Option<Ending> {
    let retry = |crashed| Ending::Retry {
        not_before_ms: now_ms + (BACKOFF_MS << (2 * claim.failures.clamp(0, 8))),
        crashed,
    };
    let last = claim.failures + 1 >= MAX_FAILURES;
    Some(match error {
        AttemptError::Lost => return None,
        AttemptError::Refused {
            code: FailureCode::StorageUnavailable,
            ..
        }
        | AttemptError::Store(_)
        | AttemptError::Database(_)
        | AttemptError::Kek(_)
        | AttemptError::Source(_) => {
            if last {
                Ending::Failed(FailureCode::StorageUnavailable)
            } else {
                retry(false)
            }
        }
        AttemptError::Refused {
            code: FailureCode::TranscoderCrashed,
            ..
        }
        | AttemptError::Crashed(_)
        | AttemptError::Seal(_)
        | AttemptError::Task(_) => {
            if last || claim.crashes + 1 >= MAX_CRASHES {
                Ending::Failed(FailureCode::TranscoderCrashed)
            } else {
                retry(true)
            }
        }
        AttemptError::Refused { code, .. } => Ending::Failed(*code),
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn claim(failures: i64, crashes: i64) -> Claim {
        Claim {
            id: Uuid::nil(),
            title: Uuid::nil(),
            upload: Uuid::nil(),
            node: None,
            attempt: failures + 1,
            failures,
            crashes,
            interruptions: 0,
        }
    }

    fn refused(code: FailureCode) -> AttemptError {
        AttemptError::Refused {
            code,
            detail: String::new(),
        }
    }

    #[test]
    fn a_bad_source_is_final_at_once_and_never_tried_again() {
        let retried = [
            FailureCode::StorageUnavailable,
            FailureCode::TranscoderCrashed,
        ];
        for code in FailureCode::ALL
            .into_iter()
            .filter(|c| !retried.contains(c))
        {
            let ending = ending(&claim(0, 0), &refused(code), 5);
            assert_eq!(ending, Some(Ending::Failed(code)));
        }
    }

    #[test]
    fn the_second_crash_is_the_last() {
        let crash = AttemptError::Crashed(String::new());
        let first = Ending::Retry {
            not_before_ms: 2_005,
            crashed: true,
        };
        assert_eq!(ending(&claim(0, 0), &crash, 5), Some(first));
        let last = Ending::Failed(FailureCode::TranscoderCrashed);
        assert_eq!(ending(&claim(1, 1), &crash, 5), Some(last));
        assert_eq!(ending(&claim(2, 0), &crash, 5), Some(last));
    }

    #[test]
    fn storage_is_tried_three_times_with_growing_pauses() {
        let full = AttemptError::Store(crate::store::StoreError::Full);
        let pause = |failures| ending(&claim(failures, 0), &full, 0);
        assert_eq!(
            pause(0),
            Some(Ending::Retry {
                not_before_ms: 2_000,
                crashed: false
            })
        );
        assert_eq!(
            pause(1),
            Some(Ending::Retry {
                not_before_ms: 8_000,
                crashed: false
            })
        );
        assert_eq!(
            pause(2),
            Some(Ending::Failed(FailureCode::StorageUnavailable))
        );
    }

    #[test]
    fn a_lost_lease_writes_nothing() {
        assert_eq!(ending(&claim(0, 0), &AttemptError::Lost, 0), None);
    }
}
