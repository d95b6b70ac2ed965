//! The messages that begin and end a break.

use super::{
    BreakDuration, Command, Descriptor, Insert, InsertDetail, Segment, Segmentation, SpliceInfo,
    Target, Upid, When,
};

/// The type of a provider's ad that begins; its end is the next one.
const PROVIDER_AD: u8 = 0x30;

fn insert(event_id: u32, out: bool, pts: u64, duration: Option<BreakDuration>) -> SpliceInfo {
    let detail = InsertDetail {
        out_of_network: out,
        target: Target::Program(When::At(Some(pts))),
        duration,
        unique_program_id: 1,
        avail_num: 0,
        avails_expected: 0,
    };
    SpliceInfo::of(Command::Insert(Insert {
        event_id,
        detail: Some(detail),
    }))
}

/// A splice_insert out of the content at `pts` and one back, `ticks` later. The break ends by itself too.
#[must_use]
pub fn splice_pair(event_id: u32, pts: u64, ticks: u64) -> (SpliceInfo, SpliceInfo) {
    let duration = BreakDuration {
        auto_return: true,
        ticks,
    };
    let back = pts.wrapping_add(ticks) % super::WRAP;
    (
        insert(event_id, true, pts, Some(duration)),
        insert(event_id, false, back, None),
    )
}

fn ad(event_id: u32, type_id: u8, pts: u64, duration: Option<u64>, upid: &Upid) -> SpliceInfo {
    let segment = Segment {
        components: None,
        duration,
        restrictions: None,
        upid: upid.clone(),
        type_id,
        num: 1,
        expected: 1,
        sub_segment: None,
    };
    let mut info = SpliceInfo::of(Command::TimeSignal(Some(pts)));
    info.descriptors
        .push(Descriptor::Segmentation(Segmentation {
            event_id,
            segment: Some(segment),
        }));
    info
}

/// A time_signal where a provider's ad begins at `pts`, and one where it ends, `ticks` later.
#[must_use]
pub fn ad_pair(event_id: u32, pts: u64, ticks: u64, upid: &Upid) -> (SpliceInfo, SpliceInfo) {
    let end = pts.wrapping_add(ticks) % super::WRAP;
    (
        ad(event_id, PROVIDER_AD, pts, Some(ticks), upid),
        ad(event_id, PROVIDER_AD + 1, end, None, upid),
    )
}
