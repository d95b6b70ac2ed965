//! "For you": titles that people liked who liked what somebody liked. Pure.

use std::collections::BTreeMap;

use uuid::Uuid;

/// How many people like two titles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Together {
    /// A title that the person did not rate.
    pub candidate: Uuid,
    /// One that they like.
    pub liked: Uuid,
    /// People other than them who like both.
    pub shared: i64,
    /// People who like the candidate.
    pub candidate_likes: i64,
    /// People who like the other.
    pub liked_likes: i64,
}

/// The candidates, the best first. What everybody likes is no sign of a common taste: each pair counts by
/// the cosine of
/// who likes the two.
#[must_use]
pub fn rank(pairs: &[Together]) -> Vec<Uuid> {
    let mut scores: BTreeMap<Uuid, f64> = BTreeMap::new();
    for pair in pairs {
        let spread = (pair.candidate_likes.max(1) as f64 * pair.liked_likes.max(1) as f64).sqrt();
        *scores.entry(pair.candidate).or_default() += pair.shared as f64 / spread;
    }
    let mut ranked: Vec<_> = scores.into_iter().collect();
    // Of equals the newer: ids grow with time.
    ranked.sort_by(|(a, x), (b, y)| y.total_cmp(x).then(b.cmp(a)));
    ranked.into_iter().map(|(title, _)| title).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_same_people_like_comes_before_what_everybody_likes() {
        let id = Uuid::from_u128;
        let pair = |candidate, shared, candidate_likes| Together {
            candidate: id(candidate),
            liked: id(9),
            shared,
            candidate_likes,
            liked_likes: 4,
        };
        let pairs = [pair(1, 3, 3), pair(2, 4, 400), pair(3, 3, 3)];
        assert_eq!(rank(&pairs), [id(3), id(1), id(2)]);
        assert!(rank(&[]).is_empty());
    }
}
