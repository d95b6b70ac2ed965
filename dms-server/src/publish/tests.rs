//! Publishing from end to end, over a real server, and the bench the tests of its parts stand on.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Mutex;

use reqwest::{Method, RequestBuilder};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::jobs::node::Seat;
use super::pipeline::Step;
use crate::config::Config;
use crate::serve::Dms;
use crate::state::App;

/// How long a step or a media program may take to come on a busy machine.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);
/// What it means when none comes.
const MISSING: &str = "no media program starts: build it with `cargo build -p dms-transcoder`, which puts it \
     beside the folder of the tests";

/// Lets a test stop an attempt right after a named step, as a killed process would.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    halt: Mutex<Option<Step>>,
    seen: watch::Sender<Option<Step>>,
    child: watch::Sender<Option<u32>>,
}

impl Steps {
    pub(crate) async fn reached(&self, step: Step) {
        let halts = *self.halt.lock().unwrap() == Some(step);
        self.seen.send_replace(Some(step));
        if halts {
            std::future::pending::<()>().await;
        }
    }

    pub(crate) fn started(&self, child: Option<u32>) {
        self.child.send_replace(child);
    }

    /// Attempts stop for good right after this step.
    pub(crate) fn halt_at(&self, step: Step) {
        *self.halt.lock().unwrap() = Some(step);
    }

    /// Waits until some attempt reached the step.
    pub(crate) async fn wait_for(&self, step: Step) {
        let mut seen = self.seen.subscribe();
        let reached = seen.wait_for(|seen| *seen == Some(step));
        let reached = tokio::time::timeout(PATIENCE, reached).await;
        reached.expect("the step is reached").unwrap();
    }

    /// Waits for the next media program and answers its process id.
    pub(crate) async fn next_child(&self) -> u32 {
        let mut child = self.child.subscribe();
        let started = child.wait_for(Option::is_some);
        let started = tokio::time::timeout(PATIENCE, started).await;
        let found = started.expect(MISSING).unwrap().unwrap();
        self.child.send_replace(None);
        found
    }
}

/// A server over a folder of its own, and a client that is its owner.
pub(crate) struct Bench {
    pub(crate) app: App,
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) token: String,
    /// The folder outlives servers that are killed and started again over it.
    pub(crate) data: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Bench {
    /// A server with this many workers over the folder.
    pub(crate) async fn start(data: PathBuf, jobs: usize, tweak: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::in_folder(&data);
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        config.public.listen = any;
        config.device.listen = any;
        config.metrics.listen = any;
        config.media.jobs = jobs;
        config.media.transcoder = transcoder();
        config.media.require_sandbox = false;
        tweak(&mut config);
        let token_file = config.owner_token_file();
        let dms = Dms::load(config).await.expect("the server starts");
        let token = std::fs::read_to_string(token_file).expect("the owner's token");
        let app = dms.app().clone();
        let url = format!("http://{}", dms.public_addr().expect("bound"));
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(dms.run(async move {
            let _ = stopped.await;
        }));
        let token = token.trim().to_owned();
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            app,
            http,
            url,
            token,
            data,
            stop: Some(stop),
            running,
        }
    }

    /// A request as the owner.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.url)
        };
        self.http.request(method, url).bearer_auth(&self.token)
    }

    /// Ends the server in order.
    pub(crate) async fn end(mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
        self.running.await.expect("no panic").expect("ends well");
    }

    /// Ends the server as a kill would: it writes nothing more, not even that it stops.
    pub(crate) async fn kill(self) {
        self.app.db.close().await;
        self.running.abort();
        self.app.stop.cancel();
        // The kernel frees a killed process's seat; here its tasks have to end first.
        loop {
            let seat = Seat::take(&self.data).expect("a seat");
            if seat.owner("") == "/0" {
                return;
            }
            drop(seat);
            tokio::task::yield_now().await;
        }
    }
}

/// `dms-transcoder` beside the test programs.
pub(crate) fn transcoder() -> PathBuf {
    let tests = std::env::current_exe().expect("the test's program");
    let folder = tests.ancestors().nth(2).expect("target/debug");
    folder.join("dms-transcoder")
}
