//! Whether a creative can be shown. Pure.

use super::db::CreativeRow;

/// The code of VAST for what cannot be shown for a reason that has no code of its own.
pub const CODE_LINEAR: u16 = 400;
/// The file is not there.
pub const CODE_NOT_FOUND: u16 = 401;
/// The file did not come in time.
pub const CODE_TIMED_OUT: u16 = 402;
/// None of the files can be used.
pub const CODE_UNSUPPORTED: u16 = 403;
/// The file cannot be shown.
pub const CODE_DISPLAY: u16 = 405;

/// How much longer than promised a creative may be, milliseconds: encoders round.
const LONGER_MS: u64 = 1_000;

/// How a creative stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can be shown.
    Ready {
        /// Its playing time, milliseconds.
        duration_ms: u64,
    },
    /// It is fetched or transcoded.
    Preparing,
    /// It will not be shown.
    Failed {
        /// The code of VAST that says why.
        code: u16,
        /// The same in words.
        reason: String,
    },
}

impl Standing {
    /// Its name in the API.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ready { .. } => "ready",
            Self::Preparing => "preparing",
            Self::Failed { .. } => "failed",
        }
    }
}

fn failed(code: u16, reason: impl Into<String>) -> Standing {
    let reason = reason.into();
    Standing::Failed { code, reason }
}

/// How a creative stands; `promised_ms` is what a decision says of its length now.
#[must_use]
pub fn standing(row: &CreativeRow, promised_ms: Option<u64>) -> Standing {
    if let Some(code) = row.error_code {
        let code = u16::try_from(code).unwrap_or(CODE_LINEAR);
        return failed(code, row.reason.clone().unwrap_or_default());
    }
    let Some(state) = row.title.and(row.state.as_deref()) else {
        return match row.source_url.is_some() && row.fetched_ms.is_none() {
            true => Standing::Preparing,
            false => failed(CODE_NOT_FOUND, "its title was deleted"),
        };
    };
    match state {
        "complete" => {}
        "failed" => {
            let why = row.title_error.as_deref().unwrap_or("unknown");
            return failed(CODE_DISPLAY, format!("it cannot be transcoded: {why}"));
        }
        // A version that is published plays on while another is made.
        _ if row.version.is_some() => {}
        _ => return Standing::Preparing,
    }
    let duration_ms = row.duration_ms.unwrap_or(0).max(0).unsigned_abs();
    if row.title_kind.as_deref() != Some("video") || duration_ms == 0 {
        return failed(CODE_UNSUPPORTED, "it has nothing to play");
    }
    match promised_ms {
        Some(promised) if is_much_longer(duration_ms, promised) => {
            let reason = format!("it plays {duration_ms} ms, and {promised} ms were promised");
            failed(CODE_LINEAR, reason)
        }
        _ => Standing::Ready { duration_ms },
    }
}

/// A break that was bought by the second must not grow: a tenth more, and what encoders round.
const fn is_much_longer(duration_ms: u64, promised_ms: u64) -> bool {
    promised_ms > 0 && duration_ms > promised_ms + promised_ms / 10 + LONGER_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn published(duration_ms: i64) -> CreativeRow {
        CreativeRow {
            title: Some(Uuid::now_v7()),
            state: Some("complete".into()),
            title_kind: Some("video".into()),
            version: Some(1),
            duration_ms: Some(duration_ms),
            ..CreativeRow::default()
        }
    }

    #[test]
    fn what_is_published_and_as_long_as_promised_can_be_shown() {
        let ready = |duration_ms| Standing::Ready { duration_ms };
        assert_eq!(standing(&published(15_040), None), ready(15_040));
        assert_eq!(standing(&published(15_040), Some(15_000)), ready(15_040));
        assert_eq!(standing(&published(17_500), Some(15_000)), ready(17_500));
        assert_eq!(standing(&published(5_000), Some(15_000)), ready(5_000));
        assert_eq!(standing(&published(15_000), Some(0)), ready(15_000));
        let long = standing(&published(17_501), Some(15_000));
        assert!(
            matches!(long, Standing::Failed { code: 400, .. }),
            "{long:?}"
        );
    }

    #[test]
    fn what_cannot_be_shown_says_why() {
        let code = |row: &CreativeRow| match standing(row, None) {
            Standing::Failed { code, .. } => code,
            other => panic!("{other:?}"),
        };
        let file = CreativeRow {
            title_kind: Some("file".into()),
            ..published(1)
        };
        assert_eq!(code(&file), 403);
        assert_eq!(code(&published(0)), 403);
        let broken = CreativeRow {
            state: Some("failed".into()),
            version: None,
            ..published(0)
        };
        assert_eq!(code(&broken), 405);
        assert_eq!(code(&CreativeRow::default()), 401);
        let known = CreativeRow {
            error_code: Some(402),
            ..published(1_000)
        };
        assert_eq!(code(&known), 402);
    }

    #[test]
    fn what_is_on_its_way_is_awaited() {
        let wanted = CreativeRow {
            source_url: Some("https://a/b".into()),
            ..CreativeRow::default()
        };
        assert_eq!(standing(&wanted, None), Standing::Preparing);
        let fetched = CreativeRow {
            state: Some("transcoding".into()),
            version: None,
            ..published(0)
        };
        assert_eq!(standing(&fetched, Some(1)), Standing::Preparing);
        let deleted = CreativeRow {
            fetched_ms: Some(1),
            ..wanted
        };
        assert!(matches!(
            standing(&deleted, None),
            Standing::Failed { code: 401, .. }
        ));
    }
}
