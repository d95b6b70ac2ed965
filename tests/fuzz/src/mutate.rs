//! Changes of kept inputs, the same on every machine: what tests can afford where no fuzzer runs.

/// A generator of numbers (splitmix64); not for secrets.
#[derive(Clone, Debug)]
pub struct Numbers(pub u64);

impl Numbers {
    /// The next one.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One below `end`; 0 when `end` is.
    pub fn below(&mut self, end: usize) -> usize {
        let below = self.draw() % (end.max(1) as u64);
        usize::try_from(below).unwrap_or(0)
    }
}

/// The longest changed input, bytes.
const LEN_MAX: usize = 64 << 10;

/// Bytes that mean something to one reader or another.
const TOKENS: [&[u8]; 24] = [
    b"\0",
    b"\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x1b\x00\x00\x00\x00\x00\x00\x00\x00",
    b"\x9f",
    b"\xbf",
    b"\x5f",
    b"\"",
    b"\\",
    b"\n",
    b"\r\n",
    b": ",
    b",",
    b"=",
    b"/",
    b"..",
    b"-1",
    b"[",
    b"{",
    b"18446744073709551616",
    b"\xef\xbc\x8e",
    b"\xed\xa0\x80",
    b"%00",
];

/// A changed copy of `input`; pieces come from `other`, another kept input.
#[must_use]
pub fn mutated(input: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len() + 1);
        match numbers.below(8) {
            0 => flip(&mut bytes, at, 1 << numbers.below(8)),
            1 => flip(&mut bytes, at, 1 + numbers.below(255) as u8),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..bytes.len().min(at + 1 + numbers.below(16)))),
            4 => insert(&mut bytes, at, TOKENS[numbers.below(TOKENS.len())]),
            5 => insert(&mut bytes, at, &[numbers.draw() as u8]),
            6 => {
                let piece = bytes[at..bytes.len().min(at + numbers.below(64))].to_vec();
                insert(&mut bytes, at, &piece);
            }
            _ => {
                let from = numbers.below(other.len() + 1);
                let to = other.len().min(from + numbers.below(128));
                insert(&mut bytes, at, &other[from..to]);
            }
        }
    }
    bytes.truncate(LEN_MAX);
    bytes
}

fn flip(bytes: &mut [u8], at: usize, bits: u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= bits;
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    bytes.splice(at..at, piece.iter().copied());
}
