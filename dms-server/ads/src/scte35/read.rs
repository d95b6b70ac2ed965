//! Bytes to messages. Every length is held against what is there, and what is left over is refused.

use super::bits::Bits;
use super::{
    BreakDuration, CUEI, Command, Descriptor, Insert, InsertDetail, MAX_LEN, SpliceError,
    SpliceInfo, Target, When, crc, segmentation,
};

const TABLE: u8 = 0xfc;
/// The bytes that the length field does not count: up to its own end.
const HEAD: usize = 3;
const CRC_LEN: usize = 4;
/// Old encoders do not say how long a command is.
const UNSAID: usize = 0xfff;

/// The messages that stand one behind the other, uncut and unread.
///
/// # Errors
/// [`SpliceError`] when the last one is not whole, or all of them are too long.
pub fn cut(bytes: &[u8]) -> Result<Vec<&[u8]>, SpliceError> {
    if bytes.len() > MAX_LEN {
        return Err(SpliceError::TooLong);
    }
    let mut messages = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let mut bits = Bits::of(rest);
        let table = bits.byte("table_id")?;
        if table != TABLE {
            return Err(SpliceError::NotSplice(table));
        }
        bits.take(4, "section flags")?;
        let len = HEAD + bits.take(12, "section_length")? as usize;
        let short = SpliceError::Short {
            place: "the section",
            at: rest.len(),
        };
        let (message, behind) = rest.split_at_checked(len).ok_or(short)?;
        messages.push(message);
        rest = behind;
    }
    Ok(messages)
}

/// Reads one message, which is all of the bytes.
///
/// # Errors
/// [`SpliceError`], naming the place.
pub fn read(bytes: &[u8]) -> Result<SpliceInfo, SpliceError> {
    if bytes.len() > MAX_LEN {
        return Err(SpliceError::TooLong);
    }
    let mut bits = Bits::of(bytes);
    let table = bits.byte("table_id")?;
    if table != TABLE {
        return Err(SpliceError::NotSplice(table));
    }
    bits.take(2, "section flags")?;
    let sap_type = bits.take(2, "sap_type")? as u8;
    let len = bits.take(12, "section_length")? as usize;
    let left = bits.left();
    if left > len {
        return Err(SpliceError::Trailing {
            place: "the section",
            at: HEAD + len,
            left: left - len,
        });
    }
    let body_len = len.checked_sub(CRC_LEN).filter(|_| left == len);
    let body_len = body_len.ok_or(SpliceError::Short {
        place: "the section",
        at: bytes.len(),
    })?;
    let mut body = bits.part(body_len, "the section")?;
    let said = bits.take(32, "CRC_32")? as u32;
    let computed = crc(bytes.get(..HEAD + body_len).unwrap_or_default());
    if said != computed {
        return Err(SpliceError::Crc { said, computed });
    }
    section(&mut body, sap_type)
}

fn section(bits: &mut Bits<'_>, sap_type: u8) -> Result<SpliceInfo, SpliceError> {
    let at = bits.at();
    let version = bits.byte("protocol_version")?;
    if version != 0 {
        return Err(value("protocol_version", at, version));
    }
    let encrypted = bits.flag("encrypted_packet")?;
    let algorithm = bits.take(6, "encryption_algorithm")? as u8;
    if encrypted {
        return Err(SpliceError::Encrypted(algorithm));
    }
    let pts_adjustment = bits.take(33, "pts_adjustment")?;
    let cw_index = bits.byte("cw_index")?;
    let tier = bits.take(12, "tier")? as u16;
    let len = bits.take(12, "splice_command_length")? as usize;
    let at = bits.at();
    let kind = bits.byte("splice_command_type")?;
    let command = if len == UNSAID {
        command(bits, kind, at)?
    } else {
        let mut part = bits.part(len, "the command")?;
        let command = command(&mut part, kind, at)?;
        part.end("the command")?;
        command
    };
    let len = bits.take(16, "descriptor_loop_length")? as usize;
    let mut part = bits.part(len, "the descriptors")?;
    let mut descriptors = Vec::new();
    while part.left() > 0 {
        descriptors.push(descriptor(&mut part)?);
    }
    // In the clear nothing needs stuffing.
    bits.end("the descriptors")?;
    Ok(SpliceInfo {
        sap_type,
        pts_adjustment,
        cw_index,
        tier,
        command,
        descriptors,
    })
}

fn value(place: &'static str, at: usize, value: u8) -> SpliceError {
    SpliceError::Value {
        place,
        at,
        value: u64::from(value),
    }
}

fn command(bits: &mut Bits<'_>, kind: u8, at: usize) -> Result<Command, SpliceError> {
    Ok(match kind {
        0x00 => Command::Null,
        // Without a length these two have no end; then they take what is there, and the descriptors are missed.
        0x04 => Command::Schedule(bits.rest()?.to_vec()),
        0xff => Command::Private {
            identifier: bits.take(32, "identifier")? as u32,
            bytes: bits.rest()?.to_vec(),
        },
        0x05 => Command::Insert(insert(bits)?),
        0x06 => Command::TimeSignal(time(bits)?),
        0x07 => Command::BandwidthReservation,
        _ => return Err(value("splice_command_type", at, kind)),
    })
}

fn time(bits: &mut Bits<'_>) -> Result<Option<u64>, SpliceError> {
    if bits.flag("time_specified_flag")? {
        bits.take(6, "splice_time")?;
        return Ok(Some(bits.take(33, "pts_time")?));
    }
    bits.take(7, "splice_time")?;
    Ok(None)
}

fn insert(bits: &mut Bits<'_>) -> Result<Insert, SpliceError> {
    let event_id = bits.take(32, "splice_event_id")? as u32;
    let cancelled = bits.flag("splice_event_cancel_indicator")?;
    bits.take(7, "splice_insert")?;
    if cancelled {
        return Ok(Insert {
            event_id,
            detail: None,
        });
    }
    let out_of_network = bits.flag("out_of_network_indicator")?;
    let program = bits.flag("program_splice_flag")?;
    let has_duration = bits.flag("duration_flag")?;
    let immediate = bits.flag("splice_immediate_flag")?;
    bits.take(4, "splice_insert")?;
    let when = |bits: &mut Bits<'_>| {
        Ok::<_, SpliceError>(match immediate {
            true => When::Immediate,
            false => When::At(time(bits)?),
        })
    };
    let target = if program {
        Target::Program(when(bits)?)
    } else {
        let mut components = Vec::new();
        for _ in 0..bits.byte("component_count")? {
            let tag = bits.byte("component_tag")?;
            components.push((tag, when(bits)?));
        }
        Target::Components(components)
    };
    let duration = match has_duration {
        true => Some(duration(bits)?),
        false => None,
    };
    let detail = InsertDetail {
        out_of_network,
        target,
        duration,
        unique_program_id: bits.take(16, "unique_program_id")? as u16,
        avail_num: bits.byte("avail_num")?,
        avails_expected: bits.byte("avails_expected")?,
    };
    Ok(Insert {
        event_id,
        detail: Some(detail),
    })
}

fn duration(bits: &mut Bits<'_>) -> Result<BreakDuration, SpliceError> {
    let auto_return = bits.flag("auto_return")?;
    bits.take(6, "break_duration")?;
    Ok(BreakDuration {
        auto_return,
        ticks: bits.take(33, "duration")?,
    })
}

fn descriptor(bits: &mut Bits<'_>) -> Result<Descriptor, SpliceError> {
    let tag = bits.byte("splice_descriptor_tag")?;
    let len = bits.byte("descriptor_length")?;
    let mut part = bits.part(usize::from(len), "a descriptor")?;
    let identifier = part.take(32, "identifier")? as u32;
    if (tag, identifier) == (segmentation::TAG, CUEI) {
        let read = segmentation::read(&mut part)?;
        part.end("a segmentation_descriptor")?;
        return Ok(Descriptor::Segmentation(read));
    }
    Ok(Descriptor::Other {
        tag,
        identifier,
        bytes: part.rest()?.to_vec(),
    })
}
