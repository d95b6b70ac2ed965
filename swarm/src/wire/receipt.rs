//! What a device signs when it shows an ad: who shows it, which event, and when. Agent, DMS and auditors make the
//! same bytes of it.

/// What the message begins with, so that no other signature of the device's key is one of these.
const KIND: &str = "dms-ad-receipt-1";

/// The most events that an agent tells at once.
pub const MAX_EVENTS: usize = 200;

/// One event of one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt<'a> {
    /// The instance's id.
    pub instance: [u8; 16],
    /// The event's name.
    pub event: &'a str,
    /// Media time, milliseconds.
    pub media_ms: i64,
    /// When, by the player's clock, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Of an error, its code.
    pub code: Option<u16>,
    /// The device's id.
    pub device: [u8; 16],
}

impl Receipt<'_> {
    /// The bytes that are signed: a CBOR array of what it is, instance, event, media time, time, code or null, device.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let fields = (
            KIND,
            minicbor::bytes::ByteArray::from(self.instance),
            self.event,
            self.media_ms,
            self.at_ms,
            self.code,
            minicbor::bytes::ByteArray::from(self.device),
        );
        // Into memory it always goes.
        minicbor::to_vec(fields).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_these_for_ever() {
        let receipt = Receipt {
            instance: [1; 16],
            event: "start",
            media_ms: 0,
            at_ms: 1_700_000_000_000,
            code: None,
            device: [2; 16],
        };
        let text: String = receipt
            .message()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let (one, two) = ("01".repeat(16), "02".repeat(16));
        assert_eq!(
            text,
            format!(
                "8770646d732d61642d726563656970742d3150{one}6573746172740\
                 01b0000018bcfe56800f650{two}"
            )
        );
        let error = Receipt {
            code: Some(405),
            ..receipt
        };
        assert_ne!(error.message(), receipt.message());
    }
}
