//! Which streams of a source are published.

use dms_transcoder_protocol::{FailureCode, JobSpec, SourceAudio};
use ffmpeg::codec::packet::side_data::Type as SideData;
use ffmpeg::format::context::Input;
use ffmpeg::format::stream::Disposition;
use ffmpeg::{Codec, Rational, Stream, codec, decoder, media};
use ffmpeg_next as ffmpeg;

use super::{AudioFacts, language};
use crate::error::JobError;
use crate::source::DECODERS;

/// The lowest score of a container's recognition that counts; a quarter of certainty.
const LEAST_SCORE: i32 = 25;

/// The streams to publish.
pub struct Chosen {
    /// The picture.
    pub video: Option<ChosenVideo>,
    /// The sound tracks.
    pub audio: Vec<Listener>,
    /// The number of a stream that is a still picture.
    pub cover: Option<usize>,
}

/// The picture's stream.
pub struct ChosenVideo {
    /// The stream's number.
    pub stream: usize,
    /// For opening a decoder.
    pub parameters: codec::Parameters,
    /// Unit of the stream's times.
    pub time_base: Rational,
}

/// A sound track's stream.
pub struct Listener {
    /// For the job.
    pub facts: AudioFacts,
    /// For the parent.
    pub description: SourceAudio,
    /// When it starts, in its own time.
    pub start: Option<i64>,
}

/// Chooses the streams to publish: one picture, and one sound track of each language.
pub fn choose(input: &Input, spec: &JobSpec) -> Result<Chosen, JobError> {
    if input.probe_score() < LEAST_SCORE {
        let detail = format!("may be {}, but hardly", input.format().name());
        return Err(JobError::refused(FailureCode::NotVideo, detail));
    }
    if input.streams().any(|stream| is_encrypted(&stream)) {
        let detail = "the container says that its samples are encrypted";
        return Err(JobError::refused(FailureCode::DrmProtectedSource, detail));
    }
    if input.streams().any(|stream| is_dolby_vision_alone(&stream)) {
        let detail = "Dolby Vision of profile 5, which has no standard picture in it";
        return Err(JobError::refused(FailureCode::HdrNotEnabled, detail));
    }
    let still = |stream: &Stream<'_>| stream.disposition().contains(Disposition::ATTACHED_PIC);
    let of_kind = |kind| {
        input
            .streams()
            .filter(move |s| s.parameters().medium() == kind)
    };
    let best = input
        .streams()
        .best(media::Type::Video)
        .filter(|stream| !still(stream));
    let picture = best.or_else(|| of_kind(media::Type::Video).find(|stream| !still(stream)));
    let cover = of_kind(media::Type::Video)
        .find(still)
        .map(|stream| stream.index());
    let video = picture.map(|stream| chosen_video(&stream)).transpose()?;
    let audio = choose_audio(of_kind(media::Type::Audio), spec)?;
    if video.is_none() && audio.is_empty() {
        let detail = format!(
            "no picture and no sound among {} streams",
            input.nb_streams()
        );
        return Err(JobError::refused(FailureCode::NoVideoTrack, detail));
    }
    Ok(Chosen {
        video,
        audio,
        cover,
    })
}

/// The decoder of a stream.
///
/// # Errors
/// `unsupported_codec` where there is none that may run.
pub fn decoder_of(parameters: &codec::Parameters) -> Result<Codec, JobError> {
    let id = parameters.id();
    decoder::find(id)
        .filter(|codec| DECODERS.contains(&codec.name()))
        .ok_or_else(|| {
            JobError::refused(
                FailureCode::UnsupportedCodec,
                format!("codec {}", id.name()),
            )
        })
}

fn is_encrypted(stream: &Stream<'_>) -> bool {
    stream.side_data().any(|data| {
        matches!(
            data.kind(),
            SideData::EncryptionInitInfo | SideData::EncryptionInfo
        )
    })
}

/// Dolby Vision whose pictures have their own colours: the third byte of its record is the
/// profile.
fn is_dolby_vision_alone(stream: &Stream<'_>) -> bool {
    const ALONE: u8 = 5;
    let mut records = stream
        .side_data()
        .filter(|data| data.kind() == SideData::DOVI_CONF);
    records.any(|record| record.data().get(2) == Some(&ALONE))
}

fn chosen_video(stream: &Stream<'_>) -> Result<ChosenVideo, JobError> {
    let parameters = stream.parameters().clone();
    decoder_of(&parameters)?;
    Ok(ChosenVideo {
        stream: stream.index(),
        parameters,
        time_base: stream.time_base(),
    })
}

/// One track of each language, the default one first; tracks for the hard of hearing, comments
/// and the like only when nothing else speaks their language.
fn choose_audio<'a>(
    streams: impl Iterator<Item = Stream<'a>>,
    spec: &JobSpec,
) -> Result<Vec<Listener>, JobError> {
    let special = Disposition::COMMENT
        | Disposition::HEARING_IMPAIRED
        | Disposition::VISUAL_IMPAIRED
        | Disposition::DESCRIPTIONS
        | Disposition::KARAOKE;
    let mut ranked: Vec<_> = streams
        .map(|stream| {
            let disposition = stream.disposition();
            let rank = match () {
                () if disposition.intersects(special) => 2,
                () if disposition.contains(Disposition::DEFAULT) => 0,
                () => 1,
            };
            (rank, stream)
        })
        .collect();
    ranked.sort_by_key(|(rank, stream)| (*rank, stream.index()));
    let (mut listeners, mut refusal) = (Vec::<Listener>::new(), None);
    for (_, stream) in ranked {
        match listener(&stream) {
            Ok(new) => {
                let known = listeners
                    .iter()
                    .any(|l| l.facts.language == new.facts.language);
                if !known && listeners.len() < usize::from(spec.ladder.max_audio_tracks) {
                    listeners.push(new);
                }
            }
            Err(error) => refusal = Some(error),
        }
    }
    match refusal {
        Some(refusal) if listeners.is_empty() => Err(refusal),
        _ => Ok(listeners),
    }
}

fn listener(stream: &Stream<'_>) -> Result<Listener, JobError> {
    let parameters = stream.parameters().clone();
    let codec = decoder_of(&parameters)?;
    let opened = codec::Context::from_parameters(parameters.clone())
        .and_then(|context| context.decoder().open_as(codec))
        .and_then(|opened| opened.audio())
        .map_err(|error| {
            let detail = format!("{} sound cannot be decoded: {error}", codec.name());
            JobError::refused(FailureCode::UnsupportedCodec, detail)
        })?;
    let metadata = stream.metadata();
    let (language, language3) = language::tags(metadata.get("language").unwrap_or("und"));
    let channels = opened.channels().max(1);
    let description = SourceAudio {
        codec: parameters.id().name().to_owned(),
        channels,
        sample_rate: opened.rate(),
        language: language.clone(),
    };
    let facts = AudioFacts {
        stream: stream.index(),
        parameters,
        time_base: stream.time_base(),
        channels,
        language,
        language3,
    };
    let start = Some(stream.start_time()).filter(|&start| start != ffmpeg::ffi::AV_NOPTS_VALUE);
    Ok(Listener {
        facts,
        description,
        start,
    })
}
