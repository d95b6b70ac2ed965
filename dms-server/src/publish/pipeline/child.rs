//! The media program as a child process: frames out, a tail of its messages, a sure end.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use dms_transcoder_protocol::{FrameDecoder, FrameError, JobSpec, Message};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;

/// Bytes read from the pipe at once.
const READ: usize = 256 << 10;
/// Lines kept of what the program says.
const TAIL_LINES: usize = 60;
/// The longest line kept, bytes.
const LINE: usize = 400;

/// A running media program. Dropping it kills the process.
pub struct MediaProgram {
    child: Child,
    stdout: ChildStdout,
    decoder: FrameDecoder,
    buffer: Vec<u8>,
    tail: JoinHandle<String>,
}

impl MediaProgram {
    /// Starts the program on a source. It gets no environment, no arguments but the job, and no
    /// open file but the source and its pipes.
    ///
    /// # Errors
    /// What the operating system says, such as that there is no such program.
    pub fn start(program: &Path, spec: &JobSpec, source: File) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg(spec.to_argument())
            .env_clear()
            .stdin(Stdio::from(source))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let missing = || io::Error::other("a pipe to the media program is missing");
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr = child.stderr.take().ok_or_else(missing)?;
        Ok(Self {
            child,
            stdout,
            decoder: FrameDecoder::new(),
            buffer: vec![0; READ],
            tail: tokio::spawn(tail(stderr)),
        })
    }

    /// The process id, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// The next message; `None` where the pipe ends between two frames.
    ///
    /// # Errors
    /// [`FrameError`]; the pipe is of no more use then.
    pub async fn next(&mut self) -> Result<Option<Message>, FrameError> {
        let mut filled = 0;
        loop {
            let bytes = self.buffer.get(..filled).unwrap_or_default();
            if let Some(message) = self.decoder.push(bytes).next() {
                return message.map(Some);
            }
            filled = self.stdout.read(&mut self.buffer).await?;
            if filled == 0 {
                return self.decoder.finish().map(|()| None);
            }
        }
    }

    /// Makes sure that the process has ended; answers how, and the end of what it said.
    pub async fn end(mut self) -> (Option<ExitStatus>, String) {
        // After its last message it has nothing left to do; before, it is to be stopped.
        drop(self.stdout);
        let grace = std::time::Duration::from_secs(5);
        let status = match tokio::time::timeout(grace, self.child.wait()).await {
            Ok(status) => status.ok(),
            Err(_) => {
                let _ = self.child.kill().await;
                None
            }
        };
        (status, self.tail.await.unwrap_or_default())
    }
}

/// Reads to the end, so that the program never blocks on its messages, and keeps the last lines.
async fn tail(stderr: impl AsyncRead + Unpin) -> String {
    let mut lines = VecDeque::with_capacity(TAIL_LINES);
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A line without an end is cut: the rest of it counts as further lines.
        let read = (&mut reader)
            .take(LINE as u64)
            .read_until(b'\n', &mut line)
            .await;
        if !matches!(read, Ok(n) if n > 0) {
            break;
        }
        if lines.len() == TAIL_LINES {
            lines.pop_front();
        }
        let text = String::from_utf8_lossy(&line);
        let text: String = text
            .trim_end()
            .chars()
            .filter(|c| !c.is_control())
            .collect();
        tracing::debug!(target: "dms_transcoder", "{text}");
        lines.push_back(text);
    }
    lines.make_contiguous().join("\n")
}
