//! Why bytes are no splice message.

/// Why bytes are no splice message, and where. Places are counted in bytes from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpliceError {
    /// It does not begin with table id 0xfc.
    #[error("it begins with table id {0:#04x}, a splice message with 0xfc")]
    NotSplice(u8),
    /// A form that is none of the standard's.
    #[error("{place} at byte {at} cannot be {value}")]
    Value {
        /// The field.
        place: &'static str,
        /// Where it stands.
        at: usize,
        /// What it says.
        value: u64,
    },
    /// It ends too early.
    #[error("it ends in {place}, at byte {at}")]
    Short {
        /// The field that is not whole.
        place: &'static str,
        /// Where it ends.
        at: usize,
    },
    /// Something is left over.
    #[error("{left} bytes too many behind {place}, at byte {at}")]
    Trailing {
        /// What ended before.
        place: &'static str,
        /// Where it ended.
        at: usize,
        /// How many are left.
        left: usize,
    },
    /// It is encrypted.
    #[error("it is encrypted (algorithm {0}); give the message in the clear")]
    Encrypted(u8),
    /// The checksum is another.
    #[error("its CRC is {said:08x}, that of its bytes {computed:08x}")]
    Crc {
        /// What stands there.
        said: u32,
        /// What it should be.
        computed: u32,
    },
    /// It is neither base64 nor hexadecimal.
    #[error("it is neither base64 nor hexadecimal")]
    Text,
    /// It is longer than a message can be.
    #[error("it is longer than 4096 bytes")]
    TooLong,
}
