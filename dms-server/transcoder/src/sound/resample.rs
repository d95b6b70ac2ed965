//! Bringing sound of any rate, layout and sample format to the one that is encoded.

use ffmpeg::{ChannelLayout, Rescale, filter, format, frame};
use ffmpeg_next as ffmpeg;

use super::{Format, RATE};
use crate::error::JobError;

/// A piece of resampled sound.
pub struct Piece {
    /// Planar 32 bit float samples.
    pub frame: frame::Audio,
    /// Where it belongs, samples; unknown when the source does not say.
    pub at: Option<i64>,
}

/// Resamples. The source may change its format on the way.
pub struct Resampler {
    target: Format,
    graph: Option<(Shape, filter::Graph)>,
}

#[derive(Clone, Copy, PartialEq)]
struct Shape {
    format: format::Sample,
    rate: u32,
    layout: ChannelLayout,
}

impl Resampler {
    /// A resampler to this format.
    pub fn new(target: Format) -> Self {
        Self {
            target,
            graph: None,
        }
    }

    /// Takes a decoded frame that belongs at the sample `at`, and gives what is ready.
    pub fn push(
        &mut self,
        mut frame: frame::Audio,
        at: Option<i64>,
    ) -> Result<Vec<Piece>, JobError> {
        if frame.samples() == 0 || frame.rate() == 0 || frame.channels() == 0 {
            return Ok(Vec::new());
        }
        if frame.channel_layout().channels() != i32::from(frame.channels()) {
            frame.set_channel_layout(ChannelLayout::default(i32::from(frame.channels())));
        }
        let layout = frame.channel_layout();
        let shape = Shape {
            format: frame.format(),
            rate: frame.rate(),
            layout,
        };
        let mut pieces = Vec::new();
        if self.graph.as_ref().is_none_or(|(known, _)| *known != shape) {
            pieces = self.finish()?;
            let graph = configure(shape, self.target)
                .map_err(JobError::library("preparing to resample sound"))?;
            self.graph = Some((shape, graph));
        }
        frame.set_pts(at);
        if let Some((_, graph)) = &mut self.graph
            && let Some(mut source) = graph.get("in")
        {
            source
                .source()
                .add(&frame)
                .map_err(JobError::library("resampling sound"))?;
        }
        self.collect(&mut pieces);
        Ok(pieces)
    }

    /// Gives what is left.
    pub fn finish(&mut self) -> Result<Vec<Piece>, JobError> {
        let mut pieces = Vec::new();
        if let Some((_, graph)) = &mut self.graph
            && let Some(mut source) = graph.get("in")
        {
            source
                .source()
                .flush()
                .map_err(JobError::library("resampling the last sound"))?;
        }
        self.collect(&mut pieces);
        self.graph = None;
        Ok(pieces)
    }

    fn collect(&mut self, pieces: &mut Vec<Piece>) {
        let Some((_, graph)) = &mut self.graph else {
            return;
        };
        let Some(mut sink) = graph.get("out") else {
            return;
        };
        let mut sink = sink.sink();
        loop {
            let mut frame = frame::Audio::empty();
            if sink.frame(&mut frame).is_err() {
                return;
            }
            let target = ffmpeg::Rational::new(1, RATE as i32);
            let at = frame.pts().map(|pts| pts.rescale(sink.time_base(), target));
            pieces.push(Piece { frame, at });
        }
    }
}

fn configure(shape: Shape, target: Format) -> Result<filter::Graph, ffmpeg::Error> {
    let missing = ffmpeg::Error::FilterNotFound;
    let mut graph = filter::Graph::new();
    let input = format!(
        "time_base=1/{RATE}:sample_rate={}:sample_fmt={}:channel_layout=0x{:x}",
        shape.rate,
        shape.format.name(),
        shape.layout.bits()
    );
    graph.add(&filter::find("abuffer").ok_or(missing)?, "in", &input)?;
    graph.add(&filter::find("abuffersink").ok_or(missing)?, "out", "")?;
    let layout = if target.channels == 1 {
        "mono"
    } else {
        "stereo"
    };
    let chain = format!(
        "[in]aresample={RATE},\
         aformat=sample_fmts=fltp:sample_rates={RATE}:channel_layouts={layout}[out]"
    );
    graph.output("in", 0)?.input("out", 0)?.parse(&chain)?;
    graph.validate()?;
    Ok(graph)
}
