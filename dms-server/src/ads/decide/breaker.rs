//! Whether a decision server is asked at all: one that failed again and again is left alone for a while, and then tried by
//! one question at a time. Pure.

/// Failures in a row after which a server is left alone.
pub const FAILURES_MAX: u32 = 5;

/// How long it is left alone, milliseconds.
pub const REST_MS: i64 = 30_000;

/// How long one question is waited for before another may try, milliseconds: who asked it may be gone.
const TRIAL_MS: i64 = 10_000;

/// What is known of a decision server by the process that asks it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    /// Failures since it last answered.
    pub failures: u32,
    /// Not before then it is asked again.
    pub rests_until_ms: i64,
    /// When it last failed, and how.
    pub last_failure: Option<(i64, String)>,
    /// When it last answered.
    pub last_answer_ms: Option<i64>,
}

impl Breaker {
    /// Whether it may be asked now. Who is told so says afterwards how it went.
    pub fn may_ask(&mut self, now_ms: i64) -> bool {
        if self.failures < FAILURES_MAX {
            return true;
        }
        if now_ms < self.rests_until_ms {
            return false;
        }
        // Half open: this question tries it, the others wait for how it goes.
        self.rests_until_ms = now_ms + TRIAL_MS;
        true
    }

    /// It answered, be it that it has nothing.
    pub fn answered(&mut self, now_ms: i64) {
        self.failures = 0;
        self.rests_until_ms = 0;
        self.last_answer_ms = Some(now_ms);
    }

    /// It failed; answers whether it is left alone from now on.
    pub fn failed(&mut self, now_ms: i64, why: &str) -> bool {
        self.failures = self.failures.saturating_add(1);
        self.last_failure = Some((now_ms, why.to_owned()));
        if self.failures >= FAILURES_MAX {
            self.rests_until_ms = now_ms + REST_MS;
        }
        self.failures == FAILURES_MAX
    }

    /// What an administrator should know.
    #[must_use]
    pub fn alert(&self) -> Option<String> {
        let (_, why) = self.last_failure.as_ref()?;
        (self.failures >= FAILURES_MAX).then(|| {
            format!(
                "It failed {} times in a row and is asked only now and then; the last time: {why}",
                self.failures
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken() -> Breaker {
        let mut breaker = Breaker::default();
        for nth in 1..=FAILURES_MAX {
            assert!(breaker.may_ask(0) && breaker.alert().is_none());
            assert_eq!(breaker.failed(0, "late"), nth == FAILURES_MAX);
        }
        breaker
    }

    #[test]
    fn what_fails_is_left_alone_then_tried_once() {
        let mut breaker = broken();
        assert!(breaker.alert().expect("an alert").contains("late"));
        assert!(!breaker.may_ask(REST_MS - 1));
        assert!(breaker.may_ask(REST_MS));
        assert!(!breaker.may_ask(REST_MS + 1), "one tries");
        assert!(!breaker.failed(REST_MS + 2, "late"), "it is known already");
        assert!(!breaker.may_ask(REST_MS + 3));
        assert!(breaker.may_ask(2 * REST_MS + 2));
        breaker.answered(2 * REST_MS + 3);
        assert!(breaker.may_ask(2 * REST_MS + 4) && breaker.alert().is_none());
    }

    #[test]
    fn a_trial_whose_asker_is_gone_is_given_up() {
        let mut breaker = broken();
        assert!(breaker.may_ask(REST_MS));
        assert!(!breaker.may_ask(REST_MS + TRIAL_MS - 1));
        assert!(breaker.may_ask(REST_MS + TRIAL_MS));
    }

    #[test]
    fn an_answer_in_between_starts_anew() {
        let mut breaker = Breaker::default();
        for _ in 0..20 {
            breaker.failed(0, "late");
            breaker.answered(0);
        }
        assert!(breaker.may_ask(0));
    }
}
