//! Homes: minimal disruption and shares by weight.

use proptest::prelude::*;

use super::*;

fn device(n: u64) -> DeviceId {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&n.to_be_bytes());
    DeviceId(id)
}

fn chunk(n: u64) -> ChunkId {
    ChunkId::of(&n.to_be_bytes())
}

fn even(n: u64) -> Vec<(DeviceId, u32)> {
    (0..n).map(|d| (device(d), 100)).collect()
}

#[test]
fn the_logarithm_is_right_to_six_digits() {
    for x in [
        1u64,
        2,
        3,
        1 << 32,
        (1 << 63) - 1,
        1 << 63,
        u64::MAX / 3 * 2,
        u64::MAX,
    ] {
        // Tests may use the float library; the code under test does not.
        #[allow(clippy::disallowed_methods)]
        let exact = 64.0 - (x as f64).log2();
        let ours = minus_log2(x) as f64 / 2f64.powi(32);
        assert!((exact - ours).abs() < 1e-6, "{x}: {exact} {ours}");
    }
    assert!(LOG2.is_sorted());
}

/// Peers of every version and platform must rank alike: these are part of the protocol.
#[test]
fn the_ranking_is_pinned() {
    let roster: Vec<_> = (0..6)
        .map(|d| (device(d), [100, 100, 50, 100, 0, 1][d as usize]))
        .collect();
    let order = |n| -> Vec<u8> { ranking(chunk(n), roster.clone()).map(|d| d.0[15]).collect() };
    let orders: Vec<_> = (0..4).map(order).collect();
    assert_eq!(orders, PINNED);
}

const PINNED: [[u8; 5]; 4] = [
    [0, 2, 1, 3, 5],
    [1, 0, 3, 2, 5],
    [1, 0, 2, 3, 5],
    [0, 1, 2, 3, 5],
];

#[test]
fn a_peer_of_weight_zero_is_never_a_home() {
    let roster = [(device(1), 0), (device(2), 1)];
    for n in 0..200 {
        assert_eq!(homes(chunk(n), roster, 2), [device(2)]);
    }
    assert_eq!(homes(chunk(0), [(device(1), 0)], 2), []);
    assert_eq!(homes(chunk(0), even(5), 0), []);
}

#[test]
fn shares_follow_weights() {
    let roster = [
        (device(1), 100),
        (device(2), 50),
        (device(3), 25),
        (device(4), 25),
    ];
    let mut shares = [0u32; 5];
    for n in 0..20_000 {
        shares[homes(chunk(n), roster, 1)[0].0[15] as usize] += 1;
    }
    // Half, a quarter, an eighth, an eighth; five standard deviations wide.
    for (got, want) in shares[1..].iter().zip([10_000u32, 5_000, 2_500, 2_500]) {
        assert!(got.abs_diff(want) < 350, "{shares:?}");
    }
}

#[test]
fn even_weights_share_evenly() {
    let roster = even(50);
    let mut shares = [0u32; 50];
    for n in 0..50_000 {
        shares[homes(chunk(n), roster.iter().copied(), 1)[0].0[15] as usize] += 1;
    }
    // Chi-squared with 49 degrees of freedom is below 94 except once in 10,000.
    let chi: f64 = shares
        .iter()
        .map(|s| (f64::from(*s) - 1000.0).powi(2) / 1000.0)
        .sum();
    assert!(chi < 94.0, "{chi}");
}

proptest! {
    #[test]
    fn homes_are_the_head_of_the_ranking(
        n in any::<u64>(),
        weights in proptest::collection::vec(0u32..200, 0..40),
        k in 0usize..6,
    ) {
        let roster: Vec<_> = (0u64..).map(device).zip(weights).collect();
        let full: Vec<_> = ranking(chunk(n), roster.iter().copied()).collect();
        let mut backwards = roster.clone();
        backwards.reverse();
        prop_assert_eq!(homes(chunk(n), backwards, k), &full[..k.min(full.len())]);
        prop_assert_eq!(full.len(), roster.iter().filter(|(_, w)| *w > 0).count());
    }

    /// A peer that leaves moves only what it was home of; the others keep their order.
    #[test]
    fn leaving_disturbs_nobody_else(
        n in any::<u64>(),
        size in 2u64..60,
        gone in any::<proptest::sample::Index>(),
    ) {
        let roster = even(size);
        let gone = device(gone.index(size as usize) as u64);
        let all = ranking(chunk(n), roster.iter().copied());
        let before: Vec<_> = all.filter(|d| *d != gone).collect();
        let left = roster.into_iter().filter(|(d, _)| *d != gone);
        prop_assert_eq!(ranking(chunk(n), left).collect::<Vec<_>>(), before);
    }

    /// A peer that gains weight never ranks lower than before.
    #[test]
    fn weight_only_helps(n in any::<u64>(), size in 2u64..30, at in 0usize..30, more in 1u32..500) {
        let mut roster = even(size);
        let at = at % roster.len();
        let who = roster[at].0;
        let place = |r: &[(DeviceId, u32)]| ranking(chunk(n), r.iter().copied()).position(|d| d == who);
        let before = place(&roster);
        roster[at].1 += more;
        prop_assert!(place(&roster) <= before);
    }
}
