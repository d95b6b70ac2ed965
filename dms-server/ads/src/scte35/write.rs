//! Messages to bytes. Reserved bits are ones, as the standard has them.

use super::bits::Writer;
use super::{
    BreakDuration, CUEI, Command, Descriptor, Insert, InsertDetail, MAX_LEN, SpliceError,
    SpliceInfo, Target, When, crc, segmentation,
};

const CRC_LEN: usize = 4;

/// The bytes of a message. Numbers are cut to the bits that they have.
///
/// # Errors
/// [`SpliceError::TooLong`], also of a part that its own length field cannot count.
pub fn write(info: &SpliceInfo) -> Result<Vec<u8>, SpliceError> {
    let (kind, command) = command(&info.command)?;
    let mut descriptors = Vec::new();
    for one in &info.descriptors {
        descriptors.extend(descriptor(one)?);
    }
    let mut body = Writer::default();
    body.put(8, 0).put(1, 0).put(6, 0);
    body.put(33, info.pts_adjustment);
    body.put(8, info.cw_index.into());
    body.put(12, info.tier.into());
    body.put(12, command.len() as u64);
    body.put(8, kind).extend(&command);
    body.put(16, descriptors.len() as u64).extend(&descriptors);
    let body = body.into_bytes();
    // 0xfff would mean that the command's length is not said.
    if command.len() >= 0xfff || body.len() + CRC_LEN + 3 > MAX_LEN {
        return Err(SpliceError::TooLong);
    }
    let mut out = Writer::default();
    out.put(8, 0xfc).put(2, 0).put(2, info.sap_type.into());
    out.put(12, (body.len() + CRC_LEN) as u64).extend(&body);
    let mut bytes = out.into_bytes();
    bytes.extend(crc(&bytes).to_be_bytes());
    Ok(bytes)
}

fn command(command: &Command) -> Result<(u64, Vec<u8>), SpliceError> {
    let mut out = Writer::default();
    let kind = match command {
        Command::Null => 0x00,
        Command::Schedule(bytes) => {
            out.extend(bytes);
            0x04
        }
        Command::Insert(insert) => {
            write_insert(&mut out, insert)?;
            0x05
        }
        Command::TimeSignal(at) => {
            time(&mut out, *at);
            0x06
        }
        Command::BandwidthReservation => 0x07,
        Command::Private { identifier, bytes } => {
            out.put(32, (*identifier).into()).extend(bytes);
            0xff
        }
    };
    Ok((kind, out.into_bytes()))
}

fn time(out: &mut Writer, at: Option<u64>) {
    match at {
        Some(at) => out.flag(true).reserved(6).put(33, at),
        None => out.flag(false).reserved(7),
    };
}

fn write_insert(out: &mut Writer, insert: &Insert) -> Result<(), SpliceError> {
    out.put(32, insert.event_id.into());
    out.flag(insert.detail.is_none()).reserved(7);
    let Some(detail) = &insert.detail else {
        return Ok(());
    };
    let InsertDetail {
        target, duration, ..
    } = detail;
    // One flag speaks for all components.
    let immediate = match target {
        Target::Program(when) => *when == When::Immediate,
        Target::Components(all) => all.iter().any(|(_, when)| *when == When::Immediate),
    };
    out.flag(detail.out_of_network);
    out.flag(matches!(target, Target::Program(_)));
    out.flag(duration.is_some()).flag(immediate).reserved(4);
    let when = |out: &mut Writer, when: When| match when {
        When::At(at) if !immediate => time(out, at),
        _ => {}
    };
    match target {
        Target::Program(at) => when(out, *at),
        Target::Components(all) => {
            let count = u8::try_from(all.len()).map_err(|_| SpliceError::TooLong)?;
            out.put(8, count.into());
            for (tag, at) in all {
                out.put(8, (*tag).into());
                when(out, *at);
            }
        }
    }
    if let Some(BreakDuration { auto_return, ticks }) = duration {
        out.flag(*auto_return).reserved(6).put(33, *ticks);
    }
    out.put(16, detail.unique_program_id.into());
    out.put(8, detail.avail_num.into());
    out.put(8, detail.avails_expected.into());
    Ok(())
}

fn descriptor(descriptor: &Descriptor) -> Result<Vec<u8>, SpliceError> {
    let mut out = Writer::default();
    let tag = match descriptor {
        Descriptor::Segmentation(of) => {
            out.put(32, CUEI.into());
            segmentation::write(&mut out, of)?;
            segmentation::TAG
        }
        Descriptor::Other {
            tag,
            identifier,
            bytes,
        } => {
            out.put(32, (*identifier).into()).extend(bytes);
            *tag
        }
    };
    let body = out.into_bytes();
    let len = u8::try_from(body.len()).map_err(|_| SpliceError::TooLong)?;
    let mut bytes = vec![tag, len];
    bytes.extend(body);
    Ok(bytes)
}
