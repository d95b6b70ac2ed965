//! The server as origin: chunks over mutual TLS, and nginx doing the same work on the same processor.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rcgen::{CertificateParams, KeyPair};
use reqwest::Method;
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::Server;
use crate::{Arguments, Figures, link, process};

/// Connections that fetch at once.
const CONNECTIONS: usize = 4;
/// Passes over all chunks for one figure; the median counts.
const PASSES: usize = 3;
/// What a fetch reads at a time.
const BUFFER: usize = 256 << 10;
/// How long publishing may take.
const PUBLISH: Duration = Duration::from_secs(60);
/// The largest chunk; smaller ones at the ends of files are left out.
const CHUNK: u64 = 1 << 20;

/// Who is asked, and for what.
struct Target {
    tls: Arc<ClientConfig>,
    name: String,
    to: SocketAddr,
    paths: Vec<String>,
}

pub async fn measure(
    server: &Server,
    arguments: &Arguments,
    figures: &mut Figures,
    folder: &Path,
) -> anyhow::Result<()> {
    publish(server, arguments.origin_mib).await?;
    let chunks = chunks(&server.store().join("chunks"))?;
    ensure!(!chunks.is_empty(), "nothing was published");
    let key = KeyPair::generate()?;
    let csr = CertificateParams::default()
        .serialize_request(&key)?
        .pem()?;
    let token = server.enrollment_token(1).await?;
    let (id, certificate, ca) = server.enroll(&token, &csr).await?;
    let tls = link::tls(&key, &certificate, &ca)?;
    let from_dms = Target {
        tls: Arc::clone(&tls),
        name: link::ORIGIN.to_owned(),
        to: server.device_addr(),
        paths: chunks.iter().map(|id| format!("/v1/chunks/{id}")).collect(),
    };
    let pid = server.pid()?;
    let cold = fetch(&from_dms, pid).await?;
    figures.note(
        "origin_cold_cpu_s_per_gib",
        cold.cpu,
        "CPU s/GiB, origin, first reading",
    );
    let ours = median(&from_dms, pid).await?;
    figures.note(
        "origin_cpu_s_per_gib",
        ours.cpu,
        "CPU s/GiB, origin, read again",
    );
    figures.note("origin_mib_per_s", ours.rate, "MiB/s, origin, one core");
    let Some(mut nginx) = Nginx::start(server, folder, (&key, &certificate, &ca))? else {
        eprintln!("nginx is not installed: nothing to compare the origin with");
        return Ok(());
    };
    let from_nginx = Target {
        tls,
        name: format!("{id}.peer.dms.internal"),
        to: nginx.addr,
        paths: chunks
            .iter()
            .map(|id| format!("/{}/{id}", id.get(..2).unwrap_or_default()))
            .collect(),
    };
    nginx.ready().await?;
    fetch(&from_nginx, nginx.child.id()).await?;
    let theirs = median(&from_nginx, nginx.child.id()).await?;
    figures.note(
        "nginx_cpu_s_per_gib",
        theirs.cpu,
        "CPU s/GiB, nginx, mutual TLS",
    );
    figures.note("nginx_mib_per_s", theirs.rate, "MiB/s of nginx on one core");
    figures.note(
        "origin_cpu_to_nginx",
        ours.cpu / theirs.cpu,
        "times nginx's CPU",
    );
    figures.note(
        "origin_rate_to_nginx",
        ours.rate / theirs.rate,
        "times nginx's rate",
    );
    Ok(())
}

/// Publishes a file of random bytes; answers the title.
pub async fn publish(server: &Server, mib: usize) -> anyhow::Result<String> {
    let mut bytes = vec![0_u8; mib << 20];
    rand::fill(bytes.as_mut_slice());
    let made = server
        .request(Method::POST, "/api/v1/uploads")?
        .header("tus-resumable", "1.0.0")
        .header("upload-length", bytes.len())
        // filename "bench.bin", title "bench", kind "file"
        .header(
            "upload-metadata",
            "filename YmVuY2guYmlu,title YmVuY2g=,kind ZmlsZQ==",
        )
        .send()
        .await?;
    ensure!(
        made.status() == 201,
        "the upload is refused: {}",
        made.text().await?
    );
    let place = made
        .headers()
        .get("location")
        .context("a location")?
        .to_str()?;
    let path = place
        .find("/api/")
        .and_then(|at| place.get(at..))
        .context("a path")?;
    let sent = server
        .request(Method::PATCH, path)?
        .header("tus-resumable", "1.0.0")
        .header("upload-offset", 0)
        .header("content-type", "application/offset+octet-stream")
        .body(bytes)
        .send()
        .await?;
    ensure!(
        sent.status().is_success(),
        "the upload fails: {}",
        sent.text().await?
    );
    let began = Instant::now();
    loop {
        let titles = server.get("/api/v1/titles").await?;
        let newest = &titles["items"][0];
        let state = newest["state"].clone();
        if state == "complete" {
            return Ok(newest["id"].as_str().context("an id")?.to_owned());
        }
        ensure!(state != "failed", "publishing failed: {titles}");
        ensure!(
            began.elapsed() < PUBLISH,
            "publishing takes too long: {titles}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The ids of all full chunks in the store.
/// The ids of the whole chunks in a store.
pub fn chunks(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    for spread in std::fs::read_dir(folder)? {
        for file in std::fs::read_dir(spread?.path())? {
            let file = file?;
            if file.metadata()?.len() == CHUNK {
                ids.push(file.file_name().to_string_lossy().into_owned());
            }
        }
    }
    ids.sort_unstable();
    Ok(ids)
}

struct Fetched {
    /// Processor seconds of the serving process a GiB.
    cpu: f64,
    /// MiB a second.
    rate: f64,
}

async fn median(target: &Target, pid: u32) -> anyhow::Result<Fetched> {
    let mut passes = Vec::new();
    for _ in 0..PASSES {
        passes.push(fetch(target, pid).await?);
    }
    passes.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
    Ok(passes.swap_remove(PASSES / 2))
}

/// Fetches every chunk once.
async fn fetch(target: &Target, pid: u32) -> anyhow::Result<Fetched> {
    let (cpu, began) = (process::cpu_seconds(pid)?, Instant::now());
    let mut running = Vec::new();
    for n in 0..CONNECTIONS {
        let paths: Vec<String> = target
            .paths
            .iter()
            .skip(n)
            .step_by(CONNECTIONS)
            .cloned()
            .collect();
        let (tls, name, to) = (Arc::clone(&target.tls), target.name.clone(), target.to);
        running.push(tokio::spawn(async move {
            let mut stream = link::connect(&tls, &name, Ipv4Addr::LOCALHOST.into(), to).await?;
            let mut buffer = vec![0; BUFFER];
            for path in paths {
                get(&mut stream, &name, &path, &mut buffer).await?;
            }
            anyhow::Ok(())
        }));
    }
    for running in running {
        running.await??;
    }
    let took = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let mib = target.paths.len() as f64;
    Ok(Fetched {
        cpu: (process::cpu_seconds(pid)? - cpu) / mib * 1024.0,
        rate: mib / took,
    })
}

/// One request on a kept-alive connection; the body must be a whole chunk.
async fn get(
    stream: &mut link::Stream,
    host: &str,
    path: &str,
    buffer: &mut [u8],
) -> anyhow::Result<()> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut have = 0;
    let head = loop {
        let space = buffer.get_mut(have..).context("room")?;
        let read = stream.read(space).await?;
        ensure!(read > 0, "closed before the answer's head ended");
        have += read;
        let known = buffer.get(..have).context("read")?;
        if let Some(end) = known.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    ensure!(
        buffer.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&buffer[..head])
    );
    let mut left = usize::try_from(CHUNK)? - (have - head);
    while left > 0 {
        let most = left.min(buffer.len());
        let read = stream.read(&mut buffer[..most]).await?;
        ensure!(read > 0, "closed before the body ended");
        left -= read;
    }
    Ok(())
}

/// nginx in one process on the same processor, serving the store's files.
struct Nginx {
    child: Child,
    addr: SocketAddr,
    log: PathBuf,
}

impl Nginx {
    /// `None` when it is not installed.
    fn start(
        server: &Server,
        folder: &Path,
        (key, certificate, ca): (&KeyPair, &str, &str),
    ) -> anyhow::Result<Option<Self>> {
        let folder = folder.join("nginx");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("key.pem"), key.serialize_pem())?;
        std::fs::write(folder.join("certificate.pem"), certificate)?;
        std::fs::write(folder.join("ca.pem"), ca)?;
        let addr = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let (here, chunks) = (folder.display(), server.store().join("chunks"));
        let config = format!(
            "daemon off; master_process off; pid {here}/pid; error_log {here}/error.log;\n\
             events {{ worker_connections 64; }}\n\
             http {{\n access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;\n\
             client_body_temp_path {here}/b; proxy_temp_path {here}/p; fastcgi_temp_path {here}/f;\n\
             uwsgi_temp_path {here}/u; scgi_temp_path {here}/s;\n\
             server {{ listen {addr} ssl; root {};\n ssl_certificate {here}/certificate.pem;\n\
             ssl_certificate_key {here}/key.pem; ssl_client_certificate {here}/ca.pem;\n\
             ssl_verify_client on; ssl_protocols TLSv1.3; }} }}\n",
            chunks.display()
        );
        std::fs::write(folder.join("nginx.conf"), config)?;
        let started = Command::new("taskset")
            .args(["-c", &server.core().to_string(), "nginx", "-c"])
            .arg(folder.join("nginx.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start taskset")?;
        let there = Command::new("nginx")
            .arg("-v")
            .stderr(Stdio::null())
            .status();
        let log = folder.join("error.log");
        let nginx = Self {
            child: started,
            addr,
            log,
        };
        Ok(there.is_ok_and(|status| status.success()).then_some(nginx))
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        for _ in 0..200 {
            if std::net::TcpStream::connect(self.addr).is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        bail!("nginx does not listen: {log}");
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
