//! Bits of a section, read and written.

use super::SpliceError;

/// Reads bits of a part of a section; it cannot leave that part.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// Where the part begins in the section, bytes.
    base: usize,
    /// Bits read.
    read: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            base: 0,
            read: 0,
        }
    }

    /// The byte of the section that is read next.
    pub(super) fn at(&self) -> usize {
        self.base + self.read / 8
    }

    /// Whole bytes that are left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.read.div_ceil(8)
    }

    fn short(&self, place: &'static str) -> SpliceError {
        SpliceError::Short {
            place,
            at: self.base + self.bytes.len(),
        }
    }

    /// The next `count` bits, at most 64, the first one the highest.
    pub(super) fn take(&mut self, count: usize, place: &'static str) -> Result<u64, SpliceError> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.read / 8);
            let byte = byte.ok_or_else(|| self.short(place))?;
            value = value << 1 | u64::from(byte >> (7 - self.read % 8) & 1);
            self.read += 1;
        }
        Ok(value)
    }

    pub(super) fn flag(&mut self, place: &'static str) -> Result<bool, SpliceError> {
        Ok(self.take(1, place)? == 1)
    }

    pub(super) fn byte(&mut self, place: &'static str) -> Result<u8, SpliceError> {
        Ok(self.take(8, place)? as u8)
    }

    /// The next `len` bytes; the bits before them are whole bytes.
    pub(super) fn bytes(
        &mut self,
        len: usize,
        place: &'static str,
    ) -> Result<&'a [u8], SpliceError> {
        let start = self.read.div_ceil(8);
        let found = self.bytes.get(start..).and_then(|rest| rest.get(..len));
        let found = found.ok_or_else(|| self.short(place))?;
        self.read = (start + len) * 8;
        Ok(found)
    }

    /// The next `len` bytes to be read by themselves.
    pub(super) fn part(&mut self, len: usize, place: &'static str) -> Result<Self, SpliceError> {
        let base = self.at();
        let bytes = self.bytes(len, place)?;
        Ok(Self {
            bytes,
            base,
            read: 0,
        })
    }

    pub(super) fn rest(&mut self) -> Result<&'a [u8], SpliceError> {
        self.bytes(self.left(), "the rest")
    }

    /// That everything was read.
    pub(super) fn end(&self, place: &'static str) -> Result<(), SpliceError> {
        match self.left() {
            0 => Ok(()),
            left => Err(SpliceError::Trailing {
                place,
                at: self.at(),
                left,
            }),
        }
    }
}

/// Bits in the making.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    /// Bits of the last byte that are taken, 0 to 7.
    used: u32,
}

impl Writer {
    /// The lowest `count` bits of `value`.
    pub(super) fn put(&mut self, count: u32, value: u64) -> &mut Self {
        for place in (0..count).rev() {
            if self.used == 0 {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> place & 1) as u8) << (7 - self.used);
            }
            self.used = (self.used + 1) % 8;
        }
        self
    }

    pub(super) fn flag(&mut self, flag: bool) -> &mut Self {
        self.put(1, u64::from(flag))
    }

    /// Reserved bits are ones.
    pub(super) fn reserved(&mut self, count: u32) -> &mut Self {
        self.put(count, u64::MAX)
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
