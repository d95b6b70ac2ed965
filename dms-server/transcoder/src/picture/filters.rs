//! Turning and scaling pictures for every rendition.

use std::sync::mpsc::{Receiver, SyncSender};

use dms_transcoder_protocol::ladder::Rung;
use ffmpeg::format::Pixel;
use ffmpeg::{Rescale, color, filter, frame};
use ffmpeg_next as ffmpeg;

use super::Picture;
use crate::error::JobError;
use crate::pace::TICKS;
use crate::probe::VideoFacts;

/// A change of shape by less than this share is stretched away; more gets black bars.
const STRETCH: f64 = 0.02;

/// Threads of one scaler.
const THREADS: u16 = 2;

/// The thread that scales.
pub struct Filters<'a> {
    video: &'a VideoFacts,
    rungs: &'a [Rung],
    graph: Option<Graph>,
    /// A picture made of two fields came; films that were recorded so may begin without one.
    interlaced: bool,
    to: Vec<SyncSender<Picture>>,
}

/// A configured filter graph and the pictures it is made for.
struct Graph {
    graph: filter::Graph,
    shape: Shape,
}

/// Width, height, layout, and whether fields have to be made whole pictures.
type Shape = (u32, u32, Pixel, bool);

impl<'a> Filters<'a> {
    /// Pictures go to the rendition of the same place.
    pub fn new(video: &'a VideoFacts, rungs: &'a [Rung], to: Vec<SyncSender<Picture>>) -> Self {
        Self {
            video,
            rungs,
            graph: None,
            interlaced: false,
            to,
        }
    }

    /// Scales until the pictures end.
    pub fn run(mut self, from: &Receiver<Picture>) -> Result<(), JobError> {
        for picture in from {
            match picture {
                Picture::Frame(frame) => self.push(&frame)?,
                Picture::End(end) => {
                    self.drain()?;
                    return self.to.iter().try_for_each(|to| {
                        to.send(Picture::End(end)).map_err(|_| JobError::Stopped)
                    });
                }
            }
        }
        Err(JobError::Stopped)
    }

    fn push(&mut self, frame: &frame::Video) -> Result<(), JobError> {
        self.interlaced |= frame.is_interlaced();
        let (width, height) = (frame.width(), frame.height());
        let shape = (width, height, frame.format(), self.interlaced);
        if self.graph.as_ref().is_none_or(|graph| graph.shape != shape) {
            self.drain()?;
            self.graph = Some(Graph {
                graph: self.configure(shape, frame)?,
                shape,
            });
        }
        if let Some(Graph { graph, .. }) = &mut self.graph {
            let mut source = graph.get("in").ok_or(JobError::Stopped)?;
            source
                .source()
                .add(frame)
                .map_err(JobError::library("scaling a picture"))?;
        }
        self.collect()
    }

    /// Takes what the graph still holds.
    fn drain(&mut self) -> Result<(), JobError> {
        if let Some(Graph { graph, .. }) = &mut self.graph
            && let Some(mut source) = graph.get("in")
        {
            source
                .source()
                .flush()
                .map_err(JobError::library("scaling the last pictures"))?;
        }
        self.collect()?;
        self.graph = None;
        Ok(())
    }

    fn collect(&mut self) -> Result<(), JobError> {
        let Some(Graph { graph, .. }) = &mut self.graph else {
            return Ok(());
        };
        for (place, to) in self.to.iter().enumerate() {
            let Some(mut sink) = graph.get(&sink_name(place)) else {
                continue;
            };
            let mut sink = sink.sink();
            loop {
                let mut frame = frame::Video::empty();
                if sink.frame(&mut frame).is_err() {
                    break;
                }
                let ticks = frame
                    .pts()
                    .map(|pts| pts.rescale(sink.time_base(), ticks()));
                frame.set_pts(ticks);
                to.send(Picture::Frame(frame))
                    .map_err(|_| JobError::Stopped)?;
            }
        }
        Ok(())
    }

    fn configure(&self, shape: Shape, frame: &frame::Video) -> Result<filter::Graph, JobError> {
        let build = || -> Result<filter::Graph, ffmpeg::Error> {
            let (width, height, format, _) = shape;
            let format = format
                .descriptor()
                .ok_or(ffmpeg::Error::InvalidData)?
                .name();
            let missing = ffmpeg::Error::FilterNotFound;
            let (buffer, sink) = (filter::find("buffer"), filter::find("buffersink"));
            let mut graph = filter::Graph::new();
            let input = format!(
                "video_size={width}x{height}:pix_fmt={format}:time_base=1/{TICKS}:pixel_aspect=1/1"
            );
            graph.add(&buffer.ok_or(missing)?, "in", &input)?;
            let sink = sink.ok_or(missing)?;
            for place in 0..self.rungs.len() {
                graph.add(&sink, &sink_name(place), "")?;
            }
            let chain = self.chain(shape, frame);
            let mut parser = graph.output("in", 0)?;
            for place in 0..self.rungs.len() {
                parser = parser.input(&sink_name(place), 0)?;
            }
            parser.parse(&chain)?;
            graph.validate()?;
            Ok(graph)
        };
        build().map_err(JobError::library("preparing to scale pictures"))
    }

    /// The graph's description: deinterlace, turn, then a cascade of ever smaller sizes.
    fn chain(&self, shape: Shape, frame: &frame::Video) -> String {
        let mut first = Vec::new();
        if shape.3 {
            first.push(String::from("bwdif=mode=send_frame:deint=interlaced"));
        }
        if !self.video.turn.filters().is_empty() {
            first.push(self.video.turn.filters().to_owned());
        }
        let mut chain = String::from("[in]");
        for (place, rung) in self.rungs.iter().enumerate() {
            let mut filters = if place == 0 {
                std::mem::take(&mut first)
            } else {
                Vec::new()
            };
            match place {
                0 => filters.push(self.fit(shape, frame, rung)),
                _ => filters.push(format!(
                    "scale={}:{}:flags=bicubic",
                    rung.width, rung.height
                )),
            }
            let last = place + 1 == self.rungs.len();
            chain += &filters.join(",");
            match last {
                true => chain += &format!("[{}]", sink_name(place)),
                false => {
                    chain += &format!(",split[{}][next{place}];[next{place}]", sink_name(place))
                }
            }
        }
        chain
    }

    /// From any picture of the source to the largest rendition.
    fn fit(&self, (width, height, format, _): Shape, frame: &frame::Video, rung: &Rung) -> String {
        let (w, h) = (rung.width, rung.height);
        let first = &self.video.first;
        let mut scale = scale(rung);
        if frame.color_range() == color::Range::JPEG {
            scale += ":out_range=tv";
        }
        if frame.color_space() == color::Space::RGB || is_rgb(format) {
            scale += ":out_color_matrix=bt709";
        }
        let aspect = |w: u32, h: u32| f64::from(w) / f64::from(h.max(1));
        let same =
            (aspect(width, height) / aspect(first.width, first.height) - 1.0).abs() < STRETCH;
        if !same {
            scale += &format!(
                ":force_original_aspect_ratio=decrease:force_divisible_by=2,pad={w}:{h}:-1:-1"
            );
        }
        format!("{scale},format=yuv420p,setsar=1")
    }
}

/// Scaling to a rendition's size. Without a limit every scaler would start a thread for each
/// processor.
fn scale(rung: &Rung) -> String {
    format!(
        "scale={}:{}:flags=bicubic:threads={THREADS}",
        rung.width, rung.height
    )
}

/// The layout stores red, green and blue rather than brightness and colour.
pub fn is_rgb(format: Pixel) -> bool {
    const WITH: [&str; 4] = ["rgb", "bgr", "gbr", "pal8"];
    let name = format
        .descriptor()
        .map_or("", |descriptor| descriptor.name());
    WITH.iter().any(|part| name.contains(part)) || matches!(name, "argb" | "rgba" | "abgr" | "bgra")
}

fn sink_name(place: usize) -> String {
    format!("out{place}")
}

fn ticks() -> ffmpeg::Rational {
    ffmpeg::Rational::new(1, TICKS as i32)
}
