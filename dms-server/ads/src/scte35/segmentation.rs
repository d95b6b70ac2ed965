//! Segmentation descriptors: programs, chapters, breaks and ads begin and end.

use super::SpliceError;
use super::bits::{Bits, Writer};

/// The descriptor's tag.
pub(super) const TAG: u8 = 0x02;

/// A segment of the content begins or ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segmentation {
    /// Names the segment; its end has the same one.
    pub event_id: u32,
    /// None: the segment of this name is cancelled.
    pub segment: Option<Segment>,
}

/// What is said of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Components by tag with an offset of each, ticks; none: all of the program.
    pub components: Option<Vec<(u8, u64)>>,
    /// How long it is, ticks (40 bits).
    pub duration: Option<u64>,
    /// How it may be delivered; none: anyhow.
    pub restrictions: Option<Restrictions>,
    /// What it is, as others call it.
    pub upid: Upid,
    /// What begins or ends; [`type_name`] says it in words.
    pub type_id: u8,
    /// Which of its kind, from 1; 0: not said.
    pub num: u8,
    /// How many of its kind there are.
    pub expected: u8,
    /// Its place in what it is a part of.
    pub sub_segment: Option<SubSegment>,
}

/// How a segment may be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restrictions {
    /// Over the web.
    pub web_delivery_allowed: bool,
    /// Everywhere.
    pub no_regional_blackout: bool,
    /// To be kept.
    pub archive_allowed: bool,
    /// Groups of devices that are left out, 0 to 2; 3: none.
    pub device_restrictions: u8,
}

/// A unique program id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upid {
    /// Which registry; [`upid_name`] says it in words.
    pub kind: u8,
    /// The id.
    pub bytes: Vec<u8>,
}

/// The place of a segment in what it is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubSegment {
    /// Which.
    pub num: u8,
    /// Of how many.
    pub expected: u8,
}

/// What a kind of segment is to breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// One begins.
    Out,
    /// One ends.
    In,
}

/// Kinds that make breaks, by the id of their beginning; the id of their end is the next one. Overlays
/// lie over the content and interrupt nothing.
const BREAKS: [u8; 7] = [0x22, 0x30, 0x32, 0x34, 0x36, 0x44, 0x46];

/// Whether a segment of this type is a break, and which end of it.
#[must_use]
pub fn edge(type_id: u8) -> Option<Edge> {
    if BREAKS.contains(&type_id) {
        Some(Edge::Out)
    } else if BREAKS.contains(&type_id.wrapping_sub(1)) {
        Some(Edge::In)
    } else {
        None
    }
}

/// What a segmentation_type_id is called.
#[must_use]
pub const fn type_name(type_id: u8) -> &'static str {
    match type_id {
        0x00 => "Not Indicated",
        0x01 => "Content Identification",
        0x02 => "Private",
        0x10 => "Program Start",
        0x11 => "Program End",
        0x12 => "Program Early Termination",
        0x13 => "Program Breakaway",
        0x14 => "Program Resumption",
        0x15 => "Program Runover Planned",
        0x16 => "Program Runover Unplanned",
        0x17 => "Program Overlap Start",
        0x18 => "Program Blackout Override",
        0x19 => "Program Join",
        0x1a => "Program Immediate Resumption",
        0x20 => "Chapter Start",
        0x21 => "Chapter End",
        0x22 => "Break Start",
        0x23 => "Break End",
        0x24 => "Opening Credit Start",
        0x25 => "Opening Credit End",
        0x26 => "Closing Credit Start",
        0x27 => "Closing Credit End",
        0x30 => "Provider Advertisement Start",
        0x31 => "Provider Advertisement End",
        0x32 => "Distributor Advertisement Start",
        0x33 => "Distributor Advertisement End",
        0x34 => "Provider Placement Opportunity Start",
        0x35 => "Provider Placement Opportunity End",
        0x36 => "Distributor Placement Opportunity Start",
        0x37 => "Distributor Placement Opportunity End",
        0x38 => "Provider Overlay Placement Opportunity Start",
        0x39 => "Provider Overlay Placement Opportunity End",
        0x3a => "Distributor Overlay Placement Opportunity Start",
        0x3b => "Distributor Overlay Placement Opportunity End",
        0x3c => "Provider Promo Start",
        0x3d => "Provider Promo End",
        0x3e => "Distributor Promo Start",
        0x3f => "Distributor Promo End",
        0x40 => "Unscheduled Event Start",
        0x41 => "Unscheduled Event End",
        0x42 => "Alternate Content Opportunity Start",
        0x43 => "Alternate Content Opportunity End",
        0x44 => "Provider Ad Block Start",
        0x45 => "Provider Ad Block End",
        0x46 => "Distributor Ad Block Start",
        0x47 => "Distributor Ad Block End",
        0x50 => "Network Start",
        0x51 => "Network End",
        _ => "Reserved",
    }
}

/// What a registry of program ids is called.
#[must_use]
pub const fn upid_name(kind: u8) -> &'static str {
    match kind {
        0x00 => "Not Used",
        0x01 => "User Defined",
        0x02 => "ISCI",
        0x03 => "Ad-ID",
        0x04 => "UMID",
        0x05 => "ISAN (old)",
        0x06 => "ISAN",
        0x07 => "TID",
        0x08 => "TI",
        0x09 => "ADI",
        0x0a => "EIDR",
        0x0b => "ATSC Content Identifier",
        0x0c => "MPU",
        0x0d => "MID",
        0x0e => "ADS Information",
        0x0f => "URI",
        0x10 => "UUID",
        0x11 => "SCR",
        _ => "Reserved",
    }
}

impl Upid {
    /// The ids in it: of a MID each of its own, otherwise itself. What cannot be read so is one.
    #[must_use]
    pub fn all(&self) -> Vec<Self> {
        let whole = || vec![self.clone()];
        if self.kind != 0x0d {
            return whole();
        }
        let mut all = Vec::new();
        let mut rest = self.bytes.as_slice();
        while let [kind, len, behind @ ..] = rest {
            let Some((bytes, next)) = behind.split_at_checked(usize::from(*len)) else {
                return whole();
            };
            all.push(Self {
                kind: *kind,
                bytes: bytes.to_vec(),
            });
            rest = next;
        }
        if rest.is_empty() { all } else { whole() }
    }

    /// It as text, where its registry writes text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        let is_text = matches!(self.kind, 0x01..=0x03 | 0x07 | 0x09 | 0x0e | 0x0f | 0x11);
        let text = std::str::from_utf8(&self.bytes).ok()?;
        (is_text && !text.chars().any(char::is_control)).then_some(text)
    }
}

pub(super) fn read(bits: &mut Bits<'_>) -> Result<Segmentation, SpliceError> {
    let event_id = bits.take(32, "segmentation_event_id")? as u32;
    let cancelled = bits.flag("segmentation_event_cancel_indicator")?;
    bits.take(7, "segmentation_descriptor")?;
    let segment = match cancelled {
        true => None,
        false => Some(segment(bits)?),
    };
    Ok(Segmentation { event_id, segment })
}

fn segment(bits: &mut Bits<'_>) -> Result<Segment, SpliceError> {
    let program = bits.flag("program_segmentation_flag")?;
    let has_duration = bits.flag("segmentation_duration_flag")?;
    let unrestricted = bits.flag("delivery_not_restricted_flag")?;
    let said = Restrictions {
        web_delivery_allowed: bits.flag("web_delivery_allowed_flag")?,
        no_regional_blackout: bits.flag("no_regional_blackout_flag")?,
        archive_allowed: bits.flag("archive_allowed_flag")?,
        device_restrictions: bits.take(2, "device_restrictions")? as u8,
    };
    let mut components = None;
    if !program {
        let mut all = Vec::new();
        for _ in 0..bits.byte("component_count")? {
            let tag = bits.byte("component_tag")?;
            bits.take(7, "pts_offset")?;
            all.push((tag, bits.take(33, "pts_offset")?));
        }
        components = Some(all);
    }
    let duration = match has_duration {
        true => Some(bits.take(40, "segmentation_duration")?),
        false => None,
    };
    let kind = bits.byte("segmentation_upid_type")?;
    let len = bits.byte("segmentation_upid_length")?;
    let bytes = bits.bytes(usize::from(len), "segmentation_upid")?.to_vec();
    let mut segment = Segment {
        components,
        duration,
        restrictions: (!unrestricted).then_some(said),
        upid: Upid { kind, bytes },
        type_id: bits.byte("segmentation_type_id")?,
        num: bits.byte("segment_num")?,
        expected: bits.byte("segments_expected")?,
        sub_segment: None,
    };
    // Editions of the standard differ in which types have one; that two bytes are left says it.
    if bits.left() > 0 {
        segment.sub_segment = Some(SubSegment {
            num: bits.byte("sub_segment_num")?,
            expected: bits.byte("sub_segments_expected")?,
        });
    }
    Ok(segment)
}

pub(super) fn write(out: &mut Writer, of: &Segmentation) -> Result<(), SpliceError> {
    out.put(32, of.event_id.into());
    out.flag(of.segment.is_none()).reserved(7);
    let Some(segment) = &of.segment else {
        return Ok(());
    };
    out.flag(segment.components.is_none());
    out.flag(segment.duration.is_some());
    out.flag(segment.restrictions.is_none());
    match segment.restrictions {
        Some(said) => out
            .flag(said.web_delivery_allowed)
            .flag(said.no_regional_blackout)
            .flag(said.archive_allowed)
            .put(2, said.device_restrictions.into()),
        None => out.reserved(5),
    };
    if let Some(components) = &segment.components {
        out.put(8, count(components.len())?);
        for (tag, offset) in components {
            out.put(8, (*tag).into()).reserved(7).put(33, *offset);
        }
    }
    if let Some(duration) = segment.duration {
        out.put(40, duration);
    }
    out.put(8, segment.upid.kind.into());
    out.put(8, count(segment.upid.bytes.len())?);
    out.extend(&segment.upid.bytes);
    out.put(8, segment.type_id.into());
    out.put(8, segment.num.into());
    out.put(8, segment.expected.into());
    if let Some(sub) = segment.sub_segment {
        out.put(8, sub.num.into()).put(8, sub.expected.into());
    }
    Ok(())
}

fn count(len: usize) -> Result<u64, SpliceError> {
    u8::try_from(len)
        .map(u64::from)
        .map_err(|_| SpliceError::TooLong)
}
