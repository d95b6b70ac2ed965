//! Taking an input apart.

use std::str;

use http::{HeaderMap, HeaderName, HeaderValue};

/// The rest of an input.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// The first byte as a choice among `ways`; 0 when nothing is left.
    pub fn way(&mut self, ways: u8) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first % ways
    }

    /// The next bytes as a number, zeros where they end.
    pub fn number(&mut self) -> u64 {
        let mut bytes = [0; 8];
        let len = self.0.len().min(8);
        let (taken, rest) = self.0.split_at(len);
        bytes[..len].copy_from_slice(taken);
        self.0 = rest;
        u64::from_le_bytes(bytes)
    }

    /// Up to the end of the line, which is taken too.
    pub fn line(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|b| *b == b'\n');
        let (line, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest.get(1..).unwrap_or_default();
        line
    }

    /// Everything that is left, if it is text.
    pub fn text(self) -> Option<&'a str> {
        str::from_utf8(self.0).ok()
    }

    /// What is left as headers, `name: value` a line; lines that are none are passed over, as a server's HTTP
    /// reader never shows them. At most 64.
    pub fn headers(mut self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        while !self.0.is_empty() && headers.len() < 64 {
            let line = self.line();
            let Some(colon) = line.iter().position(|b| *b == b':') else {
                continue;
            };
            let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
            let name = HeaderName::from_bytes(name);
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
                headers.append(name, value);
            }
        }
        headers
    }
}
