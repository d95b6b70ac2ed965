//! Every change to a log is named.

use super::*;

fn key() -> ChainKey {
    ChainKey::new(Zeroizing::new([7; 32]))
}

/// A row as it stands in a table.
#[derive(Clone)]
struct Row {
    seq: i64,
    at_ms: i64,
    texts: [String; 7],
    mac: Vec<u8>,
}

impl Row {
    fn covered(&self) -> Covered<'_> {
        Covered {
            seq: self.seq,
            at_ms: self.at_ms,
            texts: std::array::from_fn(|i| self.texts[i].as_str()),
        }
    }
}

fn log(rows: i64) -> Vec<Row> {
    let (key, mut before) = (key(), BEFORE_ALL.to_vec());
    let row = |seq: i64| {
        let mut row = Row {
            seq,
            at_ms: 1000 + seq,
            texts: std::array::from_fn(|i| format!("text {i} of {seq}")),
            mac: Vec::new(),
        };
        row.mac = key.of_row(&before, &row.covered()).to_vec();
        before.clone_from(&row.mac);
        row
    };
    (1..=rows).map(row).collect()
}

fn verify(rows: &[Row], head: &Row, noted: Option<&str>) -> Report {
    let key = key();
    let noted = noted.map(|text| text.parse().expect("a head"));
    let mut verifier = Verifier::new(&key, noted);
    rows.iter()
        .for_each(|row| verifier.take(&row.covered(), &row.mac));
    let seal = key.of_head(head.seq, &head.mac);
    verifier.finish(head.seq, &head.mac, &seal)
}

#[test]
fn a_log_as_it_was_written_is_whole() {
    let rows = log(50);
    let report = verify(&rows, &rows[49], None);
    assert_eq!((report.whole, report.rows), (true, 50), "{report:?}");
    let earlier = verify(&rows[..20], &rows[19], None).head;
    assert!(verify(&rows, &rows[49], Some(&earlier)).whole);
}

#[test]
fn each_changed_field_of_each_row_is_named_and_no_other_row() {
    let rows = log(12);
    let last = rows[11].clone();
    let changes: [fn(&mut Row); 10] = [
        |row| row.at_ms += 1,
        |row| row.texts[0].push('x'),
        |row| row.texts[1].clear(),
        |row| row.texts[2] = row.texts[2].to_uppercase(),
        |row| row.texts[3].push('x'),
        |row| row.texts[4].push('x'),
        |row| row.texts[5].push('x'),
        |row| row.texts[6].push(' '),
        // From one field into the next: the parts' lengths are covered.
        |row| {
            let moved = row.texts[1].pop().expect("a letter");
            row.texts[2].insert(0, moved);
        },
        |row| row.texts.swap(3, 4),
    ];
    for at in 0..rows.len() {
        for (number, change) in changes.iter().enumerate() {
            let mut changed = rows.clone();
            change(&mut changed[at]);
            let seq = at as i64 + 1;
            let report = verify(&changed, &last, None);
            assert_eq!(report.faults, [Fault::Changed { seq }], "{number}");
        }
        let mut changed = rows.clone();
        changed[at].mac[0] ^= 1;
        let first = verify(&changed, &last, None).faults.into_iter().next();
        let seq = at as i64 + 1;
        assert_eq!(first, Some(Fault::Changed { seq }));
    }
}

#[test]
fn rows_that_are_gone_are_named_wherever_they_were() {
    let rows = log(9);
    let last = &rows[8];
    for (gone, from, to) in [(0..2, 1, 2), (3..4, 4, 4), (3..6, 4, 6), (7..9, 8, 9)] {
        let mut left = rows.clone();
        left.drain(gone);
        let faults = verify(&left, last, None).faults;
        assert_eq!(faults[0], Fault::Missing { from, to }, "{faults:?}");
    }
}

#[test]
fn who_has_not_the_key_can_neither_add_rows_nor_cut_the_end_off() {
    let rows = log(9);
    let other = ChainKey::new(Zeroizing::new([8; 32]));
    let mut forged = rows[8].clone();
    forged.seq = 10;
    forged.mac = other.of_row(&rows[8].mac, &forged.covered()).to_vec();
    let mut more = rows.clone();
    more.push(forged);
    let key = key();
    let check = |rows: &[Row], seq: i64, mac: &[u8], seal: &[u8]| {
        let mut verifier = Verifier::new(&key, None);
        rows.iter()
            .for_each(|row| verifier.take(&row.covered(), &row.mac));
        verifier.finish(seq, mac, seal).faults
    };
    let forged_seal = other.of_head(10, &more[9].mac);
    let faults = check(&more, 10, &more[9].mac, &forged_seal);
    assert_eq!(faults, [Fault::Changed { seq: 10 }, Fault::Head]);
    // The end cut off, with the head moved back under the old seal.
    let seal = key.of_head(9, &rows[8].mac);
    let faults = check(&rows[..5], 5, &rows[4].mac, &seal);
    assert_eq!(faults, [Fault::Head]);
    // Nothing left at all.
    assert_eq!(check(&[], 0, &BEFORE_ALL, &[0; 32]), [Fault::Head]);
}

#[test]
fn a_whole_older_state_is_found_by_a_head_noted_outside() {
    let rows = log(9);
    let head = verify(&rows, &rows[8], None).head;
    let faults = verify(&rows[..5], &rows[4], Some(&head)).faults;
    assert_eq!(faults, [Fault::Noted { seq: 9 }]);
    for wrong in ["", "9", "9:", "9:zz", "0:00", &head[..head.len() - 1]] {
        assert!(wrong.parse::<Noted>().is_err(), "{wrong}");
    }
}

#[test]
fn debug_output_holds_no_key() {
    assert!(!format!("{:?}", key()).contains('7'));
}
