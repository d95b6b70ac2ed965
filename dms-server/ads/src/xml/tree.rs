//! Text to a tree of elements.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::decode::is_allowed;
use super::{ATTRIBUTES_MAX, DEPTH_MAX, NAME_MAX, NODES_MAX, TEXT_MAX, XmlError};

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Its name without a prefix, as it was written.
    pub name: String,
    /// Its attributes, in order; names without a prefix.
    pub attributes: Vec<(String, String)>,
    /// The text and the CDATA in it, without that of its children.
    pub text: String,
    /// The elements in it.
    pub children: Vec<Self>,
}

impl Node {
    /// Whether it has this name; upper and lower case are the same.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Its text without white space around it.
    #[must_use]
    pub fn trimmed(&self) -> &str {
        self.text.trim()
    }

    /// The value of an attribute, without white space around it.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let mut found = self.attributes.iter();
        let found = found.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(found.1.trim())
    }

    /// The children of this name.
    pub fn all<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.is(name))
    }

    /// The first child of this name.
    #[must_use]
    pub fn one(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(name))
    }

    /// The text of the first child of this name, unless it is empty.
    #[must_use]
    pub fn text_of(&self, name: &str) -> Option<&str> {
        let text = self.one(name)?.trimmed();
        (!text.is_empty()).then_some(text)
    }

    /// It as XML again.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut xml = String::new();
        self.write(&mut xml);
        xml
    }

    /// Writes it; the depth was bounded when it was read.
    fn write(&self, to: &mut String) {
        to.push('<');
        to.push_str(&self.name);
        for (name, value) in &self.attributes {
            let value = escape(value.as_str());
            to.extend([" ", name, "=\"", &*value, "\""]);
        }
        to.push('>');
        to.push_str(&escape(self.text.as_str()));
        for child in &self.children {
            child.write(to);
        }
        to.extend(["</", &self.name, ">"]);
    }
}

/// Reads a document's text.
///
/// # Errors
/// What is not well-formed, has a document type or entities of its own, or passes a bound.
pub fn parse(text: &str) -> Result<Node, XmlError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut building = Building::default();
    loop {
        let event = reader
            .read_event()
            .map_err(|error| building.wrong(&error.to_string()))?;
        match event {
            Event::Start(start) => building.open(&start)?,
            Event::Empty(start) => {
                building.open(&start)?;
                building.close();
            }
            Event::End(_) => building.close(),
            Event::Text(text) => building.text(&text.xml10_content())?,
            Event::CData(text) => building.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => building.reference(&reference)?,
            Event::Comment(_) | Event::PI(_) => building.count()?,
            Event::Decl(_) if building.count == 0 && reader.buffer_position() < 300 => {}
            Event::Decl(_) => return Err(building.wrong("a declaration stands within")),
            Event::DocType(_) => {
                return Err(building.wrong("a document type (DTD) is not taken"));
            }
            Event::Eof => return building.end(),
        }
    }
}

#[derive(Default)]
struct Building {
    /// The elements that are open, the outermost first.
    open: Vec<Node>,
    root: Option<Node>,
    count: usize,
    attributes: usize,
}

impl Building {
    /// Where we are.
    fn path(&self) -> String {
        let names: Vec<&str> = self.open.iter().map(|node| node.name.as_str()).collect();
        names.join("/")
    }

    fn wrong(&self, text: &str) -> XmlError {
        XmlError::new(self.path(), text)
    }

    fn count(&mut self) -> Result<(), XmlError> {
        self.count += 1;
        if self.count > NODES_MAX {
            return Err(self.wrong(&format!("there are more than {NODES_MAX} nodes")));
        }
        Ok(())
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), XmlError> {
        self.count()?;
        if self.root.is_some() {
            return Err(self.wrong("there is a second root"));
        }
        if self.open.len() == DEPTH_MAX {
            return Err(self.wrong(&format!("elements stand more than {DEPTH_MAX} deep")));
        }
        let mut node = Node {
            name: self.name(start.local_name().as_ref())?,
            ..Node::default()
        };
        for attribute in start.attributes() {
            self.attributes += 1;
            if self.attributes > ATTRIBUTES_MAX {
                let text = format!("there are more than {ATTRIBUTES_MAX} attributes");
                return Err(self.wrong(&text));
            }
            let attribute = attribute.map_err(|error| self.wrong(&error.to_string()))?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|error| self.wrong(&error.to_string()))?;
            if value.len() > TEXT_MAX || !value.chars().all(is_allowed) {
                return Err(
                    self.wrong("an attribute's value is too long or has a forbidden character")
                );
            }
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let name = self.name(attribute.key.local_name().as_ref())?;
            node.attributes.push((name, value.into_owned()));
        }
        self.open.push(node);
        Ok(())
    }

    fn name(&self, text: &str) -> Result<String, XmlError> {
        let begins = |c: char| c.is_alphabetic() || c == '_';
        let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        if text.len() <= NAME_MAX && text.starts_with(begins) && text.chars().all(goes_on) {
            Ok(text.to_owned())
        } else {
            Err(self.wrong("a name is too long or is none"))
        }
    }

    fn close(&mut self) {
        let Some(node) = self.open.pop() else {
            return;
        };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(node),
            None => self.root = Some(node),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        let Some(node) = self.open.last_mut() else {
            return if text.trim().is_empty() {
                Ok(())
            } else {
                Err(self.wrong("text stands outside of the root"))
            };
        };
        node.text.push_str(text);
        if node.text.len() > TEXT_MAX {
            return Err(self.wrong(&format!("its text is longer than {TEXT_MAX} bytes")));
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), XmlError> {
        if self.open.is_empty() {
            return Err(self.wrong("text stands outside of the root"));
        }
        if let Some(character) = reference.resolve_char_ref().ok().flatten() {
            if !is_allowed(character) {
                return Err(self.wrong("a reference means a forbidden character"));
            }
            return self.text(character.encode_utf8(&mut [0; 4]));
        }
        match resolve_predefined_entity(reference) {
            Some(text) => self.text(text),
            None => Err(self.wrong("an entity that XML does not have by itself is not resolved")),
        }
    }

    fn end(mut self) -> Result<Node, XmlError> {
        if !self.open.is_empty() {
            return Err(self.wrong("it is not closed"));
        }
        self.root
            .take()
            .ok_or_else(|| self.wrong("there is no element"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cdata_and_references_are_one_text() {
        let node = parse(
            "<v:a xmlns:v='u' b='1 &amp; &#x41;'> x<![CDATA[<&>]]>&lt;&#65;<!-- no -->\r\n</v:a>",
        );
        let node = node.expect("well-formed");
        assert_eq!(node.name, "a");
        assert_eq!(node.trimmed(), "x<&><A");
        assert_eq!(node.attribute("B"), Some("1 & A"));
        assert_eq!(node.attributes.len(), 1);
        assert_eq!(parse(&node.to_xml()), Ok(node));
    }

    #[test]
    fn what_is_not_well_formed_or_dangerous_is_refused() {
        let deep = "<a>".repeat(DEPTH_MAX + 1);
        let many = format!("<a>{}</a>", "<b/>".repeat(NODES_MAX));
        let comments = format!("<a>{}</a>", "<!---->".repeat(NODES_MAX));
        let wide: String = (0..=ATTRIBUTES_MAX).map(|n| format!(" a{n}=''")).collect();
        let wide = format!("<a{wide}/>");
        let spread = format!("<a>{}</a>", "<b c=''/>".repeat(ATTRIBUTES_MAX + 1));
        let long = format!("<a>{}</a>", "x".repeat(TEXT_MAX + 1));
        let name = format!("<{}/>", "n".repeat(NAME_MAX + 1));
        let bombs = "<!DOCTYPE a [<!ENTITY b 'b'><!ENTITY c '&b;&b;'>]><a>&c;</a>";
        for text in [
            "",
            "x",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a/>x",
            "x<a/>",
            "<a b='1' b='2'/>",
            "<a b=1/>",
            "<a>&b;</a>",
            "<a>&nbsp;</a>",
            "<a b='&c;'/>",
            "<a>&#0;</a>",
            "<a>&#xFFFF;</a>",
            "<a b='&#1;'/>",
            "<a>x & y</a>",
            "<a><![CDATA[x</a>",
            "<!DOCTYPE a><a/>",
            "<a/><?xml version='1.0'?>",
            "<1/>",
            "<a><!-- x</a>",
            "&lt;<a/>",
            "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
            bombs,
            &deep,
            &many,
            &comments,
            &wide,
            &spread,
            &long,
            &name,
        ] {
            let shown: String = text.chars().take(80).collect();
            assert!(parse(text).is_err(), "{shown}");
        }
    }

    #[test]
    fn a_complaint_says_where() {
        let error = parse("<VAST><Ad><InLine>&x;</InLine></Ad></VAST>").expect_err("refused");
        assert_eq!(error.path, "VAST/Ad/InLine");
    }
}
