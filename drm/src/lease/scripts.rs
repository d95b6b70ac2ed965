//! Generated stories of a device's clocks, told to a watch and to an oracle that knows the time.
//!
//! The oracle keeps, by reasoning of its own, how far the watch may at most be mistaken: `blind_ms`
//! too early, because time passed that nobody measured or an old state came back; `ahead_ms` too
//! late, because the wall clock had run ahead. It is not told what the watch believes.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::*;

const START: u64 = 1_800_000_000_000;
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const TEN_YEARS: i64 = 3650 * DAY as i64;
const SLICE: u64 = 30_000;
const DEVICE: [u8; 16] = [7; 16];
const SCRIPTS: u64 = 1000;
const STEPS: usize = 80;

/// What all scripts together saw. A count that stays at 0 shows a test that tests nothing.
#[derive(Debug, Default)]
struct Tally {
    played: u64,
    clock_back: u64,
    over: u64,
    spent: u64,
    early: u64,
    /// Slices played after the licence's end, by a held clock or a snapshot.
    won: u64,
    restores: u64,
    found: u64,
    late_answers: u64,
}

struct Snapshot {
    disk: Vec<u8>,
    true_ms: u64,
    blind_ms: u64,
    ahead_ms: u64,
    heard_ms: u64,
    counter: u64,
}

struct World {
    rng: StdRng,
    key: SealKey,
    lease: Lease,
    budget_ms: u64,
    watch: Watch,
    disk: Vec<u8>,
    snapshot: Option<Snapshot>,
    server: Option<Contact>,

    true_ms: u64,
    /// Wall clock less true time.
    offset_ms: i64,
    blind_ms: u64,
    ahead_ms: u64,
    /// The latest time the DMS has signed, and the latest of them that the watch has heard of.
    signed_ms: u64,
    heard_ms: u64,
    counter: u64,
    played_ms: u64,
    restores: u64,
    /// Whether snapshots are restored and clocks held in this script.
    may_cheat: bool,
    /// Whether the watch is mistaken because of one of the ways it cannot keep.
    cheated: bool,
    tally: Tally,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let key = SealKey::generate(&mut rng);
        let begin_ms = [0, 0, 0, DAY][rng.random_range(0..4)];
        let lease = Lease {
            license_id: [1; 16],
            issued_ms: START,
            not_before_ms: START + begin_ms,
            not_after_ms: START + 30 * DAY,
            offline_until_ms: START + rng.random_range(2..20) * DAY,
        };
        let budget_ms = rng.random_range(1..120) * MINUTE;
        let mut watch = Watch::new(START);
        watch.admit(&lease, budget_ms).unwrap();
        let mut world = Self {
            rng,
            key,
            lease,
            budget_ms,
            watch,
            disk: Vec::new(),
            snapshot: None,
            server: None,
            true_ms: START,
            offset_ms: 0,
            blind_ms: 0,
            ahead_ms: 0,
            signed_ms: START,
            heard_ms: START,
            counter: 0,
            played_ms: 0,
            restores: 0,
            may_cheat: seed % 2 == 1,
            cheated: false,
            tally: Tally::default(),
        };
        world.save();
        world
    }

    fn wall_ms(&self) -> u64 {
        self.true_ms.saturating_add_signed(self.offset_ms)
    }

    fn save(&mut self) {
        let sealed = self.watch.to_sealed(&self.key, DEVICE, &mut self.rng);
        self.disk = sealed.unwrap();
        self.counter += 1;
        assert_eq!(self.watch.counter(), self.counter);
    }

    fn load(&mut self) {
        self.watch = Watch::from_sealed(&self.disk, &self.key, DEVICE).unwrap();
    }

    /// The watch is about to look at the wall clock.
    fn looks(&mut self) {
        // Taken or not: the mark is then not behind the wall clock.
        let behind_ms = u64::try_from(-self.offset_ms).unwrap_or(0);
        self.blind_ms = self.blind_ms.min(behind_ms);
        let ahead_ms = u64::try_from(self.offset_ms).unwrap_or(0);
        self.ahead_ms = self.ahead_ms.max(ahead_ms);
        self.cheated &= self.blind_ms > CLOCK_TOLERANCE_MS;
    }

    /// The program runs and plays, or tries to.
    fn run(&mut self) {
        for _ in 0..self.rng.random_range(1..12) {
            self.slice();
        }
    }

    fn slice(&mut self) {
        self.looks();
        let lease = self.lease;
        let begins = self.heard_ms >= lease.not_before_ms;
        let latest_ms = self.true_ms + self.ahead_ms;
        let left_ms = self.watch.left_ms(lease.license_id);
        let clock_holds = self.offset_ms + CLOCK_TOLERANCE_MS as i64 >= self.ahead_ms as i64;
        let must_play =
            begins && clock_holds && latest_ms < lease.offline_until_ms && left_ms >= SLICE;
        let checked = self.watch.check(self.wall_ms(), &lease);
        let plays = match checked {
            Ok(now_ms) => {
                assert!(now_ms + self.blind_ms >= self.true_ms, "time went back");
                assert!(now_ms <= latest_ms, "time ran ahead");
                self.watch.play(lease.license_id, SLICE).is_ok()
            }
            Err(error) => {
                match error {
                    LeaseError::ClockBack(_) => self.tally.clock_back += 1,
                    LeaseError::NotYetValid { .. } => self.tally.early += 1,
                    LeaseError::BudgetSpent(_) => self.tally.spent += 1,
                    _ => self.tally.over += 1,
                }
                false
            }
        };
        assert!(plays || !must_play, "{checked:?}, and all was well");
        if plays {
            self.plays();
        }
        self.true_ms += SLICE;
        self.watch.ran(SLICE);
    }

    /// A slice is played: may it be?
    fn plays(&mut self) {
        let lease = self.lease;
        let (now_ms, end_ms) = (self.true_ms, lease.offline_until_ms);
        self.played_ms += SLICE;
        self.tally.played += 1;
        self.tally.won += u64::from(now_ms >= end_ms);
        assert!(now_ms >= lease.not_before_ms, "played too early");
        assert!(now_ms < end_ms + self.blind_ms, "played beyond the bound");
        if !self.cheated {
            let late_ms = now_ms.saturating_sub(end_ms);
            assert!(late_ms <= CLOCK_TOLERANCE_MS, "{late_ms} ms too late");
        }
        let copies = 1 + self.restores;
        assert!(self.played_ms <= self.budget_ms * copies, "overspent");
    }

    /// Time passes that the program does not measure: it is suspended, or not running at all. It
    /// looks at the clock as soon as it is back.
    fn sleep(&mut self, for_ms: u64) {
        self.true_ms += for_ms;
        self.blind_ms += for_ms;
        // The mark stood still.
        self.ahead_ms = self.ahead_ms.saturating_sub(for_ms);
        self.cheated |= self.offset_ms < 0;
        if self.rng.random() {
            self.load();
        }
        self.looks();
        let _ = self.watch.seen(self.wall_ms());
    }

    /// The program is killed in the middle of a slice it has paid for.
    fn kill(&mut self) {
        self.looks();
        let _ = self.watch.check(self.wall_ms(), &self.lease);
        let _ = self.watch.play(self.lease.license_id, SLICE);
        self.save();
        self.load();
        self.sleep(SLICE / 2);
    }

    /// Somebody, or the daylight, moves the wall clock.
    fn set_clock(&mut self) {
        let (minute, hour) = (MINUTE as i64, HOUR as i64);
        self.offset_ms = match self.rng.random_range(0..9) {
            0 => -TEN_YEARS,
            1 => self.rng.random_range(1..TEN_YEARS),
            2 => self.offset_ms - hour,
            3 => self.offset_ms + hour,
            4 => self.offset_ms - 1000,
            5 => self.offset_ms + 1000,
            6 => self.offset_ms - self.rng.random_range(1..6) * minute,
            _ => 0,
        };
    }

    /// The device is off, and its clock is set back for just as long.
    fn hold_clock(&mut self) {
        let for_ms = self.rng.random_range(1..5 * DAY);
        self.offset_ms -= for_ms as i64;
        self.sleep(for_ms);
    }

    fn take_snapshot(&mut self) {
        self.snapshot = Some(Snapshot {
            disk: self.disk.clone(),
            true_ms: self.true_ms,
            blind_ms: self.blind_ms,
            ahead_ms: self.ahead_ms,
            heard_ms: self.heard_ms,
            counter: self.counter,
        });
    }

    /// The disk of an earlier moment comes back, and mostly the clock of that moment, too.
    fn restore(&mut self) {
        let Some(snapshot) = &self.snapshot else {
            return;
        };
        let ago_ms = self.true_ms - snapshot.true_ms;
        self.disk.clone_from(&snapshot.disk);
        self.counter = snapshot.counter;
        self.heard_ms = snapshot.heard_ms;
        self.blind_ms = snapshot.blind_ms + ago_ms;
        self.ahead_ms = snapshot.ahead_ms.saturating_sub(ago_ms);
        self.load();
        if self.rng.random_ratio(2, 3) {
            self.offset_ms = -(ago_ms as i64);
        }
        self.cheated = true;
        self.restores += 1;
        self.tally.restores += 1;
    }

    /// The device reaches the DMS, which judges it before it answers.
    fn contact(&mut self) {
        self.save();
        let contact = self.watch.contact();
        let verdict = judge(self.server, contact);
        let is_older = self.server.is_some_and(|last| self.counter < last.counter);
        match verdict {
            Verdict::Fine => assert!(!is_older, "a restored watch was not found"),
            Verdict::WentBack => {
                assert!(self.restores > 0, "an honest device is suspected");
                self.tally.found += 1;
                return;
            }
        }
        self.server = Some(contact.kept(self.true_ms));
        let signed_ms = self.true_ms;
        let waited_ms = [0, 200, 59_000, 90_000][self.rng.random_range(0..4)];
        self.true_ms += waited_ms;
        self.watch.ran(waited_ms);
        if self.rng.random_ratio(1, 5) {
            return; // The answer is lost.
        }
        let taken = self.watch.server_answers(signed_ms, waited_ms);
        self.signed_ms = signed_ms;
        self.heard_ms = signed_ms;
        if taken.is_ok() {
            (self.blind_ms, self.ahead_ms) = (waited_ms, 0);
        } else {
            self.tally.late_answers += 1;
            self.blind_ms = self.blind_ms.min(waited_ms);
        }
    }

    /// Something arrives that the DMS signed a while ago.
    fn hear_an_old_time(&mut self) {
        let old_ms = self.rng.random_range(START..=self.signed_ms);
        self.watch.server_says(old_ms);
        self.heard_ms = self.heard_ms.max(old_ms);
        self.blind_ms = self.blind_ms.min(self.true_ms - old_ms);
        // The licence coming in again changes nothing.
        self.watch.admit(&self.lease, self.budget_ms).unwrap();
    }

    fn step(&mut self) {
        match self.rng.random_range(0..24) {
            0..=7 => self.run(),
            8..=11 => self.set_clock(),
            12..=14 => {
                let for_ms = self.rng.random_range(1..12 * HOUR);
                self.sleep(for_ms);
            }
            15 => {
                let for_ms = self.rng.random_range(1..4 * DAY);
                self.sleep(for_ms);
            }
            16 => self.kill(),
            17..=18 => self.contact(),
            19 => self.hear_an_old_time(),
            20 => self.take_snapshot(),
            21 if self.may_cheat => self.restore(),
            22 if self.may_cheat => self.hold_clock(),
            _ => self.offset_ms = 0,
        }
        self.save();
    }
}

#[test]
fn no_story_of_clocks_wins_more_than_is_written() {
    let mut all = Tally::default();
    for seed in 0..SCRIPTS {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        let tally = world.tally;
        all.played += tally.played;
        all.clock_back += tally.clock_back;
        all.over += tally.over;
        all.spent += tally.spent;
        all.early += tally.early;
        all.won += tally.won;
        all.restores += tally.restores;
        all.found += tally.found;
        all.late_answers += tally.late_answers;
    }
    let Tally {
        played,
        clock_back,
        over,
        spent,
        early,
        won,
        restores,
        found,
        late_answers,
    } = all;
    for count in [played, clock_back, over, spent, early] {
        assert!(count > 1000, "{all:?}");
    }
    for count in [won, restores, found, late_answers] {
        assert!(count > 50, "{all:?}");
    }
}

fn held_lease() -> Lease {
    Lease {
        license_id: [1; 16],
        issued_ms: START,
        not_before_ms: START,
        not_after_ms: START + DAY,
        offline_until_ms: START + DAY,
    }
}

/// Plays ten minutes at a time with the clock set back to where it was before each, until nothing
/// is played any more. Returns what was played, milliseconds.
fn play_with_a_held_clock(watch: &mut Watch) -> u64 {
    let lease = held_lease();
    let mut wall_ms = watch.contact().mark_ms;
    let mut played_ms = 0;
    loop {
        for _ in 0..20 {
            let may = watch.check(wall_ms, &lease).is_ok();
            if !may || watch.play(lease.license_id, SLICE).is_err() {
                return played_ms;
            }
            played_ms += SLICE;
            wall_ms += SLICE;
            watch.ran(SLICE);
        }
        // Off for years; then the clock goes on from where it stood, less what is tolerated.
        wall_ms = watch.contact().mark_ms - CLOCK_TOLERANCE_MS;
    }
}

#[test]
fn a_held_clock_wins_until_the_budget_ends_or_the_time_that_was_left() {
    for (budget_ms, expected_ms) in [(0, 0), (HOUR, HOUR), (23 * HOUR, 23 * HOUR), (9 * DAY, DAY)] {
        let mut watch = Watch::new(START);
        watch.admit(&held_lease(), budget_ms).unwrap();
        assert_eq!(play_with_a_held_clock(&mut watch), expected_ms);
    }
}

#[test]
fn a_snapshot_wins_a_budget_each_time_and_is_found_at_the_next_contact() {
    let mut rng = StdRng::seed_from_u64(5);
    let key = SealKey::generate(&mut rng);
    let mut watch = Watch::new(START);
    watch.admit(&held_lease(), HOUR).unwrap();
    let image = watch.to_sealed(&key, DEVICE, &mut rng).unwrap();
    // The DMS hears of the device once more after the image was taken.
    watch.to_sealed(&key, DEVICE, &mut rng).unwrap();
    let last_seen = watch.contact().kept(START);

    let mut played_ms = 0;
    for _ in 0..3 {
        watch = Watch::from_sealed(&image, &key, DEVICE).unwrap();
        played_ms += play_with_a_held_clock(&mut watch);
    }
    assert_eq!(played_ms, 3 * HOUR);
    let verdict = judge(Some(last_seen), watch.contact());
    assert_eq!(verdict, Verdict::WentBack);
}
