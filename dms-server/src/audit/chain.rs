//! The chain: each row's MAC covers the row and the MAC before it.
//!
//! HMAC-SHA-256 under a key that lies with the installation's other keys and not in the database. Whoever can write the
//! database but has not the key can neither change a row, nor take one out, nor add one, without
//! [`Verifier`] naming it. The head's seal covers how long the log is, so that its end cannot be cut off
//! alone; a whole older state of the database put back is found by a head that was noted outside it.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// Bytes of a MAC.
pub const MAC_LEN: usize = 32;

/// What stands before the first row.
pub const BEFORE_ALL: [u8; MAC_LEN] = [0; MAC_LEN];

/// Faults that one verification names; a log with more is damaged as a whole.
const FAULTS_MAX: usize = 100;

/// The key of the chain. Its `Debug` does not show it.
pub struct ChainKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChainKey(..)")
    }
}

/// One row as it is covered by its MAC.
#[derive(Clone, Copy, Debug)]
pub struct Covered<'a> {
    /// Its number, from 1.
    pub seq: i64,
    /// When, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The kind of actor, its id, its name; action; kind of object, its id; detail as JSON text.
    pub texts: [&'a str; 7],
}

impl ChainKey {
    /// The key with these bytes.
    #[must_use]
    pub fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// The MAC of a row behind the row with the MAC `before`.
    #[must_use]
    pub fn of_row(&self, before: &[u8], row: &Covered<'_>) -> [u8; MAC_LEN] {
        let mut mac = self.start(b"dms audit row v1");
        part(&mut mac, before);
        part(&mut mac, &row.seq.to_be_bytes());
        part(&mut mac, &row.at_ms.to_be_bytes());
        row.texts
            .iter()
            .for_each(|text| part(&mut mac, text.as_bytes()));
        mac.finalize().into_bytes().into()
    }

    /// The seal of a log whose last row is `seq` with the MAC `last`.
    #[must_use]
    pub fn of_head(&self, seq: i64, last: &[u8]) -> [u8; MAC_LEN] {
        let mut mac = self.start(b"dms audit head v1");
        part(&mut mac, &seq.to_be_bytes());
        part(&mut mac, last);
        mac.finalize().into_bytes().into()
    }

    fn start(&self, label: &[u8]) -> Hmac<Sha256> {
        let mut mac = hmac(&self.0);
        part(&mut mac, label);
        mac
    }
}

/// HMAC-SHA-256 under a key of 32 bytes, which HMAC itself fills up with zeros to a block.
pub(crate) fn hmac(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    Hmac::new(&(*block).into())
}

/// Its length goes before each part: no two rows look the same.
fn part(mac: &mut Hmac<Sha256>, bytes: &[u8]) {
    mac.update(&(bytes.len() as u64).to_be_bytes());
    mac.update(bytes);
}

/// What is wrong with the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// The row is not what was written.
    Changed {
        /// Its number.
        seq: i64,
    },
    /// Rows are gone.
    Missing {
        /// The first of them.
        from: i64,
        /// The last of them.
        to: i64,
    },
    /// The head is not the one that belongs to the last row.
    Head,
    /// The head that was noted outside is not in the log.
    Noted {
        /// The row it names.
        seq: i64,
    },
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// Whether every row is what was written and none is missing.
    pub whole: bool,
    /// Rows that were read.
    pub rows: u64,
    /// The last row and its MAC, `SEQ:MAC`: noted elsewhere, it shows later that nothing was rolled back.
    pub head: String,
    /// What is wrong, at most 100 things.
    pub faults: Vec<Fault>,
}

/// A head that was noted outside the database, as [`Report::head`] spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    seq: i64,
    mac: [u8; MAC_LEN],
}

impl std::str::FromStr for Noted {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "give the head as the verification printed it, NUMBER:64 hexadecimal digits";
        let (seq, mac) = text.trim().split_once(':').ok_or(wrong)?;
        let mut bytes = [0; MAC_LEN];
        hex::decode_to_slice(mac, &mut bytes).map_err(|_| wrong)?;
        let seq = seq.parse().ok().filter(|seq| *seq > 0).ok_or(wrong)?;
        Ok(Self { seq, mac: bytes })
    }
}

/// Goes through a log from its first row to its last.
#[derive(Debug)]
pub struct Verifier<'a> {
    key: &'a ChainKey,
    noted: Option<Noted>,
    last: i64,
    before: Vec<u8>,
    rows: u64,
    faults: Vec<Fault>,
}

impl<'a> Verifier<'a> {
    /// Begins before the first row.
    #[must_use]
    pub fn new(key: &'a ChainKey, noted: Option<Noted>) -> Self {
        Self {
            key,
            noted,
            last: 0,
            before: BEFORE_ALL.to_vec(),
            rows: 0,
            faults: Vec::new(),
        }
    }

    /// The number of the last row that was taken.
    #[must_use]
    pub fn last(&self) -> i64 {
        self.last
    }

    /// Takes the next row with the MAC that stands beside it.
    pub fn take(&mut self, row: &Covered<'_>, mac: &[u8]) {
        let follows = row.seq == self.last + 1;
        if !follows {
            self.fault(Fault::Missing {
                from: self.last + 1,
                to: row.seq - 1,
            });
        } else if !same(&self.key.of_row(&self.before, row), mac) {
            // The next row is checked against what stands here: each changed row is named, not all behind it.
            self.fault(Fault::Changed { seq: row.seq });
        }
        if self.noted.as_ref().is_some_and(|n| n.seq == row.seq) {
            let noted = self.noted.take();
            if noted.is_some_and(|n| !same(&n.mac, mac)) {
                self.fault(Fault::Noted { seq: row.seq });
            }
        }
        self.rows += 1;
        self.last = row.seq;
        self.before = mac.to_vec();
    }

    /// Ends behind the last row, with the head as the database has it.
    #[must_use]
    pub fn finish(mut self, head_seq: i64, head_mac: &[u8], seal: &[u8]) -> Report {
        if head_seq > self.last {
            self.fault(Fault::Missing {
                from: self.last + 1,
                to: head_seq,
            });
        }
        let sealed = same(&self.key.of_head(head_seq, head_mac), seal);
        if !sealed || head_seq < self.last || (head_seq == self.last && head_mac != self.before) {
            self.fault(Fault::Head);
        }
        if let Some(noted) = self.noted.take() {
            self.fault(Fault::Noted { seq: noted.seq });
        }
        Report {
            whole: self.faults.is_empty(),
            rows: self.rows,
            head: format!("{}:{}", self.last, hex::encode(&self.before)),
            faults: self.faults,
        }
    }

    fn fault(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }
}

fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests;
