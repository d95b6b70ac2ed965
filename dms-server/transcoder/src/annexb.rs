//! H.264 as an encoder writes it (Annex B start codes) into what MP4 holds (lengths).

/// Types of NAL units that live in the header or are of no use in MP4.
const SPS: u8 = 7;
const PPS: u8 = 8;
const DELIMITER: u8 = 9;

/// The parameter sets of a coded video sequence.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ParameterSets {
    /// The sequence parameter set.
    pub sps: Vec<u8>,
    /// The picture parameter set.
    pub pps: Vec<u8>,
}

impl ParameterSets {
    /// Both sets are there.
    pub fn complete(&self) -> bool {
        self.sps.len() > 4 && !self.pps.is_empty()
    }

    /// The RFC 6381 codec string.
    pub fn codecs(&self) -> String {
        match self.sps.get(1..4) {
            Some([profile, constraints, level]) => {
                format!("avc1.{profile:02x}{constraints:02x}{level:02x}")
            }
            _ => String::from("avc1"),
        }
    }
}

/// Appends the packet's pictures to `data`, each after its length, and keeps its parameter sets.
/// Returns the bytes appended.
pub fn append_sample(packet: &[u8], data: &mut Vec<u8>, sets: &mut ParameterSets) -> usize {
    let before = data.len();
    for unit in units(packet) {
        match unit.first().map(|first| first & 0x1f) {
            Some(SPS) => sets.sps = unit.to_vec(),
            Some(PPS) => sets.pps = unit.to_vec(),
            Some(DELIMITER) | None => {}
            Some(_) => {
                data.extend_from_slice(&(unit.len() as u32).to_be_bytes());
                data.extend_from_slice(unit);
            }
        }
    }
    data.len() - before
}

/// The NAL units of a byte stream, without start codes and trailing zeros.
fn units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = start_code(stream).map(|(_, after)| after);
    std::iter::from_fn(move || {
        let current = rest?;
        let (unit, after) = match start_code(current) {
            Some((end, after)) => (current.get(..end)?, Some(after)),
            None => (current, None),
        };
        rest = after;
        let zeros = unit.iter().rev().take_while(|&&byte| byte == 0).count();
        unit.get(..unit.len() - zeros)
    })
}

/// Where the next start code begins, and what follows it.
fn start_code(stream: &[u8]) -> Option<(usize, &[u8])> {
    let mut at = 0;
    loop {
        let tail = stream.get(at..)?;
        match tail {
            [0, 0, 1, after @ ..] => return Some((at, after)),
            // Unless the third byte is zero, no start code begins in these three.
            [_, _, 0, _, ..] => at += 1,
            [_, _, _, _, ..] => at += 3,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_sets_are_taken_out_and_pictures_get_lengths() {
        let packet = [
            0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x67, 0x64, 0, 0x1f, 0xac, 0, 0, 0, 1, 0x68, 0xee, 0,
            0, 1, 0x65, 1, 2, 0, 3, 0, 0, 3, 1, 0, 0, 1, 0x41, 9,
        ];
        let (mut data, mut sets) = (Vec::new(), ParameterSets::default());
        let added = append_sample(&packet, &mut data, &mut sets);
        assert_eq!(sets.sps, [0x67, 0x64, 0, 0x1f, 0xac]);
        assert_eq!(sets.pps, [0x68, 0xee]);
        assert!(sets.complete());
        assert_eq!(sets.codecs(), "avc1.64001f");
        let expected = [
            0, 0, 0, 9, 0x65, 1, 2, 0, 3, 0, 0, 3, 1, 0, 0, 0, 2, 0x41, 9,
        ];
        assert_eq!(data, expected);
        assert_eq!(added, expected.len());
    }

    #[test]
    fn every_distance_between_start_codes_is_found() {
        for length in 1..40 {
            let mut stream = Vec::new();
            for unit in 0..3u8 {
                stream.extend_from_slice(&[0, 0, 1, 0x41]);
                stream.extend((0..length).map(|n| 0x80 | (n + unit)));
            }
            let found: Vec<usize> = units(&stream).map(<[u8]>::len).collect();
            assert_eq!(found, [usize::from(length) + 1; 3], "length {length}");
        }
    }

    #[test]
    fn streams_without_start_codes_have_no_units() {
        assert_eq!(units(&[]).count(), 0);
        assert_eq!(units(&[1, 2, 3, 4, 5]).count(), 0);
        assert_eq!(units(&[0, 0]).count(), 0);
    }
}
