//! Breaks as date ranges of class `com.apple.hls.interstitial` (RFC 8216bis, appendix D).
//!
//! The first segment begins at the Unix epoch, so the date of a break is its media time.

use std::fmt::Write;

use crate::content::{Manifest, manifest::Break};

const CLASS: &str = "com.apple.hls.interstitial";
const MS_A_DAY: u64 = 24 * 3600 * 1000;
/// The length field of a splice message stands in its first three bytes, and counts what is behind them.
const SPLICE_HEAD: usize = 3;

/// Writes the date of the first segment and a range for each break; nothing when there is none.
pub(super) fn write(out: &mut String, manifest: &Manifest, prefix: &str) {
    if manifest.breaks.is_empty() {
        return;
    }
    let _ = writeln!(out, "#EXT-X-PROGRAM-DATE-TIME:{}", date(0));
    for at in &manifest.breaks {
        range(out, at, manifest.duration_ms, prefix);
    }
}

fn range(out: &mut String, at: &Break, duration_ms: u64, prefix: &str) {
    let (id, start) = (at.id, date(at.at_ms));
    let head =
        format!("#EXT-X-DATERANGE:ID=\"break-{id}\",CLASS=\"{CLASS}\",START-DATE=\"{start}\"");
    out.push_str(&head);
    if let Some(ms) = at.length_ms {
        let _ = write!(out, ",DURATION={}", seconds(ms));
    }
    let cue = match at.at_ms {
        0 => "PRE,ONCE",
        ms if ms >= duration_ms => "POST,ONCE",
        _ => "ONCE",
    };
    let resume = seconds(at.resume_ms);
    let _ = write!(
        out,
        ",CUE=\"{cue}\",X-ASSET-LIST=\"{prefix}/{id}/assets\",X-RESUME-OFFSET={resume}"
    );
    if at.hold {
        out.push_str(",X-RESTRICT=\"SKIP,JUMP\"");
    }
    let (begins, ends) = messages(&at.scte35);
    if !begins.is_empty() {
        out.push_str(",SCTE35-OUT=");
        hexadecimal(out, begins);
    }
    out.push('\n');
    // Attributes that both have must agree, so the second repeats no more than it must.
    if !ends.is_empty() && at.resume_ms > 0 {
        out.push_str(&head);
        out.push_str(",SCTE35-IN=");
        hexadecimal(out, ends);
        out.push('\n');
    }
}

/// The message that begins a break, and the one that ends it. What has no length that fits is one message.
fn messages(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (Some(high), Some(low)) = (bytes.get(1), bytes.get(2)) else {
        return (bytes, &[]);
    };
    let len = SPLICE_HEAD + (usize::from(high & 0x0f) << 8 | usize::from(*low));
    bytes.split_at_checked(len).unwrap_or((bytes, &[]))
}

fn hexadecimal(out: &mut String, bytes: &[u8]) {
    out.push_str("0x");
    for byte in bytes {
        let _ = write!(out, "{byte:02X}");
    }
}

/// Milliseconds as a decimal number of seconds.
fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// The moment `ms` milliseconds after the Unix epoch, as ISO 8601.
fn date(ms: u64) -> String {
    let (year, month, day) = civil(ms / MS_A_DAY);
    let of_day = ms % MS_A_DAY;
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, milli) = (of_day / 1000 % 60, of_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The date `days` days after 1970-01-01 in the Gregorian calendar. Years begin in March while it
/// counts, so that a leap day is a year's last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::hls::{Breaks, media_playlist};
    use crate::content::{TrackId, sample};

    fn drawn(breaks: Vec<Break>) -> String {
        let mut manifest = sample::video();
        manifest.breaks = breaks;
        manifest.check().expect("a valid manifest");
        sample::verified(&manifest);
        let drawn = media_playlist(&manifest, TrackId(1), Breaks::At("/b"));
        drawn.expect("a playlist")
    }

    fn at(id: u32, at_ms: u64) -> Break {
        Break {
            id,
            at_ms,
            ..Break::default()
        }
    }

    #[test]
    fn without_breaks_nothing_is_said_of_them() {
        let manifest = sample::video();
        let hidden = media_playlist(&manifest, TrackId(1), Breaks::Hidden);
        assert_eq!(drawn(Vec::new()), hidden.expect("a playlist"));
    }

    #[test]
    fn a_break_is_hidden_from_who_could_not_fill_it() {
        let mut manifest = sample::video();
        manifest.breaks = vec![at(1, 5000)];
        let hidden = media_playlist(&manifest, TrackId(1), Breaks::Hidden).expect("a playlist");
        assert!(!hidden.contains("DATE"), "{hidden}");
    }

    #[test]
    fn breaks_stand_before_the_first_segment() {
        let text = drawn(vec![
            at(7, 0),
            Break {
                length_ms: Some(30_500),
                resume_ms: 1250,
                hold: true,
                ..at(2, 4020)
            },
            at(3, 10_000),
        ]);
        let ranges = "#EXT-X-MAP:URI=\"0.m4s\"
#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z
#EXT-X-DATERANGE:ID=\"break-7\",CLASS=\"com.apple.hls.interstitial\",START-DATE=\"1970-01-01T00:00:00.000Z\",\
CUE=\"PRE,ONCE\",X-ASSET-LIST=\"/b/7/assets\",X-RESUME-OFFSET=0.000
#EXT-X-DATERANGE:ID=\"break-2\",CLASS=\"com.apple.hls.interstitial\",START-DATE=\"1970-01-01T00:00:04.020Z\",\
DURATION=30.500,CUE=\"ONCE\",X-ASSET-LIST=\"/b/2/assets\",X-RESUME-OFFSET=1.250,X-RESTRICT=\"SKIP,JUMP\"
#EXT-X-DATERANGE:ID=\"break-3\",CLASS=\"com.apple.hls.interstitial\",START-DATE=\"1970-01-01T00:00:10.000Z\",\
CUE=\"POST,ONCE\",X-ASSET-LIST=\"/b/3/assets\",X-RESUME-OFFSET=0.000
#EXTINF:4.000000,
1.m4s
";
        assert!(text.contains(ranges), "{text}");
    }

    #[test]
    fn the_messages_of_a_break_stand_in_ranges_of_one_id() {
        let out_and_in = vec![0xfc, 0x30, 2, 1, 2, 0xfc, 0x30, 1, 9];
        let replaces = Break {
            resume_ms: 1000,
            scte35: out_and_in.clone(),
            ..at(1, 5000)
        };
        let text = drawn(vec![replaces]);
        assert!(text.contains(",SCTE35-OUT=0xFC30020102\n"), "{text}");
        let second = "#EXT-X-DATERANGE:ID=\"break-1\",CLASS=\"com.apple.hls.interstitial\",\
                      START-DATE=\"1970-01-01T00:00:05.000Z\",SCTE35-IN=0xFC300109\n";
        assert!(text.contains(second), "{text}");
        let inserts = Break {
            scte35: out_and_in,
            ..at(1, 5000)
        };
        assert!(!drawn(vec![inserts]).contains("SCTE35-IN"));
        for odd in [&[0xfc][..], &[0xfc, 0x3f, 0xff, 0]] {
            assert_eq!(messages(odd), (odd, &[][..]));
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (MS_A_DAY - 1, "1970-01-01T23:59:59.999Z"),
            (59 * MS_A_DAY, "1970-03-01T00:00:00.000Z"),
            (789 * MS_A_DAY, "1972-02-29T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_800_000_000_123, "2027-01-15T08:00:00.123Z"),
        ] {
            assert_eq!(date(ms), text);
        }
    }
}
