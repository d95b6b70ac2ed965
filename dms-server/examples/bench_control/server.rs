//! The server under load: a real process, held to one processor.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::process;

/// How long the server may take to be ready.
const READY: Duration = Duration::from_secs(30);

/// A running `dms serve`.
pub struct Server {
    child: Option<Child>,
    program: PathBuf,
    core: usize,
    data: PathBuf,
    ports: [u16; 3],
    http: reqwest::Client,
}

impl Server {
    pub async fn start(program: &Path, core: usize, data: &Path) -> anyhow::Result<Self> {
        let port = || anyhow::Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
        let mut server = Self {
            child: None,
            program: program.to_owned(),
            core,
            data: data.to_owned(),
            ports: [port()?, port()?, port()?],
            http: reqwest::Client::builder()
                .no_proxy()
                .timeout(Duration::from_secs(60))
                .build()?,
        };
        server.run().await?;
        Ok(server)
    }

    /// Starts it, again on the same data and ports.
    pub async fn run(&mut self) -> anyhow::Result<()> {
        let log = std::fs::File::create(self.data.join("server.log"))?;
        let [public, device, metrics] = self.ports;
        let mut command = Command::new("taskset");
        command
            .args(["-c", &self.core.to_string()])
            .arg(&self.program)
            .arg("serve")
            .arg("--data")
            .arg(&self.data)
            .args(["--set", &format!("public.listen=127.0.0.1:{public}")])
            .args(["--set", &format!("device.listen=127.0.0.1:{device}")])
            .args(["--set", &format!("metrics.listen=127.0.0.1:{metrics}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        self.child = Some(command.spawn().context("cannot start taskset")?);
        let began = Instant::now();
        loop {
            let url = format!("http://127.0.0.1:{public}/readyz");
            let ready = self.http.get(url).send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            let log = || std::fs::read_to_string(self.data.join("server.log")).unwrap_or_default();
            ensure!(
                began.elapsed() < READY,
                "the server is not ready: {}",
                log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Where devices connect.
    pub fn device_addr(&self) -> std::net::SocketAddr {
        std::net::SocketAddr::from(([127, 0, 0, 1], self.ports[1]))
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The processor it is held to.
    pub fn core(&self) -> usize {
        self.core
    }

    /// The store's folder.
    pub fn store(&self) -> PathBuf {
        self.data.join("store")
    }

    /// Its process id.
    pub fn pid(&self) -> anyhow::Result<u32> {
        Ok(self.child.as_ref().context("the server runs")?.id())
    }

    /// Processor seconds used so far.
    pub fn cpu(&self) -> anyhow::Result<f64> {
        process::cpu_seconds(self.pid()?)
    }

    /// Bytes of memory.
    pub fn rss(&self) -> anyhow::Result<f64> {
        process::rss_bytes(self.pid()?)
    }

    /// Asks it to stop, and waits for that.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("the server runs")?;
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        tokio::task::spawn_blocking(move || child.wait()).await??;
        Ok(())
    }

    /// A request as the owner; anything but 2xx is an error.
    pub fn request(&self, method: Method, path: &str) -> anyhow::Result<reqwest::RequestBuilder> {
        let token = std::fs::read_to_string(self.data.join("owner.token"))?;
        let url = format!("http://127.0.0.1:{}{path}", self.ports[0]);
        Ok(self.http.request(method, url).bearer_auth(token.trim()))
    }

    pub async fn json(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let mut request = self.request(method, path)?;
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{path}: {status}: {text}");
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.json(Method::GET, path, &Value::Null).await
    }

    /// Draws a site; answers its id.
    pub async fn site(&self, name: &str, subnet: &str) -> anyhow::Result<String> {
        let body = json!({"name": name, "subnets": [subnet], "peering": "on"});
        let made = self.json(Method::POST, "/api/v1/sites", &body).await?;
        Ok(made["id"].as_str().context("an id")?.to_owned())
    }

    /// A token that enrols this many devices.
    pub async fn enrollment_token(&self, uses: usize) -> anyhow::Result<String> {
        let body = json!({"uses": uses, "ttl_seconds": 900});
        let made = self
            .json(Method::POST, "/api/v1/enrollment-tokens", &body)
            .await?;
        Ok(made["token"].as_str().context("a token")?.to_owned())
    }

    /// Enrols a device: its id, certificate and authority, PEM.
    pub async fn enroll(&self, token: &str, csr: &str) -> anyhow::Result<(String, String, String)> {
        let body = json!({"token": token, "csr_pem": csr, "name": "bench", "kind": "edge_peer"});
        let made = self
            .json(Method::POST, "/api/v1/devices/enroll", &body)
            .await?;
        let text = |name: &str| anyhow::Ok(made[name].as_str().context("a text")?.to_owned());
        Ok((
            text("device_id")?,
            text("certificate_pem")?,
            text("ca_pem")?,
        ))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
