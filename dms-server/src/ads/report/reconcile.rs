//! The comparison of what was counted here with somebody else's log.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::db::OwnRow;
use crate::problem::{Problem, Result};

/// The most lines of a log.
pub const LINES_MAX: usize = 20_000;

/// The most differences that are named.
const NAMED_MAX: usize = 1_000;

/// A line of a log: `instance` or `transaction` (the decision), `event`, and `time`, which is not compared: clocks
/// differ.
#[derive(Clone, Debug, Deserialize)]
struct Line {
    #[serde(default)]
    instance: Option<Uuid>,
    #[serde(default)]
    transaction: Option<Uuid>,
    event: String,
    #[serde(default)]
    time: Option<String>,
}

/// One event that one side has more often than the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdDifference {
    /// The instance, or the decision where the log names that.
    pub id: Uuid,
    /// The event.
    pub event: String,
    /// How often it was counted here.
    pub here: i64,
    /// How often the log has it.
    pub there: i64,
    /// When, as either side says.
    pub time: String,
}

/// How both sides compare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AdReconciliation {
    /// Events that both have.
    pub both: i64,
    /// Events that were counted here and are not in the log.
    pub only_here: i64,
    /// Events that are in the log and were not counted here, or are there more than once.
    pub only_there: i64,
    /// The differences, at most 1,000.
    pub differences: Vec<AdDifference>,
}

/// A log that was read: how often it has each, and whether it names decisions.
#[derive(Debug)]
pub struct Log {
    lines: BTreeMap<(Uuid, String), (i64, String)>,
    by_decision: bool,
}

/// Reads a log in CSV with a line of names.
///
/// # Errors
/// The line that is wrong.
pub fn read(text: &str) -> Result<Log> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader
        .headers()
        .map_err(|error| wrong(1, error.to_string()))?;
    let by_decision = !head.iter().any(|name| name == "instance");
    let mut lines: BTreeMap<(Uuid, String), (i64, String)> = BTreeMap::new();
    for (index, line) in reader.deserialize::<Line>().enumerate() {
        let number = index + 2;
        if index >= LINES_MAX {
            return Err(wrong(
                number,
                format!("Send at most {LINES_MAX} lines at once."),
            ));
        }
        let line = line.map_err(|error| wrong(number, error.to_string()))?;
        let id = if by_decision {
            line.transaction
        } else {
            line.instance
        };
        let missing = "Give a UUID in the column instance or transaction.";
        let id = id.ok_or_else(|| wrong(number, missing.to_owned()))?;
        let entry = lines.entry((id, event_name(&line.event))).or_default();
        entry.0 += 1;
        entry.1 = line.time.unwrap_or_default();
    }
    Ok(Log { lines, by_decision })
}

/// VAST's name of an event as the API's.
fn event_name(name: &str) -> String {
    match name.trim() {
        "firstQuartile" => "first_quartile".to_owned(),
        "thirdQuartile" => "third_quartile".to_owned(),
        "clickTracking" | "ClickTracking" => "click".to_owned(),
        other => other.to_ascii_lowercase(),
    }
}

/// Compares.
#[must_use]
pub fn compare(own: &[OwnRow], log: Log) -> AdReconciliation {
    let mut sides: BTreeMap<(Uuid, String), (i64, i64, String)> = BTreeMap::new();
    for row in own {
        let id = if log.by_decision {
            row.decision
        } else {
            row.instance
        };
        let side = sides.entry((id, row.event.clone())).or_default();
        side.0 += 1;
        side.2 = row.at_ms.to_string();
    }
    for (key, (count, time)) in log.lines {
        let side = sides.entry(key).or_default();
        side.1 += count;
        if side.2.is_empty() {
            side.2 = time;
        }
    }
    let mut result = AdReconciliation::default();
    for ((id, event), (here, there, time)) in sides {
        result.both += here.min(there);
        result.only_here += (here - there).max(0);
        result.only_there += (there - here).max(0);
        if here != there && result.differences.len() < NAMED_MAX {
            result.differences.push(AdDifference {
                id,
                event,
                here,
                there,
                time,
            });
        }
    }
    result
}

fn wrong(line: usize, fix: String) -> Problem {
    let detail = "The log is no CSV with the columns instance (or transaction), event and time.";
    Problem::invalid("invalid_body", detail).at(format!("/line/{line}"), "not_readable", fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_is_compared_as_often_as_it_has_an_event() {
        let (one, two, decision) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(9));
        let own = |instance, event: &str| OwnRow {
            instance,
            decision,
            event: event.to_owned(),
            at_ms: 7,
        };
        let own = [
            own(one, "start"),
            own(one, "first_quartile"),
            own(two, "start"),
        ];
        let text = format!(
            "instance,event,time\n{one},start,x\n{one},start,y\n{one},firstQuartile,z\n{one},click,w\n"
        );
        let compared = compare(&own, read(&text).expect("a log"));
        assert_eq!(
            (compared.both, compared.only_here, compared.only_there),
            (2, 1, 2)
        );
        assert_eq!(compared.differences.len(), 3);
        let text = format!("time,event,transaction\n1,start,{decision}\n2,start,{decision}\n");
        let compared = compare(&own, read(&text).expect("a log"));
        assert_eq!(
            (compared.both, compared.only_here, compared.only_there),
            (2, 1, 0)
        );
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        let bad = [
            ("instance,event\nx,start\n", "/line/2"),
            ("instance,event\n,start\n", "/line/2"),
            ("a,b\n1,2\n", "/line/2"),
            (
                "transaction,event,time\n00000000-0000-0000-0000-000000000001,start,1\n,start,1\n",
                "/line/3",
            ),
        ];
        for (text, place) in bad {
            let problem = read(text).expect_err(text);
            assert_eq!(problem.errors[0].pointer, place, "{text}");
        }
    }
}
