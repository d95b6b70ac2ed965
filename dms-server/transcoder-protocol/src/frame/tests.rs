//! Tests of the framing.

use super::*;
use crate::{Failed, FailureCode, Header, Progress, Segment};

fn messages() -> Vec<Message> {
    vec![
        Message::Header(Header {
            track: 1,
            bytes: vec![1, 2, 3],
        }),
        Message::Segment(Segment {
            track: 1,
            index: 1,
            start: 0,
            duration: 360_000,
            timescale: 90_000,
            samples: 100,
            bytes: vec![7; 70_000],
        }),
        Message::Progress(Progress {
            permille: 500,
            out_time_ms: 2_000,
            eta_ms: None,
            speed_milli: 1_500,
        }),
        Message::Failed(Failed {
            code: FailureCode::Timeout,
            detail: "60 s".into(),
        }),
    ]
}

fn pipe() -> Vec<u8> {
    let mut pipe = Vec::new();
    for message in messages() {
        write_message(&mut pipe, &message).unwrap();
    }
    pipe
}

#[test]
fn a_reader_gets_what_a_writer_wrote() {
    let pipe = pipe();
    let mut reader = pipe.as_slice();
    let mut read = Vec::new();
    while let Some(message) = read_message(&mut reader).unwrap() {
        read.push(message);
    }
    assert_eq!(read, messages());
}

#[test]
fn pieces_of_any_size_give_the_same_messages() {
    let pipe = pipe();
    for size in [1, 2, 3, 5, 7, 1000, pipe.len()] {
        let mut decoder = FrameDecoder::new();
        let mut read = Vec::new();
        for piece in pipe.chunks(size) {
            read.extend(decoder.push(piece).map(Result::unwrap));
        }
        assert_eq!(read, messages(), "pieces of {size}");
        decoder.finish().unwrap();
    }
}

#[test]
fn messages_left_in_the_iterator_are_not_lost() {
    let mut decoder = FrameDecoder::new();
    assert!(decoder.push(&pipe()).next().is_some());
    assert_eq!(decoder.push(&[]).count(), messages().len() - 1);
}

#[test]
fn a_cut_pipe_is_an_error_for_both_readers() {
    let pipe = pipe();
    for cut in [1, 3, 4, 9, pipe.len() - 1] {
        let mut decoder = FrameDecoder::new();
        decoder.push(&pipe[..cut]).for_each(|m| drop(m.unwrap()));
        assert!(
            matches!(decoder.finish(), Err(FrameError::Truncated)),
            "cut at {cut}"
        );
        let mut reader = &pipe[..cut];
        let end = loop {
            match read_message(&mut reader) {
                Ok(Some(_)) => {}
                end => break end,
            }
        };
        assert!(matches!(end, Err(FrameError::Truncated)), "cut at {cut}");
    }
}

#[test]
fn a_length_beyond_the_limit_is_refused_before_its_bytes_come() {
    let prefix = u32::try_from(MAX_FRAME + 1).unwrap().to_be_bytes();
    assert!(matches!(
        read_message(&mut prefix.as_slice()),
        Err(FrameError::TooLong(_))
    ));
    let mut decoder = FrameDecoder::new();
    assert!(matches!(
        decoder.push(&prefix).next(),
        Some(Err(FrameError::TooLong(_)))
    ));
    assert!(decoder.push(&pipe()).next().is_none());
    assert!(matches!(decoder.finish(), Err(FrameError::Poisoned)));
}

#[test]
fn a_message_beyond_the_limit_is_not_written() {
    let message = Message::Header(Header {
        track: 1,
        bytes: vec![0; MAX_FRAME],
    });
    let mut pipe = Vec::new();
    assert!(matches!(
        write_message(&mut pipe, &message),
        Err(FrameError::TooLong(_))
    ));
    assert!(pipe.is_empty());
}

#[test]
fn garbage_and_trailing_bytes_are_refused() {
    assert!(matches!(
        read_message(&mut [0, 0, 0, 1, 0xff].as_slice()),
        Err(FrameError::Malformed(_))
    ));
    let mut frame = Vec::new();
    write_message(&mut frame, &messages()[0]).unwrap();
    frame.push(0);
    frame[3] += 1;
    assert!(matches!(
        read_message(&mut frame.as_slice()),
        Err(FrameError::Trailing(1))
    ));
}
