//! The document, read node by node.

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

use super::offset::{Position, clock};
use super::{BREAKS_MAX, DEPTH_MAX, DOCUMENT_MAX, NODES_MAX, Source, Vmap, VmapBreak, VmapError};

/// The namespace; documents without one are read too.
const NAMESPACE: &str = "http://www.iab.net/videosuite/vmap";
const NAMESPACE_NEW: &str = "http://www.iab.net/vmap-1.0";

/// Where a document of another vocabulary lies.
const INLINE: &[&str] = &["VMAP", "AdBreak", "AdSource", "VASTAdData"];

/// Reads a document.
///
/// # Errors
/// [`VmapError`].
pub fn read(bytes: &[u8]) -> Result<Vmap, VmapError> {
    if bytes.len() > DOCUMENT_MAX {
        return Err(VmapError::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| VmapError::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut walk = Walk {
        reader: NsReader::from_str(text),
        text,
        nodes: 0,
        path: Vec::new(),
        vmap: Vmap::default(),
        open: None,
        gathered: String::new(),
        inline_from: 0,
    };
    walk.reader.config_mut().check_comments = true;
    while walk.step()? {}
    let at = walk.at();
    if walk.path.is_empty() && walk.nodes > 0 {
        return Ok(walk.vmap);
    }
    let why = "it ends before its root does".to_owned();
    Err(VmapError::Xml { at, why })
}

struct Walk<'a> {
    reader: NsReader<&'a [u8]>,
    text: &'a str,
    nodes: usize,
    /// The local names of the nodes around; other vocabularies' have an empty one.
    path: Vec<String>,
    vmap: Vmap,
    open: Option<VmapBreak>,
    /// Text of the node that is being read.
    gathered: String,
    /// Where the insides of the inline document that is being read begin.
    inline_from: u64,
}

impl<'a> Walk<'a> {
    fn at(&self) -> u64 {
        self.reader.buffer_position()
    }

    fn wrong(&self, why: impl ToString) -> VmapError {
        VmapError::Xml {
            at: self.at(),
            why: why.to_string(),
        }
    }

    /// False: the document ended.
    fn step(&mut self) -> Result<bool, VmapError> {
        let before = self.at();
        let event = self.reader.read_event();
        let event = event.map_err(|error| self.wrong(error))?;
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(VmapError::TooManyNodes { at: before });
        }
        match event {
            Event::Eof => return Ok(false),
            Event::DocType(_) => return Err(VmapError::Entity { at: before }),
            Event::Start(start) => {
                self.enter(&start, before)?;
                if self.is_inline() {
                    self.inline_from = self.at();
                }
            }
            Event::Empty(start) => {
                self.enter(&start, before)?;
                self.inline_from = before;
                self.leave(before);
            }
            Event::End(_) => self.leave(before),
            Event::Text(text) => {
                self.gathered.push_str(&text);
            }
            Event::CData(text) => {
                self.gathered.push_str(&text);
            }
            Event::GeneralRef(name) => {
                let number = name.resolve_char_ref().map_err(|error| self.wrong(error))?;
                let known = quick_xml::escape::resolve_xml_entity(&name);
                match (number, known) {
                    (Some(character), _) => self.gathered.push(character),
                    (None, Some(text)) => self.gathered.push_str(text),
                    (None, None) => return Err(VmapError::Entity { at: before }),
                }
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        Ok(true)
    }

    fn enter(&mut self, start: &BytesStart<'_>, before: u64) -> Result<(), VmapError> {
        if self.path.len() >= DEPTH_MAX {
            return Err(VmapError::TooDeep { at: before });
        }
        let (namespace, local) = self.reader.resolver().resolve_element(start.name());
        let ours = match namespace {
            ResolveResult::Bound(bound) => matches!(bound.as_ref(), NAMESPACE | NAMESPACE_NEW),
            ResolveResult::Unbound | ResolveResult::Unknown(_) => true,
        };
        let name = local.as_ref().to_owned();
        if self.path.is_empty() && (name != "VMAP" || !ours) {
            return Err(VmapError::Root(name.chars().take(64).collect()));
        }
        if self.path.is_empty() && self.nodes > 1 && self.open.is_some() {
            return Err(self.wrong("it has two roots"));
        }
        self.gathered.clear();
        // What lies in VASTAdData is of another vocabulary, which may use our names.
        let inside = self.path.iter().any(|name| name == "VASTAdData");
        self.path
            .push(if ours && !inside { name } else { String::new() });
        match self.names().as_slice() {
            ["VMAP", "AdBreak"] => self.begin(start),
            _ => Ok(()),
        }
    }

    fn names(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    fn begin(&mut self, start: &BytesStart<'_>) -> Result<(), VmapError> {
        if self.vmap.breaks.len() >= BREAKS_MAX {
            return Err(VmapError::TooManyBreaks);
        }
        let index = self.vmap.breaks.len() + 1;
        let (mut offset, mut kinds, mut id, mut repeat) = (None, String::new(), None, None);
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| self.wrong(error))?;
            let value = quick_xml::escape::unescape(&attribute.value)
                .map_err(|_| VmapError::Entity { at: self.at() })?;
            match attribute.key.as_ref() {
                "timeOffset" => offset = Some(value.trim().to_owned()),
                "breakType" => kinds = value.into_owned(),
                "breakId" => id = Some(value.chars().take(128).collect()),
                "repeatAfter" => repeat = clock(value.trim()),
                _ => {}
            }
        }
        let given = offset.ok_or(VmapError::NoOffset { index })?;
        let position = Position::parse(&given).map_err(|why| VmapError::Offset {
            index,
            given: given.chars().take(64).collect(),
            why,
        })?;
        self.open = Some(VmapBreak {
            position,
            linear: kinds.split(',').any(|kind| kind.trim() == "linear"),
            id,
            repeat_after_ms: repeat,
            source: None,
        });
        Ok(())
    }

    fn is_inline(&self) -> bool {
        self.names() == INLINE
    }

    /// Leaves a node whose end begins at `end`.
    fn leave(&mut self, end: u64) {
        let names = self.names();
        let text = || self.gathered.trim().to_owned();
        match names.as_slice() {
            ["VMAP", "AdBreak"] => self.close(),
            ["VMAP", "AdBreak", "AdSource", "AdTagURI"] => {
                let url = text();
                if let Some(open) = self.open.as_mut().filter(|_| !url.is_empty()) {
                    open.source = Some(Source::AdTag(url));
                }
            }
            INLINE => {
                // As it is written: its namespaces and its own escapes stay.
                let range = usize::try_from(self.inline_from)..usize::try_from(end);
                let inside = match (range.start, range.end) {
                    (Ok(from), Ok(to)) => self.text.get(from..to).unwrap_or_default().trim(),
                    _ => "",
                };
                if let Some(open) = self.open.as_mut().filter(|_| !inside.is_empty()) {
                    open.source = Some(Source::Inline(inside.to_owned()));
                }
            }
            ["VMAP", "AdBreak", "AdSource", "CustomAdData"] => {
                let index = self.vmap.breaks.len() + 1;
                let warning = format!("break {index}: its CustomAdData is not read");
                self.vmap.warnings.push(warning);
            }
            _ => {}
        }
        self.gathered.clear();
        self.path.pop();
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else {
            return;
        };
        let index = self.vmap.breaks.len() + 1;
        if open.repeat_after_ms.is_some() {
            let warning =
                format!("break {index}: it is not repeated; give each break its own time");
            self.vmap.warnings.push(warning);
        }
        if !open.linear {
            let warning = format!("break {index}: it is not linear, and interrupts nothing");
            self.vmap.warnings.push(warning);
        }
        self.vmap.breaks.push(open);
    }
}
