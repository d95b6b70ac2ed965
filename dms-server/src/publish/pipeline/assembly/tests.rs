//! The contract of the media program, message by message.

use dms_transcoder_protocol::{FailureCode, Header};
use proptest::prelude::*;
use swarm::content::{ChunkId, ChunkRef};

use super::*;

fn probe() -> Message {
    Message::Probe(Probe {
        container: "mov".into(),
        duration_ms: Some(8_000),
        bytes: 1,
        video: None,
        audio: Vec::new(),
    })
}

fn rendition(track: u16) -> Rendition {
    let kind = match track {
        1 => RenditionKind::Video {
            width: 1280,
            height: 720,
            frame_rate_milli: 25_000,
        },
        _ => RenditionKind::Audio {
            channels: 2,
            sample_rate: 48_000,
            language: "en".into(),
        },
    };
    Rendition {
        track,
        kind,
        codecs: "x".into(),
        bandwidth: 1,
        timescale: 1_000,
    }
}

fn plan() -> Message {
    Message::Plan(Plan {
        renditions: vec![rendition(1), rendition(2)],
    })
}

fn header(track: u16) -> Message {
    Message::Header(Header {
        track,
        bytes: vec![1],
    })
}

fn segment(track: u16, index: u32) -> Message {
    Message::Segment(dms_transcoder_protocol::Segment {
        track,
        index,
        start: 500 + u64::from(index - 1) * 4_000,
        duration: 4_000,
        timescale: 1_000,
        samples: 100,
        bytes: vec![2; 10],
    })
}

fn total(track: u16) -> TrackTotal {
    TrackTotal {
        track,
        segments: 2,
        samples: 200,
        duration: 8_000,
        timescale: 1_000,
        bytes: 20,
        average_bandwidth: 20,
        peak_bandwidth: 30,
        codecs: "y".into(),
    }
}

fn done() -> Message {
    Message::Done(Done {
        duration_ms: 8_000,
        tracks: vec![total(1), total(2)],
    })
}

fn good() -> Vec<Message> {
    vec![
        probe(),
        plan(),
        header(1),
        segment(1, 1),
        header(2),
        segment(2, 1),
        segment(1, 2),
        segment(2, 2),
        done(),
    ]
}

fn sealed(clear: &Clear) -> Segment {
    let chunk = ChunkRef {
        id: ChunkId::of(&clear.bytes),
        len: 1,
    };
    Segment {
        duration: clear.duration,
        samples: clear.samples,
        plain_len: clear.bytes.len() as u64,
        chunks: vec![chunk],
    }
}

/// Runs the messages; answers the tracks of a run that ended well.
fn run(messages: impl IntoIterator<Item = Message>) -> Result<Option<Vec<Track>>, Breach> {
    let mut assembly = Assembly::default();
    let mut end = None;
    for message in messages {
        match assembly.accept(message)? {
            Step::Seal(clear) => assembly.add(clear.track, sealed(&clear))?,
            Step::Done(done) => end = Some(done),
            _ => {}
        }
    }
    Ok(end.map(|done| assembly.into_tracks(&done)))
}

#[test]
fn a_run_in_order_makes_the_tracks() {
    let tracks = run(good()).unwrap().unwrap();
    assert_eq!(tracks.len(), 2);
    let video = &tracks[0];
    assert_eq!(
        (video.id, video.bandwidth, video.average_bandwidth),
        (TrackId(1), 30, 20)
    );
    assert_eq!(video.codecs, "y");
    assert_eq!(video.segments.len(), 3);
    assert_eq!(
        (video.segments[0].duration, video.segments[2].samples),
        (0, 100)
    );
}

#[test]
fn every_breach_has_its_rule() {
    let breach = |messages: Vec<Message>| match run(messages) {
        Err(Breach(rule)) => rule,
        Ok(_) => "none",
    };
    let mut late_plan = good();
    late_plan.swap(1, 2);
    assert!(breach(late_plan).contains("plan comes before"));
    let mut no_probe = good();
    no_probe.remove(0);
    assert!(breach(no_probe).contains("after the probe"));
    let mut gap = good();
    gap.remove(3);
    assert!(breach(gap).contains("without a gap"));
    let mut twice = good();
    twice.insert(3, header(1));
    assert!(breach(twice).contains("without a gap"));
    let mut short = good();
    short.remove(7);
    assert!(breach(short).contains("sums of what came"));
    let mut after = good();
    after.push(header(1));
    assert!(breach(after).contains("followed the last"));
    assert!(breach(vec![probe(), plan(), header(3)]).contains("of the plan"));
    assert!(breach(vec![probe(), plan(), header(0)]).contains("of the plan"));
    let sparse = Plan {
        renditions: vec![rendition(1), rendition(3)],
    };
    assert!(breach(vec![probe(), Message::Plan(sparse)]).contains("without a gap"));
    let none = Plan {
        renditions: Vec::new(),
    };
    assert!(breach(vec![probe(), Message::Plan(none)]).contains("1 to 32"));
    let picture = Poster {
        jpeg: b"<svg>".to_vec(),
        width: 1,
        height: 1,
    };
    assert!(breach(vec![probe(), plan(), Message::Poster(picture)]).contains("JPEG"));
}

#[test]
fn a_segment_that_starts_elsewhere_is_refused() {
    let mut messages = good();
    if let Some(Message::Segment(segment)) = messages.get_mut(6) {
        segment.start += 1;
    }
    assert_eq!(
        run(messages),
        Err(Breach("a segment starts where the one before ends"))
    );
}

#[test]
fn a_failure_ends_the_run_at_any_point() {
    let failed = || Failed {
        code: FailureCode::NotVideo,
        detail: "no".into(),
    };
    for length in 0..8 {
        let mut messages = good();
        messages.truncate(length);
        messages.push(Message::Failed(failed()));
        assert_eq!(run(messages), Ok(None));
    }
}

#[test]
fn progress_is_told_per_rendition() {
    let mut assembly = Assembly::default();
    for message in good().into_iter().take(4) {
        if let Step::Seal(clear) = assembly.accept(message).unwrap() {
            assembly.add(clear.track, sealed(&clear)).unwrap();
        }
    }
    let renditions = assembly.renditions(8_000);
    assert_eq!(
        renditions[0],
        RenditionProgress {
            name: "720p".into(),
            progress_percent: 50.0
        }
    );
    assert_eq!(
        renditions[1],
        RenditionProgress {
            name: "audio en".into(),
            progress_percent: 0.0
        }
    );
    assert_eq!(assembly.renditions(0)[0].progress_percent, 100.0);
}

proptest! {
    /// Whatever order messages come in: never a panic, and never tracks unless all came in order.
    #[test]
    fn no_order_of_messages_slips_through(picks in proptest::collection::vec(0usize..9, 0..30)) {
        let all = good();
        let messages: Vec<_> = picks.iter().map(|&i| all[i].clone()).collect();
        let ended = matches!(run(messages.clone()), Ok(Some(_)));
        let per_track = |t: u16| messages.iter().filter(|m| match m {
            Message::Header(h) => h.track == t,
            Message::Segment(s) => s.track == t,
            _ => false,
        }).count();
        prop_assert!(!ended || (per_track(1) == 3 && per_track(2) == 3));
    }
}
