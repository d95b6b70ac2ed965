//! A running `dms serve` and the commands and requests sent to it.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tokio::process::Command;

use crate::{
    authority::Authority,
    bins::bin,
    process::{Output, Process, free_port, run},
};

/// How long the server may take to be ready.
const READY: Duration = Duration::from_secs(60);
/// How long publishing a test clip may take.
const PUBLISH: Duration = Duration::from_secs(1_800);

/// A DMS and where it is reached.
pub struct Dms {
    /// The process; `None` between [`Dms::kill`] and [`Dms::start_again`].
    process: Option<Process>,
    data: PathBuf,
    settings: Vec<String>,
    /// The public listener, `http://127.0.0.1:port`.
    pub url: String,
    /// The device listener, `ip:port`.
    pub device_addr: String,
    /// The metrics listener, `http://127.0.0.1:port/metrics`.
    pub metrics_url: String,
    http: reqwest::Client,
}

/// A title as the API shows it.
#[derive(Clone, Debug)]
pub struct Title {
    /// Its id.
    pub id: String,
    /// The whole object.
    pub json: Value,
}

impl Dms {
    /// Starts a DMS with its data in `data`; `database` is a URL, or the embedded default.
    ///
    /// # Errors
    /// When it is not built or not ready in time.
    pub async fn start(data: &Path, database: Option<&str>) -> anyhow::Result<Self> {
        let ports: Vec<u16> = (0..3)
            .map(|_| free_port("127.0.0.1"))
            .collect::<Result<_, _>>()?;
        let mut settings = vec![
            format!("public.listen=127.0.0.1:{}", ports[0]),
            format!("device.listen=127.0.0.1:{}", ports[1]),
            format!("metrics.listen=127.0.0.1:{}", ports[2]),
        ];
        settings.extend(database.map(|url| format!("database.url={url}")));
        std::fs::create_dir_all(data).context("the data folder is made")?;
        let mut dms = Self {
            process: None,
            data: data.to_path_buf(),
            settings,
            url: format!("http://127.0.0.1:{}", ports[0]),
            device_addr: format!("127.0.0.1:{}", ports[1]),
            metrics_url: format!("http://127.0.0.1:{}/metrics", ports[2]),
            http: client(|builder| builder)?,
        };
        dms.start_again().await?;
        Ok(dms)
    }

    /// Starts the ended server again, now with HTTPS and a certificate of `authority`.
    ///
    /// # Errors
    /// As [`Dms::start_again`].
    pub async fn start_again_with_tls(&mut self, authority: &Authority) -> anyhow::Result<()> {
        let (certificate, key) = authority.server();
        self.settings.extend([
            format!("public.tls_certificate={}", certificate.display()),
            format!("public.tls_key={}", key.display()),
        ]);
        self.url = self.url.replacen("http://", "https://", 1);
        let pem = std::fs::read(authority.certificate()).context("the authority is read")?;
        let ca = reqwest::Certificate::from_pem(&pem).context("the authority's certificate")?;
        self.http = client(|builder| builder.tls_certs_only([ca]))?;
        self.start_again().await
    }

    /// Starts the server again on the same data and ports.
    ///
    /// # Errors
    /// When it is not ready in time.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        let mut command = Command::new(bin("dms")?);
        command.arg("serve").arg("--data").arg(&self.data);
        for setting in &self.settings {
            command.arg("--set").arg(setting);
        }
        self.process = Some(Process::start("dms", command, &self.data)?);
        let start = Instant::now();
        loop {
            self.process()?.alive()?;
            let ready = self.http.get(format!("{}/readyz", self.url)).send().await;
            if ready.is_ok_and(|r| r.status().is_success()) && self.token_file().exists() {
                return Ok(());
            }
            ensure!(
                start.elapsed() < READY,
                "the DMS is not ready: {}",
                self.process()?.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Kills the server at once.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.process()?.kill().await?;
        self.process = None;
        Ok(())
    }

    /// Asks the server to end and waits for that.
    ///
    /// # Errors
    /// When it does not end well.
    pub async fn end(&mut self) -> anyhow::Result<()> {
        let status = self.process()?.end().await?;
        self.process = None;
        ensure!(status.success(), "the DMS ended with {status}");
        Ok(())
    }

    /// The running server.
    ///
    /// # Errors
    /// When it was killed.
    pub fn process(&mut self) -> anyhow::Result<&mut Process> {
        self.process.as_mut().context("the DMS runs")
    }

    /// The owner's token.
    #[must_use]
    pub fn token_file(&self) -> PathBuf {
        self.data.join("owner.token")
    }

    /// The owner's token, read.
    ///
    /// # Errors
    /// When the file is gone.
    pub fn token(&self) -> anyhow::Result<String> {
        let text =
            std::fs::read_to_string(self.token_file()).context("the owner's token is read")?;
        Ok(text.trim().to_owned())
    }

    /// A `dms` command that talks to this server as its owner.
    ///
    /// # Errors
    /// When `dms` is not built.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(bin("dms")?);
        command.args(arguments).env("DMS_URL", &self.url);
        command
            .env("DMS_TOKEN_FILE", self.token_file())
            .current_dir(&self.data);
        Ok(command)
    }

    /// Runs a `dms` command to its end.
    ///
    /// # Errors
    /// When it does not start or hangs.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        run(self.command(arguments)?, PUBLISH).await
    }

    /// Publishes a file and waits until it is published.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn publish(&self, file: &Path, name: &str) -> anyhow::Result<Title> {
        let file = file.to_str().context("a path in UTF-8")?;
        let done = self
            .run(&["publish", file, "--title", name, "--wait", "--json"])
            .await?;
        ensure!(
            done.code == 0,
            "dms publish {file} ended with {}: {}",
            done.code,
            done.stderr
        );
        let json: Value = serde_json::from_str(done.stdout.trim())
            .with_context(|| format!("dms publish --json prints an object: {}", done.stdout))?;
        let id = json["id"]
            .as_str()
            .with_context(|| format!("a title has an id: {json}"))?;
        Ok(Title {
            id: id.to_owned(),
            json,
        })
    }

    /// `GET path` as the owner, as JSON.
    ///
    /// # Errors
    /// When the answer is not 2xx or not JSON.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.request(reqwest::Method::GET, path, None).await?;
        answer
            .json()
            .await
            .with_context(|| format!("{path} answers JSON"))
    }

    /// `POST path` as the owner.
    ///
    /// # Errors
    /// When the answer is not 2xx or not JSON.
    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let answer = self
            .request(reqwest::Method::POST, path, Some(body))
            .await?;
        answer
            .json()
            .await
            .with_context(|| format!("{path} answers JSON"))
    }

    /// Any request as the owner; an answer that is not 2xx is an error with its text.
    ///
    /// # Errors
    /// When the answer is not 2xx.
    pub async fn request(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<reqwest::Response> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(self.token()?);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request
            .send()
            .await
            .with_context(|| format!("{path} answers"))?;
        if !answer.status().is_success() {
            bail!(
                "{path}: {}: {}",
                answer.status(),
                answer.text().await.unwrap_or_default()
            );
        }
        Ok(answer)
    }

    /// Draws a site.
    ///
    /// # Errors
    /// When the subnets overlap another site's.
    pub async fn add_site(&self, name: &str, subnet: &str) -> anyhow::Result<()> {
        let site = serde_json::json!({"name": name, "subnets": [subnet], "peering": "on"});
        self.post("/api/v1/sites", site).await.map(|_| ())
    }

    /// The site called `name` as the API shows it.
    ///
    /// # Errors
    /// When there is none.
    pub async fn site(&self, name: &str) -> anyhow::Result<Value> {
        let sites = self.get("/api/v1/sites").await?;
        let list = sites
            .as_array()
            .or_else(|| sites["items"].as_array())
            .context("a list of sites")?;
        let found = list.iter().find(|s| s["name"] == name).cloned();
        found.with_context(|| format!("site {name} is in {sites}"))
    }

    /// A fresh single-use enrolment token.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn enrollment_token(&self) -> anyhow::Result<String> {
        let made = self
            .post(
                "/api/v1/enrollment-tokens",
                serde_json::json!({"uses": 1, "ttl_seconds": 600}),
            )
            .await?;
        Ok(made["token"].as_str().context("a token")?.to_owned())
    }
}

fn client(
    with: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
) -> anyhow::Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(60));
    with(builder).build().context("an HTTP client is made")
}
