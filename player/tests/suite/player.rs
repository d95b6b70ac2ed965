//! Runs the real binary.

use std::{
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

use crate::{
    clip::clip,
    server::{Server, TOKEN},
};

/// Variables that would reach into the tests from outside.
const FOREIGN: [&str; 10] = [
    "DMS_URL",
    "DMS_CA_FILE",
    "DMS_TOKEN_FILE",
    "DMS_PLAYER_AGENT",
    "DMS_PLAYER_AGENT_TOKEN_FILE",
    "DMS_PLAYER_STATE",
    "DMS_PLAYER_LOG",
    "DMS_EDGE_STATE",
    "XDG_STATE_HOME",
    "DISPLAY",
];

/// A place to run the player in: its own state, its own tokens.
pub struct Desk {
    folder: tempfile::TempDir,
    arguments: Vec<String>,
}

/// What a finished player left.
pub struct Ran {
    pub code: Option<i32>,
    pub stderr: String,
    pub stdout: String,
    pub report: Value,
}

impl Desk {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("token"), format!("{TOKEN}\n")).expect("a token");
        let mut desk = Self {
            folder,
            arguments: Vec::new(),
        };
        let state = desk.path("state");
        desk.arguments = vec!["--state".into(), state.display().to_string()];
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments
            .extend(arguments.iter().map(|&a| a.to_owned()));
        self
    }

    pub fn agent(self, server: &Server) -> Self {
        let token = self.path("token").display().to_string();
        self.with(&["--agent", &server.url(), "--agent-token-file", &token])
    }

    pub fn no_agent(self) -> Self {
        self.with(&["--no-agent"])
    }

    pub fn dms(self, server: &Server) -> Self {
        let token = self.path("token").display().to_string();
        self.with(&["--dms", &server.url(), "--token-file", &token])
    }

    /// Another server in the place of the agent: under its URL no keys were seen before.
    pub fn agent_instead(mut self, server: &Server) -> Self {
        self.arguments.truncate(2);
        self.agent(server)
    }

    /// The command with the arguments so far; none of this computer's settings.
    pub fn command(&self, subcommand: &str, arguments: &[&str]) -> Command {
        let mut command = self.bare(subcommand);
        command.args(&self.arguments).args(arguments);
        command
    }

    /// The command without arguments.
    pub fn bare(&self, subcommand: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dms-player"));
        for name in FOREIGN {
            command.env_remove(name);
        }
        command.env("HOME", self.folder.path());
        command.arg(subcommand);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Plays the clip without a window and without pacing.
    pub fn play(&self, arguments: &[&str]) -> Ran {
        let title = clip().manifest.title.to_string();
        let fixed = [&title, "--headless", "--fast", "--report", "json"];
        let all: Vec<&str> = fixed
            .iter()
            .copied()
            .chain(arguments.iter().copied())
            .collect();
        self.run("play", &all)
    }

    pub fn run(&self, subcommand: &str, arguments: &[&str]) -> Ran {
        Ran::of(
            self.command(subcommand, arguments)
                .output()
                .expect("the player starts"),
        )
    }

    pub fn spawn(&self, subcommand: &str, arguments: &[&str]) -> Child {
        self.command(subcommand, arguments)
            .spawn()
            .expect("the player starts")
    }
}

impl Ran {
    pub fn of(output: Output) -> Self {
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        Self {
            code: output.status.code(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            report: serde_json::from_str(&stdout).unwrap_or(Value::Null),
            stdout,
        }
    }

    /// The player ended with this exit code and this error.
    pub fn refused(&self, exit: i32, code: &str) {
        let line = format!("error[{code}]: ");
        assert!(self.stderr.contains(&line), "{code} in: {}", self.stderr);
        assert_eq!(self.code, Some(exit), "{}", self.stderr);
        assert!(!self.stderr.contains(TOKEN) && !self.stdout.contains(TOKEN));
    }

    pub fn number(&self, field: &str) -> u64 {
        let value = self
            .report
            .pointer(&format!("/{field}"))
            .and_then(Value::as_u64);
        value.unwrap_or_else(|| panic!("no {field} in {} / {}", self.stdout, self.stderr))
    }

    /// Every frame of the clip was decoded, and nothing failed.
    pub fn played_everything(&self) {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stderr, self.stdout);
        let frames = clip().samples(crate::clip::LARGE);
        assert_eq!(self.number("frames_expected"), frames);
        assert_eq!(self.number("frames_decoded"), frames);
        let packets = clip().samples(crate::clip::SOUND);
        assert_eq!(self.number("audio_packets_decoded"), packets);
        assert_eq!(self.report["errors"], serde_json::json!([]));
    }
}
