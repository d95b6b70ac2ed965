//! The end of the log, kept in memory for a support bundle: the log itself goes to standard error, where a service
//! manager keeps it.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use tracing_subscriber::fmt::MakeWriter;

/// The most bytes that are kept.
pub const MOST: usize = 256 << 10;

/// The end of the log; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Tail {
    /// Locked to copy a line in or all of it out.
    lines: Arc<Mutex<VecDeque<u8>>>,
}

impl Tail {
    /// What is kept, from the beginning of a line.
    #[must_use]
    pub fn text(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, second) = lines.as_slices();
        String::from_utf8_lossy(&[first, second].concat()).into_owned()
    }

    fn push(&self, bytes: &[u8]) {
        // A line longer than everything is cut: its end says least.
        let bytes = bytes.get(..MOST).unwrap_or(bytes);
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let over = (lines.len() + bytes.len()).saturating_sub(MOST);
        if over > 0 {
            let ends = lines.iter().skip(over).position(|byte| *byte == b'\n');
            let cut = ends.map_or(lines.len(), |end| over + end + 1);
            lines.drain(..cut);
        }
        lines.extend(bytes);
    }
}

impl io::Write for Tail {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Tail {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_end_is_kept_in_whole_lines() {
        let mut tail = Tail::default();
        for n in 0..40_000 {
            writeln!(tail, "line {n} of the log").unwrap();
        }
        let text = tail.text();
        assert!(
            text.len() <= MOST && text.len() > MOST - 100,
            "{}",
            text.len()
        );
        assert!(text.starts_with("line ") && text.ends_with("line 39999 of the log\n"));
        tail.write_all(&vec![b'x'; MOST * 2]).unwrap();
        assert!(tail.text().len() <= MOST);
    }
}
