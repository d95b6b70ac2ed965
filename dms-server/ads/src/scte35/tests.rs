//! Round trips, bounds, and bytes that somebody broke.

use proptest::prelude::*;

use super::build::{ad_pair, splice_pair};
use super::*;

/// The standard's sample 14.1: a placement opportunity begins, with an Airing ID.
const SAMPLE: &str = "/DA0AAAAAAAA///wBQb+cr0AUAAeAhxDVUVJSAAAjn/PAAGlmbAICAAAAAAsoKGKNAIAmsnRfg==";

#[test]
fn the_standards_sample_is_read() {
    let bytes = text::bytes(SAMPLE).expect("base64");
    let info = read(&bytes).expect("a message");
    assert_eq!(info.pts(), Some(0x0_72bd_0050));
    let segmentation = info.segmentations().next().expect("a descriptor");
    assert_eq!(segmentation.event_id, 0x4800_008e);
    let segment = segmentation.segment.as_ref().expect("not cancelled");
    assert_eq!(segment.duration, Some(0x0001_a599_b0));
    assert_eq!(
        segmentation::type_name(segment.type_id),
        "Provider Placement Opportunity Start"
    );
    assert_eq!(segmentation::upid_name(segment.upid.kind), "TI");
    assert_eq!(write(&info), Ok(bytes.clone()));
    let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    for spelled in [
        format!("0x{digits}"),
        digits.to_lowercase(),
        format!(" {SAMPLE}\n"),
    ] {
        assert_eq!(text::bytes(&spelled), Ok(bytes.clone()), "{spelled}");
    }
}

#[test]
fn pairs_are_read_as_they_were_built() {
    let upid = Upid {
        kind: 0x03,
        bytes: b"ABCD0001000H".to_vec(),
    };
    let (a, b) = splice_pair(7, (1 << 33) - 1, 90_000);
    let (c, d) = ad_pair(8, 90_000, 90_000, &upid);
    for info in [a, b, c, d] {
        let bytes = write(&info).expect("bytes");
        assert_eq!(read(&bytes), Ok(info));
    }
    assert_eq!(upid.text(), Some("ABCD0001000H"));
}

#[test]
fn what_is_wrong_is_named() {
    let bytes = text::bytes(SAMPLE).expect("base64");
    let with = |at: usize, byte: u8| {
        let mut changed = bytes.clone();
        changed[at] = byte;
        let end = changed.len() - 4;
        let sum = crc(&changed[..end]);
        changed[end..].copy_from_slice(&sum.to_be_bytes());
        read(&changed)
    };
    assert_eq!(with(0, 0), Err(SpliceError::NotSplice(0)));
    assert_eq!(with(4, 0x82), Err(SpliceError::Encrypted(1)));
    assert!(matches!(
        with(3, 1),
        Err(SpliceError::Value {
            place: "protocol_version",
            ..
        })
    ));
    assert!(matches!(
        with(13, 9),
        Err(SpliceError::Value {
            place: "splice_command_type",
            at: 13,
            ..
        })
    ));
    assert!(matches!(with(12, 6), Err(SpliceError::Trailing { .. })));
    assert!(matches!(with(12, 4), Err(SpliceError::Short { .. })));
    let mut rotten = bytes.clone();
    rotten[20] ^= 1;
    assert!(matches!(read(&rotten), Err(SpliceError::Crc { .. })));
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(matches!(read(&longer), Err(SpliceError::Trailing { .. })));
    assert!(matches!(read(&bytes[..30]), Err(SpliceError::Short { .. })));
    assert_eq!(read(&[0xfc; 5000]), Err(SpliceError::TooLong));
    let two = [bytes.as_slice(), &bytes].concat();
    assert_eq!(cut(&two), Ok(vec![&bytes[..], &bytes[..]]));
    for none in ["", "0xfc3", "fcg0", "!"] {
        assert!(
            text::bytes(none).map_or(true, |bytes| read(&bytes).is_err()),
            "{none}"
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_break_it(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
        let _ = cut(&bytes);
        // Made to pass: the head, the length and the checksum fit.
        let len = bytes.len() + 4;
        let mut whole = vec![0xfc, 0x30 | (len >> 8) as u8, len as u8];
        if let Some(first) = bytes.first_mut() {
            *first = 0;
        }
        whole.append(&mut bytes);
        whole.extend(crc(&whole).to_be_bytes());
        if let Ok(info) = read(&whole) {
            let again = write(&info).expect("what was read is written");
            prop_assert_eq!(read(&again), Ok(info));
        }
    }
}
