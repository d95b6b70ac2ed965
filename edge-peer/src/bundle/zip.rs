//! A ZIP file of a few small files, stored as they are: what every system opens by a double click.

use crc_fast::{CrcAlgorithm, checksum};

/// Version 2.0 of the format, which is all this needs.
const VERSION: u16 = 20;
/// Names are UTF-8.
const UTF8: u16 = 1 << 11;
/// 1 January 1980: a bundle's files say their own times.
const DATE: u16 = (1 << 5) | 1;

/// A ZIP file being made.
#[derive(Default)]
pub struct Zip {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    files: u16,
}

impl Zip {
    /// Adds a file. All of them together are far below 4 GiB: each comes from a bounded source.
    pub fn add(&mut self, name: &str, content: &[u8]) {
        let at = length(self.bytes.len());
        let sum = u32::try_from(checksum(CrcAlgorithm::Crc32IsoHdlc, content)).unwrap_or_default();
        let mut head = Vec::new();
        for number in [VERSION, UTF8, 0, 0, DATE] {
            head.extend(number.to_le_bytes());
        }
        for number in [sum, length(content.len()), length(content.len())] {
            head.extend(number.to_le_bytes());
        }
        head.extend(u16::try_from(name.len()).unwrap_or_default().to_le_bytes());
        head.extend([0; 2]);

        self.bytes.extend(b"PK\x03\x04");
        self.bytes.extend(&head);
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(content);

        self.directory.extend(b"PK\x01\x02");
        self.directory.extend(VERSION.to_le_bytes());
        self.directory.extend(&head);
        // No comment, first disk, no attributes.
        self.directory.extend([0; 10]);
        self.directory.extend(at.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.files += 1;
    }

    /// The file.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let at = length(self.bytes.len());
        let size = length(self.directory.len());
        self.bytes.append(&mut self.directory);
        self.bytes.extend(b"PK\x05\x06");
        self.bytes.extend([0; 4]);
        for count in [self.files, self.files] {
            self.bytes.extend(count.to_le_bytes());
        }
        for number in [size, at] {
            self.bytes.extend(number.to_le_bytes());
        }
        self.bytes.extend([0; 2]);
        self.bytes
    }
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_as_the_format_says() {
        let mut zip = Zip::default();
        zip.add("a.txt", b"123456789");
        zip.add("b", b"");
        let bytes = zip.finish();
        let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let u16_at = |at: usize| u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap());
        // The checksum of these digits is in the catalogue of checksums.
        assert_eq!((u32_at(0), u32_at(14)), (0x0403_4b50, 0xcbf4_3926));
        assert_eq!((u32_at(18), u32_at(22), u16_at(26)), (9, 9, 5));
        assert_eq!(&bytes[30..44], b"a.txt123456789");
        let end = bytes.len() - 22;
        assert_eq!(
            (u32_at(end), u16_at(end + 8), u16_at(end + 10)),
            (0x0605_4b50, 2, 2)
        );
        let directory = u32_at(end + 16) as usize;
        assert_eq!(directory + u32_at(end + 12) as usize, end);
        assert_eq!(u32_at(directory), 0x0201_4b50);
        let second = directory + 46 + 5;
        assert_eq!((u32_at(second), u32_at(second + 42)), (0x0201_4b50, 44));
        assert_eq!(u32_at(44), 0x0403_4b50);
    }
}
