//! Follows wrappers: says what to fetch next, takes the answer, ends with what is to be shown.
//!
//! It opens nothing and waits for nothing. Whoever drives it asks [`Resolver::step`] and gives what came to
//! [`Resolver::answer`], until there is nothing left to fetch. However an ad server answers, it ends: there are
//! bounds for the depth, the fetches, the bytes and the ads.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use super::document::{AdDoc, Common, Content, InLine, Refused, Vast, Wrapper};
use super::error::{VastError, code};
use super::merge::merge;
use super::read::parse;
use crate::decision::Ad;

/// The most wrappers around an ad.
pub const DEPTH_MAX: usize = 5;

/// The most bytes of all answers together.
pub const BYTES_MAX: usize = 2 << 20;

/// The most fetches, the first one included.
pub const FETCHES_MAX: usize = 30;

/// The most ads of a decision.
pub const ADS_MAX: usize = 50;

/// The most reports of errors.
pub const REPORTS_MAX: usize = 100;

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Fetch this; macros are in it still.
    Fetch(String),
    /// Nothing: [`Resolver::finish`] has the outcome.
    Done,
}

/// A URL to call because something failed; `[ERRORCODE]` is in it still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The URL.
    pub url: String,
    /// The code.
    pub code: u16,
}

/// A level of what was fetched, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// How many wrappers stand around it.
    pub depth: usize,
    /// Where it was.
    pub url: String,
    /// Its length, bytes.
    pub bytes: usize,
    /// What was wrong with all of it.
    pub error: Option<VastError>,
    /// What is wrong with parts of it, and what is not as the standard wants it.
    pub document: Option<Vast>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What is to be shown; may be empty.
    pub ads: Vec<Ad>,
    /// What is to be told to whom.
    pub reports: Vec<Report>,
    /// The first thing that went wrong; where there are ads, it cost others.
    pub error: Option<VastError>,
    /// What was fetched, in order.
    pub fetched: Vec<Fetched>,
}

/// The ads of one document, and what stands around it.
#[derive(Debug, Default)]
struct Frame {
    levels: Vec<Common>,
    urls: Vec<String>,
    follow: bool,
    pod: VecDeque<Item>,
    alone: VecDeque<Item>,
    is_pod: bool,
    found: Vec<Ad>,
    failed: Option<VastError>,
    /// Whether a stand-alone ad beside the wrapper that led here may take its place.
    fallback: bool,
}

#[derive(Debug)]
enum Item {
    Ad(Box<AdDoc>),
    Refused(Refused),
}

/// The machine.
#[derive(Debug)]
pub struct Resolver {
    frames: Vec<Frame>,
    /// What is being fetched: the frame that the answer becomes, and whether it may have several ads.
    waiting: Option<(Frame, bool)>,
    room_ms: Option<u64>,
    bytes: usize,
    fetches: usize,
    /// Why nothing more is fetched.
    ended: Option<VastError>,
    outcome: Outcome,
}

impl Resolver {
    /// For the answer of this URL. `room_ms` is how long the break is to be: of ads that stand alone, more than
    /// one is taken as long as they fit.
    #[must_use]
    pub fn new(url: impl Into<String>, room_ms: Option<u64>) -> Self {
        let first = Frame {
            urls: vec![url.into()],
            follow: true,
            ..Frame::default()
        };
        Self {
            frames: Vec::new(),
            waiting: Some((first, true)),
            room_ms,
            bytes: 0,
            fetches: 1,
            ended: None,
            outcome: Outcome {
                ads: Vec::new(),
                reports: Vec::new(),
                error: None,
                fetched: Vec::new(),
            },
        }
    }

    /// What is to be done next.
    pub fn step(&mut self) -> Step {
        loop {
            if let Some(url) = self
                .waiting
                .as_ref()
                .and_then(|(frame, _)| frame.urls.last())
            {
                return Step::Fetch(url.clone());
            }
            let Some(mut frame) = self.frames.pop() else {
                return Step::Done;
            };
            match self.take(&mut frame) {
                Some(item) => {
                    self.item(&mut frame, item);
                    self.frames.push(frame);
                }
                None => self.close(frame),
            }
        }
    }

    /// What came of the last fetch: its bytes, or why there are none. Without a fetch it does nothing.
    pub fn answer(&mut self, came: Result<&[u8], VastError>) {
        let Some((mut frame, multiple)) = self.waiting.take() else {
            return;
        };
        let len = came.as_ref().map_or(0, |bytes| bytes.len());
        self.bytes += len;
        let parsed = came.and_then(|bytes| {
            if self.bytes > BYTES_MAX {
                let text = format!("the answers are larger than {BYTES_MAX} bytes together");
                return Err(VastError::new(code::LIMIT, "", text));
            }
            if bytes.trim_ascii().is_empty() {
                return Err(VastError::new(code::NO_AD, "", "the answer is empty"));
            }
            parse(bytes)
        });
        self.outcome.fetched.push(Fetched {
            depth: frame.levels.len(),
            url: frame.urls.last().cloned().unwrap_or_default(),
            bytes: len,
            error: parsed.as_ref().err().cloned(),
            document: parsed.as_ref().ok().cloned(),
        });
        match parsed {
            Ok(document) => {
                if document.ads.is_empty() && document.refused.is_empty() {
                    let error = VastError::new(code::NO_AD, "VAST", "there is no ad");
                    self.fail(&mut frame, error, &document.errors);
                } else {
                    fill(&mut frame, document, multiple);
                }
            }
            Err(error) => self.fail(&mut frame, error, &[]),
        }
        self.frames.push(frame);
    }

    /// Nothing more is fetched: the time is up. What was found stays.
    pub fn give_up(&mut self, error: VastError) {
        self.ended = Some(error.clone());
        self.answer(Err(error));
        self.step();
    }

    /// The outcome, once [`Self::step`] said [`Step::Done`].
    #[must_use]
    pub fn finish(self) -> Outcome {
        self.outcome
    }

    /// The next ad of a frame that is wanted.
    fn take(&self, frame: &mut Frame) -> Option<Item> {
        if self.outcome.ads.len() + frame.found.len() >= ADS_MAX {
            return None;
        }
        if frame.is_pod {
            return frame.pod.pop_front();
        }
        let filled: u64 = frame.found.iter().map(|ad| ad.duration_ms).sum();
        let is_wanted = frame.found.is_empty() || self.room_ms.is_some_and(|room| filled < room);
        if is_wanted {
            frame.alone.pop_front()
        } else {
            None
        }
    }

    fn item(&mut self, frame: &mut Frame, item: Item) {
        let ad = match item {
            Item::Ad(ad) => *ad,
            Item::Refused(refused) => {
                self.fail(frame, refused.error, &refused.errors);
                substitute(frame);
                return;
            }
        };
        match ad.content {
            Content::InLine(inline) => self.inline(frame, &ad.common, &ad.id, &inline),
            Content::Wrapper(wrapper) => {
                if let Err((code, text)) = self.may_follow(frame, &wrapper) {
                    let error = VastError::new(code, format!("{}/Wrapper", ad.path), text);
                    self.fail(frame, error, &ad.common.errors);
                    if wrapper.fallback || ad.sequence.is_none() {
                        substitute(frame);
                    }
                    return;
                }
                self.follow(frame, ad.common, wrapper);
            }
        }
    }

    fn inline(&self, frame: &mut Frame, common: &Common, id: &str, inline: &InLine) {
        let ad = merge(&frame.levels, common, id, inline);
        let filled: u64 = frame.found.iter().map(|ad| ad.duration_ms).sum();
        let fits = self
            .room_ms
            .is_none_or(|room| filled + ad.duration_ms <= room);
        // A pod belongs together; of those that stand alone, further ones only fill what is left.
        if frame.is_pod || frame.found.is_empty() || fits {
            frame.found.push(ad);
        }
    }

    fn may_follow(&self, frame: &Frame, wrapper: &Wrapper) -> Result<(), (u16, String)> {
        if let Some(error) = &self.ended {
            return Err((error.code, error.text.clone()));
        }
        if !frame.follow {
            let text = "the wrapper around it allows no further one";
            return Err((code::NO_AD, text.to_owned()));
        }
        let text = if frame.levels.len() >= DEPTH_MAX {
            format!("there are more than {DEPTH_MAX} wrappers around each other")
        } else if frame.urls.contains(&wrapper.url) {
            "the wrappers lead in a circle".to_owned()
        } else if self.fetches >= FETCHES_MAX {
            format!("more than {FETCHES_MAX} documents would have to be fetched")
        } else {
            return Ok(());
        };
        Err((code::LIMIT, text))
    }

    fn follow(&mut self, frame: &Frame, common: Common, wrapper: Wrapper) {
        self.fetches += 1;
        let mut levels = frame.levels.clone();
        levels.push(common);
        let mut urls = frame.urls.clone();
        urls.push(wrapper.url);
        let inner = Frame {
            levels,
            urls,
            follow: wrapper.follow,
            fallback: wrapper.fallback,
            ..Frame::default()
        };
        self.waiting = Some((inner, wrapper.multiple));
    }

    /// A frame has no more ads: what it found belongs to the one around it.
    fn close(&mut self, mut frame: Frame) {
        if frame.found.is_empty() && frame.failed.is_none() {
            let error = VastError::new(code::NO_AD, "VAST", "there is no ad");
            self.fail(&mut frame, error, &[]);
        }
        let Some(parent) = self.frames.last_mut() else {
            self.outcome.ads = frame.found;
            self.outcome.ads.truncate(ADS_MAX);
            return;
        };
        if frame.found.is_empty() {
            parent.failed = parent.failed.take().or(frame.failed);
            if frame.fallback {
                substitute(parent);
            }
        }
        parent.found.append(&mut frame.found);
    }

    /// Notes what went wrong, and tells it at every level.
    fn fail(&mut self, frame: &mut Frame, error: VastError, own: &[String]) {
        let levels = frame.levels.iter().flat_map(|level| &level.errors);
        for url in levels.chain(own) {
            if self.outcome.reports.len() < REPORTS_MAX {
                self.outcome.reports.push(Report {
                    url: url.clone(),
                    code: error.code,
                });
            }
        }
        self.outcome.error.get_or_insert_with(|| error.clone());
        frame.failed.get_or_insert(error);
    }
}

/// Puts a document's ads into the frame: a pod if there is one, else those that stand alone.
fn fill(frame: &mut Frame, document: Vast, multiple: bool) {
    let mut items: Vec<(Option<u32>, Item)> = Vec::new();
    for ad in document.ads {
        items.push((ad.sequence, Item::Ad(Box::new(ad))));
    }
    for refused in document.refused {
        items.push((refused.sequence, Item::Refused(refused)));
    }
    items.sort_by_key(|(sequence, _)| sequence.unwrap_or(u32::MAX));
    for (sequence, item) in items {
        match sequence {
            Some(_) => frame.pod.push_back(item),
            None => frame.alone.push_back(item),
        }
    }
    frame.is_pod = !frame.pod.is_empty();
    if !multiple {
        // Only one ad is allowed: one that stands alone, and the first of a pod where there is none.
        if frame.alone.is_empty() {
            frame.pod.truncate(1);
        } else {
            frame.is_pod = false;
            frame.pod.clear();
            frame.alone.truncate(1);
        }
    }
}

/// A stand-alone ad takes the place of one of the pod that failed.
fn substitute(frame: &mut Frame) {
    if frame.is_pod
        && let Some(item) = frame.alone.pop_front()
    {
        frame.pod.push_front(item);
    }
}
