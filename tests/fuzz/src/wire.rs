//! Control messages in both directions, and the frames of the transcoder's pipe.

use dms_transcoder_protocol::{FrameDecoder, Message, read_message, write_message};
use swarm::wire::{MAX_CAMPAIGNS, MAX_CONTROL_FRAME, MAX_ROSTER, ToDms, ToPeer};

pub(crate) fn to_dms(bytes: &[u8]) -> bool {
    let Ok(message) = ToDms::decode(bytes) else {
        return false;
    };
    assert!(bytes.len() <= MAX_CONTROL_FRAME, "longer than a frame");
    let again = ToDms::decode(&message.encode());
    assert_eq!(again, Ok(message), "written and read again");
    true
}

pub(crate) fn to_peer(bytes: &[u8]) -> bool {
    let Ok(message) = ToPeer::decode(bytes) else {
        return false;
    };
    assert!(bytes.len() <= MAX_CONTROL_FRAME, "longer than a frame");
    match &message {
        ToPeer::Roster(roster) => assert!(roster.peers.len() <= MAX_ROSTER),
        ToPeer::Hold(campaigns) => assert!(campaigns.len() <= MAX_CAMPAIGNS),
        _ => {}
    }
    let again = ToPeer::decode(&message.encode());
    assert_eq!(again, Ok(message), "written and read again");
    true
}

/// The pipe read at once, and in pieces whose length the first byte says, shows the same messages.
pub(crate) fn pipe_frames(bytes: &[u8]) -> bool {
    let Some((step, stream)) = bytes.split_first() else {
        return false;
    };
    let mut rest = stream;
    let mut whole = Vec::new();
    let end = loop {
        match read_message(&mut rest) {
            Ok(Some(message)) => whole.push(message),
            other => break other,
        }
    };
    let mut decoder = FrameDecoder::new();
    let mut pieces = Vec::new();
    let mut refused = false;
    for piece in stream.chunks(usize::from(*step).max(1)) {
        for message in decoder.push(piece) {
            match message {
                Ok(message) => pieces.push(message),
                Err(_) => refused = true,
            }
        }
    }
    assert_eq!(pieces, whole, "both readers see the same messages");
    let clean = !refused && decoder.finish().is_ok();
    assert_eq!(clean, end.is_ok(), "both readers end alike");
    for message in &whole {
        let mut frame = Vec::new();
        write_message(&mut frame, message).expect("what was read fits a frame");
        let again: Option<Message> = read_message(&mut frame.as_slice()).expect("our own frame");
        assert_eq!(again.as_ref(), Some(message), "written and read again");
    }
    !whole.is_empty()
}
