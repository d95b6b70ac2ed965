//! SCTE-35 (2023) splice information: what a broadcaster says of breaks in its stream.
//!
//! [`read`] and [`write`] are the section itself, [`text::bytes`] its usual spellings, [`build`] the messages that
//! begin and end a break. Times are ticks of 90 kHz in 33 bits.

mod bits;
pub mod build;
mod error;
mod read;
pub mod segmentation;
pub mod text;
mod write;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod tests;

pub use error::SpliceError;
pub use read::{cut, read};
pub use segmentation::{Restrictions, Segment, Segmentation, SubSegment, Upid};
pub use write::write;

/// The longest section, bytes: what its length field can say, and the three bytes before.
pub const MAX_LEN: usize = 4096;
/// Ticks a second.
pub const TICKS: u64 = 90_000;
/// Times wrap here.
const WRAP: u64 = 1 << 33;

/// A splice_info_section that was not encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpliceInfo {
    /// Kind of stream access point, 0 to 3; 3: not said.
    pub sap_type: u8,
    /// What is added to every time of the message, ticks.
    pub pts_adjustment: u64,
    /// Which key; without meaning in the clear.
    pub cw_index: u8,
    /// Who is meant, 12 bits; 0xfff: everybody.
    pub tier: u16,
    /// What is to be done.
    pub command: Command,
    /// What is said beside it.
    pub descriptors: Vec<Descriptor>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Nothing: a heartbeat, or descriptors alone.
    Null,
    /// Splices by the clock on the wall; not read.
    Schedule(Vec<u8>),
    /// A splice out of the content or back.
    Insert(Insert),
    /// A time for the descriptors.
    TimeSignal(Option<u64>),
    /// Nothing: it keeps bandwidth.
    BandwidthReservation,
    /// Somebody's own.
    Private {
        /// Whose.
        identifier: u32,
        /// What.
        bytes: Vec<u8>,
    },
}

/// A splice out of the content or back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insert {
    /// Names the splice; the way back has the same one.
    pub event_id: u32,
    /// None: the splice of this name is cancelled.
    pub detail: Option<InsertDetail>,
}

/// What a splice is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsertDetail {
    /// Out of the content; otherwise back.
    pub out_of_network: bool,
    /// What is spliced, and when.
    pub target: Target,
    /// How long the break is.
    pub duration: Option<BreakDuration>,
    /// The program.
    pub unique_program_id: u16,
    /// Which avail of the program; 0: not said.
    pub avail_num: u8,
    /// How many there are.
    pub avails_expected: u8,
}

/// What is spliced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// All of the program.
    Program(When),
    /// These components, by tag.
    Components(Vec<(u8, When)>),
}

/// When it is spliced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At once.
    Immediate,
    /// At this time; none: as soon as somebody says.
    At(Option<u64>),
}

/// How long a break is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakDuration {
    /// It ends by itself; otherwise a message ends it.
    pub auto_return: bool,
    /// Ticks.
    pub ticks: u64,
}

/// What is said beside a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Descriptor {
    /// A segment of the content begins or ends.
    Segmentation(Segmentation),
    /// Another one: an avail (0), DTMF (1), a time (3), audio (4), or somebody's own.
    Other {
        /// Its tag.
        tag: u8,
        /// Whose it is; `CUEI` are the standard's.
        identifier: u32,
        /// The rest.
        bytes: Vec<u8>,
    },
}

/// Whose the standard's descriptors are: `CUEI`.
pub const CUEI: u32 = 0x4355_4549;

impl SpliceInfo {
    /// A message to everybody, with nothing added.
    #[must_use]
    pub fn of(command: Command) -> Self {
        Self {
            sap_type: 3,
            pts_adjustment: 0,
            cw_index: 0xff,
            tier: 0xfff,
            command,
            descriptors: Vec::new(),
        }
    }

    /// When the command applies, ticks of the stream's clock: the time it names and the adjustment.
    #[must_use]
    pub fn pts(&self) -> Option<u64> {
        let named = match &self.command {
            Command::TimeSignal(at) => *at,
            Command::Insert(insert) => match &insert.detail.as_ref()?.target {
                Target::Program(When::At(at)) => *at,
                Target::Program(When::Immediate) => None,
                // The break begins where the first component is spliced.
                Target::Components(components) => {
                    components.iter().find_map(|(_, when)| match when {
                        When::At(at) => *at,
                        When::Immediate => None,
                    })
                }
            },
            _ => None,
        };
        named.map(|at| (at + self.pts_adjustment) % WRAP)
    }

    /// The segments that it speaks of.
    pub fn segmentations(&self) -> impl Iterator<Item = &Segmentation> {
        self.descriptors.iter().filter_map(|d| match d {
            Descriptor::Segmentation(segmentation) => Some(segmentation),
            Descriptor::Other { .. } => None,
        })
    }
}

/// Ticks as milliseconds, to the nearest.
#[must_use]
pub const fn ms(ticks: u64) -> u64 {
    (ticks + TICKS / 2000) / (TICKS / 1000)
}

/// CRC-32 of MPEG-2 systems.
fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte) << 24;
        for _ in 0..8 {
            let carry = crc & 0x8000_0000 != 0;
            crc <<= 1;
            if carry {
                crc ^= 0x04c1_1db7;
            }
        }
    }
    crc
}
