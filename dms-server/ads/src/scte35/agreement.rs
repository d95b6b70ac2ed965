//! Another decoder reads what we write as we do.

use scte35::{SpliceCommand, SpliceDescriptor, parse_splice_info_section};

use super::build::{ad_pair, splice_pair};
use super::*;

fn messages() -> Vec<SpliceInfo> {
    let mut all = Vec::new();
    for n in 0..10_u32 {
        let pts = u64::from(n) * 0x3333_3333 % WRAP;
        let upid = Upid {
            kind: 0x03,
            bytes: b"ABCD0001000H".to_vec(),
        };
        let (mut a, b) = splice_pair(n, pts, 90_000 * u64::from(n + 1));
        a.pts_adjustment = WRAP - 1 - u64::from(n);
        a.tier = 0x100 + n as u16;
        let (c, mut d) = ad_pair(0x4800_0000 + n, pts, 2_700_000, &upid);
        if let Some(Descriptor::Segmentation(Segmentation {
            segment: Some(segment),
            ..
        })) = d.descriptors.first_mut()
        {
            segment.type_id = 0x34;
            segment.sub_segment = Some(SubSegment {
                num: 1,
                expected: 2,
            });
            segment.restrictions = Some(Restrictions {
                web_delivery_allowed: n % 2 == 0,
                no_regional_blackout: n % 3 == 0,
                archive_allowed: n % 5 == 0,
                device_restrictions: n as u8 % 4,
            });
        }
        all.extend([a, b, c, d]);
    }
    all.push(SpliceInfo::of(Command::Null));
    all
}

#[test]
fn another_decoder_agrees() {
    let all = messages();
    assert!(all.len() >= 30);
    for info in all {
        let bytes = write(&info).expect("bytes");
        let theirs = parse_splice_info_section(&bytes).expect("they read it");
        let ours = read(&bytes).expect("we read it");
        assert_eq!(ours, info);
        assert_eq!(theirs.pts_adjustment, ours.pts_adjustment);
        assert_eq!((theirs.tier, theirs.cw_index), (ours.tier, ours.cw_index));
        match (&theirs.splice_command, &ours.command) {
            (SpliceCommand::SpliceNull, Command::Null) => {}
            (SpliceCommand::TimeSignal(them), Command::TimeSignal(us)) => {
                assert_eq!(them.splice_time.pts_time, *us);
            }
            (SpliceCommand::SpliceInsert(them), Command::Insert(us)) => {
                let detail = us.detail.as_ref().expect("not cancelled");
                assert_eq!(them.splice_event_id, us.event_id);
                assert_eq!(them.out_of_network_indicator == 1, detail.out_of_network);
                let at = them.splice_time.as_ref().and_then(|time| time.pts_time);
                assert_eq!(Target::Program(When::At(at)), detail.target);
                let ticks = them
                    .break_duration
                    .as_ref()
                    .map(|d| (d.auto_return == 1, d.duration));
                assert_eq!(ticks, detail.duration.map(|d| (d.auto_return, d.ticks)));
            }
            (theirs, ours) => panic!("{theirs:?} {ours:?}"),
        }
        assert_eq!(theirs.splice_descriptors.len(), ours.descriptors.len());
        for (them, us) in theirs.splice_descriptors.iter().zip(ours.segmentations()) {
            let SpliceDescriptor::Segmentation(them) = them else {
                panic!("{them:?}");
            };
            let segment = us.segment.as_ref().expect("not cancelled");
            assert_eq!(them.segmentation_event_id, us.event_id);
            assert_eq!(them.segmentation_duration, segment.duration);
            assert_eq!(them.segmentation_upid, segment.upid.bytes);
            assert_eq!(them.segmentation_type_id, segment.type_id);
            let restricted = them.web_delivery_allowed_flag;
            assert_eq!(
                restricted,
                segment.restrictions.map(|r| r.web_delivery_allowed)
            );
            assert_eq!(
                them.device_restrictions,
                segment.restrictions.map(|r| r.device_restrictions)
            );
            assert_eq!(them.sub_segment_num, segment.sub_segment.map(|s| s.num));
        }
    }
}
